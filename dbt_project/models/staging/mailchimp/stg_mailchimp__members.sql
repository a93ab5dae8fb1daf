-- A member stands in the file of each status it was delivered in; the later change tells where it is now.
with delivered as (
    {%- for delivered in ['mailchimp__subscribed', 'mailchimp__unsubscribed', 'mailchimp__cleaned', 'mailchimp__nonsubscribed'] %}
    {%- set status = delivered.removeprefix('mailchimp__') %}
    {%- set left_column = {'unsubscribed': 'unsub', 'cleaned': 'clean'}.get(status) %}
    {{ 'union all' if not loop.first }}
    select
        '{{ status }}' as email_status,
        email_address, phone_number, member_rating, optin_time, confirm_time, timezone, cc, last_changed, leid, euid,
        tags,
        {%- for column in ['time', 'campaign_id', 'campaign_title'] %}
        {{ left_column ~ '_' ~ column if left_column else 'cast(null as varchar)' }} as left_{{ column }},
        {%- endfor %}
        {{ 'unsub_reason' if status == 'unsubscribed' else 'cast(null as varchar)' }} as reason,
        _file_id, _row_number
    from {{ source('raw', delivered) }}
    where _is_current
    {%- endfor %}
),

cleaned as (
    select
        'mailchimp' as source,
        {{ key_of(["'member'", 'email_status', 'leid', 'email_address']) }} as record_key,
        email_status,
        leid as member_id,
        {{ clean_email('email_address') }} as email,
        {{ clean_phone('phone_number') }} as phone,
        lower({{ clean_text('euid') }}) as mailchimp_euid,
        upper({{ clean_text('cc') }}) as email_country,
        {{ clean_text('timezone') }} as time_zone,
        {{ clean_text('member_rating') }} as member_rating,
        -- Every tag stands in quotes, commas inside one behind a backslash.
        nullif(replace(replace(replace({{ clean_text('tags') }}, '","', '; '), '"', ''), '\,', ','), '') as tags,
        try_cast(optin_time as timestamp) as opted_in_at,
        try_cast(confirm_time as timestamp) as confirmed_at,
        try_cast(last_changed as timestamp) as changed_at,
        try_cast(left_time as timestamp) as left_at,
        {{ clean_text('left_campaign_id') }} as campaign_id,
        {{ clean_text('left_campaign_title') }} as campaign_title,
        lower({{ clean_text('reason') }}) as reason,
        -- Known from the first time on that the row tells of.
        try_cast(coalesce(optin_time, confirm_time, last_changed) as timestamp) as member_since,
        _file_id as source_file_id,
        _row_number as source_row_number
    from delivered
),

renamed as (
    select
        *,
        {{ key_of(['coalesce(email, record_key)', 'coalesce(campaign_id, cast(left_at as varchar))']) }} as twin_key,
        case when email is not null then 'email' end as identifier_type,
        email as identifier_value,
        md5(email) as email_md5,
        'email' as family,
        -- Cleaning is a matter of delivery; only unsubscribing is the person's own doing.
        case email_status when 'unsubscribed' then 'email_unsubscribed' when 'cleaned' then 'email_bounced' end
            as interaction_type,
        case email_status when 'unsubscribed' then 'inbound' when 'cleaned' then 'system' end as direction,
        campaign_title as campaign
    from cleaned
)

select * from renamed
