with source as (
    select * from {{ source('raw', 'qualtrics__responses') }}
    where _is_current
),

cleaned as (
    select
        response_id,
        {{ file_stem('_file_name') }} as survey,
        _extra as questions,
        lower(trim(status)) as status,
        {{ clean_email('recipient_email') }} as email,
        {{ clean_text('external_reference') }} as user_id,
        replace({{ clean_text('order_id') }}, '#', '') as order_name,
        {{ clean_text('distribution_channel') }} as response_channel,
        -- Choices are exported as numbers or as labels of the exporting user's language.
        lower(trim(finished)) in ('true', '1', 'wahr') as is_complete,
        lower(trim(status)) in ('0', 'ip address', 'ip-adresse') as is_valid,
        start_date,
        coalesce(recorded_date, end_date, start_date) as end_date,
        coalesce(time_zone, 'UTC') as time_zone,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

renamed as (
    select
        * exclude (start_date, end_date, time_zone),
        'qualtrics' as source,
        {{ key_of(["'response'", 'response_id']) }} as record_key,
        case when user_id is not null then 'user_id' when email is not null then 'email' end as identifier_type,
        coalesce(user_id, email) as identifier_value,
        'feedback' as family,
        'inbound' as direction,
        order_name as order_ref,
        case when order_name is not null then 'order' else 'relationship' end as about_type,
        order_name as about_ref,
        {{ zoned_to_utc('start_date', 'time_zone') }} as asked_at,
        {{ zoned_to_utc('end_date', 'time_zone') }} as answered_at,
        {{ is_ambiguous_zoned('end_date', 'time_zone') }} as is_time_ambiguous
    from cleaned
)

select * from renamed
