"""Salesforce: the data export as a zip, the same objects as single files, and a report with its trailer."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from journey_pipeline.settings import DBT_PROJECT
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

EXPORT = "salesforce/2026-11-08/WE_00D7Q000001orgUAE_1.ZIP"
LEAD = "00Q7Q00000AAAADUA0"


def table(*rows: dict[str, str]) -> str:
    """CSV as Salesforce writes it: every value in quotes, columns of all rows together."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, quoting=csv.QUOTE_ALL, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def lead(number: str, **given: str) -> dict[str, str]:
    return {
        "Id": f"00Q7Q00000{number}",
        "IsDeleted": "0",
        "MasterRecordId": "",
        "LastName": "Berg",
        "Company": "Berg GmbH",
        "Email": "",
        "IsConverted": "0",
        "HasOptedOutOfEmail": "0",
        "CreatedDate": "2026-11-01T10:00:00.000Z",
        "SystemModstamp": "2026-11-02T10:00:00.000Z",
    } | given


def opportunity(number: str, **given: str) -> dict[str, str]:
    return {
        "Id": f"0067Q00000{number}",
        "IsDeleted": "false",
        "Name": "A deal",
        "StageName": "Prospecting",
        "Amount": "",
        "CloseDate": "2026-12-31",
        "IsClosed": "false",
        "IsWon": "false",
        "CreatedDate": "2026-10-01T10:00:00.000Z",
        "SystemModstamp": "2026-11-02T10:00:00.000Z",
        "ContactId": "",
        "Description": "",
    } | given


def change(number: int, deal: str, at: str, stage: str, amount: str = "") -> dict[str, str]:
    return {
        "Id": f"0087Q000009{number:04d}QAA",
        "OpportunityId": f"0067Q00000{deal}",
        "CreatedDate": f"2026-{at}.000Z",
        "StageName": stage,
        "Amount": amount,
        "IsDeleted": "false",
    }


