with hits as (
    select * from {{ ref('stg_ga4__hits') }}
    where ga_client_id is not null
),

visits as (
    select
        ga_client_id,
        event_date,
        ga_session_id,
        count(*) as hit_count,
        epoch(max(occurred_at)) - epoch(min(occurred_at)) as duration_seconds,
        bool_or(interaction_type = 'purchase') as has_purchase
    from hits
    group by ga_client_id, event_date, ga_session_id
),

-- METHODS 4: over 500 hits a day, or 20 and more at over 2 a second. Somebody who buys is never set aside silently.
flagged as (
    select ga_client_id, event_date, cast(sum(hit_count) as bigint) as hit_count
    from visits
    group by ga_client_id, event_date
    having
        (sum(hit_count) > 500 or bool_or(hit_count >= 20 and hit_count > 2 * duration_seconds))
        and not bool_or(has_purchase)
)

select * from flagged
