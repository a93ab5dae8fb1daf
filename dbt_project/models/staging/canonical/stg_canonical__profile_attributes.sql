with source as (
    select * from {{ source('raw', 'canonical__profile_attributes') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        id_type as identifier_type,
        {{ clean_identifier('id_type', 'id_value') }} as identifier_value,
        attribute,
        {{ clean_text('value') }} as value,
        {{ any_instant('observed_at') }} as observed_at
    from source
)

select * from renamed
where identifier_value is not null and value is not null
