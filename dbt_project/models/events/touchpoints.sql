{%- set is_internal -%}
coalesce(grouped.is_internal_test, false) or {{ is_our_own('grouped.identifier_value') }}
{%- endset -%}
with delivered as (
    {{ rows_from('stg_canonical__touchpoints') }}
    union all
    {{ rows_from('stg_ga4__events',
        visitor_type="case when visitor_id is not null then 'ga_client_id' end",
        where='is_interaction') }}
    union all
    {{ rows_from('stg_hubspot__deal_stage_history', where="not (is_archived and interaction_type = 'deal_won')") }}
    union all
    {{ rows_from('stg_hubspot__form_submissions') }}
    union all
    {{ rows_from('stg_shopify__orders', occurred_at='created_at', source_priority=1, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__orders_bulk', occurred_at='created_at', source_priority=2, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__refunds', twin_key='order_key', source_priority=1, order_rank=1) }}
    union all
    {{ rows_from('stg_shopify__order_refunds', twin_key='order_key', source_priority=2, order_rank=1) }}
    union all
    {{ rows_from('stg_zendesk__tickets',
        occurred_at='created_at', interaction_type="'ticket_created'", where='is_countable',
        source_priority=1) }}
    union all
    {{ rows_from('stg_zendesk__tickets_csv',
        occurred_at='created_at', interaction_type="'ticket_created'", where='is_countable',
        source_priority=2) }}
    union all
    {{ rows_from('stg_zendesk__tickets',
        occurred_at='solved_at', interaction_type="'ticket_solved'", direction="'outbound'",
        where='is_countable', source_priority=1) }}
    union all
    {{ rows_from('stg_zendesk__tickets_csv',
        occurred_at='solved_at', interaction_type="'ticket_solved'", direction="'outbound'",
        where='is_countable', source_priority=2) }}
    union all
    {{ rows_from('stg_typeform__responses',
        occurred_at='answered_at', interaction_type="'survey_answered'", where='is_complete') }}
    union all
    {{ rows_from('stg_typeform__responses',
        occurred_at='answered_at', interaction_type="'survey_promoter'",
        where='is_complete and is_promoter') }}
    union all
    {{ rows_from('stg_qualtrics__responses',
        occurred_at='answered_at', interaction_type="'survey_answered'", where='is_complete and is_valid') }}
    union all
    {{ rows_from('stg_qualtrics__answers',
        occurred_at='answered_at', family="'feedback'", interaction_type="'survey_promoter'",
        where="is_complete and instrument = 'NPS' and score >= 9") }}
    union all
    {{ rows_from('stg_surveymonkey__responses',
        occurred_at='answered_at', interaction_type="'survey_answered'", where='is_complete') }}
    union all
    {{ rows_from('stg_surveymonkey__answers',
        occurred_at='answered_at', family="'feedback'", interaction_type="'survey_promoter'",
        where="is_complete and instrument = 'NPS' and score >= 9") }}
    union all
    {{ rows_from('stg_delighted__responses',
        occurred_at='answered_at', family="'feedback'", interaction_type="'survey_answered'") }}
    union all
    {{ rows_from('stg_delighted__responses',
        occurred_at='answered_at', family="'feedback'", interaction_type="'survey_promoter'",
        where="instrument = 'NPS' and score >= 9") }}
    union all
    {{ rows_from('stg_salesforce__opportunity_history', order_ref='opportunity_id', where='not is_deleted') }}
    union all
    {{ rows_from('stg_salesforce__leads',
        occurred_at='converted_at', occurred_at_precision="'day'", interaction_type="'lead_converted'",
        order_ref='opportunity_id', where='converted_at is not null and not is_deleted') }}
    union all
    {{ rows_from('stg_salesforce__campaign_members',
        occurred_at='created_at', interaction_type="'message_sent'", direction="'outbound'",
        where='is_sent and not is_deleted') }}
    union all
    {{ rows_from('stg_salesforce__campaign_members',
        occurred_at='responded_at', occurred_at_precision='responded_at_precision',
        interaction_type="'campaign_response'", direction="'inbound'",
        where='responded_at is not null and not is_deleted') }}
    union all
    {{ rows_from('stg_intercom__conversations') }}
    union all
    {{ rows_from('stg_intercom__conversations',
        occurred_at='closed_at', interaction_type="'conversation_closed'", direction="'outbound'",
        where='closed_at is not null') }}
    union all
    {{ rows_from('stg_intercom__message_events') }}
    union all
    {{ rows_from('stg_discourse__users', where='is_countable') }}
    union all
    {{ rows_from('stg_discourse__posts', where='is_countable') }}
    union all
    {{ rows_from('stg_mailchimp__recipients') }}
    union all
    {{ rows_from('stg_mailchimp__email_activity', twin_key='twin_key', source_priority=1) }}
    union all
    {{ rows_from('stg_mailchimp__unsubscribes', twin_key='twin_key', source_priority=1) }}
    union all
    {{ rows_from('stg_mailchimp__members',
        occurred_at='left_at', where='left_at is not null', twin_key='twin_key', source_priority=2) }}
    union all
    {{ rows_from('stg_klaviyo__events', order_ref='null', where='interaction_type is not null') }}
    union all
    {{ rows_from('stg_segment__events',
        visitor_type="case when visitor_id is not null then 'segment_anonymous_id' end",
        where='is_interaction') }}
    union all
    {{ rows_from('stg_rudderstack__events',
        visitor_type="case when visitor_id is not null then 'segment_anonymous_id' end",
        where='is_interaction') }}
    union all
    {{ rows_from('stg_snowplow__events', where='is_interaction') }}
    union all
    {{ rows_from('stg_mixpanel__events',
        visitor_type="case when visitor_id is not null then 'mixpanel_distinct_id' end",
        where='is_interaction') }}
    union all
    {{ rows_from('stg_segment__orders',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'",
        click_id_type='null', click_id='null', is_internal_test='is_test', source_priority=1, order_rank=2) }}
    union all
    {{ rows_from('stg_rudderstack__orders',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'",
        click_id_type='null', click_id='null', is_internal_test='is_test', source_priority=2, order_rank=2) }}
    union all
    {{ rows_from('stg_snowplow__orders',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'",
        click_id_type='null', click_id='null', is_internal_test='is_test', source_priority=3, order_rank=2) }}
    union all
    {{ rows_from('stg_mixpanel__orders',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'",
        click_id_type='null', click_id='null', is_internal_test='is_test', source_priority=4, order_rank=2) }}
    union all
    {{ rows_from('stg_klaviyo__orders',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'", order_rank=3) }}
    union all
    {{ rows_from('stg_stripe__charges',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'", where='is_paid',
        is_internal_test='is_test', source_priority=1, order_rank=4) }}
    union all
    {{ rows_from('stg_stripe__payments',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'", where='is_paid',
        is_internal_test='is_test', source_priority=2, order_rank=4) }}
    union all
    {{ rows_from('stg_ga4__orders',
        interaction_type="'order_placed'", family="'commerce'", direction="'inbound'",
        click_id_type='null', click_id='null', is_internal_test='is_test', source_priority=5, order_rank=5) }}
),

cut as (
    select * from delivered
    where {{ before_as_of('occurred_at') }}
),

-- The same order is placed once, whoever tells it.
of_record as (
    {{ orders_of_record('cut', kind='interaction_type', word='order_placed') }}
),

preferred as (
    {{ preferred_rows('of_record', 'interaction_type') }}
),

-- A paid campaign is called what its platform calls it, so that touch and spend meet under one name and one channel:
-- a touch of a campaign that was billed is grouped by what its bill says.
named as (
    select
        preferred.* exclude (
            campaign, campaign_id, channel, campaign_type, channel_source, channel_medium, channel_click_id_type
        ),
        coalesce(preferred.campaign_id, handles.campaign_id, tags.campaign_id) as campaign_id,
        coalesce(handles.campaign, tags.campaign, preferred.campaign) as campaign,
        coalesce(handles.campaign_type, tags.campaign_type) as campaign_type,
        coalesce(handles.is_billed, tags.is_billed, false) as is_billed,
        coalesce(preferred.channel, handles.stated_channel, tags.stated_channel) as stated_channel,
        case
            when handles.is_billed then handles.utm_source
            when tags.is_billed then tags.utm_source
            else preferred.utm_source
        end as channel_source,
        case
            when handles.is_billed then handles.utm_medium
            when tags.is_billed then tags.utm_medium
            else preferred.utm_medium
        end as channel_medium,
        case when not coalesce(handles.is_billed, tags.is_billed, false) then preferred.click_id_type end
            as channel_click_id_type
    from preferred
    left join {{ ref('campaign_handles') }} as handles
        on coalesce(preferred.campaign_id, cast(preferred.click_id as varchar)) = handles.handle
    -- Where neither id is known at the platform, the visit carries the tags of the ad's own link.
    left join {{ ref('campaign_handles') }} as tags
        on handles.handle is null
        and {{ campaign_tag('preferred.utm_source', 'preferred.utm_medium', 'preferred.campaign') }} = tags.handle
),

rule_days as (
    {{ channel_days('named', 'occurred_at') }}
),

dated as (
    select named.*, rule_days.channel_version
    from named
    left join rule_days on cast(named.occurred_at as date) = rule_days.day
),

channels as (
    {{ channels_of('dated') }}
),

-- A ticket or a deal is no way in: only what can bring a visitor, or says what brought them, has a channel.
grouped as (
    select
        dated.*,
        case
            when dated.stated_channel is not null then dated.stated_channel
            when dated.family is null or coalesce(dated.utm_source, dated.utm_medium, dated.click_id_type) is not null
                then channels.channel
        end as channel
    from dated
    left join channels on {{ same_channel_tuple('dated', 'channels') }}
),

final as (
    select
        {{ compact_id(key_of(['grouped.source', 'grouped.record_key', 'grouped.interaction_type'])) }} as touchpoint_id,
        grouped.* exclude (
            touchpoint_id, family, is_machine, machine_rule, needs_review, is_internal_test, channel_rule_version, channel_version,
            is_billed, stated_channel, record_key, twin_key, source_priority, order_rank,
            is_time_ambiguous
        ),
        coalesce(grouped.family, {{ channel_family('grouped.channel') }}) as family,
        coalesce(grouped.is_time_ambiguous, false) as is_time_ambiguous,
        coalesce(grouped.is_machine, false) as is_machine,
        case when {{ is_internal }} then 'internal' else grouped.machine_rule end as machine_rule,
        coalesce(grouped.needs_review, false) and not ({{ is_internal }}) as needs_review,
        {{ is_internal }} as is_internal_test,
        case
            when grouped.stated_channel is not null then 'stated'
            else '{{ var('channel_ruleset') }} ' || coalesce(cast(grouped.channel_version as varchar), 'none')
        end as channel_rule_version
    from grouped
)

select * from final
