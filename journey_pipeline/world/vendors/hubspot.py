"""HubSpot: one snapshot of contacts and deals as CSV, stage history and form submissions as JSON lines.

Times in the CSV are local without a zone; history is newest first. Must not be here: how a deal advances.
"""

from datetime import timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.commerce import STAGES
from journey_pipeline.world.vendors import Delivery, count, csv_line, lines, own, quoted_cell

LABELS = ("Appointment Scheduled", "Qualified To Buy", "Presentation Scheduled", "Decision Maker Bought-In",
          "Contract Sent", "Closed Won", "Closed Lost")  # fmt: skip
FORM = "1f2e3d4c-0000-4000-8000-00000000f001"
LOCAL = "%Y-%m-%d %H:%M"
UTC_MILLIS = "%Y-%m-%dT%H:%M:%S.000Z"

# One row per CRM contact: everyone with a form or a deal, half of the buyers, a third of the subscribers.
# A few contacts exist twice (trailing space) or swallowed older records (merged).
CONTACTS = """
create or replace temp table contacts as
with moments as (
    select person, min(created_at) as known_at, false as is_buyer from forms where not is_junk
        and crm = 'hubspot' group by 1
    union all select person, min(created_at), true from orders where person % 2 = 0 and person >= 0
        and not is_over_counter group by 1
    union all select person, min(started_at), false from sessions
        where person >= 0 and person % 3 = 0 and kind = 0 group by 1
),
known as (
    select person, min(known_at) as created_at, bool_or(is_buyer) as is_buyer from moments
        join people using (person)
    where is_subscribed or person in (select person from orders union select person from forms
        where not is_junk and crm = 'hubspot')
    group by 1
),
described as (
    select k.*, p.* exclude (person), d.person is not null as has_deal,
        coalesce(d.has_two_contacts, false) or ($defects and k.person % 61 = 7) as is_doubled,
        $defects and k.person % 97 = 5 as has_merged, s.channel_name, s.utm_campaign
    from known as k join people as p using (person)
    left join (select person, bool_or(has_two_contacts) as has_two_contacts
        from deals where crm = 'hubspot' group by 1) as d using (person)
    left join (select person, arg_min(channel_name, session) as channel_name,
        arg_min(utm_campaign, session) as utm_campaign from sessions group by 1) as s using (person)
)
select *, hubspot_contact_id as record_id, 0 as copy, if($defects and person % 20 = 3, upper(email),
    email) as shown
from described
union all
select *, (79000000 + person)::varchar, 1, email || ' ' from described where is_doubled
order by record_id
"""

CONTACT_CELLS = {
    "Record ID": "record_id",
    "First Name": "first_name",
    "Last Name": "last_name",
    "Email": "shown",
    "Phone Number": "if(copy = 0, replace(phone, '+4955501', '''+49 55501 '), '')",
    "Lifecycle Stage": "case when is_buyer then 'Customer' when has_deal then 'Opportunity' "
    "when is_subscribed then 'Subscriber' else 'Lead' end",
    "Contact owner": "if(is_business, 'Sam Sales', '')",
    "Create Date": f"local_time(created_at + copy * 86400, '{LOCAL}')",
    "Original Traffic Source": "case when channel_name like 'paid_search%' or channel_name = 'cross_network' "
    "then 'Paid Search' when channel_name = 'paid_social' then 'Paid Social' when channel_name = 'email' "
    "then 'Email Marketing' when channel_name = 'organic_search' then 'Organic Search' "
    "when channel_name = 'organic_social' then 'Organic Social' "
    "when channel_name = 'direct' or channel_name is null then 'Direct Traffic' "
    "when channel_name in ('referral', 'ai_assistant') then 'Referrals' else 'Other Campaigns' end",
    "Original Traffic Source Drill-Down 1": "utm_campaign",
    "Additional email addresses": "if(copy = 0 and has_merged, second_email, '')",
    "Merged record IDs": "if(copy = 0 and has_merged, (46000000 + person)::varchar || ';' || (47000000 + person), '')",
    "Marketing contact status": "if(is_subscribed or is_buyer, 'Marketing contact', 'Non-marketing contact')",
    "Unsubscribed from all email": "if(person % 11 = 0, 'true', 'false')",
    "Associated Company IDs": "if(is_business, (9000 + person)::varchar, '')",
}

