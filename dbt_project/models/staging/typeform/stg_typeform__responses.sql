with source as (
    select * from {{ source('raw', 'typeform__responses') }}
    where _is_current
),

cleaned as (
    select
        response_id,
        -- A blank is no answer; zero is the worst one. Off-scale numbers are no answer either.
        case
            when try_cast(nps_score as decimal(18, 6)) between 0 and 10
                then try_cast(nps_score as decimal(18, 6))
        end as nps_score,
        try_cast(delivery_satisfaction as decimal(18, 6)) as delivery_score,
        {{ clean_email('email') }} as email,
        {{ clean_phone('phone') }} as phone,
        -- A hidden field the link did not fill arrives as x's.
        case when not regexp_full_match(user_id, 'x+') then {{ clean_text('user_id') }} end as user_id,
        case
            when not regexp_full_match(order_id, 'x+') then replace({{ clean_text('order_id') }}, '#', '')
        end as order_name,
        lower(response_type) = 'completed' as is_complete,
        try_cast(start_date as timestamp) as asked_at,
        try_cast(coalesce(nullif(submit_date, ''), nullif(stage_date, ''), start_date) as timestamp) as answered_at,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

renamed as (
    select
        'typeform' as source,
        {{ key_of(["'response'", 'response_id']) }} as record_key,
        response_id,
        nps_score,
        delivery_score,
        case when user_id is not null then 'user_id' when email is not null then 'email' end as identifier_type,
        coalesce(user_id, email) as identifier_value,
        user_id,
        email,
        phone,
        order_name,
        'feedback' as family,
        'inbound' as direction,
        order_name as order_ref,
        case when order_name is not null then 'order' else 'relationship' end as about_type,
        -- A relationship has no number: the latest answer of a wave then replaces the earlier ones of the same person.
        order_name as about_ref,
        is_complete,
        nps_score >= 9 as is_promoter,
        asked_at,
        answered_at,
        source_file_id,
        source_row_number
    from cleaned
)

select * from renamed
