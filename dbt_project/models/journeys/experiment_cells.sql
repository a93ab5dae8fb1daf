-- Sums and products of the outcomes by arm, and by the week in which their window was over: all that the mathematics of
-- an experiment asks for. Without a week are those whose window is not over yet.
select
    experiment_id,
    metric,
    variant,
    case when is_complete then complete_week end as complete_week,
    bool_and(is_share) as is_share,
    count(*) as units,
    count(*) filter (where outcome <> 0) as units_with,
    cast(sum(outcome) as double) as sum_y,
    cast(sum(outcome * outcome) as double) as sum_yy,
    cast(sum(outcome_before) as double) as sum_x,
    cast(sum(outcome_before * outcome_before) as double) as sum_xx,
    cast(sum(outcome * outcome_before) as double) as sum_xy
from {{ ref('experiment_outcomes') }}
group by experiment_id, metric, variant, case when is_complete then complete_week end
