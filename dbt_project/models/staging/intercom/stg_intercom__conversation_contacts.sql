with source as (
    select * from {{ source('raw', 'intercom__conversations') }}
    where _is_current
),

parsed as (
    select
        id as conversation_id,
        {{ epoch_seconds('created_at') }} as seen_at,
        {{ json_fields('source', {'author': {'id': 'VARCHAR', 'email': 'VARCHAR'}}) }}.author as author,
        {{ unnest_list(json_fields('contacts', {
            'contacts': [{'id': 'VARCHAR', 'external_id': 'VARCHAR'}]
        }) ~ '.contacts') }} as person,
        _file_id as source_file_id,
        _row_number as source_row_number
    from source
),

-- A visitor has no id of ours. The author's mail is the contact's only where the contact is the author.
renamed as (
    select
        'intercom' as source,
        {{ key_of(["'conversation_contact'", 'conversation_id', 'person.id']) }} as record_key,
        conversation_id,
        person.id as intercom_contact_id,
        {{ clean_text('person.external_id') }} as user_id,
        case when author.id = person.id then {{ clean_email('author.email') }} end as email,
        seen_at,
        row_number() over (
            partition by conversation_id, person.id order by person.external_id nulls last
        ) as mention_number,
        source_file_id,
        source_row_number
    from parsed
    where person.id is not null
)

select * exclude (mention_number) from renamed
where mention_number = 1
