{{ config(meta={'dagster': {'ref': {'name': 'reported_spend'}}}) }}
-- A file in millionths read as units, or the other way round, is a million off: no platform sells a click for less than
-- a cent or more than 500 of the reporting currency on the average of a file.
select
    source_file_id,
    platform,
    sum(cost_amount_reporting) as cost_amount_reporting,
    sum(clicks) as clicks
from {{ ref('reported_spend') }}
group by source_file_id, platform
having
    sum(clicks) > 0
    and sum(cost_amount_reporting) > 0
    and (
        sum(cost_amount_reporting) < sum(clicks) * 0.01
        or sum(cost_amount_reporting) > sum(clicks) * 500
    )
