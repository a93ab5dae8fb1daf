with hits as (
    select * from {{ ref('stg_ga4__hits') }}
),

flagged as (
    {{ machine_days('hits', visitor='ga_client_id', day='event_date', visit='ga_session_id') }}
)

select * from flagged where rate_rule is not null
