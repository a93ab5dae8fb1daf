-- Post-stratification: what an answer of each group counts, so that the groups weigh as they do among the customers. Cut
-- at response_max_weight, then scaled so that the weights of a question sum to its answers.
{%- set sums = ['population', 'answers', 'positives', 'promoters', 'detractors'] %}
with strata as (
    select
        week,
        instrument,
        definition_id,
        stratum,
        {%- for name in sums %}
        cast(sum({{ name }}) as bigint) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('response_groups') }}
    group by week, instrument, definition_id, stratum
),

shares as (
    select
        *,
        cast(population as double) / sum(population) over question as population_share,
        cast(answers as double) / nullif(sum(answers) over question, 0) as answer_share
    from strata
    window question as (partition by week, definition_id)
),

cut as (
    select
        *,
        -- Decimals: a sum of them is the same however many threads add it up.
        cast(case when answers > 0 then least(population_share / answer_share, {{ var('response_max_weight') }}) end
            as decimal(18, 9)) as weight
    from shares
)

select
    week,
    instrument,
    definition_id,
    stratum,
    {{ sums | join(', ') }},
    cast(cast(weight as double) * sum(answers) over question / sum(answers * weight) over question as decimal(18, 9))
        as weight
from cut
window question as (partition by week, definition_id)
