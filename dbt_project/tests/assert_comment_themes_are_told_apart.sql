{{ config(meta={'dagster': {'ref': {'name': 'comment_themes'}}}) }}
-- `other`, `none` and `all` are what the lexicon does not name.
select * from {{ ref('comment_themes') }} where theme in ('other', 'none', 'all')
