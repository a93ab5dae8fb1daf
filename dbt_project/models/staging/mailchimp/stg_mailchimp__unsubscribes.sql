with source as (
    select * from {{ source('raw', 'mailchimp__unsubscribes') }}
    where _is_current
),

cleaned as (
    select
        campaign_id,
        lower(email_id) as email_id,
        {{ clean_email('email_address') }} as email,
        {{ utc_instant('"timestamp"') }} as occurred_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

renamed as (
    select
        'mailchimp' as source,
        {{ key_of(["'unsubscribe'", 'cleaned.campaign_id', 'cleaned.email_id']) }} as record_key,
        {{ key_of(['coalesce(cleaned.email, cleaned.email_id)', 'cleaned.campaign_id']) }} as twin_key,
        case when cleaned.email is not null then 'email' else 'email_md5' end as identifier_type,
        coalesce(cleaned.email, cleaned.email_id) as identifier_value,
        cleaned.occurred_at,
        'email' as family,
        'email_unsubscribed' as interaction_type,
        'inbound' as direction,
        cleaned.campaign_id,
        coalesce(campaigns.campaign_title, cleaned.campaign_id) as campaign,
        cleaned.source_file_id,
        cleaned.source_row_number
    from cleaned
    left join {{ ref('stg_mailchimp__campaigns') }} as campaigns on cleaned.campaign_id = campaigns.campaign_id
)

select * from renamed
