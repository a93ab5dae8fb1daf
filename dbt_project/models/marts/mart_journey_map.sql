-- What hurts most in a stage, of what was judged that week.
with pains as (
    select
        cast(week as date) as week,
        stage,
        step || case when breakdown = 'all' then '' else ' (' || breakdown || ' ' || member || ')' end as pain,
        row_number() over (partition by week, stage order by rank) as place
    from {{ source('measures', 'pain_points') }}
    where rank is not null and explained_by is null
)

select
    cast(measured.week as date) as week,
    cast(measured.stage as varchar) as stage,
    cast(measured.family as varchar) as family,
    cast(measured.interaction_type as varchar) as interaction_type,
    cast(measured.touches as bigint) as touches,
    cast(measured.customers as bigint) as customers,
    cast(measured.journeys as bigint) as journeys,
    cast(measured.window_seconds as bigint) as window_seconds,
    cast(measured.converted as bigint) as converted,
    cast(measured.conversion_rate as double) as conversion_rate,
    cast(measured.ci_low as double) as ci_low,
    cast(measured.ci_high as double) as ci_high,
    cast(measured.is_mature as boolean) as is_mature,
    cast(measured.is_small_sample as boolean) as is_small_sample,
    cast(measured.answers as bigint) as answers,
    cast(measured.sentiment as double) as sentiment,
    cast(measured.pained_answers as bigint) as pained_answers,
    cast(measured.pained_share as double) as pained_share,
    cast(measured.owner as varchar) as owner,
    pains.pain as top_pain,
    parameters.as_of,
    '{{ var("definition_version") }}' as definition_version
from {{ source('measures', 'journey_map') }} as measured
cross join {{ source('raw', 'run_parameters') }} as parameters
left join pains on cast(measured.week as date) = pains.week and measured.stage = pains.stage and pains.place = 1
