with users as (
    select
        id as discourse_user_id,
        secondary_emails,
        external_email,
        {{ utc_instant('created_at') }} as occurred_at
    from {{ source('raw', 'discourse__users') }}
    where _is_current and try_cast(id as bigint) > 0
),

-- Further confirmed mails, separated by semicolons, and the one the company's own login sent along.
delivered as (
    select discourse_user_id, occurred_at, {{ unnest_text('secondary_emails', ';') }} as raw_email
    from users
    where secondary_emails <> ''
    union all
    select discourse_user_id, occurred_at, external_email
    from users
    where external_email <> ''
),

cleaned as (
    select distinct
        'discourse' as source,
        discourse_user_id,
        {{ clean_email('raw_email') }} as email,
        occurred_at
    from delivered
)

select *, {{ key_of(["'user_email'", 'discourse_user_id', 'email']) }} as record_key
from cleaned
where email is not null and email not like '%.invalid'
