"""HubSpot: merged contacts, shared deals, stages with numbers for names, and a history that forgets."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

CONTACTS = "hubspot/hubspot-crm-exports-all-contacts-2026-11-08.csv"
DEALS = "hubspot/hubspot-crm-exports-all-deals-2026-11-08.csv"


def history(deal: str, updated: str, *changes: tuple[str, str], archived: bool = False) -> str:
    """One version of a deal, newest change first."""
    told = [{"value": stage, "timestamp": f"2026-{at}.000Z"} for stage, at in changes]
    return json.dumps(
        {
            "id": deal,
            "properties": {"dealstage": changes[0][0], "amount": "500.00"},
            "propertiesWithHistory": {"dealstage": told},
            "createdAt": "2026-10-01T08:00:00.000Z",
            "updatedAt": f"2026-{updated}.000Z",
            "archived": archived,
        }
    )


FILES = {
    CONTACTS: sample(CONTACTS),
    DEALS: sample(DEALS),
    "hubspot/form_submissions.jsonl": sample("hubspot/form_submissions.jsonl"),
    "hubspot/deals_propertiesWithHistory_dealstage.jsonl": sample(
        "hubspot/deals_propertiesWithHistory_dealstage.jsonl"
    ),
    # The second version has forgotten how the deal began.
    "hubspot/2026-11-01/deals_propertiesWithHistory_dealstage.jsonl": history(
        "700", "10-03T08:00:00", ("qualified", "10-02T08:00:00"), ("1094331001", "10-01T08:00:00")
    ),
    "hubspot/2026-11-08/deals_propertiesWithHistory_dealstage.jsonl": "\n".join(
        [
            history("700", "11-03T08:00:00", ("closedwon", "11-03T08:00:00"), ("qualified", "10-02T08:00:00")),
            history("701", "11-03T08:00:00", ("closedwon", "11-03T08:00:00"), archived=True),
        ]
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    result = Home(tmp_path)
    result.inbox.mkdir()
    return result


def test_a_contact_merged_away_is_the_one_that_stayed(rows: Rows) -> None:
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where source = 'hubspot' and evidence = 'explicit_merge' order by 2
    """) == [("78971951", "46897301", "deterministic"), ("78971951", "76340251", "deterministic")]


def test_one_mail_in_two_spellings_is_one_mail(rows: Rows) -> None:
    assert rows("""
        select count(*), count(distinct b_value) from events.identifier_edges
        where source = 'hubspot' and a_value = 'chen.wei@example.test' and b_type = 'hubspot_contact_id'
    """) == [(2, 2)]
    assert rows("select count(distinct email) from staging.stg_hubspot__contacts") == [(6,)]


def test_a_deal_of_two_contacts_has_its_amount_once(rows: Rows) -> None:
    assert rows("""
        select hubspot_contact_id, amount from staging.stg_hubspot__deals where deal_id = '124449002'
    """) == [("78971957", Decimal("900"))]
    assert rows("select count(*) from staging.stg_hubspot__deals") == [(4,)]


def test_there_and_back_again_are_all_kept(rows: Rows) -> None:
    assert rows("""
        select stage_to from events.touchpoints
        where source = 'hubspot' and identifier_value = '78971957' and family = 'sales' order by occurred_at
    """) == [
        ("appointmentscheduled",),
        ("presentationscheduled",),
        ("appointmentscheduled",),
        ("presentationscheduled",),
    ]


def test_a_stage_with_a_number_is_called_what_the_list_of_stages_says(rows: Rows) -> None:
    assert rows("""
        select distinct stage_to from staging.stg_hubspot__deal_stage_history
        where occurred_at in ('2026-11-01 08:12:00', '2026-10-01 08:00:00')
    """) == [("discovery",)]


def test_amounts_with_and_without_thousands_are_read(rows: Rows) -> None:
    assert rows("select sum(amount) from staging.stg_hubspot__deals") == [(Decimal("5889.9"),)]


def test_what_the_newer_history_forgot_the_older_one_still_tells(rows: Rows) -> None:
    assert rows("""
        select stage_from, stage_to, occurred_at from staging.stg_hubspot__deal_stage_history
        where deal_id = '700' order by occurred_at
    """) == [
        (None, "discovery", datetime(2026, 10, 1, 8)),
        ("discovery", "qualified", datetime(2026, 10, 2, 8)),
        ("qualified", "closedwon", datetime(2026, 11, 3, 8)),
    ]
    assert rows("""
        select gross_amount, occurred_at from events.conversions where source = 'hubspot' and order_ref = '700'
    """) == [(Decimal("500"), datetime(2026, 11, 3, 8))]


def test_a_second_click_on_a_form_is_not_a_second_lead_and_junk_is_a_test(rows: Rows) -> None:
    assert rows("""
        select count(*), count(*) filter (where is_test) from events.conversions
        where source = 'hubspot' and conversion_type = 'lead' and source_file_id in (
            select _file_id from raw.hubspot__form_submissions where _file_name = 'hubspot/form_submissions.jsonl'
        )
    """) == [(5, 1)]


def test_an_archived_deal_was_never_won(rows: Rows) -> None:
    assert rows("select is_won, is_archived from staging.stg_hubspot__deal_stage_history where deal_id = '701'") == [
        (True, True)
    ]
    assert rows("select count(*) from events.conversions where order_ref = '701'") == [(0,)]
    assert rows("""
        select count(*) from events.touchpoints
        where source = 'hubspot' and interaction_type = 'deal_won' and occurred_at = '2026-11-03 08:00:00'
    """) == [(1,)]


def test_the_newest_version_of_a_deal_says_whether_it_is_archived(home: Home) -> None:
    for day, archived in (("01", True), ("08", False)):
        text = history("9", f"11-{day}T08:00:00", ("qualified", "11-01T08:00:00"), archived=archived)
        home.put(f"hubspot/2026-11-{day}/deals_propertiesWithHistory_dealstage.jsonl", text)
    home.load()
    assert home.rows("""
        select count(*), max_by(archived, updated_at) from raw.hubspot__deal_stage_history where _is_current
    """) == [(2, "false")]
