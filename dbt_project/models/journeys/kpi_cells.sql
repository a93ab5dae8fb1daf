select week, kpi, numerator, denominator, cast(null as decimal(38, 4)) as sum_squares, is_mature
from {{ ref('kpi_journey_cells') }}
union all
select week, kpi, numerator, denominator, sum_squares, is_mature
from {{ ref('kpi_experience_cells') }}
union all
select week, kpi, numerator, denominator, sum_squares, is_mature
from {{ ref('kpi_customer_value_cells') }}
union all
select week, kpi, numerator, denominator, sum_squares, is_mature
from {{ ref('kpi_acquisition_cells') }}