DEAL_CELLS = {
    "Record ID": "deal_id",
    "Deal Name": "last_name || ' Interiors \u2013 ' || deal_id % 100 || ' lamps'",
    "Pipeline": "'Sales Pipeline'",
    "Deal Stage": f"{list(LABELS)}[stage + 1]",
    "Amount": "format('{:,}', (amount_cents // 100)::bigint) || '.' || lpad((amount_cents % 100)::varchar, 2, '0')",
    "Currency": "'EUR'",
    "Close Date": f"if(stage >= 5, local_time(entered_at, '{LOCAL}'), "
    "local_time(opened_at + 5184000, '%Y-%m-%d 00:00'))",
    "Create Date": f"local_time(opened_at, '{LOCAL}')",
    "Deal owner": "'Sam Sales'",
    "Date entered current stage": f"local_time(entered_at, '{LOCAL}')",
    "Associated Contact IDs": "(78000000 + person)::varchar || if(has_two_contacts, ';' || (79000000 + person), '')",
    "Associated Company IDs": "9000 + person",
}

HISTORY = f"""
select deal as place, concat('{{"id":"', deal_id, '","properties":{{"dealstage":"', {list(STAGES)}[stage + 1],
    '","pipeline":"default","amount":"', decimal_text(amount_cents),
        '"}},"propertiesWithHistory":{{"dealstage":[',
    (select string_agg(concat('{{"value":"', {list(STAGES)}[h.stage + 1], '","timestamp":"',
        utc_time(h.moved_at, '{UTC_MILLIS}'), '",', if(h.position = 0,
            '"sourceType":"INTEGRATION","sourceId":"888"',
        '"sourceType":"CRM_UI","sourceId":"userId:12345"'), ',"updatedByUserId":12345}}'), ','
        order by h.position desc) from deal_stages as h where h.deal = d.deal),
    ']}},"createdAt":"', utc_time(opened_at, '{UTC_MILLIS}'), '","updatedAt":"', utc_time(entered_at,
    '{UTC_MILLIS}'), '","archived":false}}') as line
from deal_states as d where crm = 'hubspot'
"""

FORMS = f"""
select form as place, concat('{{"formId":"{FORM}","conversionId":"conv-', form, '","submittedAt":', sent_ms,
    ',"values":[{{"name":"email","value":"',
    case when is_junk then 'asdf@asdf' when form % 16 = 5 then upper(email) else email end,
    '","objectTypeId":"0-1"}},{{"name":"firstname","value":"', if(is_junk, 'test', first_name),
    '","objectTypeId":"0-1"}}],"pageUrl":"https://', s.host, if(f.decision >= 0, '/pro', '/guide'),
    coalesce('?gclid=' || s.gclid, ''), '"}}') as line
from forms as f join people as p using (person) join sessions as s on s.session = f.session
where f.crm = 'hubspot'
"""


OWNED = """
select person, record_id from contacts
union all select person, (46000000 + person)::varchar from contacts where has_merged
union all select person, (47000000 + person)::varchar from contacts where has_merged
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar, defects: bool) -> None:
    """Write the four files; the snapshots carry the date of the market's last day."""
    con.execute(CONTACTS, {"defects": defects})
    _plant(con, delivery, calendar)
    own(con, "hubspot_contact_id", OWNED)
    count(con, "contacts", "select 'all', count(*) from contacts")
    count(
        con,
        "form_submissions",
        "select if(is_junk, 'junk', 'real'), count(*) from forms where crm = 'hubspot' group by 1",
    )
    stamp = calendar.day(calendar.days) - timedelta(1)
    for name, cells, table, key in (
        ("contacts", CONTACT_CELLS, "contacts", "record_id"),
        ("deals", DEAL_CELLS, "(from deal_states where crm = 'hubspot')", "deal_id"),
    ):
        header = ",".join(f'"{title}"' for title in cells)
        line = csv_line([quoted_cell(cell) for cell in cells.values()])
        rows = lines(con, f"select {key} as place, {line} as line from {table}")
        delivery.write_text(f"hubspot/hubspot-crm-exports-all-{name}-{stamp}.csv", f"{header}\n{rows}")
    delivery.write_text("hubspot/deals_propertiesWithHistory_dealstage.jsonl", lines(con, HISTORY))
    delivery.write_text("hubspot/form_submissions.jsonl", lines(con, FORMS))


def _plant(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Create some contacts in the hour that the clocks show twice, where the market has one."""
    if delivery.is_planted and calendar.twice_at:
        con.execute(
            "update contacts set created_at = $1 + if(person % 2 = 0, -1800, 1800) where person % 25 = 9 and copy = 0",
            [calendar.twice_at],
        )
        delivery.plant(con, "select 'hubspot.create_date_in_repeated_hour', count(*) from contacts "
                       "where person % 25 = 9 and copy = 0")  # fmt: skip
