"""Mailchimp: the audience as a zip with one CSV per status, and the activity report of each newsletter.

Must not be here: who is sent what, or what they do with it.
"""

from datetime import timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, csv_cell, csv_line, files, lines, own

LIST = "8e423a4179"
STAMP = "%Y-%m-%d %H:%M:%S"
APPLE_PROXY = "17.58.101.9"
BASE = (
    "Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION,LAST_CHANGED,LEID,EUID"
)
LEFT = {
    "subscribed": "",
    "unsubscribed": ",UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,UNSUB_REASON_OTHER",
    "cleaned": ",CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID",
}
_STATUS = """
create or replace temp table mailchimp_members as
select m.person, p.* exclude (person), 5000 + m.person as leid,
    $start_at - 86400 * (m.person % 300) - 40000 as optin_at, a.done_at as left_at, c.title, c.campaign_id,
    case a.action when 'unsubscribe' then 'unsubscribed' when 'bounce' then 'cleaned' else 'subscribed' end as status,
    $planted and phone is not null and m.person % 4 = 2 as has_guard
from mail_members as m join people as p using (person)
left join mail_actions as a on a.person = m.person and a.action in ('unsubscribe', 'bounce')
left join mail_campaigns as c on c.campaign_id = a.campaign_id
where m.tool = 'mailchimp' order by m.person
"""
_MEMBER = [
    "if(person % 8 = 3, upper(email[1]) || email[2:], email)", "first_name", "last_name",
    "if(has_guard, '''' || phone, phone)", "2 + person % 4", f"utc_time(optin_at, '{STAMP}')", "'203.0.113.7'",
    f"utc_time(optin_at + 131, '{STAMP}')", "'203.0.113.7'", "'52.5200000'", "'13.4050000'", "1", "2",
    "'Europe/Berlin'", "country", "''", f"utc_time(coalesce(left_at, optin_at + 131), '{STAMP}')", "leid", "mail_euid",
]  # fmt: skip
_LEFT = [f"utc_time(left_at, '{STAMP}')", "title", "campaign_id"]
_TAGS = ["''", """if(person % 20 = 3, '"VIP","Blog"', if(person % 20 = 5, '"DE\\, sale"', ''))"""]

# One row per action; the machine ones are planted: a proxy opens at once, a scanner follows every link.
_ACTIVITY = f"""
create or replace temp table mailchimp_activity as
with real as (
    select campaign_id, person, action, done_at, url, if(action = 'bounce', 'hard', null) as kind, '203.0.113.7' as ip,
        null::text as defect
    from mail_actions where tool = 'mailchimp' and action <> 'unsubscribe'
),
planted as (
    select campaign_id, person, 'open', sent_at + 3, null, null, '{APPLE_PROXY}', 'mailchimp.machine_open'
    from mail_recipients where tool = 'mailchimp' and $planted and not bounces and person % 15 = 4
    union all
    select campaign_id, person, 'click', sent_at + 4 + number // 2, 'https://www.northlamp.test/' || ['a', 'b',
        'preferences'][1 + number], null, '198.51.100.9', 'mailchimp.link_scanner'
    from mail_recipients, range(3) as links(number)
    where tool = 'mailchimp' and $planted and not bounces and person % 30 = 8
)
select *, row_number() over (partition by campaign_id, person order by done_at, action, url) as nth
from (from real union all from planted)
"""
_REPORT = f"""
select 'mailchimp/reports_' || r.campaign_id || '_email-activity.jsonl' as file, r.person as place,
    concat('{{"campaign_id":"', r.campaign_id, '","list_id":"{LIST}","list_is_active":true,"email_id":"',
        md5(lower(p.email)), '","email_address":"', p.email, '","activity":[', coalesce(a.texts, ''), ']}}') as line
from mail_recipients as r join people as p using (person)
left join (
    select campaign_id, person, string_agg(concat('{{"action":"', action, '",', if(kind is null, '', concat('"type":"',
        kind, '",')), '"timestamp":"', utc_time(done_at, '%Y-%m-%dT%H:%M:%S+00:00'), '"', if(url is null, '',
        concat(',"url":"', url, '"')), ',"ip":"', ip, '"}}'), ',' order by nth) as texts
    from mailchimp_activity group by 1, 2
) as a on a.campaign_id = r.campaign_id and a.person = r.person
where r.tool = 'mailchimp' and r.sent_at < $end
"""
_UNSUBSCRIBED = f"""
select 'mailchimp/reports_' || campaign_id || '_unsubscribed.jsonl' as file, person as place,
    to_json({{email_id: md5(lower(email)), email_address: email, reason: 'None given', campaign_id: campaign_id,
        timestamp: utc_time(done_at, '%Y-%m-%dT%H:%M:%S+00:00'), list_id: '{LIST}'}}) as line
from mail_actions join people using (person) where tool = 'mailchimp' and action = 'unsubscribe'
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write the audience of the last day, and the reports of every newsletter."""
    planted = {"planted": delivery.is_planted}
    con.execute(_STATUS, planted | {"start_at": int(calendar.midnight[0])})
    con.execute(_ACTIVITY, planted)
    own(con, "mailchimp_euid", "select person, mail_euid from mailchimp_members")
    own(con, "email_md5", "select person, md5(lower(email)) from mailchimp_members")
    sent = f"from mail_recipients where tool = 'mailchimp' and sent_at < {calendar.end_at}"
    done = "from mail_actions where tool = 'mailchimp'"
    count(con, "mail_sent", f"select 'mailchimp', count(*) {sent}")
    count(con, "mail_actions", f"select 'mailchimp_send', count(*) {sent}")
    count(con, "mail_actions", f"select 'mailchimp_' || action, count(*) {done} group by 1")
    delivery.plant(
        con,
        "select defect, count(*) from mailchimp_activity where defect is not null group by 1 "
        "union all select 'mailchimp.guarded_phone', count(*) from mailchimp_members where has_guard",
    )
    members: dict[str, str | bytes] = {}
    for status, titles in LEFT.items():
        cells = [
            *_MEMBER,
            *(_LEFT if titles else []),
            *(["'NORMAL'", "''"] if status == "unsubscribed" else []),
            *_TAGS,
        ]
        rows = lines(
            con,
            f"select person as place, {csv_line([csv_cell(cell) for cell in cells])} as line "
            f"from mailchimp_members where status = '{status}'",
        )
        if rows:
            members[f"{status}_email_audience_export_{LIST}.csv"] = f"{BASE}{titles},NOTES,TAGS\n{rows}"
    day = calendar.day(calendar.days) - timedelta(1)
    delivery.write_zip(f"mailchimp/audience_export_{LIST}_{day}.zip", members)
    for query, values in ((_REPORT, {"end": calendar.end_at}), (_UNSUBSCRIBED, {})):
        for name, text in files(con, query, dict(values)).items():
            delivery.write_text(name, text)
