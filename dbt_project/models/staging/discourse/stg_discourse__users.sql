with source as (
    select * from {{ source('raw', 'discourse__users') }}
    where _is_current
),

cleaned as (
    select
        *,
        try_cast(id as bigint) as user_number,
        -- An anonymised account keeps its number only; the mail invented for it reaches nobody.
        case when {{ clean_email('email') }} not like '%.invalid' then {{ clean_email('email') }} end as any_email,
        coalesce({{ is_true('active') }}, false) as is_active,
        coalesce({{ is_true('staged') }}, false) as is_staged,
        coalesce({{ is_true('admin') }}, false) as is_admin,
        {{ utc_instant('suspended_at') }} is not null
            and coalesce({{ utc_instant('suspended_till') }} > _exported_at, true) as is_suspended
    from source
),

renamed as (
    select
        'discourse' as source,
        {{ key_of(["'user'", 'id']) }} as record_key,
        'discourse_user_id' as identifier_type,
        id as identifier_value,
        -- Numbers from 0 down are the system and its robots.
        case when user_number > 0 then id end as discourse_user_id,
        {{ clean_text('external_id') }} as user_id,
        -- A mail nobody has confirmed yet may be anybody's.
        case when is_active or is_staged then any_email end as email,
        case when not (is_active or is_staged) then any_email end as unconfirmed_email,
        any_email is null and lower(email) like '%.invalid' as is_anonymised,
        trust_level,
        group_names,
        'community' as family,
        'signed_up' as interaction_type,
        'inbound' as direction,
        is_admin as is_internal_test,
        is_staged,
        is_suspended,
        -- Staged accounts are mail senders that never came to the forum.
        user_number > 0 and not is_staged and not is_suspended as is_countable,
        {{ utc_instant('created_at') }} as occurred_at,
        {{ utc_instant('last_seen_at') }} as last_seen_at,
        coalesce(_exported_at, {{ utc_instant('created_at') }}) as observed_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from cleaned
)

select * from renamed
