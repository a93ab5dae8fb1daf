with entries as (
    select
        {{ reporting_week('touches.touched_at', 'parameters.time_zone') }} as week,
        touches.session_id,
        touches.customer_id,
        touchpoints.channel_source,
        touchpoints.channel_medium,
        touchpoints.campaign,
        touchpoints.channel_click_id_type,
        touchpoints.campaign_type,
        -- What a source states, and what no rule is asked for, is the same under every rule set.
        case when touchpoints.channel_rule_version = 'stated' or touchpoints.channel is null then touches.channel end
            as fixed_channel
    from {{ ref('session_touches') }} as touches
    inner join {{ ref('customer_touchpoints') }} as touchpoints on touches.touchpoint_id = touchpoints.touchpoint_id
    cross join {{ source('raw', 'run_parameters') }} as parameters
    where touches.touch_number = 1
),

versions as (
    {{ channel_versions() }}
),

tuples as (
    select versions.ruleset, versions.channel_version, seen.*
    from (select distinct {{ channel_tuple() | join(', ') }} from entries where fixed_channel is null) as seen
    cross join versions
),

channels as (
    {{ channels_of('tuples', each_ruleset=true) }}
),

grouped as (
    select
        entries.week,
        versions.ruleset,
        versions.channel_version,
        coalesce(entries.fixed_channel, channels.channel) as channel,
        entries.session_id,
        entries.customer_id,
        versions.ruleset = '{{ var('channel_ruleset') }}'
            and entries.week >= versions.channel_version
            and (versions.valid_until is null or entries.week < versions.valid_until) as is_in_force
    from entries
    cross join versions
    left join channels
        on versions.ruleset = channels.ruleset
        and versions.channel_version = channels.channel_version
        {%- for column in channel_tuple() %}
        and entries.{{ column }} is not distinct from channels.{{ column }}
        {%- endfor %}
)

select
    grouped.week,
    grouped.ruleset,
    grouped.channel_version as rules_from,
    grouped.channel,
    bool_or(grouped.is_in_force) as is_in_force,
    count(*) as sessions,
    count(distinct grouped.customer_id) as customers,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from grouped
cross join {{ source('raw', 'run_parameters') }} as parameters
group by grouped.week, grouped.ruleset, grouped.channel_version, grouped.channel, parameters.as_of
