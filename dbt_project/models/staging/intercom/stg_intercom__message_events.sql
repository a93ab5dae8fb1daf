{%- set events = ['received', 'opened', 'clicked', 'completed', 'unsubscribed', 'bounced'] -%}
with receipts as (
    select * from {{ ref('stg_intercom__receipts') }}
),

-- One column per kind of event becomes one row per event.
happened as (
    {%- for event in events %}
    select *, '{{ event }}' as event, {{ event }}_at as occurred_at from receipts where {{ event }}_at is not null
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

named as (
    select
        *,
        case
            when event = 'received' and content_type = 'email' then 'email_sent'
            when event = 'received' and content_type = 'sms' then 'sms_sent'
            when event = 'received' then 'message_sent'
            when event = 'opened' then case when content_type = 'email' then 'email_opened' else 'message_opened' end
            when event = 'clicked' then case when content_type = 'email' then 'email_clicked' else 'message_clicked' end
            when event = 'bounced' then 'email_bounced'
            when event = 'unsubscribed' then 'email_unsubscribed'
            when content_type = 'survey' then 'survey_answered'
            -- A tour that was walked to its end is use of the product; other completions say nothing of their own.
            when content_type in ('tour', 'checklist') then 'feature_used'
        end as interaction_type
    from happened
),

renamed as (
    select
        source,
        {{ key_of(["'message_event'", 'receipt_id', 'event']) }} as record_key,
        receipt_id,
        identifier_type,
        identifier_value,
        occurred_at,
        case
            when interaction_type like 'email%' then 'email'
            when interaction_type = 'survey_answered' then 'feedback'
            else 'product'
        end as family,
        interaction_type,
        case event when 'received' then 'outbound' when 'bounced' then 'system' else 'inbound' end as direction,
        content_title as content,
        series_title as campaign,
        series_id as campaign_id,
        source_file_id,
        source_row_number
    from named
    where interaction_type is not null
)

select * from renamed
