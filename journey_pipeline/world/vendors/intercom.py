"""Intercom: conversations of people who ask from inside the app, and receipts of what the app sends them.

A conversation is told again when its rating changes. Must not be here: why somebody asks.
"""

from datetime import timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, csv_cell, csv_line, files, lines, own

CONTACT = "substr(md5('intercom-' || person), 1, 24)"
BODIES = ("My lamp flickers", "Where is my order?", "How do I return it?", "It arrived damaged", "Invoice address")
RECEIPT_HEADER = (
    "user_id,user_external_id,company_id,email,name,ruleset_id,content_id,content_type,content_title,ruleset_version_id,"
    "receipt_id,received_at,series_id,series_title,node_id,first_reply,first_completion,first_series_completion,"
    "first_series_disengagement,first_series_exit,first_goal_success,first_open,first_click,first_dismisall,"
    "first_unsubscribe,first_hard_bounce"
)

# How-to questions of the app come beside what is asked about orders: every eighth user has one.
ASKS_EVERY = 8
# Versions of a conversation: rated at first, and with the changed mind; a planted one is opened by staff.
_VERSIONS = f"""
create or replace temp table intercom_versions as
with questions as (
    select 700000 + person as ticket, person, min(started_at) + 3600 as created_at from sessions
    where kind = 3 and person % {ASKS_EVERY} = 1 and person >= 0 group by person
    having min(started_at) + 3600 < $end
),
asked as (
    select t.* exclude (desk), p.user_id, p.email, {CONTACT} as contact_id, false as is_staff,
        case when rating = 1 and flipped_at = 0 then 4 + ticket % 2 when rating >= 0 then 1 + ticket % 2 end as stars
    from tickets as t join people as p using (person) where desk = 'intercom'
    union all
    select ticket, null, person, 2, created_at, if(created_at + 7200 < $end, created_at + 7200, 0), 5 + ticket % 60,
        if(person % 3 = 0 and created_at + 9000 < $end, 1, -2), if(person % 3 = 0, created_at + 9000, 0), 0, 1, 1,
        p.user_id, p.email, {CONTACT}, false, if(person % 3 = 0 and created_at + 9000 < $end, 4 + ticket % 2, null)
    from questions join people as p using (person)
    union all
    select t.* exclude (desk) replace (ticket + 500000 as ticket, created_at + 9000 as created_at,
        created_at + 12000 as solved_at, -2 as rating, 0 as rated_at, 0 as flipped_at),
        p.user_id, p.email, {CONTACT}, true, null
    from tickets as t join people as p using (person)
    where desk = 'intercom' and $planted and ticket % 4 = 1 and created_at + 12000 < $end
)
select *, greatest(created_at + 300, solved_at, rated_at) as updated_at, 1 as version from asked
union all
select * replace (5 as stars, flipped_at as rated_at), flipped_at, 2 from asked where flipped_at > 0
order by ticket, version
"""
_CONVERSATIONS = f"""
select utc_time(updated_at, 'intercom/conversations_%Y-%m.jsonl') as file, ticket * 10 + version as place,
    to_json({{
        type: 'conversation', id: ticket::varchar, title: null, created_at: created_at, updated_at: updated_at,
        waiting_since: null, snoozed_until: null, open: solved_at = 0, state: if(solved_at > 0, 'closed', 'open'),
        read: true, priority: 'not_priority', admin_assignee_id: 814860, team_assignee_id: 0,
        source: {{type: if(via = 0, 'email', 'conversation'), id: (40000000 + ticket)::varchar,
            delivered_as: if(is_staff, 'admin_initiated', 'customer_initiated'), subject: '',
            body: '<p>' || {list(BODIES)}[subject + 1] || '</p>',
            author: {{type: if(is_staff, 'admin', 'user'), id: if(is_staff, '814860', contact_id), name: null,
                email: null}},
            url: 'https://app.northlamp.test/billing', redacted: false}},
        contacts: {{type: 'contact.list', contacts: [{{type: 'contact', id: contact_id, external_id: user_id}}]}},
        conversation_rating: if(stars is null, null, {{rating: stars, remark: if(stars >= 4, 'great', ''),
            created_at: solved_at + 60, updated_at: rated_at}}),
        statistics: {{type: 'conversation_statistics', time_to_admin_reply: first_reply_minutes * 60,
            first_contact_reply_at: created_at, last_close_at: nullif(solved_at, 0), count_reopens: 0,
            count_conversation_parts: 4}},
        tags: {{type: 'tag.list', tags: []::text[]}}, ai_agent_participated: ticket % 5 = 0
    }}) as line
from intercom_versions
"""
# Everybody who used the app is asked how easy it was, and every third gets tips by mail.
_RECEIPTS = f"""
create or replace temp table intercom_receipts as
with users as (
    select person, min(started_at) as first_at from sessions where kind = 3 and person >= 0 group by 1
),
sent as (
    select person, 'Survey' as content_type, 'Onboarding CES' as title, 'c-1' as content, first_at + 86400 as sent_at
    from users
    union all
    select person, 'Email', 'Pro tips', 'c-2', first_at + 5 * 86400 from users where person % 3 = 0
)
select s.*, p.user_id, p.email, p.first_name || ' ' || p.last_name as name, {CONTACT} as contact_id,
    'rcp-' || row_number() over (order by sent_at, content, person) as receipt_id,
    if(person % 2 = 0 and sent_at + 3700 < $end, sent_at + 3600, null) as opened_at,
    if(content_type = 'Email' and person % 6 = 0 and sent_at + 3700 < $end, sent_at + 3660, null) as clicked_at,
    if(content_type = 'Survey' and person % 10 = 4 and sent_at + 3700 < $end, sent_at + 3690, null) as completed_at
from sent as s join people as p using (person) where sent_at < $end order by receipt_id
"""
_RECEIPT = (
    "contact_id", "user_id", "-1", "email", "name", "9001", "content", "content_type", "title", "1", "receipt_id",
    "sent_at",
    "-1", "''", "-1", "''", "completed_at", "''", "''", "''", "''", "opened_at", "clicked_at", "''", "''", "''",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write conversations per month of update, and one content export."""
    end = {"end": calendar.end_at}
    con.execute(_VERSIONS, end | {"planted": delivery.is_planted})
    con.execute(_RECEIPTS, end)
    own(con, "intercom_contact_id", "select person, contact_id from intercom_versions "
        "union select person, contact_id from intercom_receipts")  # fmt: skip
    asked = "from intercom_versions where version = 1 and not is_staff"
    count(con, "conversations", f"select if(ticket < 500000, 'about_orders', 'how_to'), count(*) {asked} group by 1")
    count(con, "conversations_closed", f"select 'intercom', count(*) {asked} and solved_at > 0")
    count(con, "conversation_ratings", "select last_stars::varchar, count(*) from (select arg_max(stars, version) "
          "as last_stars from intercom_versions where stars is not null group by ticket) group by 1")  # fmt: skip
    for word, column in (("sent", "sent_at"), ("opened", "opened_at"), ("clicked", "clicked_at"),
                         ("completed", "completed_at")):  # fmt: skip
        count(con, "app_messages", f"select '{word}', count({column}) from intercom_receipts")
    delivery.plant(
        con,
        "select 'intercom.opened_by_staff', count(*) from intercom_versions where is_staff "
        "union all select 'intercom.rating_changed', count(*) from intercom_versions where version = 2",
    )
    for name, text in files(con, _CONVERSATIONS).items():
        delivery.write_text(name, text)
    line = csv_line([csv_cell(cell) for cell in _RECEIPT])
    rows = lines(con, f"select receipt_id as place, {line} as line from intercom_receipts")
    if rows:
        day = calendar.day(calendar.days) - timedelta(1)
        delivery.write_zip(f"intercom/content_export_{day}.zip", {"receipts.csv": f"{RECEIPT_HEADER}\n{rows}"})
