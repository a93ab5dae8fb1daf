with source as (
    select * from {{ source('raw', 'mailchimp__email_activity') }}
    where _is_current
),

-- The report does not say when the campaign was sent: the first action of any recipient is the nearest there is.
sendings as (
    select campaign_id, min(occurred_at) as occurred_at
    from {{ ref('stg_mailchimp__email_activity') }}
    group by campaign_id
),

cleaned as (
    select
        campaign_id,
        lower(email_id) as email_id,
        {{ clean_email('email_address') }} as email,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

renamed as (
    select
        'mailchimp' as source,
        {{ key_of(["'recipient'", 'cleaned.campaign_id', 'cleaned.email_id']) }} as record_key,
        case when cleaned.email is not null then 'email' else 'email_md5' end as identifier_type,
        coalesce(cleaned.email, cleaned.email_id) as identifier_value,
        cleaned.email,
        case when cleaned.email_id = md5(cleaned.email) then cleaned.email_id end as email_md5,
        -- The address was changed since: the id is still that of the old one.
        case when cleaned.email_id <> md5(cleaned.email) then cleaned.email_id end as former_email_md5,
        sendings.occurred_at,
        'day' as occurred_at_precision,
        'email' as family,
        'email_sent' as interaction_type,
        'outbound' as direction,
        cleaned.campaign_id,
        coalesce(campaigns.campaign_title, cleaned.campaign_id) as campaign,
        campaigns.campaign_title as content,
        cleaned.source_file_id,
        cleaned.source_row_number
    from cleaned
    left join sendings on cleaned.campaign_id = sendings.campaign_id
    left join {{ ref('stg_mailchimp__campaigns') }} as campaigns on cleaned.campaign_id = campaigns.campaign_id
)

select * from renamed
