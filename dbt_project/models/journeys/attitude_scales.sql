-- One row per scale with Cronbach's alpha, k / (k - 1) * (1 - sum of the items' variances / variance of the sum), on
-- whoever answered every item. A scale that does not hold together says nothing, and is told as such.
{%- set scales = attitude_scales() %}
with declared as (
    {%- for scale in scales %}
    select '{{ scale }}' as scale{{ ' union all' if not loop.last }}
    {%- else %}
    select cast(null as varchar) as scale where false
    {%- endfor %}
),

complete as (
    select * from {{ ref('attitude_scores') }} where is_complete
),

-- From exact sums: an engine's own variance depends on how rows were dealt to its threads.
variances as (
    select
        answers.scale,
        answers.item,
        {{ variance_of('count(*)', 'sum(answers.score)', 'sum(answers.score * answers.score)') }} as variance
    from {{ ref('attitude_answers') }} as answers
    inner join complete on answers.customer_number = complete.customer_number and answers.scale = complete.scale
    group by answers.scale, answers.item
),

items as (
    select scale, count(*) as items, cast(sum(cast(variance as decimal(18, 12))) as double) as item_variance
    from variances
    group by scale
),

totals as (
    select
        scale,
        count(*) as complete_answers,
        {{ variance_of('count(*)', 'sum(score_sum)', 'sum(score_sum * score_sum)') }} as total_variance
    from complete
    group by scale
),

respondents as (
    select scale, count(*) as respondents from {{ ref('attitude_scores') }} group by scale
),

judged as (
    select
        declared.scale,
        coalesce(items.items, 0) as items,
        coalesce(respondents.respondents, 0) as respondents,
        coalesce(totals.complete_answers, 0) as complete_answers,
        case when items.items > 1 and totals.total_variance > 0 then
            items.items / (items.items - 1.0) * (1 - items.item_variance / totals.total_variance) end as alpha
    from declared
    left join items on declared.scale = items.scale
    left join totals on declared.scale = totals.scale
    left join respondents on declared.scale = respondents.scale
)

select
    *,
    complete_answers >= 100 and coalesce(alpha >= 0.7, false) as is_published,
    case
        when complete_answers = 0 then 'nobody was asked'
        when complete_answers < 100 then 'fewer than 100 complete answers'
        when alpha is null then 'alpha needs two items and answers that differ'
        when alpha < 0.7 then 'alpha below 0.7'
    end as reason
from judged
