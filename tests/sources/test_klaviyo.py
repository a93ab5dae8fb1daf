"""Klaviyo: events that need their metrics' names, profiles that come and go, orders the shop tells as well."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.conftest import home  # noqa: F401 - a fixture
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

METRICS = {"mOpen": "Opened Email", "mClick": "Clicked Email", "mOut": "Unsubscribed", "mSms": "Received SMS"}


def metric(metric_id: str, name: str) -> str:
    return json.dumps({"type": "metric", "id": metric_id, "attributes": {"name": name}}) + "\n"


def event(event_id: str, metric_id: str, profile: str, at: str, **properties: Any) -> str:
    """One event as the endpoint gives it."""
    line = {
        "type": "event",
        "id": event_id,
        "attributes": {"datetime": f"{at}+00:00", "event_properties": properties},
        "relationships": {
            "profile": {"data": {"type": "profile", "id": profile}},
            "metric": {"data": {"type": "metric", "id": metric_id}},
        },
    }
    return json.dumps(line) + "\n"


def profile(profile_id: str, **attributes: Any) -> str:
    return json.dumps({"type": "profile", "id": profile_id, "attributes": attributes}) + "\n"


def click(event_id: str, second: int, page: str) -> str:
    return event(event_id, "mClick", "p1", f"2026-11-04T10:00:0{second}", **{"$message": "c1", "URL": page})


FILES = {
    **{f"klaviyo/{name}.jsonl": sample(f"klaviyo/{name}.jsonl") for name in ("events", "metrics", "profiles")},
    "klaviyo/mess/metrics.jsonl": "".join(metric(*item) for item in METRICS.items())
    + metric("mPage", "Viewed Product"),
    "klaviyo/mess/events_2026-11-05.jsonl": event(
        "k1",
        "mOpen",
        "p1",
        "2026-11-04T09:00:00",
        campaign_name="Lower",
        Subject="Hi",
        MESSAGE="c1",
        MACHINE_OPEN="True",
    )
    + event("k2", "mOpen", "p1", "2024-02-29T09:00:00", **{"Campaign Name": "Moved in"})
    + event("k3", "mOpen", "pGone", "2026-11-04T09:00:00", **{"Flow Name": "Welcome", "$email": "Gone@Example.com "})
    + event("k4", "mPage", "p1", "2026-11-04T09:00:00", **{"$value": 20})
    + event("k5", "Pl7ord", "p1", "2026-11-04T11:00:00", **{"$event_id": "9001", "$value": "80.5", "OrderId": "9001"})
    + event("k6", "Pl7ord", "p1", "2026-11-04T11:00:01", **{"$event_id": "9001", "$value": "80.5"})
    + event("k7", "mOut", "p1", "2026-11-04T12:00:00")
    + event("k8", "mSms", "pPhone", "2026-11-04T12:00:00", **{"$message": "s1"})
    + click("k10", 1, "https://www.example.test/a")
    + click("k11", 2, "https://www.example.test/b")
    + click("k12", 3, "https://www.example.test/c?utm_source=x")
    + event("k13", "mClick", "p2", "2026-11-04T10:00:00", URL="https://www.example.test/d?utm_campaign=may"),
    # The same event once more, in the delivery of the next day.
    "klaviyo/mess/events_2026-11-06.jsonl": event(
        "k2", "mOpen", "p1", "2024-02-29T09:00:00", **{"Campaign Name": "Moved in"}
    ),
    "klaviyo/mess/profiles.jsonl": profile("pPhone", phone_number="+49305550001", updated="2026-11-01T00:00:00+00:00")
    + profile(
        "p1",
        email="p1@example.com",
        updated="2026-11-04T12:00:00+00:00",
        subscriptions={
            "email": {"marketing": {"consent": "UNSUBSCRIBED", "consent_timestamp": "2026-11-04T12:00:00+00:00"}},
            "sms": {
                "marketing": {
                    "consent": "SUBSCRIBED",
                    "consent_timestamp": "2026-10-01T00:00:00+00:00",
                    "double_optin": True,
                }
            },
        },
    ),
}


def test_the_sample_has_eight_events_and_one_machine_open(rows: Rows) -> None:
    assert rows("select count(*), count(distinct id) from raw.klaviyo__events where id like '5kEvt%'") == [(8, 8)]
    assert rows("""
        select interaction_type, is_machine, count(*) from staging.stg_klaviyo__events
        where event_id like '5kEvt%' group by all order by all
    """) == [
        ("email_bounced", False, 1),
        ("email_clicked", False, 1),
        ("email_opened", False, 1),
        ("email_opened", True, 1),
        ("email_sent", False, 2),
        ("email_unsubscribed", False, 1),
        (None, False, 1),
    ]


def test_properties_are_found_in_any_case_and_with_any_signs(rows: Rows) -> None:
    assert rows("""
        select campaign, content, campaign_id, is_machine from events.touchpoints
        where source = 'klaviyo' and interaction_type = 'email_opened' and campaign in ('Lower', 'Back in stock')
        order by 1, 4
    """) == [
        ("Back in stock", "Arc is back", "01HXCAMP01", False),
        ("Back in stock", "Arc is back", "01HXCAMP01", True),
        ("Lower", "Hi", "c1", True),
    ]


def test_an_imported_event_stays_where_it_happened_and_counts_once(rows: Rows) -> None:
    assert rows("""
        select occurred_at::varchar, count(*) from events.touchpoints where campaign = 'Moved in' group by 1
    """) == [("2024-02-29 09:00:00", 1)]


def test_three_links_within_two_seconds_are_a_scanner(rows: Rows) -> None:
    assert rows("""
        select is_machine, count(*) from events.touchpoints
        where source = 'klaviyo' and interaction_type = 'email_clicked' group by 1 order by 1
    """) == [(False, 2), (True, 3)]


def test_a_click_is_named_by_its_link_or_by_the_tool(rows: Rows) -> None:
    assert rows("""
        select page_path, utm_source, utm_medium, campaign, channel from events.touchpoints
        where source = 'klaviyo' and interaction_type = 'email_clicked' and not is_machine order by 1
    """) == [
        ("/arc", "klaviyo", "email", "Back in stock", "email"),
        ("/d", "klaviyo", "email", "may", "email"),
    ]


def test_an_order_told_twice_is_one_and_has_its_own_rank(rows: Rows) -> None:
    assert rows("""
        select order_ref, gross_amount::varchar, currency, identifier_value from events.conversions
        where source = 'klaviyo' order by 1
    """) in (
        [("7410000001052", "59.000000", "EUR", "01PROFMAYA"), ("9001", "80.500000", "EUR", "p1")],
        # Another module of this run may deliver the shop, and then the shop's orders are the orders.
        [],
    )
    assert rows("select count(*) from staging.stg_klaviyo__orders") == [(2,)]
    assert rows("select count(*) from events.touchpoints where source = 'klaviyo' and order_ref is not null") == [(0,)]


def test_events_of_a_merged_profile_keep_their_old_id_and_the_address_they_name(rows: Rows) -> None:
    assert rows("""
        select a_value, b_value, confidence from events.identifier_edges where b_value = 'pGone'
    """) == [("gone@example.com", "pGone", "strong")]


def test_a_profile_with_a_phone_only_is_somebody(rows: Rows) -> None:
    assert rows("""
        select a_value, b_type, b_value, confidence from events.identifier_edges where a_value = 'pPhone'
    """) == [("pPhone", "phone", "+49305550001", "strong")]
    assert rows("""
        select identifier_value, direction from events.touchpoints where interaction_type = 'sms_sent'
    """) == [("pPhone", "outbound")]


def test_a_profile_ties_address_login_and_id(rows: Rows) -> None:
    assert rows("""
        select a_type, a_value, b_type, b_value from events.identifier_edges
        where source = 'klaviyo' and '01PROFMAYA' in (a_value, b_value) order by all
    """) == [
        ("email", "maya.okafor@example.com", "klaviyo_profile_id", "01PROFMAYA"),
        ("klaviyo_profile_id", "01PROFMAYA", "phone", "+12025550111"),
        ("klaviyo_profile_id", "01PROFMAYA", "user_id", "u_1001"),
    ]


def test_a_withdrawal_that_is_event_and_state_is_decided_once(rows: Rows) -> None:
    assert rows("""
        select purpose, state, method, occurred_at::varchar from events.consents
        where identifier_value = 'p1' order by 1
    """) == [
        ("email_marketing", "withdrawn", "explicit", "2026-11-04 12:00:00"),
        ("sms_marketing", "granted", "double_opt_in", "2026-10-01 00:00:00"),
    ]
    assert rows("""
        select identifier_value, state from events.consents where source = 'klaviyo' and identifier_value like '01PROF%'
        order by 1
    """) == [("01PROFMAYA", "granted"), ("01PROFOLD", "not_asked"), ("01PROFTOMAS", "withdrawn")]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("klaviyo/events.jsonl", '{"id": "k1", "type": "event"}\n', "E_MISSING_COLUMN"),
        ("klaviyo/events.jsonl", "event_name,profile\nOpened Email,p1\n", "E_JSON"),
        ("klaviyo/metrics.jsonl", '{"id": "m1", "attributes": {"integration": {}}}\n', "E_TOO_MANY_QUARANTINED"),
    ],
    ids=["no attributes", "the CSV of a segment", "a metric without a name"],
)
def test_what_is_not_the_endpoints_answer_is_held(home: Home, name: str, content: str, code: str) -> None:  # noqa: F811
    home.put(name, content)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == code
