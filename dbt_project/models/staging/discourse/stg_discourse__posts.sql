with source as (
    select * from {{ source('raw', 'discourse__posts') }}
    where _is_current
),

users as (
    select * from {{ ref('stg_discourse__users') }}
),

renamed as (
    select
        'discourse' as source,
        {{ key_of(["'post'", 'source.post_id']) }} as record_key,
        source.post_id,
        source.topic_id,
        'discourse_user_id' as identifier_type,
        source.user_id as identifier_value,
        {{ utc_instant('source.created_at') }} as occurred_at,
        'community' as family,
        case when source.post_number = '1' then 'topic_created' else 'post_created' end as interaction_type,
        'inbound' as direction,
        '/t/' || source.topic_id || '/' || source.post_number as page_path,
        {{ clean_text('source.category') }} as category,
        try_cast(source.like_count as bigint) as like_count,
        -- What others liked speaks for the company; a question does not.
        case when try_cast(source.like_count as bigint) > 0 then 'advocacy' end as stage_evidence,
        coalesce(users.is_internal_test, false) as is_internal_test,
        -- Type 1 is what a member wrote in public: no moderator note, no small action, no whisper, no message.
        source.post_type = '1'
            and source.archetype = 'regular'
            and source.deleted_at is null
            and try_cast(source.user_id as bigint) > 0
            and not coalesce(users.is_suspended, false)
            and not coalesce(users.is_staged, false) as is_countable,
        source._file_id as source_file_id,
        source._row_number as source_row_number
    from source
    left join users on pseudonym('discourse_user_id', source.user_id) = users.discourse_user_id
)

select * from renamed
