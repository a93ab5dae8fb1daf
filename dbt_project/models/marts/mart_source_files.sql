-- A moment after its file was loaded is a plan, a close date for instance, and no news: the export tells more.
with files as (
    select
        delivered.*,
        case
            when delivered.period_end <= loads.loaded_at then delivered.period_end
            when delivered.period_end > loads.loaded_at and delivered.exported_at <= loads.loaded_at
                then delivered.exported_at
        end as data_until_at
    from {{ source('raw', 'source_files') }} as delivered
    left join {{ source('raw', 'file_loads') }} as loads
        on delivered.contract = loads.contract and delivered.file_id = loads.file_id
)

select
    files.file_id,
    files.contract,
    files.file_name,
    files.path,
    files.outcome,
    files.records,
    files.accepted,
    files.quarantined,
    files.dropped,
    files.erased,
    files.superseded,
    files.period_start,
    files.period_end,
    {{ reporting_date('files.data_until_at', 'levels.time_zone') }} as data_until
from files
left join {{ source('raw', 'service_levels') }} as levels on files.contract = levels.contract
