"""Consent logs of three tools: what is a decision, about what, by whom, and until when."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from journey_pipeline.ingest.catalogue import FOLDER, SUFFIX, load_contracts, read_contract
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

ZIP = "consent/cookiescript/consents_2026-11-01_2026-11-01.zip"
MAYA = "1184523377.1793486700"


def told(at: str, client: str | None, event: str, purposes: list[int] | None, **given: Any) -> str:
    """One logged call of the consent framework."""
    consents = {str(number): True for number in purposes or []}
    data = {"tcString": "C", "tcfPolicyVersion": 5, "gdprApplies": True, "eventStatus": event, "publisherCC": "DE"}
    data |= {"purpose": {"consents": consents}} | given
    return json.dumps({"logged_at": at, "client_id": client, "user_id": None, "page": "/", "tcData": data}) + "\n"


def archive(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as writer:
        for name, content in members.items():
            writer.writestr(name, content)
    return target.getvalue()


ALL = list(range(1, 12))
COOKIE = (
    "{stamp:'%s',necessary:true,preferences:false,statistics:true,marketing:%s,method:'%s',ver:%d,utc:%d,region:'de'}"
)
SCRIPT_HEADER = "Key,Action,IP,Date,Page,Browser,Categories,Text\n"
FILES = {
    "consent/tcf/tcdata-2026-11-01.jsonl": sample("consent/tcf/tcdata-2026-11-01.jsonl"),
    "consent/tcf/tcdata-2026-10-21.jsonl": told("2026-10-21T10:00:00Z", "again", "useractioncomplete", ALL)
    + told("2026-10-21T11:00:00Z", "again", "useractioncomplete", ALL)
    + told("2026-10-21T12:00:00Z", "again", "tcloaded", ALL)
    + told("2026-11-08T22:00:00Z", "late", "useractioncomplete", ALL)
    + told("2026-11-09T10:00:00Z", "late", "useractioncomplete", [1])
    + told("2026-10-21T10:00:00Z", "storage", "useractioncomplete", [2, 3, 4, 7, 8, 9])
    + told("2026-10-21T10:00:00Z", "exempt", "useractioncomplete", None, gdprApplies=False)
    + told("2026-10-21T10:00:00Z", "undefined", "useractioncomplete", ALL, gdprApplies=None)
    + told("2026-10-21T10:00:00Z", "old policy", "useractioncomplete", ALL, tcfPolicyVersion=4),
    "consent/cookiebot/cookieconsent_values.txt": sample("consent/cookiebot/cookieconsent_values.txt"),
    "consent/cookiebot/2026-11-03/values.txt": "\n".join(
        [
            quote(COOKIE % ("encoded", "true", "explicit", 3, 1793600000000)),
            "CookieConsent=" + quote(COOKIE % ("encoded", "true", "explicit", 3, 1793600000000), safe=""),
            COOKIE % ("soft", "true", "implied", 3, 1793600000000),
        ]
    ),
    ZIP: sample(ZIP),
    "consent/cookiescript/consents_2026-11-05.zip": archive(
        {
            "2026-11-05.zip": archive(
                {"2026-11-05.csv": (SCRIPT_HEADER
                    + "broken,accept,203.0.113.0,2020-01-01 00:00:00,/,X,\"strict,performance\",policy v3\n"
                    + "newer,accept,203.0.113.0,2026-11-05 10:00:00,/,X,\"strict,functionality\",policy v4\n").encode()}
            )
        }
    ),
}  # fmt: skip


def states(rows: Rows, source: str, subject: str) -> list[tuple[Any, ...]]:
    """Purpose, state and time of a subject's decisions."""
    return rows(f"""
        select purpose, state, occurred_at from events.consents
        where source = '{source}' and identifier_value = '{subject}' order by purpose, occurred_at
    """)


def test_only_an_action_of_the_user_is_a_decision(rows: Rows) -> None:
    assert rows("select count(*) from raw.tcf__decisions where _file_name like '%2026-11-01%'") == [(6,)]
    assert rows("""
        select count(distinct (occurred_at, identifier_value)) from events.consents
        where source = 'tcf' and occurred_at between timestamp '2026-10-31' and timestamp '2026-11-02'
    """) == [(3,)]


def test_a_grant_taken_back_is_withdrawn_at_the_instant_of_the_log(rows: Rows) -> None:
    granted, changed = datetime(2026, 10, 31, 23, 31, 5), datetime(2026, 11, 1, 11, 0, 10)
    assert states(rows, "tcf", MAYA) == [
        ("ads", "granted", granted),
        ("ads", "withdrawn", changed),
        ("ads_personalization", "granted", granted),
        ("ads_personalization", "withdrawn", changed),
        ("analytics", "granted", granted),
    ]
    assert rows(f"""
        select valid_until from events.consents
        where identifier_value = '{MAYA}' and purpose = 'ads' order by occurred_at
    """) == [(changed,), (None,)]


