with source as (
    select * from {{ source('raw', 'canonical__touchpoints') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        {{ key_of(["'touchpoint'", 'system', 'native_id']) }} as record_key,
        identifier_type,
        {{ clean_identifier('identifier_type', 'identifier_value') }} as identifier_value,
        {{ any_instant('occurred_at') }} as occurred_at,
        occurred_at_precision,
        family,
        channel,
        lower({{ clean_text('source') }}) as utm_source,
        lower({{ clean_text('medium') }}) as utm_medium,
        {{ clean_text('campaign') }} as campaign,
        {{ clean_text('campaign_id') }} as campaign_id,
        content,
        term,
        click_id_type,
        click_id,
        interaction_type,
        coalesce(direction, 'inbound') as direction,
        case stage_evidence
            when 'conversion' then 'purchase'
            when 'onboarding' then 'experience'
            when 'retention' then 'experience'
            when 'risk' then 'experience'
            else stage_evidence
        end as stage_evidence,
        stage_from,
        stage_to,
        session_id as session_ref,
        {{ clean_money('revenue_amount') }} as revenue_amount,
        upper(revenue_currency) as revenue_currency,
        order_ref,
        {{ clean_flag('is_machine') }} as is_machine,
        {{ clean_flag('is_internal_test') }} as is_internal_test,
        {{ clean_flag('consent_analytics') }} as consent_analytics,
        {{ clean_flag('consent_ads') }} as consent_ads,
        attrs as attributes,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- A device that visits a site or an app has sessions; a person who calls has none.
visits as (
    select
        renamed.*,
        case when renamed.family in ('website', 'product') and types.is_device then renamed.identifier_type end
            as visitor_type,
        case when renamed.family in ('website', 'product') and types.is_device then renamed.identifier_value end
            as visitor_id
    from renamed
    left join {{ ref('identifier_types') }} as types on renamed.identifier_type = types.identifier_type
)

select * from visits
