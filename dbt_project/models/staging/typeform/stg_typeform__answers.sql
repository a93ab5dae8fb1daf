with delivered as (
    select * from {{ source('raw', 'typeform__responses') }}
    where _is_current
),

responses as (
    select * exclude (record_key, family, nps_score, delivery_score)
    from {{ ref('stg_typeform__responses') }}
),

-- The questions are told apart by their texts, which the contract's header patterns know.
answers as (
    {% for question in ['nps_score', 'nps_reason', 'delivery_satisfaction'] %}
    select
        responses.*,
        {{ file_stem('delivered._file_name') }} as survey,
        '{{ question }}' as question,
        delivered.{{ question }} as answer
    from delivered
    inner join responses on delivered.response_id = responses.response_id
    {{ 'union all' if not loop.last }}
    {% endfor %}
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
