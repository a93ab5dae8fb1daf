with delivered as (
    {{ measurements_from('stg_ga4__events', "case when visitor_id is not null then 'ga_client_id' end") }}
    union all
    {{ measurements_from('stg_segment__events', "case when visitor_id is not null then 'segment_anonymous_id' end") }}
    union all
    {{ measurements_from('stg_rudderstack__events', "case when visitor_id is not null then 'segment_anonymous_id' end") }}
    union all
    {{ measurements_from('stg_snowplow__events') }}
    union all
    {{ measurements_from('stg_mixpanel__events', "case when visitor_id is not null then 'mixpanel_distinct_id' end") }}
),

cut as (
    select *
    from delivered
    where {{ before_as_of('occurred_at') }}
),

-- A page tells a vital again when it got worse, under the same id: the last telling is the measurement.
ranked as (
    select
        *,
        row_number() over (
            partition by
                source, visitor_id, metric, case when metric is null then record_key else coalesce(metric_id, record_key) end
            order by occurred_at desc, record_key desc
        ) as telling
    from cut
)

select
    {{ key_of(['source', 'record_key', 'interaction_type', "coalesce(metric, '')"]) }} as measurement_id,
    source,
    identifier_type,
    identifier_value,
    visitor_type,
    visitor_id,
    occurred_at,
    interaction_type,
    metric,
    value,
    metric_id,
    page_path,
    device_category,
    coalesce(is_machine, false) as is_machine,
    coalesce(is_internal_test, false) or {{ is_our_own('identifier_value') }} as is_internal_test,
    source_file_id,
    source_row_number
from ranked
where telling = 1
