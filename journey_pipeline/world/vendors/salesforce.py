"""Salesforce: the weekly data export, a zip with one CSV per object, of the businesses that are sold to from there.

Ids have 18 characters, the last three of which are a check. Must not be here: how a deal advances.
"""

from datetime import timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, csv_line, lines, own, quoted_cell

STAGES = ("Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Proposal/Price Quote", "Closed Won",
          "Closed Lost")  # fmt: skip
PROBABILITY = (10, 20, 40, 60, 75, 100, 0)
CONVERTS_AT = 1  # a lead becomes a contact and an opportunity when the deal enters this stage
ISO = "%Y-%m-%dT%H:%M:%S.000Z"
OWNER = "'0057Q000001ownQAA'"


def _id(prefix: str, number: str, check: str) -> str:
    return f"'{prefix}' || lpad(({number})::varchar, 10, '0') || '{check}'"


LEAD, CONTACT = _id("00Q7Q", "person", "UAA"), _id("0037Q", "person", "QAA")
ACCOUNT, OPPORTUNITY = _id("0017Q", "person", "QAA"), _id("0067Q", "x.deal", "QAA")

# One row per deal with its person; what a planted merge leaves behind is a second, deleted lead.
_DEALS = f"""
create or replace temp table salesforce_deals as
select x.*, p.* exclude (person, last_name), {LEAD} as lead_id, {CONTACT} as contact_id, {ACCOUNT} as account_id,
    {OPPORTUNITY} as opportunity_id, h.moved_at as converted_at, x.entered_at as changed_at,
    row_number() over (partition by x.person order by x.deal) as nth, $planted and x.deal % 3 = 1 as is_merged
from deal_states as x join people as p using (person)
left join deal_stages as h on h.deal = x.deal and h.position = {CONVERTS_AT}
where x.crm = 'salesforce' order by x.deal
"""
_PERSON = {"LastName": "last_name", "FirstName": "first_name"}
LEADS = {
    "Id": "lead_id",
    "IsDeleted": "is_loser",
    "MasterRecordId": "if(is_loser, master_id, '')",
    **_PERSON,
    "Company": "if(person % 7 = 2, '[not provided]', last_name || ' Interiors')",
    "Email": "email",
    "Phone": "phone",
    "MobilePhone": "''",
    "LeadSource": "'Web'",
    "Status": "case when is_loser then 'Open - Not Contacted' when converted_at is null then 'Working - Contacted' "
    "else 'Closed - Converted' end",
    "OwnerId": OWNER,
    "IsConverted": "converted_at is not null and not is_loser",
    "ConvertedDate": "if(converted_at is null or is_loser, '', utc_time(converted_at, '%Y-%m-%d'))",
    "ConvertedAccountId": "if(converted_at is null or is_loser, '', account_id)",
    "ConvertedContactId": "if(converted_at is null or is_loser, '', contact_id)",
    "ConvertedOpportunityId": "if(converted_at is null or is_loser, '', opportunity_id)",
    "HasOptedOutOfEmail": "person % 11 = 0",
    "CreatedDate": f"utc_time(opened_at, '{ISO}')",
    "LastModifiedDate": f"utc_time(coalesce(converted_at, opened_at), '{ISO}')",
    "SystemModstamp": f"utc_time(coalesce(converted_at, opened_at), '{ISO}')",
}
CONTACTS = {
    "Id": "contact_id",
    "IsDeleted": "false",
    "MasterRecordId": "''",
    "AccountId": "account_id",
    **_PERSON,
    "Email": "email",
    "Phone": "phone",
    "MobilePhone": "''",
    "LeadSource": "'Web'",
    "OwnerId": OWNER,
    "HasOptedOutOfEmail": "person % 11 = 0",
    "CreatedDate": f"utc_time(converted_at, '{ISO}')",
    "LastModifiedDate": f"utc_time(converted_at, '{ISO}')",
    "SystemModstamp": f"utc_time(converted_at, '{ISO}')",
}
OPPORTUNITIES = {
    "Id": "opportunity_id",
    "IsDeleted": "false",
    "AccountId": "account_id",
    "Name": "last_name || ' Interiors \u2013 ' || deal % 100 || ' lamps'",
    "StageName": f"{list(STAGES)}[stage + 1]",
    "Amount": "decimal_text(amount_cents)",
    "CurrencyIsoCode": "'EUR'",
    "Probability": f"{list(PROBABILITY)}[stage + 1] || '.0'",
    "CloseDate": "utc_time(if(stage >= 5, changed_at, opened_at + 5184000), '%Y-%m-%d')",
    "Type": "'New Business'",
    "LeadSource": "'Web'",
    "IsClosed": "stage >= 5",
    "IsWon": "stage = 5",
    "ForecastCategoryName": "if(stage >= 5, 'Closed', 'Pipeline')",
    "CampaignId": "''",
    "OwnerId": OWNER,
    "CreatedDate": f"utc_time(opened_at, '{ISO}')",
    "LastModifiedDate": f"utc_time(changed_at, '{ISO}')",
    "SystemModstamp": f"utc_time(changed_at, '{ISO}')",
    "ContactId": "if(converted_at is null, '', contact_id)",
    "Description": "if(deal % 4 = 1, 'Wants ' || deal % 50 || ' units,' || chr(10) || 'split \"by floor\"', '')",
}
HISTORY = {
    "Id": _id("0087Q", "deal * 100 + position", "QAA"),
    "OpportunityId": "opportunity_id",
    "CreatedById": OWNER,
    "CreatedDate": f"utc_time(moved_at, '{ISO}')",
    "StageName": f"{list(STAGES)}[stage + 1]",
    "Amount": "decimal_text(amount_cents)",
    "ExpectedRevenue": "decimal_text(amount_cents)",
    "CloseDate": "utc_time(opened_at + 5184000, '%Y-%m-%d')",
    "Probability": f"{list(PROBABILITY)}[stage + 1] || '.0'",
    "ForecastCategory": "if(stage >= 5, 'Closed', 'Pipeline')",
    "SystemModstamp": f"utc_time(moved_at, '{ISO}')",
    "IsDeleted": "false",
}
_LEAD_ROWS = f"""
select *, false as is_loser, '' as master_id from salesforce_deals where nth = 1
union all
select * replace ({_id("00Q7Q", "9000000 + person", "UAA")} as lead_id, opened_at + 60 as opened_at), true, lead_id
from salesforce_deals where nth = 1 and is_merged
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write `WE_<organisation>_1.ZIP` of the last day; nothing when no deal is kept in Salesforce."""
    con.execute(_DEALS, {"planted": delivery.is_planted})
    own(con, "salesforce_lead_id", f"select person, lead_id from ({_LEAD_ROWS})")
    own(con, "salesforce_contact_id", "select person, contact_id from salesforce_deals where converted_at is not null")
    count(con, "leads", "select 'salesforce', count(distinct person) from salesforce_deals")
    delivery.plant(
        con,
        "select 'salesforce.merged_lead', count(*) from salesforce_deals where nth = 1 and is_merged "
        "union all select 'salesforce.line_end_in_text', count(*) from salesforce_deals where deal % 4 = 1",
    )
    history = (
        "select h.*, d.* exclude (deal, stage) from deal_stages as h join salesforce_deals as d on d.deal = h.deal"
    )
    contacts = "from salesforce_deals where converted_at is not null and nth = 1"
    members: dict[str, str | bytes] = {}
    for name, cells, rows, key in (
        ("Lead", LEADS, f"({_LEAD_ROWS})", "lead_id"),
        ("Contact", CONTACTS, f"({contacts})", "contact_id"),
        ("Opportunity", OPPORTUNITIES, "salesforce_deals", "opportunity_id"),
        ("OpportunityHistory", HISTORY, f"({history})", "deal * 100 + position"),
    ):
        header = ",".join(f'"{title}"' for title in cells)
        line = csv_line([quoted_cell(cell) for cell in cells.values()])
        text = lines(con, f"select {key} as place, {line} as line from {rows}")
        if text:
            members[f"{name}.csv"] = f"{header}\n{text}"
    day = calendar.day(calendar.days) - timedelta(1)
    delivery.write_zip(f"salesforce/{day}/WE_00D7Q000001orgUAE_1.ZIP", members)
