-- Did the site keep its service standard? One row per week, stage and device with enough measurements of a Core Web Vital:
-- met when three quarters of the visits were within the good range of every one of them.
select
    cells.week,
    cells.stage,
    cells.device,
    bool_and(cells.p75 <= thresholds.good_up_to) as is_met
from {{ ref('vital_cells') }} as cells
inner join {{ ref('web_vital_thresholds') }} as thresholds on cells.metric = thresholds.metric
where cells.metric in ('LCP', 'INP', 'CLS')
    and cells.stage <> 'all'
    and cells.device <> 'all'
    and cells.measurements >= {{ var('min_n') }}
group by cells.week, cells.stage, cells.device
