with profiles as (
    select * from {{ ref('stg_klaviyo__profiles') }}
),

standing as (
    {%- for channel in ['email', 'sms'] %}
    {{ 'union all' if not loop.first }}
    select
        klaviyo_profile_id,
        '{{ channel }}_marketing' as purpose,
        lower({{ channel }}_consent.consent) as consent,
        lower({{ channel }}_consent.double_optin) in ('true', '1') as is_double_opt_in,
        lower({{ channel }}_consent.method) as method,
        coalesce({{ utc_instant(channel ~ '_consent.consent_timestamp') }}, observed_at) as occurred_at,
        source_file_id,
        source_row_number
    from profiles
    {%- endfor %}
),

decisions as (
    select
        klaviyo_profile_id,
        purpose,
        case
            when consent = 'subscribed' then 'granted'
            when consent = 'unsubscribed' then 'withdrawn'
            when consent = 'never_subscribed' then 'not_asked'
        end as state,
        case
            when is_double_opt_in then 'double_opt_in'
            when method like '%import%' then 'import'
            else 'explicit'
        end as method,
        occurred_at,
        source_file_id,
        source_row_number
    from standing
    union all
    select
        klaviyo_profile_id, 'email_marketing', 'withdrawn', 'explicit', occurred_at, source_file_id, source_row_number
    from {{ ref('stg_klaviyo__events') }}
    where interaction_type = 'email_unsubscribed' and klaviyo_profile_id is not null
),

-- A withdrawal is an event and a state of the profile: told twice, decided once.
numbered as (
    select
        *,
        row_number() over (
            partition by klaviyo_profile_id, purpose, state, occurred_at
            order by method, source_file_id, source_row_number
        ) as telling
    from decisions
    where state is not null
)

select
    'klaviyo' as source,
    {{ key_of(["'consent'", 'klaviyo_profile_id', 'purpose', 'state', 'occurred_at']) }} as record_key,
    'klaviyo_profile_id' as identifier_type,
    klaviyo_profile_id as identifier_value,
    purpose,
    state,
    method,
    occurred_at,
    source_file_id,
    source_row_number
from numbered
where telling = 1
