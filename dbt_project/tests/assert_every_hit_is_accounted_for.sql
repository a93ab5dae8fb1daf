{{ config(meta={'dagster': {'ref': {'name': 'stg_ga4__events'}}}) }}
-- Every current GA4 record is a hit in staging, a repeated text of one, or the reload of a purchase; none just vanishes.
with counted as (
    select
        (select count(distinct record_key) from {{ ref('stg_ga4__hits') }}) as distinct_hits,
        (select count(*) from {{ ref('stg_ga4__events') }}) as kept_hits,
        (
            select count(distinct record_key) - count(distinct order_name)
            from {{ ref('stg_ga4__hits') }}
            where order_name is not null
        ) as reloaded_purchases
)

select *
from counted
where distinct_hits <> kept_hits + reloaded_purchases