def zipped(**members: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return content.getvalue()


CONTACTS = table(
    {
        "Id": "0037Q00000con01QAA",
        "IsDeleted": "false",
        "MasterRecordId": "",
        "AccountId": "0017Q00000acc01QAA",
        "LastName": "Lindqvist",
        "Email": "Jonas.Lindqvist@example.com ",
        "MobilePhone": "+46 70 555 01 02",
        "LeadSource": "Paid Social",
        "HasOptedOutOfEmail": "1",
        "CreatedDate": "2026-10-12 07:00:00",
        "LastModifiedDate": "2026-11-03 08:00:00",
        "SystemModstamp": "2026-11-03 08:00:00",
    }
)
MEMBERS = table(
    {
        "Id": "00v7Q00000mem01QAA",
        "IsDeleted": "false",
        "CampaignId": "7017Q00000cam01",
        "LeadId": LEAD,
        "ContactId": "",
        "Status": "Responded",
        "HasResponded": "true",
        "FirstRespondedDate": "2026-11-03",
        "CreatedDate": "2026-11-01T10:00:00.000Z",
        "SystemModstamp": "2026-11-03T10:00:00.000Z",
    },
    {
        "Id": "00v7Q00000mem02QAA",
        "IsDeleted": "false",
        "CampaignId": "7017Q00000cam01",
        "LeadId": "00Q7Q00000AAAAAUA0",
        "ContactId": "0037Q00000con01QAA",
        "Status": "Sent",
        "HasResponded": "false",
        "FirstRespondedDate": "",
        "CreatedDate": "2026-11-01T10:00:00.000Z",
        "SystemModstamp": "2026-11-01T10:00:00.000Z",
    },
)
MORE_DEALS = table(
    opportunity("opp03", Amount="0", IsDeleted="true"),
    opportunity("opp04", StageName="Negotiation", CurrencyIsoCode="EUR", Amount="100"),
    opportunity("opp05", StageName="Gewonnen!", IsClosed="true", IsWon="true", Amount="1.25E7", CurrencyIsoCode="EUR"),
    opportunity("opp06"),
)
MORE_HISTORY = table(
    change(1, "opp03QAA", "11-01T08:00:00", "Closed Won", "50"),
    # Taken back out of won.
    change(2, "opp04QAA", "11-02T08:00:00", "Closed Won", "120"),
    change(3, "opp04QAA", "11-03T08:00:00", "Negotiation", "100"),
    # A won stage of the organisation's own, corrected the day after.
    change(4, "opp05", "11-04T08:00:00", "Gewonnen!", "12000000.0"),
    change(5, "opp05", "11-05T08:00:00", "Gewonnen!", "1.25E7"),
)
ZIP_PARTS = {
    "Contact": CONTACTS,
    "CampaignMember": MEMBERS,
    # Nothing reads the accounts; they come with every export.
    "Account": table({"Id": "0017Q00000acc01QAA", "Name": "Lindqvist Interiors AB"}),
}


def part_of(name: str, more: str) -> str:
    """A sample object with further rows, as one file of one export."""
    samples = list(csv.DictReader(io.StringIO(sample(f"salesforce/{name}.csv").decode())))
    return table(*samples, *csv.DictReader(io.StringIO(more)))


MORE_LEADS = table(lead("zzz01", Company="[Not Provided]", HasOptedOutOfEmail="1", Email="ann.berg@example.com"))
FILES: dict[str, str | bytes] = {
    EXPORT: zipped(**ZIP_PARTS, Lead=part_of("Lead", MORE_LEADS)),
    "salesforce/2026-11-08/Opportunity.csv": part_of("Opportunity", MORE_DEALS),
    "salesforce/2026-11-08/OpportunityHistory.csv": part_of("OpportunityHistory", MORE_HISTORY),
    "salesforce/report1793000000000.csv": sample("salesforce/report1793000000000.csv"),
    "salesforce/reports/report1793600000000.csv": (
        '"Opportunity ID","Opportunity Name","Stage","Amount Currency","Amount","Created Date","Close Date"\n'
        '"0067Q00000opp09","Old one","Closed Won","EUR","1,200.50","10/13/2026","11/02/2026"\n\n\n'
        '"Won deals"\n"Generated By:  Sam Sales  11/08/2026 07:01"\n'
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    result = Home(tmp_path)
    result.inbox.mkdir()
    return result


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("00A000000000000", "00A000000000000EAA"),
        ("000000000000000", "000000000000000AAA"),
        ("00000000000000A", "00000000000000AAAQ"),
        ("0000A0000A0000A", "0000A0000A0000AQQQ"),
        ("000A0000A0000A0", "000A0000A0000A0III"),
        ("001A0000006Vm9u", "001A0000006Vm9uIAC"),
        ("AAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAA555"),
    ],
)
def test_a_short_id_gets_its_three_letters_and_a_long_one_stays(rows: Rows, short: str, long: str) -> None:
    assert rows(f"select {spelled(short)}, {spelled(long)}") == [(long, long)]


def spelled(value: str) -> str:
    """The macro's SQL for one literal."""
    macros = Environment(loader=FileSystemLoader(DBT_PROJECT / "macros"), autoescape=False)
    return str(macros.get_template("cleaning.sql").make_module().salesforce_id(f"'{value}'"))  # type: ignore[attr-defined]


def test_the_15_characters_of_a_report_are_the_18_of_the_export(rows: Rows) -> None:
    assert rows("""
        select opportunity_id, is_told_elsewhere from staging.stg_salesforce__report order by 1
    """) == [("0067Q00000opp01QAA", True), ("0067Q00000opp02QAA", True), ("0067Q00000opp09QAA", False)]


def test_a_change_of_the_amount_alone_is_no_change_of_stage(rows: Rows) -> None:
    assert rows("""
        select stage_from, stage_to, interaction_type from events.touchpoints
        where source = 'salesforce' and order_ref = '0067Q00000opp01QAA' and interaction_type <> 'lead_converted'
        order by occurred_at
    """) == [
        (None, "prospecting", "deal_stage_changed"),
        ("prospecting", "proposalpricequote", "deal_stage_changed"),
        ("proposalpricequote", "closedwon", "deal_won"),
    ]


def test_a_deal_is_won_when_its_history_says_and_not_on_its_close_date(rows: Rows) -> None:
    assert rows("""
        select occurred_at, gross_amount, currency, identifier_type, identifier_value from events.conversions
        where source = 'salesforce' and conversion_type = 'opportunity_won' and order_ref = '0067Q00000opp01QAA'
    """) == [(datetime(2026, 11, 5, 15, 2), Decimal("4860"), "EUR", "salesforce_contact_id", "0037Q00000con01QAA")]


def test_a_deal_taken_back_is_void_by_what_was_won(rows: Rows) -> None:
    assert rows("""
        select conversion_type, occurred_at, gross_amount from events.conversions
        where source = 'salesforce' and order_ref = '0067Q00000opp04QAA' order by 2
    """) == [
        ("opportunity_won", datetime(2026, 11, 2, 8), Decimal("120")),
        ("void", datetime(2026, 11, 3, 8), Decimal("-120")),
    ]


def test_a_won_stage_of_ones_own_and_a_corrected_amount_are_one_win(rows: Rows) -> None:
    assert rows("""
        select occurred_at, gross_amount from events.conversions
        where source = 'salesforce' and order_ref = '0067Q00000opp05QAA'
    """) == [(datetime(2026, 11, 4, 8), Decimal("12500000"))]


def test_a_deleted_deal_is_no_sale_and_no_touch(rows: Rows) -> None:
    for table_name in ("touchpoints", "conversions"):
        assert rows(f"select count(*) from events.{table_name} where order_ref = '0067Q00000opp03QAA'") == [(0,)]


def test_a_merged_lead_is_its_master(rows: Rows) -> None:
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where source = 'salesforce' and evidence = 'explicit_merge'
    """) == [("00Q7Q00000AAAACUA0", "00Q7Q00000AAAABUA0", "deterministic")]
    assert rows("""
        select count(*) from events.conversions where identifier_value = '00Q7Q00000AAAACUA0'
    """) == [(0,)]


def test_a_converted_lead_is_its_contact_from_that_day_on(rows: Rows) -> None:
    assert rows("""
        select distinct a_type, a_value, b_value from events.identifier_edges
        where source = 'salesforce' and b_type = 'salesforce_lead_id' and a_type = 'salesforce_contact_id'
    """) == [("salesforce_contact_id", "0037Q00000con01QAA", "00Q7Q00000AAAAAUA0")]
    # A plain day of the organisation's zone, in summer time.
    assert rows("""
        select occurred_at, occurred_at_precision, order_ref from events.touchpoints
        where interaction_type = 'lead_converted'
    """) == [(datetime(2026, 10, 11, 22), "day", "0067Q00000opp01QAA")]


def test_line_ends_and_quotes_in_a_description_stay_one_record(rows: Rows) -> None:
    assert rows("""
        select description from raw.salesforce__opportunities where id = '0067Q00000opp01QAA'
    """) == [('Wants 40 units,\nsplit delivery "by floor"',)]


def test_no_amount_is_not_zero(rows: Rows) -> None:
    assert rows("""
        select opportunity_id, amount from staging.stg_salesforce__opportunities
        where opportunity_id in ('0067Q00000opp03QAA', '0067Q00000opp06QAA')
        or opportunity_id in ('0067Q00000opp03', '0067Q00000opp06') order by 1
    """) == [("0067Q00000opp03QAA", Decimal("0")), ("0067Q00000opp06QAA", None)]


def test_an_organisation_of_one_currency_names_none_and_has_the_reporting_one(home: Home, rows: Rows) -> None:
    home.put("salesforce/Opportunity.csv", table(opportunity("opp01QAA", Amount="10")))
    assert home.load_one().outcome == "loaded"
    assert rows("select currency from staging.stg_salesforce__opportunities where opportunity_id like '%opp06QAA'") == [
        (None,)
    ]
    assert rows("select count(*) from events.conversions where source = 'salesforce' and currency is null") == [(0,)]


def test_the_trailer_of_a_report_is_no_record(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(amount) from staging.stg_salesforce__report where is_told_elsewhere
    """) == [(2, Decimal("5760"))]


