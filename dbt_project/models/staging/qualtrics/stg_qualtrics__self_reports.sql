with asked as (
    select *, {{ unnest_json_object('questions') }} as entry
    from {{ ref('stg_qualtrics__responses') }}
    where is_valid and questions is not null
),

answers as (
    select
        * exclude (entry, questions, record_key, family),
        entry.key as question,
        entry.value as answer
    from asked
),

told as (
    {{ self_reports('answers') }}
)

select *, {{ key_of(["'self_report'", 'response_id']) }} as record_key
from told
