with source as (
    select * from {{ source('raw', 'cookiebot__values') }}
    where _is_current
),

-- A JavaScript object and no JSON: names without quotes, texts in single ones; in the cookie it is percent-encoded.
decoded as (
    select
        regexp_replace(trim({{ percent_decoded('value') }}), '^CookieConsent=', '') as value,
        min_by(_file_id, (_delivery_rank, _row_number)) as source_file_id,
        min_by(_row_number, (_delivery_rank, _row_number)) as source_row_number
    from source
    group by 1
),

decisions as (
    select
        'cookiebot' as source,
        value,
        {% for name in ['stamp', 'method', 'region'] %}
        nullif(regexp_extract(value, '[{,] *{{ name }} *: *''([^'']*)''', 1), '') as {{ name }},
        {% endfor %}
        {% for name in ['preferences', 'statistics', 'marketing'] %}
        regexp_extract(value, '[{,] *{{ name }} *: *(true|false)', 1) = 'true' as {{ name }},
        {% endfor %}
        nullif(regexp_extract(value, '[{,] *ver *: *([0-9]+)', 1), '') as ver,
        -- Milliseconds; their last three digits are cut off.
        {{ epoch_seconds("regexp_extract(value, '[{,] *utc *: *([0-9]+)[0-9]{3}[^0-9]', 1)") }} as occurred_at,
        source_file_id,
        source_row_number
    from decoded
),

-- Cookiebot's marketing covers what the canonical purposes tell apart.
purposes as (
    select *, 'analytics' as purpose, statistics as is_granted from decisions
    union all
    select *, 'ads' as purpose, marketing from decisions
    union all
    select *, 'ads_personalization' as purpose, marketing from decisions
    union all
    select *, 'functional' as purpose, preferences from decisions
),

logged as (
    select
        source,
        {{ key_of(['purpose', 'value']) }} as record_key,
        case when stamp <> '-1' then 'consent_key' end as identifier_type,
        case when stamp <> '-1' then stamp end as identifier_value,
        purpose,
        -- Stamp -1 was set outside the consent regions: everything reads true and nobody was asked.
        case
            when coalesce(stamp, '-1') = '-1' then 'not_asked'
            when not is_granted then 'denied'
            when method = 'implied' then 'implied'
            else 'granted'
        end as state,
        occurred_at,
        method,
        region as jurisdiction,
        ver as policy_version,
        case when stamp <> '-1' then pseudonym('consent_key', stamp) end as evidence_ref,
        source_file_id,
        source_row_number
    from purposes
)

{{ consent_decisions('logged') }}