def test_a_state_told_again_is_one_decision(rows: Rows) -> None:
    assert [row[2] for row in states(rows, "tcf", "again")] == [datetime(2026, 10, 21, 10)] * 3


def test_what_ends_a_decision_after_the_release_is_not_known_to_it(rows: Rows) -> None:
    assert rows("""
        select state, valid_until from events.consents where identifier_value = 'late' and purpose = 'ads'
    """) == [("granted", None)]


def test_nothing_is_granted_without_storage(rows: Rows) -> None:
    assert {row[:2] for row in states(rows, "tcf", "storage")} == {
        ("ads", "denied"), ("ads_personalization", "denied"), ("analytics", "denied")
    }  # fmt: skip


def test_who_refuses_without_an_id_is_counted_and_names_nobody(rows: Rows) -> None:
    assert rows("""
        select purpose, state, identifier_type, identifier_value from events.consents
        where source = 'tcf' and identifier_value is null order by 1
    """) == [
        ("ads", "denied", None, None),
        ("ads_personalization", "denied", None, None),
        ("analytics", "denied", None, None),
    ]


def test_where_the_law_does_not_apply_nobody_was_asked_and_an_open_question_is_a_decision(rows: Rows) -> None:
    assert {row[1] for row in states(rows, "tcf", "exempt")} == {"not_asked"}
    assert {row[1] for row in states(rows, "tcf", "undefined")} == {"granted"}


def test_a_new_policy_voids_what_was_agreed_to_before(rows: Rows) -> None:
    subjects = ("bWF5YS1zYW1wbGUtc3RhbXA=", "am9uYXMtc2FtcGxl", "9dd4e461268c8034", "newer")
    assert rows(f"""
        select distinct source, policy_version, valid_until from events.consents
        where identifier_value in {subjects} order by all
    """) == [
        ("cookiebot", "1", datetime(2026, 11, 1, 18, 40, 6)),
        ("cookiebot", "3", None),
        ("cookiescript", "3", datetime(2026, 11, 5, 10)),
        ("cookiescript", "4", None),
    ]


def test_the_login_in_the_log_is_an_edge_also_where_nothing_was_decided(rows: Rows) -> None:
    assert rows("select a_value, b_value, confidence from events.identifier_edges where source = 'tcf'") == [
        (MAYA, "u_1001", "deterministic")
    ]


def test_stamp_minus_one_is_no_consent(rows: Rows) -> None:
    assert rows("""
        select distinct state, identifier_value, method from events.consents
        where source = 'cookiebot' and jurisdiction = 'us'
    """) == [("not_asked", None, "implied")]


def test_a_cookie_is_read_encoded_or_not_and_once(rows: Rows) -> None:
    at = datetime(2026, 11, 2, 6, 13, 20)
    assert states(rows, "cookiebot", "encoded") == [
        ("ads", "granted", at),
        ("ads_personalization", "granted", at),
        ("analytics", "granted", at),
        ("functional", "denied", at),
    ]
    assert [row[1] for row in states(rows, "cookiebot", "soft")] == ["implied", "implied", "implied", "denied"]


def test_a_partial_acceptance_is_granted_only_where_it_was_chosen(rows: Rows) -> None:
    assert rows("select count(*) from raw.cookiescript__consents where _file_name like '%_2026-11-01.zip/%'") == [(5,)]
    assert [row[:2] for row in states(rows, "cookiescript", "363b122c528f54df")] == [
        ("ads", "denied"), ("ads_personalization", "denied"), ("analytics", "granted"), ("functional", "denied")
    ]  # fmt: skip
    assert {row[1] for row in states(rows, "cookiescript", "9dd4e461268c8034")} == {"denied"}
    assert [row[:2] for row in states(rows, "cookiescript", "6f8f57715090da26") if row[0] == "ads"] == [
        ("ads", "granted"), ("ads", "withdrawn")
    ]  # fmt: skip


def test_the_clock_of_a_browser_is_believed_as_far_as_zones_go(rows: Rows) -> None:
    assert rows("""
        select distinct identifier_value, occurred_at, occurred_at_precision from staging.stg_cookiescript__consents
        where identifier_value in ('73bb4387b3075739', 'broken') order by 1
    """) == [
        ("73bb4387b3075739", datetime(2026, 10, 31, 16, 31), "day"),
        ("broken", datetime(2026, 11, 4, 10, 0), "day"),
    ]


def test_a_text_without_cookies_is_held(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("consent/cookiebot/log.txt", "date,visitor\n2026-11-01,7\n")
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == ("E_TOO_MANY_QUARANTINED", "value")


def test_the_onetrust_template_is_a_contract_and_is_not_loaded() -> None:
    name = "onetrust__receipts"
    assert read_contract(FOLDER / "templates" / f"{name}{SUFFIX}").id == name
    assert name not in load_contracts()
