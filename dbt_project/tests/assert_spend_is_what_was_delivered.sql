{{ config(meta={'dagster': {'ref': {'name': 'spend'}}}) }}
-- To the cent, row by row, against the delivered files themselves: nothing is lost, nothing is counted twice. A row
-- may be absent where another file tells that day of its campaign. What a row delivers is said by its contract.
with delivered as (
    {{ spend_as_delivered() }}
),

expected as (
    select * from delivered
    where {{ day_before_as_of('spend_date') }}
),

compared as (
    select
        coalesce(expected.source_file_id, spend.source_file_id) as source_file_id,
        coalesce(expected.source_row_number, spend.source_row_number) as source_row_number,
        expected.platform,
        expected.spend_date,
        expected.campaign_id,
        expected.campaign,
        expected.cost_amount,
        spend.cost_amount as spend_amount,
        count(*) over (partition by spend.source_file_id, spend.source_row_number) as times_counted
    from expected
    full join {{ ref('spend') }} as spend
        on expected.source_file_id = spend.source_file_id
        and expected.source_row_number = spend.source_row_number
),

-- What was counted, under the names it was delivered with.
counted as (
    select * from compared
    where cost_amount = spend_amount
)

select compared.*
from compared
where
    (compared.spend_amount is not null and compared.times_counted > 1)
    or compared.cost_amount is distinct from compared.spend_amount
    and not (
        compared.spend_amount is null
        and exists (
            select 1
            from counted
            where
                counted.platform = compared.platform
                and counted.spend_date = compared.spend_date
                and (counted.campaign_id = compared.campaign_id or counted.campaign = compared.campaign)
                and counted.source_file_id <> compared.source_file_id
        )
    )
