with hits as (
    select
        * exclude (utm_source, utm_medium, utm_campaign, utm_content, utm_term),
        lower(utm_source) as tagged_source,
        lower(utm_medium) as tagged_medium,
        utm_campaign as campaign,
        utm_content as content,
        utm_term as term,
        cast(date_trunc('day', occurred_at) as date) as event_date,
        case when page_host is null then 'product' else {{ family_of_host('page_host') }} end as place
    from {{ ref('stg_mixpanel__hits') }}
),

referrers as (
    {{ named_referrers('hits') }}
),

named as (
    select
        hits.*,
        {{ click_id_type('hits') }} as click_id_type,
        {{ click_id('hits') }} as click_id,
        referrers.referrer_source,
        referrers.referrer_medium,
        {{ interaction_of('names', 'hits', 'hits.place') }} as interaction_type,
        -- Mixpanel's own bookkeeping ($identify, $merge) is nothing that anybody did.
        (names.interaction_type is not null or hits.event_name not like '$%')
            and not {{ is_measurement('names.interaction_type') }} as is_interaction
    from hits
    left join {{ ref('event_names') }} as names on hits.event_key = names.event_key
    left join referrers
        on hits.page_host = referrers.page_host
        and hits.referrer_host = referrers.referrer_host
),

machine_days as (
    {{ machine_days('named', visitor='mixpanel_distinct_id', day='event_date', visit='session_ref') }}
),

resolved as (
    select
        named.* exclude (place, event_date, tagged_source, tagged_medium),
        case
            when named.user_id is not null then 'user_id'
            when named.email is not null then 'email'
            when named.mixpanel_distinct_id is not null then 'mixpanel_distinct_id'
        end as identifier_type,
        coalesce(named.user_id, named.email, named.mixpanel_distinct_id) as identifier_value,
        case when not named.is_from_server then named.mixpanel_distinct_id end as visitor_id,
        case
            when named.page_host is null and named.interaction_type in ('purchase', 'order_refunded', 'order_cancelled')
                then 'commerce'
            else named.place
        end as family,
        {{ hit_source() }} as utm_source,
        {{ hit_medium() }} as utm_medium,
        case when named.interaction_type in ('order_refunded', 'order_cancelled') then 'system' else 'inbound' end
            as direction,
        named.order_name as order_ref,
        coalesce(named.device_type, {{ device_of_user_agent('named.user_agent') }}) as device_category,
        {{ machine_rule('named', 'named', 'machine_days') }} as machine_rule,
        machine_days.has_purchase,
        {{ json_of({'event': 'named.event_name'}) }} as attributes
    from named
    left join machine_days
        on named.mixpanel_distinct_id = machine_days.mixpanel_distinct_id
        and named.event_date = machine_days.event_date
),

flagged as (
    select
        * exclude (has_purchase),
        {{ machine_flags() }}
    from resolved
)

select * from flagged
