with asked as (
    select *, {{ unnest_json_object('questions') }} as entry
    from {{ ref('stg_surveymonkey__responses') }}
    where questions is not null
),

answers as (
    select
        * exclude (entry, questions, record_key, family),
        entry.key as question,
        entry.value as answer
    from asked
),

rated as (
    {{ rated_answers('answers') }}
),

renamed as (
    select
        *,
        rated_family as family,
        {{ key_of(["'answer'", 'response_id', 'question']) }} as record_key
    from rated
)

select * from renamed
