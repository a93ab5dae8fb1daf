{{ config(materialized='view') }}
-- One row per answer and theme of its comment; a comment without a known theme is `other`, an answer without one `none`.
with answers as (
    select
        *,
        lower(trim(regexp_replace(comment, '[[:space:]]+', ' ', 'g'))) as words,
        coalesce({{ is_bad_answer('experience_answers') }}, false) as is_bad
    from {{ ref('experience_answers') }} as experience_answers
),

themed as (
    select distinct answers.score_id, themes.theme
    from answers
    inner join {{ ref('comment_themes') }} as themes
        on {{ full_match('answers.words', "'(.*[^a-zäöüß])?(' || themes.pattern || ').*'") }}
    where answers.words <> ''
)

select
    answers.score_id,
    answers.week,
    answers.family,
    answers.instrument,
    case when coalesce(answers.words, '') = '' then 'none' else coalesce(themed.theme, 'other') end as theme,
    answers.is_bad,
    answers.score_share
from answers
left join themed on answers.score_id = themed.score_id
