"""Intercom: conversations with their ratings, and what became of the messages that were sent."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

AT = 1793613600  # 2026-11-02 10:00:00 UTC


def conversation(number: str, **given: Any) -> str:
    return json.dumps(
        {
            "type": "conversation",
            "id": number,
            "created_at": AT,
            "updated_at": AT + 3600,
            "state": "open",
            "source": {
                "type": "conversation",
                "delivered_as": "customer_initiated",
                "body": "<p>Hello</p>",
                "author": {"type": "user", "id": f"c{number}", "email": f"c{number}@example.com"},
                "url": "https://app.northlamp.test/billing",
            },
            "contacts": {"type": "contact.list", "contacts": [{"id": f"c{number}", "external_id": f"u_{number}"}]},
            "conversation_rating": None,
            "statistics": {"last_close_at": None},
        }
        | given
    )


ADMIN = {
    "type": "conversation",
    "delivered_as": "admin_initiated",
    "body": "<p>Tom &amp; Ann:<br>your <b>invoice</b></p>\n<img src='x'>",
    "author": {"type": "admin", "id": "814860", "email": "agent@northlamp.test"},
}
RECEIPTS = (
    "user_id,user_external_id,company_id,email,name,ruleset_id,content_id,content_type,content_title,"
    "ruleset_version_id,receipt_id,received_at,series_id,series_title,node_id,first_reply,first_completion,"
    "first_series_completion,first_series_disengagement,first_series_exit,first_goal_success,first_open,first_click,"
    "first_dismisall,first_unsubscribe,first_hard_bounce\n"
)


def receipt(number: str, kind: str, opened: str = "", clicked: str = "", dismissed: str = "", left: str = "") -> str:
    who = f"c900,u_900,-1,A@example.com,Ann,1,m-1,{kind},Pro tips,1,{number},{AT},-1,,-1"
    return f"{who},,,,,,,{opened},{clicked},{dismissed},{left},\n"


def zipped(name: str, text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, text)
    return content.getvalue()


FILES = {
    "intercom/conversations.jsonl": sample("intercom/conversations.jsonl"),
    "intercom/receipts.csv": sample("intercom/receipts.csv"),
    "intercom/conversations_more.jsonl": "\n".join(
        [
            conversation("20", source=ADMIN),
            conversation(
                "21",
                state="closed",
                statistics={"last_close_at": AT + 1800},
                conversation_rating={"rating": 9, "remark": "", "created_at": AT, "updated_at": AT},
            ),
        ]
    ),
    # Two exports of one period: the later one no longer knows the opening, the earlier one not yet the click.
    "intercom/2026-11-03/job1.zip": zipped("receipts.csv", RECEIPTS + receipt("r1", "Email", opened=str(AT + 60))),
    "intercom/2026-11-08/job2.zip": zipped(
        "receipts.csv",
        RECEIPTS
        + receipt("r1", "Email", clicked=str(AT + 90))
        + receipt("r2", "Post", opened=str(AT + 120), dismissed=str(AT + 121))
        + receipt("r3", "Email", opened=str(AT + 10), left=str(AT + 20)),
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    result = Home(tmp_path)
    result.inbox.mkdir()
    return result


def test_the_newer_version_of_a_conversation_has_the_rating_that_counts(rows: Rows) -> None:
    assert rows("""
        select about_ref, instrument, score, scale_min, scale_max, comment, answered_at, asked_at
        from events.experience_scores where source = 'intercom' order by 1
    """) == [
        ("1295", "CSAT", Decimal("3"), Decimal("1"), Decimal("5"), "later it broke",
         datetime(2026, 11, 5, 9), datetime(2026, 11, 2, 10, 50)),
        ("1296", "CSAT", Decimal("2"), Decimal("1"), Decimal("5"), None,
         datetime(2026, 11, 3, 10, 30), datetime(2026, 11, 3, 10, 30)),
    ]  # fmt: skip


def test_an_older_version_that_comes_later_changes_nothing(home: Home) -> None:
    for name, updated, state in (("2026-11-01", AT + 50, "closed"), ("2026-11-08", AT + 10, "open")):
        home.put(f"intercom/{name}/conversations.jsonl", conversation("1", updated_at=updated, state=state))
    home.load()
    assert home.rows("select state from raw.intercom__conversations where _is_current") == [("closed",)]


def test_a_visitor_has_no_login(rows: Rows) -> None:
    assert rows("""
        select intercom_contact_id, user_id from staging.stg_intercom__conversation_contacts
        where conversation_id = '1297'
    """) == [("5ba682d23d7cf92bef87bfd6", None)]
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges
        where source = 'intercom' and b_type = 'user_id' and a_value like '5ba682d23d7cf92bef87bfd%' order by 1
    """) == [
        ("5ba682d23d7cf92bef87bfd4", "u_1003", "deterministic"),
        ("5ba682d23d7cf92bef87bfd5", "u_1002", "deterministic"),
    ]


def test_the_vendors_own_spelling_of_dismissed_is_read(rows: Rows) -> None:
    assert rows("select receipt_id from staging.stg_intercom__receipts where dismissed_at is not null") == [("r2",)]


