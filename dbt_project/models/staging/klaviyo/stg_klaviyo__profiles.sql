with source as (
    select * from {{ source('raw', 'klaviyo__profiles') }}
    where _is_current
),

parsed as (
    select
        id,
        {%- set marketing = {
            'marketing': {
                'consent': 'VARCHAR', 'consent_timestamp': 'VARCHAR', 'method': 'VARCHAR', 'double_optin': 'VARCHAR'
            }
        } %}
        {{ json_fields('attributes', {
            'email': 'VARCHAR', 'phone_number': 'VARCHAR', 'external_id': 'VARCHAR', 'created': 'VARCHAR',
            'updated': 'VARCHAR', 'location': {'country': 'VARCHAR', 'timezone': 'VARCHAR'},
            'subscriptions': {'email': marketing, 'sms': marketing}
        }) }} as attributes,
        _exported_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- Some profiles have a phone number only; whoever they are, their id is the subject.
renamed as (
    select
        'klaviyo' as source,
        {{ key_of(["'profile'", 'id']) }} as record_key,
        'klaviyo_profile_id' as identifier_type,
        id as identifier_value,
        id as klaviyo_profile_id,
        {{ clean_email('attributes.email') }} as email,
        {{ clean_phone('attributes.phone_number') }} as phone,
        {{ clean_text('attributes.external_id') }} as user_id,
        {{ clean_text('attributes.location.country') }} as email_country,
        {{ clean_text('attributes.location.timezone') }} as time_zone,
        attributes.subscriptions.email.marketing as email_consent,
        attributes.subscriptions.sms.marketing as sms_consent,
        coalesce({{ utc_instant('attributes.created') }}, {{ utc_instant('attributes.updated') }}, _exported_at)
            as known_since,
        coalesce({{ utc_instant('attributes.updated') }}, {{ utc_instant('attributes.created') }}, _exported_at)
            as observed_at,
        source_file_id,
        source_row_number
    from parsed
)

select * from renamed
