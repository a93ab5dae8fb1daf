with source as (
    select * from {{ source('raw', 'intercom__receipts') }}
    where _is_current
),

-- Every export tells only what happened inside its range: a receipt is the earliest of each time over all its tellings,
-- and the latest telling of whom and what it was about.
merged as (
    select
        receipt_id,
        max_by(user_id, (_delivery_rank, _row_number)) as intercom_contact_id,
        max_by(user_external_id, (_delivery_rank, _row_number)) as user_id,
        max_by(email, (_delivery_rank, _row_number)) as email,
        max_by(content_id, (_delivery_rank, _row_number)) as content_id,
        max_by(content_type, (_delivery_rank, _row_number)) as content_type,
        max_by(content_title, (_delivery_rank, _row_number)) as content_title,
        max_by(series_id, (_delivery_rank, _row_number)) as series_id,
        max_by(series_title, (_delivery_rank, _row_number)) as series_title,
        min(try_cast(received_at as bigint)) as received_at,
        min(try_cast(first_open as bigint)) as opened_at,
        min(try_cast(first_click as bigint)) as clicked_at,
        min(try_cast(first_completion as bigint)) as completed_at,
        min(try_cast(first_dismisall as bigint)) as dismissed_at,
        min(try_cast(first_unsubscribe as bigint)) as unsubscribed_at,
        min(try_cast(first_hard_bounce as bigint)) as bounced_at,
        max_by(_file_id, (_delivery_rank, _row_number)) as source_file_id,
        max_by(_row_number, (_delivery_rank, _row_number)) as source_row_number
    from source
    group by receipt_id
),

renamed as (
    select
        'intercom' as source,
        {{ key_of(["'receipt'", 'receipt_id']) }} as record_key,
        receipt_id,
        case
            when intercom_contact_id is not null then 'intercom_contact_id'
            when user_id is not null then 'user_id'
            when {{ clean_email('email') }} is not null then 'email'
        end as identifier_type,
        coalesce(intercom_contact_id, user_id, {{ clean_email('email') }}) as identifier_value,
        intercom_contact_id,
        {{ clean_text('user_id') }} as user_id,
        {{ clean_email('email') }} as email,
        content_id,
        lower({{ clean_text('content_type') }}) as content_type,
        {{ clean_text('content_title') }} as content_title,
        series_id,
        {{ clean_text('series_title') }} as series_title,
        'email_marketing' as purpose,
        'withdrawn' as state,
        'explicit' as method,
        receipt_id as evidence_ref,
        {{ epoch_seconds('received_at') }} as received_at,
        {{ epoch_seconds('opened_at') }} as opened_at,
        {{ epoch_seconds('clicked_at') }} as clicked_at,
        {{ epoch_seconds('completed_at') }} as completed_at,
        {{ epoch_seconds('dismissed_at') }} as dismissed_at,
        {{ epoch_seconds('unsubscribed_at') }} as unsubscribed_at,
        {{ epoch_seconds('bounced_at') }} as bounced_at,
        source_file_id,
        source_row_number
    from merged
)

select * from renamed
