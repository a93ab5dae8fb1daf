with source as (
    select * from {{ source('raw', 'tcf__decisions') }}
    where _is_current
)

-- Re-reads count here: they are no decisions, but they say who was logged in on which device.
select
    'tcf' as source,
    {{ key_of(['client_id', 'user_id']) }} as record_key,
    client_id as ga_client_id,
    user_id,
    max({{ utc_instant('logged_at') }}) as occurred_at
from source
where client_id <> '' and user_id <> ''
group by client_id, user_id
