with hits as (
    select * from {{ ref('stg_ga4__hits') }}
),

named as (
    {{ named_referrers('hits') }}
)

select * from named
