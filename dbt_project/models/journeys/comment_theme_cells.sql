-- One row per week, family, instrument and theme: answers, bad ones, and what was answered; theme `all` counts each once.
with told as (
    select * from {{ ref('comment_themes_of_answers') }}
)

select week, family, instrument, theme, count(*) as answers, count(*) filter (where is_bad) as bad_answers,
    cast(sum(score_share) as double) as score_share_sum
from told
group by week, family, instrument, theme
union all
select week, family, instrument, 'all', count(*), count(*) filter (where is_bad), cast(sum(score_share) as double)
from (select distinct score_id, week, family, instrument, is_bad, score_share from told) as answers
group by week, family, instrument
