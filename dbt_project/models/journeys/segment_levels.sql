-- The values of a column that may be segments, numbered.
with told as (
    select attribute as level_column, value as level_value
    from {{ ref('customer_attributes') }}
    where attribute in ('country', 'industry', 'plan')
    union
    select 'main_channel', channel from {{ ref('visit_weeks') }}
)

select
    level_column,
    level_value,
    cast(row_number() over (partition by level_column order by level_value) as smallint) as level_number
from told
where level_value is not null
