-- Posts for the journey pipeline: save as a Data Explorer query named "Posts for journey", run it and download the CSV
-- (posts-for-journey-....dcqresult.csv) into the inbox folder discourse/. Downloads are cut at the site's row limit
-- (data_explorer_query_result_limit): choose periods short enough to stay below it.
-- Private messages, whispers and small actions need not leave the forum; the pipeline leaves them out as well.
--
-- [params]
-- date :from_date = 2026-01-01
-- date :to_date = 2026-12-31

select
    p.id as post_id,
    p.topic_id,
    t.title as topic_title,
    c.name as category,
    p.post_number,
    p.user_id,
    u.username,
    p.post_type,
    p.like_count,
    p.reply_count,
    p.reads,
    p.created_at,
    p.updated_at,
    -- A deleted topic takes its posts along; a hidden post is spam until somebody says otherwise.
    coalesce(p.deleted_at, t.deleted_at, case when p.hidden then coalesce(p.hidden_at, p.updated_at) end) as deleted_at,
    t.archetype
from posts p
inner join topics t on t.id = p.topic_id
inner join users u on u.id = p.user_id
left join categories c on c.id = t.category_id
where
    t.archetype = 'regular'
    and p.post_type in (1, 2)
    and (p.updated_at::date between :from_date and :to_date or p.created_at::date between :from_date and :to_date)
order by p.id
