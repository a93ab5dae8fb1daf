with source as (
    select * from {{ source('raw', 'delighted__responses') }}
    where _is_current
),

parsed as (
    select
        *,
        -- The person is a number, or an object when the export was asked to expand it.
        case
            when starts_with(person, '{') then {{ json_fields('person', {'email': 'VARCHAR'}) }}.email
        end as person_email,
        {{ json_fields('person_properties', {'Order ID': 'VARCHAR', 'Delighted Source': 'VARCHAR'}) }} as properties
    from source
),

cleaned as (
    select
        'delighted' as source,
        id as response_id,
        {{ file_stem('_file_name') }} as survey,
        {{ clean_email('person_email') }} as email,
        replace({{ clean_text('properties."Order ID"') }}, '#', '') as order_name,
        {{ clean_text('properties."Delighted Source"') }} as response_channel,
        lower(survey_type) as survey_type,
        score as score_text,
        comment as comment_text,
        {{ epoch_seconds('created_at') }} as asked_at,
        {{ epoch_seconds('coalesce(updated_at, created_at)') }} as answered_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from parsed
),

answers as (
    select * exclude (survey_type, score_text, comment_text), survey_type as question, score_text as answer
    from cleaned
    union all
    select * exclude (survey_type, score_text, comment_text), 'comment' as question, comment_text as answer
    from cleaned
    where comment_text is not null
),

rated as (
    {{ rated_answers('answers') }}
),

renamed as (
    select
        *,
        {{ key_of(["'response'", 'response_id']) }} as record_key,
        case when email is not null then 'email' when order_name is not null then 'order_name' end as identifier_type,
        coalesce(email, order_name) as identifier_value,
        rated_family as family,
        'inbound' as direction,
        order_name as order_ref,
        case when order_name is not null then 'order' else 'relationship' end as about_type,
        order_name as about_ref,
        true as is_complete
    from rated
)

select * from renamed
