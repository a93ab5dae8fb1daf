"""Discourse: the list of members as the admin page exports it, and the posts of a saved Data Explorer query.

Must not be here: who posts.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, csv_cell, csv_line, lines, own

USER_HEADER = (
    "id,name,username,email,title,created_at,last_seen_at,last_posted_at,last_emailed_at,trust_level,approved,suspended_at,"
    "suspended_till,silenced_till,active,admin,moderator,ip_address,staged,secondary_emails,topics_entered,posts_read_count,"
    "time_read,topic_count,post_count,likes_given,likes_received,location,website,views,external_id,external_email,"
    "external_username,external_name,external_avatar_url,Company (custom user field),group_names"
)
POST_HEADER = (
    "post_id,topic_id,topic_title,category,post_number,user_id,username,post_type,like_count,reply_count,reads,created_at,"
    "updated_at,deleted_at,archetype"
)
STAMP = "%Y-%m-%d %H:%M:%S UTC"
POSTS_PER_TOPIC = 3
_SYSTEM = (
    "-1,system,system,no_email,,2020-01-01 00:00:00 UTC,,,,4,true,,,,true,false,false,203.0.113.7,false,,0,0,0,0,0,0,0,"
    ",,0,,,,,,,\n"
)

_MEMBERS = """
create or replace temp table discourse_members as
with visits as (
    select person, min(started_at) as first_at, max(started_at) as last_at from sessions
    where kind = 4 and person >= 0 group by 1
)
select v.*, p.* exclude (person), 1000 + v.person as forum_id, lower(first_name[1:3]) || '_' || v.person as username,
    $planted and v.person % 5 = 2 as has_literal_quotes, false as is_spammer
from visits as v join people as p using (person) where p.user_id is not null order by v.person
"""
# Post type 1 is a member's word in public; the other types, messages, and deleted spam are planted.
_POSTS = f"""
create or replace temp table discourse_posts as
with written as (
    select e.microsecond, m.forum_id, m.username, row_number() over (order by e.microsecond, e.position) - 1 as nth
    from events as e join sessions as s using (session) join event_names as n using (code)
    join discourse_members as m on m.person = s.person where n.event_name = 'post_created'
),
placed as (
    select *, 77 + nth // {POSTS_PER_TOPIC} as topic, 1 + nth % {POSTS_PER_TOPIC} as number from written
)
select 900 + nth * 10 as post_id, topic, number, forum_id, username, 1 as post_type, 1 + nth % 6 as likes, microsecond,
    'regular' as archetype, false as is_deleted, null::text as defect
from placed
union all
select 901 + nth * 10, topic, 50, -1, 'system', 3, 0, microsecond + 60000000, 'regular', false, 'discourse.small_action'
from placed where $planted and nth % 6 = 1
union all
select 902 + nth * 10, 90000 + topic, 1, forum_id, username, 1, 0, microsecond + 90000000, 'private_message', false,
    'discourse.private_message'
from placed where $planted and nth % 6 = 2
union all
select 903 + nth * 10, topic, 60, 999, 'buy_now', 1, 0, microsecond + 90000000, 'regular', true,
    'discourse.deleted_spam'
from placed where $planted and nth % 6 = 3
union all
select 904 + nth * 10, topic, 70, forum_id, username, 4, 0, microsecond + 95000000, 'regular', false,
    'discourse.whisper'
from placed where $planted and nth % 6 = 4
"""
_NAME = "if(has_literal_quotes, '\"' || last_name || ', ' || first_name || '\"', first_name || ' ' || last_name)"
_USER = (
    "forum_id", _NAME, "username", "email", "''", f"utc_time(first_at - 60, '{STAMP}')",
    f"utc_time(last_at, '{STAMP}')",
    "''", "''", "1 + person % 3", "true", "''", "''", "''", "true", "false", "false", "'203.0.113.7'", "false",
    "coalesce(second_email, '')", "12", "88", "5400", "2", "9", "4", "6", "''", "''", "3", "user_id", "email",
    "username",
    _NAME, "''", "''", "'trust_level_0;trust_level_1'",
)  # fmt: skip
_AT = "strftime(make_timestamp(microsecond), '%Y-%m-%dT%H:%M:%S.%gZ')"
_POST = (
    "post_id", "topic", "['Arc flicker fix', 'Show your setup', 'Light, in layers'][1 + topic % 3]",
    "['Support', 'Showcase', 'General'][1 + topic % 3]", "number", "forum_id", "username", "post_type", "likes", "0",
    "20",
    _AT, _AT, f"if(is_deleted, {_AT}, '')", "archetype",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write the members as a zip and the posts as a query result, both of the morning after the market."""
    planted = {"planted": delivery.is_planted}
    con.execute(_MEMBERS, planted)
    con.execute(_POSTS, planted)
    own(con, "discourse_user_id", "select person, forum_id from discourse_members")
    count(con, "signups", "select 'discourse', count(*) from discourse_members")
    count(con, "posts", "select 'discourse', count(*) from discourse_posts where defect is null")
    delivery.plant(
        con,
        "select defect, count(*) from discourse_posts where defect is not null group by 1 union all "
        "select 'discourse.literal_quotes', count(*) from discourse_members where has_literal_quotes",
    )
    day = calendar.day(calendar.days)
    user, post = (csv_line([csv_cell(cell) for cell in cells]) for cells in (_USER, _POST))
    rows = lines(con, f"select person as place, {user} as line from discourse_members")
    if rows:
        name = f"user-list-{day:%y%m%d}-070100"
        delivery.write_zip(f"discourse/{name}-42.zip", {f"{name}-42/{name}.csv": f"{USER_HEADER}\n{rows}{_SYSTEM}"})
    rows = lines(con, f"select post_id as place, {post} as line from discourse_posts")
    if rows:
        name = f"discourse/posts-for-journey@community-northlamp-test-{day}.dcqresult.csv"
        delivery.write_text(name, f"{POST_HEADER}\n{rows}")
