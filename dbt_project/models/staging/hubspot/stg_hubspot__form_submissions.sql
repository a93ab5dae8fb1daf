with source as (
    select * from {{ source('raw', 'hubspot__form_submissions') }}
    where _is_current
),

parsed as (
    select
        *,
        {{ json_list('"values"', {'name': 'VARCHAR', 'value': 'VARCHAR'}) }} as answers
    from source
),

cleaned as (
    select
        conversion_id,
        form_id,
        make_timestamp(try_cast(submitted_at as bigint) * 1000) as occurred_at,
        {{ clean_email(named_value('answers', 'email')) }} as email,
        {{ clean_phone(named_value('answers', 'phone')) }} as phone,
        lower({{ url_param('page_url', 'utm_source') }}) as tagged_source,
        lower({{ url_param('page_url', 'utm_medium') }}) as tagged_medium,
        {{ url_param('page_url', 'utm_campaign') }} as campaign,
        {{- click_ids_of('page_url') }}
        {{ url_path('page_url') }} as page_path,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
),

-- An impatient second click sends the form again, within two seconds in every export seen.
first_submissions as (
    select
        *,
        lag(occurred_at) over (partition by form_id, email order by occurred_at, conversion_id) as previous_at
    from cleaned
),

renamed as (
    select
        'hubspot' as source,
        {{ key_of(["'form'", 'conversion_id']) }} as record_key,
        case when email is not null then 'email' end as identifier_type,
        email as identifier_value,
        occurred_at,
        -- Without a tag the form says nothing of how its visitor came: no channel is read into it.
        case
            when coalesce(tagged_source, tagged_medium, {{ click_id('first_submissions') }}) is null then 'website'
        end as family,
        case
            when tagged_source is not null or tagged_medium is not null then tagged_source
            when coalesce(gclid, gbraid, wbraid) is not null then 'google'
        end as utm_source,
        case
            when tagged_source is not null or tagged_medium is not null then tagged_medium
            when coalesce(gclid, gbraid, wbraid) is not null then 'cpc'
        end as utm_medium,
        campaign,
        {{ click_id_type('first_submissions') }} as click_id_type,
        {{ click_id('first_submissions') }} as click_id,
        'form_submitted' as interaction_type,
        'inbound' as direction,
        page_path,
        -- Nobody can be written to at `asdf@asdf`: the visit happened, the lead did not.
        email is null as is_test,
        email,
        phone,
        gclid,
        gbraid,
        wbraid,
        msclkid,
        li_fat_id,
        ttclid,
        fbclid,
        source_file_id,
        source_row_number
    from first_submissions
    where previous_at is null or email is null or {{ seconds_between('previous_at', 'occurred_at') }} > 2
)

select * from renamed