def test_one_date_of_a_report_tells_the_order_of_day_and_month_in_all(rows: Rows) -> None:
    assert rows("select created_date, close_date from staging.stg_salesforce__report order by opportunity_id") == [
        (date(2026, 10, 12), date(2026, 11, 5)),
        (date(2026, 10, 25), date(2026, 12, 31)),
        (date(2026, 10, 13), date(2026, 11, 2)),
    ]


def test_a_report_stands_in_only_where_the_objects_know_nothing(rows: Rows) -> None:
    assert rows("""
        select order_ref, gross_amount, identifier_value from events.conversions
        where source = 'salesforce' and conversion_type = 'opportunity_won' and identifier_value is null order by 1
    """) == [
        ("0067Q00000opp04QAA", Decimal("120"), None),
        ("0067Q00000opp05QAA", Decimal("12500000"), None),
        ("0067Q00000opp09QAA", Decimal("1200.5"), None),
    ]


def test_an_opt_out_is_a_withdrawal_and_silence_is_no_consent(rows: Rows) -> None:
    assert rows("""
        select identifier_value, state, occurred_at from events.consents
        where source = 'salesforce' and state = 'withdrawn' order by 1
    """) == [
        ("0037Q00000con01QAA", "withdrawn", datetime(2026, 11, 3, 8)),
        ("00Q7Q00000zzz01UAA", "withdrawn", datetime(2026, 11, 2, 10)),
    ]
    assert rows("select distinct state from events.consents where source = 'salesforce' order by 1") == [
        ("not_asked",), ("withdrawn",)
    ]  # fmt: skip


def test_every_lead_but_the_merged_one_is_a_lead(rows: Rows) -> None:
    assert rows("""
        select count(*), min(occurred_at) from events.conversions
        where source = 'salesforce' and conversion_type = 'lead'
    """) == [(4, datetime(2026, 5, 2, 9))]


