with source as (
    select * from {{ source('raw', 'canonical__identifier_edges') }}
    where _is_current
),

renamed as (
    select
        coalesce(system, 'canonical') as source,
        a_type,
        {{ clean_identifier('a_type', 'a_value') }} as a_value,
        b_type,
        {{ clean_identifier('b_type', 'b_value') }} as b_value,
        evidence,
        -- What the sender suspects joins nobody.
        case when {{ clean_flag('is_suspect') }} then 'weak' else confidence end as confidence,
        coalesce({{ any_instant('first_seen_at') }}, {{ any_instant('last_seen_at') }}) as first_seen_at,
        {{ any_instant('last_seen_at') }} as last_seen_at,
        coalesce(try_cast(n_obs as bigint), 1) as observation_count
    from source
)

select * from renamed
where a_value is not null and b_value is not null
