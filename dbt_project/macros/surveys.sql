{#-
Answers to survey questions as scores. Which question is which instrument, on which scale and since when, is data (seed
survey_questions), as are the labels some exports write instead of numbers (survey_labels). Add what all survey tools
share; what one tool calls its columns belongs in its staging model.

`relation` has one row per response and answered question: source, survey, question, answer (text), response_id,
answered_at and whatever else the caller wants to keep. Given back are the scored ones with instrument, scale, family,
score and comment. The score is null when the answer lies on no scale that held that day: the caller tests it never is.
-#}
{% macro rated_answers(relation) -%}
    select
        scored.* exclude (number_text, label_score, is_reversed, choice),
        cast(case
            when coalesce(number_text, label_score) between scored.scale_min and scored.scale_max then
                case
                    when scored.is_reversed
                        then scored.scale_min + scored.scale_max - coalesce(number_text, label_score)
                    else coalesce(number_text, label_score)
                end
        end as decimal(18, 6)) as score,
        comments.comment
    from (
        select
            answers.*,
            mapped.instrument,
            mapped.scale_min,
            mapped.scale_max,
            mapped.is_reversed,
            mapped.family as rated_family,
            mapped.wording,
            -- A label may follow the number: 10 - Extremely likely.
            try_cast(
                regexp_extract(trim(answers.answer), '^([0-9]+([.][0-9]+)?)([^0-9.].*)?$', 1) as decimal(18, 6)
            ) as number_text,
            labels.score as label_score,
            row_number() over (
                partition by answers.response_id, answers.question
                order by mapped.valid_from desc, length(mapped.survey_pattern) desc, mapped.survey_pattern,
                    length(mapped.question_pattern) desc, mapped.question_pattern
            ) as choice
        from {{ relation }} as answers
        inner join ({{ mapped_questions(relation) }}) as mapped
            on answers.survey = mapped.survey
            and answers.question = mapped.question
            and cast(answers.answered_at as date) >= mapped.valid_from
        left join {{ ref('survey_labels') }} as labels
            on lower(trim(answers.answer)) = labels.label
            and mapped.scale_min = labels.scale_min
            and mapped.scale_max = labels.scale_max
        where mapped.instrument not in ('COMMENT', 'SOURCE') and trim(answers.answer) <> ''
    ) as scored
    left join (
        select answers.response_id, mapped.family as rated_family, max(trim(answers.answer)) as comment
        from {{ relation }} as answers
        inner join ({{ mapped_questions(relation) }}) as mapped
            on answers.survey = mapped.survey
            and answers.question = mapped.question
        where mapped.instrument = 'COMMENT' and trim(answers.answer) <> ''
        group by answers.response_id, mapped.family
    ) as comments
        on scored.response_id = comments.response_id and scored.rated_family = comments.rated_family
    where scored.choice = 1
{%- endmacro %}

{#- Answers of `relation`, shaped as above, to questions of the instrument SOURCE (how did you hear about us): one row per
response with the channel that the seed self_reported_channels makes of its text, and not the text. -#}
{% macro self_reports(relation) -%}
    select * exclude (question, answer, choice)
    from (
        select
            answers.*,
            coalesce(named.channel, 'other') as channel,
            row_number() over (
                partition by answers.response_id order by answers.question, named.position
            ) as choice
        from {{ relation }} as answers
        inner join ({{ mapped_questions(relation) }}) as mapped
            on answers.survey = mapped.survey
            and answers.question = mapped.question
            and mapped.instrument = 'SOURCE'
            and cast(answers.answered_at as date) >= mapped.valid_from
        left join {{ ref('self_reported_channels') }} as named
            on regexp_full_match(lower(trim(answers.answer)), named.answer_pattern)
        where trim(answers.answer) <> ''
    ) as told
    where choice = 1
{%- endmacro %}

{#- The rows of the question map that fit a question of `relation`, matched once per distinct question. -#}
{% macro mapped_questions(relation) -%}
select asked.survey, asked.question, questions.* exclude (source)
            from (select distinct source, survey, question from {{ relation }}) as asked
            inner join {{ ref('survey_questions') }} as questions
                on asked.source = questions.source
                and regexp_full_match(lower(asked.survey), questions.survey_pattern)
                and regexp_full_match(lower(trim(asked.question)), questions.question_pattern)
{%- endmacro %}

{#- The name of a delivered file without its folders. -#}
{% macro file_stem(path) -%}
regexp_extract({{ path }}, '([^/]*)$', 1)
{%- endmacro %}

{#- What was asked, as one word: the seed's name for it, else the question's own text, else the tool and the thing it asks
about, because a tool without a text asks one question of its own. -#}
{% macro wording_of(named, question, source, about_type) -%}
coalesce(
    nullif(trim({{ named }}), ''),
    nullif(trim(regexp_replace(lower({{ question }}), '[^[:alnum:]]+', '_', 'g'), '_'), ''),
    {{ source }} || '_' || coalesce({{ about_type }}, 'relationship')
)
{%- endmacro %}

{#- The id of a question as it was asked: instrument, scale and wording. Answers under different ids never make one score. -#}
{% macro survey_definition(instrument, scale_min, scale_max, wording) -%}
{{ instrument }} || ':' || {{ scale_end(scale_min) }} || '-' || {{ scale_end(scale_max) }} || ':' || {{ wording }}
{%- endmacro %}

{% macro scale_end(value) -%}
regexp_replace(regexp_replace(cast({{ value }} as varchar), '([.][0-9]*[1-9])0+$', '\\1'), '[.]0+$', '')
{%- endmacro %}

{#- Whether an answer of `relation` may be a promoter's or a detractor's. -#}
{% macro is_nps_scale(relation) -%}
({{ relation }}.instrument = 'NPS' and {{ relation }}.scale_min = 0 and {{ relation }}.scale_max = 10)
{%- endmacro %}
