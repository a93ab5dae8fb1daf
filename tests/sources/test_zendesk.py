"""Zendesk: ratings that change their mind, tickets that are none, and mails that staff passed on."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.sources.conftest import sample
from tests.sql.conftest import Rows

CSV = "zendesk/export-2026-11-08-0701-tickets.csv"


def ticket(number: int, requester: int, **given: Any) -> str:
    return json.dumps(
        {
            "id": number,
            "via": {"channel": "email"},
            "created_at": "2026-11-05T10:00:00Z",
            "updated_at": "2026-11-05T11:00:00Z",
            "status": "open",
            "requester_id": requester,
            "submitter_id": requester,
            "assignee_id": 3600035,
            "tags": [],
            "requester": {"id": requester, "email": f"r{requester}@example.com", "external_id": None},
        }
        | given
    )


def rating(number: int, about: int, score: str) -> str:
    day = {"created_at": "2026-11-06T10:00:00Z", "updated_at": "2026-11-06T10:00:00Z"}
    return json.dumps({"id": number, "ticket_id": about, "requester_id": 9001, "score": score} | day)


# A ticket that only the CSV tells, in the zone of the account.
ONLY_CSV = (
    '"1","1700","Ann","9007","u_7","Ann@example.com","example.com","x","Agent A","Support","Hi","","Solved","Normal",'
    '"Web","-","2026-11-05 10:00:00","2026-11-06 10:00:00","","-","","","2026-11-06 09:00:00","24","Bad",'
    '"1","1","0","2","42","30","1440","480","1440","480"\n'
)
FILES = {
    "zendesk/export-2026-11-08-tickets.json": sample("zendesk/export-2026-11-08-tickets.json"),
    "zendesk/satisfaction_ratings.jsonl": sample("zendesk/satisfaction_ratings.jsonl"),
    CSV: sample(CSV) + ONLY_CSV.encode(),
    "zendesk/more-tickets.json": "\n".join(
        [
            # Forwarded by the agent whom tickets are given to.
            ticket(1650, 3600035),
            ticket(1651, 9010, submitter_id=3600035),
        ]
    ),
    "zendesk/satisfaction_ratings_more.jsonl": "\n".join(
        [rating(71100, 1650, "received_with_comment"), rating(71101, 1651, "bad_without_comment")]
    ),
}


def test_a_rating_that_was_changed_is_what_it_became(rows: Rows) -> None:
    assert rows("""
        select score, answered_at from events.experience_scores where source = 'zendesk' and about_ref = '1595'
    """) == [(Decimal("1"), datetime(2026, 11, 6, 8))]


def test_variants_of_a_score_are_read_and_what_is_none_is_no_answer(rows: Rows) -> None:
    assert rows("""
        select rating_id, score from staging.stg_zendesk__satisfaction_ratings
        where rating_id in ('71002', '71005', '71100', '71101') order by 1
    """) == [("71002", None), ("71005", 1), ("71100", None), ("71101", 0)]


def test_labels_of_the_csv_are_scores_only_where_somebody_answered(rows: Rows) -> None:
    assert rows("""
        select label, score, count(*) from staging.stg_zendesk__tickets_csv group by 1, 2 order by 1
    """) == [("Bad", 0, 2), ("Good", 1, 1), ("Not Offered", None, 3), ("Offered", None, 2)]


def test_the_csv_tells_a_score_only_where_the_ratings_do_not(rows: Rows) -> None:
    assert rows("""
        select about_ref, score from events.experience_scores where source = 'zendesk' order by 1
    """) == [
        ("1595", Decimal("1")),
        ("1598", Decimal("0")),
        ("1601", Decimal("1")),
        ("1651", Decimal("0")),
        ("1700", Decimal("0")),
    ]


def test_deleted_and_merged_tickets_are_no_touch(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.touchpoints where source = 'zendesk' and identifier_value = '9999'
    """) == [(0,)]
    assert rows("""
        select interaction_type, count(*) from events.touchpoints
        where source = 'zendesk' and identifier_value = '9001' group by 1 order by 1
    """) == [("ticket_created", 1), ("ticket_solved", 1)]


def test_a_person_of_the_messenger_has_no_mail(rows: Rows) -> None:
    assert rows("select zendesk_user_id, email from staging.stg_zendesk__tickets where ticket_id = '1601'") == [
        ("9050", None)
    ]


def test_a_ticket_that_staff_wrote_for_somebody_is_no_word_of_theirs(rows: Rows) -> None:
    assert rows("""
        select direction from events.touchpoints where source = 'zendesk' and identifier_value = '9010'
    """) == [("outbound",)]


def test_the_csv_is_in_the_zone_of_the_account(rows: Rows) -> None:
    assert rows("""
        select interaction_type, occurred_at from events.touchpoints
        where source = 'zendesk' and identifier_value = '9007' order by 2
    """) == [("ticket_created", datetime(2026, 11, 5, 9)), ("ticket_solved", datetime(2026, 11, 6, 8))]


def test_a_forwarded_mail_does_not_make_a_customer_of_the_forwarder(rows: Rows) -> None:
    assert rows("""
        select identifier_value, email, is_countable from staging.stg_zendesk__tickets where ticket_id = '1650'
    """) == [(None, None, True)]
    assert rows("select count(*) from events.identifier_edges where b_value = '3600035'") == [(0,)]


def test_the_samples_hold_what_was_counted(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_zendesk__tickets where ticket_id < '1602'") == [(7,)]
    assert rows("select count(*) from staging.stg_zendesk__satisfaction_ratings where rating_id < '71100'") == [(5,)]
