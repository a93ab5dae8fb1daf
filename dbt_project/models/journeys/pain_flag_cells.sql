-- One row per week of entry, flag and whether it holds (null: not judged), with what such journeys led to.
with journeys as (
    select
        flags.*,
        flags.days_to_purchase is not null as has_purchase,
        coalesce(
            flags.purchase_week is not null and max(journeys.purchase_at) over (partition by flags.customer_number) > journeys.purchase_at,
            false
        ) as has_order_again
    from {{ ref('journey_flags') }} as flags
    inner join {{ ref('journeys') }} as journeys on flags.journey_id = journeys.journey_id
),

told as (
    {%- for flag, outcome in pain_flag_names().items() %}
    select
        entry_week as week,
        '{{ flag }}' as flag,
        {{ flag }} as is_flagged,
        '{{ outcome }}' as outcome,
        {{ 'has_purchase' if outcome == 'purchase' else 'has_order_again' }} as has_outcome,
        csat_answers,
        positives
    from journeys
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    week,
    flag,
    is_flagged,
    outcome,
    count(*) as journeys,
    count(*) filter (where has_outcome) as converted,
    cast(sum(csat_answers) as bigint) as csat_answers,
    cast(sum(positives) as bigint) as positives
from told
group by week, flag, is_flagged, outcome
