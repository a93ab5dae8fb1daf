with source as (
    select * from {{ source('raw', 'surveymonkey__responses') }}
    where _is_current
),

cleaned as (
    select
        respondent_id as response_id,
        {{ file_stem('_file_name') }} as survey,
        _extra as questions,
        {{ clean_email('email_address') }} as email,
        {{ clean_text('custom_data_1') }} as user_id,
        end_date is not null as is_complete,
        start_date,
        coalesce(end_date, start_date) as end_date,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

renamed as (
    select
        * exclude (start_date, end_date),
        'surveymonkey' as source,
        {{ key_of(["'response'", 'response_id']) }} as record_key,
        case when user_id is not null then 'user_id' when email is not null then 'email' end as identifier_type,
        coalesce(user_id, email) as identifier_value,
        'feedback' as family,
        'inbound' as direction,
        'relationship' as about_type,
        {{ local_to_utc('start_date', var('surveymonkey_time_zone')) }} as asked_at,
        {{ local_to_utc('end_date', var('surveymonkey_time_zone')) }} as answered_at,
        {{ is_ambiguous_local('end_date', var('surveymonkey_time_zone')) }} as is_time_ambiguous
    from cleaned
)

select * from renamed
