"""The newsletters: who was sent what, and what they did with it, one campaign per month and mail tool.

Every visit by e-mail is a click in the mail tool. Add what both mail tools tell. Must not be here: a vendor's
layout, or a visit.
"""

import duckdb

from journey_pipeline.world.clock import Calendar

# Of the subscribers who never came by mail, every so many-th asks to be left alone or has a dead address.
LEAVES_EVERY, BOUNCES_EVERY = 19, 41
SEND_SHARE = 25  # per cent of the quiet subscribers that are in the segment a month's newsletter goes to
OPEN_SHARE = 35  # per cent of those who do not click and open

# mail_actions: open, click, bounce, unsubscribe with their instant; `url` is the landing page with the tool's tag.
_TABLES = f"""
create table mail_campaigns as
with days as (
    select day::bigint as day, strftime($start::date + day::integer, '%Y-%m') as month,
        dayofweek($start::date + day::integer) in (2, 4) as sends
    from range($days) as numbers(day)
)
select tool, month, substr(md5('mail-' || tool || month), 1, 10) as campaign_id, 'news-' || month as tag,
    strftime((month || '-01')::date, '%B') || ' News' as title,
    list_extract($midnight, 1 + min(day) filter (where sends)) as sent_at
from days, (values ('mailchimp'), ('klaviyo')) as tools(tool)
group by tool, month having bool_or(sends) order by tool, month;

create table mail_clicks as
select s.person, p.mail_tool as tool, s.month, s.session, s.started_at - 3 as clicked_at, s.landing_url as url
from sessions as s join people as p using (person)
where s.channel_name = 'email' and s.kind < 3 and p.mail_tool <> '' order by s.session;

create table mail_members as
select person, mail_tool as tool, is_quiet,
    is_quiet and person % {LEAVES_EVERY} = 5 as leaves,
    is_quiet and person % {BOUNCES_EVERY} = 7 and person % {LEAVES_EVERY} <> 5 as bounces
from (
    select person, mail_tool, is_subscribed, person not in (select person from mail_clicks) as is_quiet
    from people where mail_tool <> ''
) where is_subscribed or not is_quiet order by person;

create table mail_recipients as
with months as (select *, row_number() over (partition by tool order by month) as number from mail_campaigns),
sent as (
    select c.*, m.person, m.is_quiet, m.leaves, m.bounces,
        count(*) over (partition by m.tool, m.person) as received,
        row_number() over (partition by m.tool, m.person order by c.number) as nth
    from mail_members as m join months as c on c.tool = m.tool
    left join (select distinct person, month from mail_clicks) as k on k.person = m.person and k.month = c.month
    where k.person is not null
        or (m.is_quiet and scatter(m.person * 131 + c.number) % 100 < {SEND_SHARE})
)
select tool, month, campaign_id, tag, title, sent_at, person, leaves and nth = 1 as leaves,
    bounces and nth = 1 as bounces
from sent where not ((leaves or bounces) and nth > 1) order by tool, month, person;

create table mail_actions as
with first_clicks as (
    select person, month, min(clicked_at) as clicked_at from mail_clicks group by 1, 2
),
found as (
    select r.tool, r.campaign_id, r.person, 'open' as action, c.clicked_at - 17 as done_at, null::text as url
    from mail_recipients as r join first_clicks as c using (person, month)
    union all
    select r.tool, r.campaign_id, k.person, 'click', k.clicked_at, k.url
    from mail_recipients as r join mail_clicks as k using (person, month)
    union all
    select tool, campaign_id, person, 'open', sent_at + 600 + scatter(person * 7 + sent_at) % 150000, null
    from mail_recipients where not bounces and (leaves or scatter(person * 11 + sent_at) % 100 < {OPEN_SHARE})
        and (person, month) not in (select (person, month) from mail_clicks)
    union all
    select tool, campaign_id, person, 'bounce', sent_at + 20, null from mail_recipients where bounces
    union all
    select tool, campaign_id, person, 'unsubscribe', sent_at + 600 + scatter(person * 7 + sent_at) % 150000 + 45, null
    from mail_recipients where leaves
)
select *, row_number() over (order by tool, campaign_id, person, done_at, action, url) as action_number
from found where done_at < $end;
"""


def load_mail(con: duckdb.DuckDBPyConnection, calendar: Calendar) -> None:
    """Create `mail_campaigns`, `mail_members`, `mail_recipients`, `mail_clicks` and `mail_actions`.

    A campaign of a month that the market does not reach the end of is sent like any other; nothing is done with it
    after the end of the market.
    """
    parameters = {
        "start": calendar.start, "days": calendar.days, "end": calendar.end_at,
        "midnight": [int(instant) for instant in calendar.midnight],
    }  # fmt: skip
    for statement in _TABLES.split(";\n"):
        if statement.strip():
            used = {name: value for name, value in parameters.items() if f"${name}" in statement}
            con.execute(statement, used)
