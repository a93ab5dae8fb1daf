"""Zendesk: tickets as NDJSON in a `.json` file per month of update, and the satisfaction ratings.

A ticket solved in a later month than it was created appears twice: open first, then final. Must not be here:
why there is a ticket.
"""

from datetime import timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, lines, own

SUBJECTS = ("Arc lamp flickers", "Where is my order?", "Return", "Parcel arrived damaged", "Invoice")
CLOSE_AFTER_SECONDS = 4 * 86_400
HOST = "https://northlamp.zendesk.test/api/v2"

# requester columns and one row per version of a ticket
VERSIONS = f"""
create or replace temp table ticket_versions as
with described as (
    select t.*, ['email', 'web', 'api', 'native_messaging'][via + 1] as channel,
        if(kind = 0, 'spam spam', if(kind = 1, 'Fwd: ', '') || {list(SUBJECTS)}[subject + 1]) as title,
        if(kind = 0, 9999, coalesce(9000000 + person, 9999)) as requester_id,
        case when kind = 0 then 'spam@example.test' when via = 3 then null
            when person % 9 = 0 then upper(email[1]) || email[2:] else email end as requester_email,
        if(person % 10 < 7, user_id, null) as external_id,
        case when kind = 0 then 'deleted' when solved_at = 0 then 'open'
            when solved_at + {CLOSE_AFTER_SECONDS} < $end then 'closed' else 'solved' end as final_status,
        case when kind = 0 then created_at + 60 when solved_at = 0 then created_at + 300
            when solved_at + {CLOSE_AFTER_SECONDS} < $end then solved_at + {CLOSE_AFTER_SECONDS}
            else solved_at end as final_at
    from tickets as t left join people using (person)
    where desk = 'zendesk'
)
select *, final_status as status, least(final_at, $end - 1) as updated_at, false as is_early from described
union all
select * replace (0 as solved_at, -2 as rating), 'open', created_at, true from described
where local_time(created_at, '%Y-%m') <> local_time(least(final_at, $end - 1), '%Y-%m')
order by ticket, updated_at
"""

TICKETS = f"""
select ticket as place, concat('{{"url":"{HOST}/tickets/', ticket, '.json","id":', ticket,
    ',"external_id":null,"via":{{"channel":"', channel, '","source":{{"from":{{',
    if(channel = 'email', '"address":"' || requester_email || '"', ''),
        '}},"to":{{}},"rel":null}}}},"created_at":"',
    iso(created_at), '","updated_at":"', iso(updated_at), '","type":null,"subject":"', title,
        '","raw_subject":"',
    title, '","description":"', title, ' \u2026","priority":"normal","status":"', status,
    '","recipient":null,"requester_id":', requester_id, ',"submitter_id":', requester_id,
    ',"assignee_id":3600035,"organization_id":null,"group_id":3600069,"tags":[',
    if(kind = 1, '"closed_by_merge"', if(rating >= 0, '"csat_requested"', '')),
    '],"custom_fields":[{{"id":3600011,"value":',
    if(kind = 2 and ticket % 2 = 0, '"' || order_number || '"', 'null'), '}}],"satisfaction_rating":{{',
    case rating when 1 then concat('"score":"good","id":', 71000 + 2 * ticket,
        ',"comment":null,"reason":null')
        when 0 then concat('"score":"bad","id":', 71000 + 2 * ticket, ',"comment":"Slow","reason":null')
        when -1 then '"score":"offered"' else '"score":"unoffered"' end,
    '}},"brand_id":3600035,"comments":[],"metric_set":{{"reopens":0,"replies":2,"reply_time_in_minutes":{{"calendar":',
    first_reply_minutes, ',"business":', first_reply_minutes // 2 + 1,
        '}},"full_resolution_time_in_minutes":',
    if(solved_at > 0, concat('{{"calendar":', (solved_at - created_at) // 60, ',"business":',
        (solved_at - created_at) // 180, '}}'), '{{"calendar":null,"business":null}}'),
    ',"solved_at":', if(solved_at > 0, '"' || iso(solved_at) || '"', 'null'), '}},"requester":{{"id":',
    requester_id, ',"email":', coalesce('"' || requester_email || '"', 'null'), ',"external_id":',
    coalesce('"' || external_id || '"', 'null'), '}}}}') as line
from ticket_versions where local_time(updated_at, '%Y-%m') = $1
"""

# Versions of a rating: offered, then the first answer, then the flip from bad to good under the same id.
RATINGS = f"""
with final as (select * from ticket_versions where not is_early and rating >= -1),
versions as (
    select ticket, requester_id, 0 as version, 71001 + 2 * ticket as id, 'offered' as score,
        solved_at + 3600 as created, solved_at + 3600 as updated from final
    where solved_at + 3600 < $1
    union all
    select ticket, requester_id, 1, 71000 + 2 * ticket, if(rating = 1 and flipped_at = 0, 'good', 'bad'),
        rated_at, rated_at
    from final where rating >= 0
    union all
    select ticket, requester_id, 2, 71000 + 2 * ticket, 'good', rated_at, flipped_at from final
        where flipped_at > 0
)
select ticket * 10 + version as place, concat('{{"url":"{HOST}/satisfaction_ratings/', id, '.json","id":', id,
    ',"assignee_id":3600035,"group_id":3600069,"requester_id":', requester_id, ',"ticket_id":', ticket,
    ',"score":"', score, '","created_at":"', iso(created), '","updated_at":"', iso(updated), '","comment":',
    case score when 'bad' then '"Slow"' when 'good' then '"Fast!"' else 'null' end, ',"reason":',
    if(score = 'bad', '"Some other reason","reason_id":100', 'null,"reason_id":null'), '}}') as line
from versions
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a ticket file per month with updates and one ratings file."""
    con.execute(VERSIONS, {"end": calendar.end_at})
    own(con, "zendesk_user_id", "select person, zendesk_user_id from people join tickets using (person) "
        "where desk = 'zendesk'")  # fmt: skip
    count(con, "tickets", "select ['deleted', 'merged', 'normal'][kind + 1], count(*) from tickets "
          "where desk = 'zendesk' group by 1")  # fmt: skip
    count(con, "tickets", "select 'solved', count(*) from tickets where desk = 'zendesk' and solved_at > 0")
    count(con, "ratings", "select if(rating = 1, 'good', 'bad'), count(*) from tickets "
          "where desk = 'zendesk' and rating >= 0 group by 1")  # fmt: skip
    months = con.execute(
        "select local_time(updated_at, '%Y-%m'), max(local_time(updated_at, '%Y-%m-%d')) "
        "from ticket_versions group by 1 order by 1"
    ).fetchall()
    for month, last in months:
        delivery.write_text(f"zendesk/export-{last}-tickets.json", lines(con, TICKETS, [month]))
    stamp = calendar.day(calendar.days) - timedelta(1)
    delivery.write_text(f"zendesk/satisfaction_ratings_{stamp}.jsonl", lines(con, RATINGS, [calendar.end_at]))
