-- Groups large enough to be weighed. A group with too few answers joins the others of its lifecycle and third of value,
-- then those of its lifecycle, then all that are left; what is left and still too small joins the smallest group.
{%- set least = var('response_min_cell') %}
{%- set question = 'week, definition_id' %}
with thirds as (
    select
        *,
        sum(case when answers < {{ least }} then answers else 0 end)
            over (partition by {{ question }}, lifecycle, value_third) as third_answers
    from {{ ref('response_cells') }}
),

lifecycles as (
    select
        *,
        sum(case when answers < {{ least }} and third_answers < {{ least }} then answers else 0 end)
            over (partition by {{ question }}, lifecycle) as lifecycle_answers
    from thirds
),

named as (
    select
        *,
        case
            when answers >= {{ least }} then lifecycle || ' / ' || value_third || ' / ' || entry_channel
            when third_answers >= {{ least }} then lifecycle || ' / ' || value_third || ' / other'
            when lifecycle_answers >= {{ least }} then lifecycle || ' / other'
            else 'other'
        end as stratum
    from lifecycles
),

sizes as (
    select week, definition_id, stratum, sum(answers) as answers
    from named
    group by week, definition_id, stratum
),

smallest as (
    select
        *,
        row_number() over (partition by {{ question }} order by answers, stratum) as place
    from sizes
    where stratum <> 'other'
)

select
    named.* exclude (third_answers, lifecycle_answers, stratum),
    case when named.stratum = 'other' and sizes.answers < {{ least }} then coalesce(smallest.stratum, 'other')
        else named.stratum end as stratum
from named
inner join sizes
    on named.week = sizes.week and named.definition_id = sizes.definition_id and named.stratum = sizes.stratum
left join smallest
    on named.week = smallest.week and named.definition_id = smallest.definition_id and smallest.place = 1
