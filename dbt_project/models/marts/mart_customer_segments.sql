with listed as (
    select customer_id, segment_set, segment, rule_version, cast(null as varchar) as reason
    from {{ ref('customer_segments') }}
    union all
    select customers.customer_id, 'cluster', clusters.segment, null, null
    from {{ source('measures', 'customer_clusters') }} as clusters
    inner join {{ ref('segment_weeks') }} as weeks on clusters.week_number = weeks.week_number and weeks.is_latest
    inner join {{ ref('customer_numbers') }} as customers on clusters.customer_number = customers.customer_number
    union all
    select customers.customer_id, told.segment_set, told.segment, told.rule_version, told.reason
    from {{ source('measures', 'value_segments') }} as told
    inner join {{ ref('customer_numbers') }} as customers on told.customer_number = customers.customer_number
)

select
    cast(listed.customer_id as varchar) as customer_id,
    cast(listed.segment_set as varchar) as segment_set,
    cast(listed.segment as varchar) as segment,
    cast(listed.rule_version as varchar) as rule_version,
    cast(listed.reason as varchar) as reason,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from listed
cross join {{ source('raw', 'run_parameters') }} as parameters