def test_minus_one_is_no_company_and_no_series(home: Home, rows: Rows) -> None:
    home.put("intercom/receipts.csv", sample("intercom/receipts.csv"))
    home.load()
    columns = "count(company_id), count(series_id), count(node_id)"
    assert home.rows(f"select {columns} from raw.intercom__receipts") == [(0, 0, 0)]
    assert rows("select count(*) from staging.stg_intercom__receipts where series_id is not null") == [(0,)]


def test_seconds_are_seconds_and_milliseconds_are_refused(home: Home, rows: Rows) -> None:
    assert rows("""
        select occurred_at from staging.stg_intercom__conversations where conversation_id = '1295'
    """) == [(datetime(2026, 11, 2, 10),)]
    home.put("intercom/conversations.jsonl", conversation("1", updated_at=AT * 1000))
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.column, fault.expected) == ("updated_at", "at most 9999999999")


def test_what_the_company_began_is_no_question_of_a_customer(rows: Rows) -> None:
    assert rows("""
        select interaction_type, direction, identifier_value from events.touchpoints
        where source = 'intercom' and identifier_value = 'c20'
    """) == [("message_sent", "outbound", "c20")]
    # The mail of the agent who wrote is not the customer's.
    assert rows("select count(*) from events.identifier_edges where a_value = 'agent@northlamp.test'") == [(0,)]


def test_a_conversation_is_an_interaction_and_its_end_another(rows: Rows) -> None:
    assert rows("""
        select interaction_type, direction, family, occurred_at, page_path from events.touchpoints
        where source = 'intercom' and identifier_value = 'c21' order by occurred_at
    """) == [
        ("conversation_started", "inbound", "support", datetime(2026, 11, 2, 10), "/billing"),
        ("conversation_closed", "outbound", "support", datetime(2026, 11, 2, 10, 30), "/billing"),
    ]


def test_a_rating_off_its_scale_is_no_answer(rows: Rows) -> None:
    assert rows("select score from staging.stg_intercom__conversations where conversation_id = '21'") == [(None,)]


def test_an_export_that_forgets_an_opening_does_not_undo_it(rows: Rows) -> None:
    assert rows("""
        select interaction_type, direction, family, occurred_at from events.touchpoints
        where source = 'intercom' and identifier_value = 'c900' and interaction_type like 'email%' order by 4, 1
    """) == [
        ("email_sent", "outbound", "email", datetime(2026, 11, 2, 10)),
        ("email_sent", "outbound", "email", datetime(2026, 11, 2, 10)),
        ("email_opened", "inbound", "email", datetime(2026, 11, 2, 10, 0, 10)),
        ("email_unsubscribed", "inbound", "email", datetime(2026, 11, 2, 10, 0, 20)),
        ("email_opened", "inbound", "email", datetime(2026, 11, 2, 10, 1)),
        ("email_clicked", "inbound", "email", datetime(2026, 11, 2, 10, 1, 30)),
    ]


def test_the_samples_messages_and_an_answered_survey(rows: Rows) -> None:
    assert rows("""
        select receipt_id, interaction_type, family from staging.stg_intercom__message_events
        where receipt_id like 'rcp-%' order by receipt_id, occurred_at
    """) == [
        ("rcp-1", "message_sent", "product"),
        ("rcp-1", "message_opened", "product"),
        ("rcp-1", "survey_answered", "feedback"),
        ("rcp-2", "email_sent", "email"),
        ("rcp-2", "email_opened", "email"),
        ("rcp-2", "email_clicked", "email"),
        ("rcp-3", "message_sent", "product"),
        ("rcp-4", "email_sent", "email"),
        ("rcp-4", "email_unsubscribed", "email"),
    ]


def test_an_unsubscription_withdraws_the_consent(rows: Rows) -> None:
    assert rows("""
        select identifier_value, purpose, state, method, occurred_at from events.consents
        where source = 'intercom' order by 1
    """) == [
        ("5ba6bfd7", "email_marketing", "withdrawn", "explicit", datetime(2026, 11, 2, 15)),
        ("c900", "email_marketing", "withdrawn", "explicit", datetime(2026, 11, 2, 10, 0, 20)),
    ]


def test_a_zip_split_by_kind_of_statistic_is_held_and_not_lost(home: Home) -> None:
    home.put("intercom/job.zip", zipped("opens.csv", "receipt_id,opened_at\nr1,1793613600\n"))
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == "E_UNKNOWN_FILE"


def test_the_samples_hold_what_was_counted(home: Home) -> None:
    home.put("intercom/conversations.jsonl", sample("intercom/conversations.jsonl"))
    home.put("intercom/orzzsbd7hk67xyu.zip", sample("intercom/orzzsbd7hk67xyu.zip"))
    home.load()
    assert home.rows("select count(*), count(*) filter (where _is_current) from raw.intercom__conversations") == [
        (5, 4)
    ]
    assert home.rows("select count(*) from raw.intercom__receipts where _is_current") == [(4,)]