def test_a_member_responds_and_one_was_only_written_to(rows: Rows) -> None:
    assert rows("""
        select interaction_type, direction, identifier_value, campaign_id, occurred_at, occurred_at_precision
        from events.touchpoints where source = 'salesforce' and campaign_id is not null order by 1
    """) == [
        ("campaign_response", "inbound", LEAD, "7017Q00000cam01QAA", datetime(2026, 11, 2, 23), "day"),
        ("message_sent", "outbound", "0037Q00000con01QAA", "7017Q00000cam01QAA", datetime(2026, 11, 1, 10), None),
    ]


def test_objects_without_a_contract_come_along_in_silence(home: Home) -> None:
    home.put(EXPORT, FILES[EXPORT])
    outcomes = home.load()
    assert {name.rsplit("/", 1)[1] for name in outcomes} == {"Lead.csv", "Contact.csv", "CampaignMember.csv"}
    assert {outcome.outcome for outcome in outcomes.values()} == {"loaded"}


def test_a_record_that_was_purged_is_gone_with_the_next_export(home: Home) -> None:
    both = table(lead("AAAAAUA0"), lead("AAAABUA0", SystemModstamp="2026-11-07T10:00:00.000Z"))
    home.put("salesforce/2026-11-01/WE_00D_1.ZIP", zipped(Lead=both))
    home.put("salesforce/2026-11-08/WE_00D_1.ZIP", zipped(Lead=table(lead("AAAAAUA0"))))
    home.load()
    assert home.rows("select id from raw.salesforce__leads where _is_current") == [("00Q7Q00000AAAAAUA0",)]


def test_all_parts_of_one_export_count_together(home: Home) -> None:
    for part, number in (("1", "AAAAAUA0"), ("2", "AAAABUA0")):
        stamp = f"2026-11-0{part}T10:00:00.000Z"
        home.put(f"salesforce/2026-11-08/WE_00D_{part}.ZIP", zipped(Lead=table(lead(number, SystemModstamp=stamp))))
    home.load()
    assert home.rows("select count(*) from raw.salesforce__leads where _is_current") == [(2,)]


def test_nul_bytes_of_the_bulk_api_and_western_letters_are_read(home: Home) -> None:
    text = table(lead("AAAAAUA0", LastName="Gr\0ün", Company="Müller – Söhne"))
    home.put("salesforce/Lead.csv", text.encode("cp1252"))
    assert home.load_one().outcome == "loaded"
    assert home.rows("select last_name, company from raw.salesforce__leads") == [("Grün", "Müller – Söhne")]


def test_the_later_of_two_reports_counts(home: Home) -> None:
    header = "Opportunity ID,Stage,Amount,Created Date,Close Date\n"
    end = "\n\nBy stage\n"
    home.put("salesforce/report1793600000000.csv", header + "0067Q00000opp01,Closed Won,1,31/10/2026,31/10/2026" + end)
    home.put("salesforce/report1793500000000.csv", header + "0067Q00000opp01,Closed Lost,1,31/10/2026,31/10/2026" + end)
    home.load()
    assert home.rows("select stage from raw.salesforce__report where _is_current") == [("Closed Won",)]


def test_a_report_that_was_cut_before_its_trailer_is_held(home: Home) -> None:
    content = sample("salesforce/report1793000000000.csv").decode().split("\n\n")[0] + "\n"
    home.put("salesforce/report1793000000000.csv", content)
    assert home.load_one().outcome == "quarantined"


def test_a_report_with_two_orders_of_day_and_month_is_held(home: Home) -> None:
    header = "Opportunity ID,Stage,Amount,Created Date,Close Date\n"
    home.put("salesforce/report1.csv", header + "0067Q00000opp01,Closed Won,1,13/10/2026,10/31/2026\n\nBy stage\n")
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == "E_DATE_ORDER"


def test_the_samples_hold_what_was_counted(home: Home) -> None:
    for name in ("Lead.csv", "Opportunity.csv", "OpportunityHistory.csv", "report1793000000000.csv"):
        home.put(f"salesforce/{name}", sample(f"salesforce/{name}"))
    home.put("salesforce/WE_00D7Q000001orgUAE_1.ZIP", sample("salesforce/WE_00D7Q000001orgUAE_1.ZIP"))
    # The zip holds the same three files again.
    assert sorted(outcome.outcome for outcome in home.load().values()) == ["duplicate"] * 3 + ["loaded"] * 4
    for name, count in (("leads", 4), ("opportunities", 2), ("opportunity_history", 6), ("report", 2)):
        assert home.rows(f"select count(*) from raw.salesforce__{name} where _is_current") == [(count,)]
