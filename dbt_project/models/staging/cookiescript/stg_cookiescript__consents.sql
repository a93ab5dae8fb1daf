with source as (
    select * from {{ source('raw', 'cookiescript__consents') }}
    where _is_current
),

cleaned as (
    select
        'cookiescript' as source,
        {{ clean_text('key') }} as consent_key,
        action,
        page,
        date,
        try_cast(date as timestamp) as visitor_time,
        try_cast(
            nullif(regexp_extract(_file_name, '(20[0-9]{2}-[0-9]{2}-[0-9]{2})[^/]*$', 1), '') as timestamp
        ) as file_day,
        -- Any one category makes it "accept", so only the categories say to what.
        string_split(replace(lower(coalesce(categories, '')), ' ', ''), ',') as accepted,
        nullif(regexp_extract(lower(text), 'policy v?([0-9]+([.][0-9]+)?)', 1), '') as policy_version,
        categories,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- The visitor's own clock, in a zone nobody records. There is a file per day: no zone is further than 14 hours from it.
dated as (
    select
        *,
        case
            when file_day is null then visitor_time
            else least(greatest(visitor_time, file_day - interval 14 hour), file_day + interval 38 hour)
        end as occurred_at
    from cleaned
),

purposes as (
    select *, 'analytics' as purpose, list_contains(accepted, 'performance') as is_granted from dated
    union all
    select *, 'ads' as purpose, list_contains(accepted, 'targeting') from dated
    union all
    select *, 'ads_personalization' as purpose, list_contains(accepted, 'targeting') from dated
    union all
    select *, 'functional' as purpose, list_contains(accepted, 'functionality') from dated
),

logged as (
    select
        source,
        {{ key_of(['purpose', 'consent_key', 'date', 'action', 'categories', 'page']) }} as record_key,
        case when consent_key is not null then 'consent_key' end as identifier_type,
        consent_key as identifier_value,
        purpose,
        case when is_granted then 'granted' else 'denied' end as state,
        occurred_at,
        'day' as occurred_at_precision,
        'explicit' as method,
        cast(null as varchar) as jurisdiction,
        policy_version,
        pseudonym('consent_key', consent_key) as evidence_ref,
        source_file_id,
        source_row_number
    from purposes
)

{{ consent_decisions('logged') }}
