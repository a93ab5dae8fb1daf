"""Segment and RudderStack: one spec, two deliveries, and what their messages bring along."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import of_record, sample
from tests.sql.conftest import Rows

SEGMENT = "segment/segment-logs/sRcId1234ab/1793491200000/1793520000000.7f1c2d.1.1.aaaa-bbbb.gz"
RUDDERSTACK = (
    "rudderstack/rudder-logs/2aSrcRudder01/2026-11-01/"
    "1793523610.2aSrcRudder01.7d1c6a1e-0000-4000-8000-0000000000aa.json.gz"
)
WWW = "https://www.northlamp.test"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604"
ROBOT = "Mozilla/5.0 (compatible; ExampleBot/1.0)"


def message(number: int | str, kind: str, at: str = "2026-11-02T10:00:00.000Z", **given: Any) -> dict[str, Any]:
    """One message; a page at `url` where one is given, else sent by a server."""
    context: dict[str, Any] = {"library": {"name": "analytics.js"}}
    if url := given.pop("url", None):
        context["page"] = {"url": url, "referrer": given.pop("referrer", "")}
    context |= given.pop("context", {})
    return {"messageId": f"mess-{number}", "type": kind, "timestamp": at, "context": context} | given


def order(number: int | str, event: str = "Order Completed", **properties: Any) -> dict[str, Any]:
    return message(number, "track", event=event, userId="u_3001", channel="server", properties=properties)


def lines(*messages: dict[str, Any]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in messages).encode()


BROWSED = lines(
    message("null", "page", userId="null", anonymousId="a-null", url=f"{WWW}/"),
    message("undefined", "page", userId="undefined", anonymousId="a-undefined", url=f"{WWW}/"),
    message("blank", "page", userId="", anonymousId="a-blank", url=f"{WWW}/"),
    message("mail", "page", userId=" Ann+Shop@Example.com", anonymousId="a-mail", url=f"{WWW}/"),
    message("ads", "page", anonymousId="a-ads", url=f"{WWW}/?gclid=Cj0test1", referrer="https://www.google.com/"),
    message("search", "page", anonymousId="a-search", url=f"{WWW}/lamps", referrer="https://www.google.de/"),
    message("own", "page", anonymousId="a-own", url=f"{WWW}/lamps", referrer="https://shop.northlamp.test/cart"),
    message("robot", "page", anonymousId="a-robot", url=f"{WWW}/", context={"userAgent": ROBOT}),
    message("phone", "page", anonymousId="a-phone", url=f"{WWW}/", context={"userAgent": PHONE}),
    message("server", "track", event="Trial Started", userId="u_3009", channel="server",
            context={"userAgent": "python-requests/2.31"}),
    message("clock", "track", "2026-11-02T10:00:00Z", event="Feature Used", anonymousId="a-clock",
            sentAt="2026-11-05T10:00:00Z", receivedAt="2026-11-02T10:00:01Z", url="https://app.northlamp.test/"),
    message("zeros", "track", event="Application Opened", anonymousId="a-zeros",
            context={"app": {"name": "Northlamp"}, "device": {
                "id": "d-1", "advertisingId": "00000000-0000-0000-0000-000000000000", "type": "android"}}),
    message("staff", "page", userId="qa_7", anonymousId="a-staff", url=f"{WWW}/"),
)  # fmt: skip
TOLD = lines(
    message("i1", "identify", userId="u_3001", anonymousId="a-shared",
            traits={"email": "First@Example.com", "phone": "+46 70 555 01 02", "plan": "pro",
                    "company": {"name": "A AB"}}),
    message("i2", "identify", userId="u_3002", anonymousId="a-shared", traits={"email": "second@example.com"}),
    message("g1", "group", userId="u_3001", groupId="acc_1", traits={"name": "A Group", "plan": "enterprise"}),
    message("l1", "alias", userId="u_3001", previousId="legacy-1"),
    message("l2", "alias", userId="legacy-1", previousId="legacy-0"),
    message("l3", "alias", userId="u_3002", previousId="b2f5c1de-9999-4b3a-9c11-9f0000000009"),
    message("c1", "track", event="Segment Consent Preference Updated", anonymousId="a-consent", userId="u_3003",
            context={"consent": {"categoryPreferences": {
                "C0001": True, "C0002": True, "C0004": False, "Advertising": True, "Functional": True}}}),
)  # fmt: skip
BOUGHT = lines(
    order(1, order_id="9001", total="129,90", revenue=109.16, tax=20.74, currency="eur"),
    order(2, orderId="#9002", revenue="1.299,00 EUR", currency="EUR"),
    order(3, **{"Order ID": "9003", "total": "1,299.00", "currency": "Euro"}),
    order(4, order_id="9001", total=129.90, currency="EUR"),
    order(5, "Order Refunded", order_id="9001", total=100, currency="EUR"),
    order(6, "Order Refunded", order_id="9001", total=100, currency="EUR"),
    order(7, "Order Cancelled", order_id="9002"),
    order(8, "Order Refunded", order_id="never seen", total=5),
    order(9, total=10, currency="EUR"),
)
UNPACKED_ON_THE_WAY = lines(message("unpacked", "page", anonymousId="a-unpacked", url=f"{WWW}/"))
FILES = {
    SEGMENT: sample(SEGMENT),
    RUDDERSTACK: sample(RUDDERSTACK),
    "segment/segment-logs/sRcId1234ab/1793577600000/browsed.gz": gzip.compress(BROWSED),
    "segment/segment-logs/sRcId1234ab/1793577600000/told.gz": gzip.compress(TOLD),
    "segment/segment-logs/sRcId1234ab/1793577600000/bought.gz": gzip.compress(BOUGHT),
    "segment/segment-logs/sRcId1234ab/1793577600000/unpacked.gz": UNPACKED_ON_THE_WAY,
    # Older destinations write the day as MM-DD-YYYY, and the same message may be replayed days later.
    "rudderstack/rudder-logs/2aSrcRudder01/11-04-2026/replay.json.gz": sample(RUDDERSTACK) + b"",
    "rudderstack/prefix/rudder-logs/2aSrcRudder01/11-05-2026/replay.json.gz": gzip.compress(
        gzip.decompress(sample(RUDDERSTACK)) + lines(message("rudder", "page", anonymousId="a-rudder", url=f"{WWW}/"))
    ),
}


def test_a_retry_and_a_replay_count_once(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_segment__messages where source_file_id = (select source_file_id from "
                "staging.stg_segment__messages where previous_user_id = 'legacy-889')") == [(8,)]  # fmt: skip
    assert rows("select count(*) from staging.stg_rudderstack__messages") == [(6,)]


def test_bytes_unpacked_on_the_way_are_taken_under_their_packed_name(rows: Rows) -> None:
    assert rows("select count(*) from events.touchpoints where visitor_id = 'a-unpacked'") == [(1,)]


def test_a_wrong_clock_is_put_right_and_said(rows: Rows) -> None:
    assert rows("""
        select source, visitor_id, occurred_at from events.touchpoints
        where attributes like '%"device_clock_wrong":true%' order by all
    """) == [
        ("rudderstack", "b2f5c1de-0002-4b3a-9c11-9f0000000002", datetime(2026, 11, 1, 9, 0)),
        ("segment", "a-clock", datetime(2026, 11, 2, 10, 0)),
        ("segment", "b2f5c1de-0002-4b3a-9c11-9f0000000002", datetime(2026, 11, 1, 9, 0)),
    ]


def test_a_login_nobody_has_is_nobody_and_a_mail_address_is_one(rows: Rows) -> None:
    assert rows("""
        select visitor_id, identifier_type, identifier_value from events.touchpoints
        where visitor_id in ('a-null', 'a-undefined', 'a-blank', 'a-mail') order by 1
    """) == [
        ("a-blank", "segment_anonymous_id", "a-blank"),
        ("a-mail", "email", "ann+shop@example.com"),
        ("a-null", "segment_anonymous_id", "a-null"),
        ("a-undefined", "segment_anonymous_id", "a-undefined"),
    ]


def test_an_advertising_id_of_zeros_is_none(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.identifier_edges where source = 'segment' and b_type = 'advertising_id'
    """) == [(0,)]
    assert rows("select b_value from events.identifier_edges where a_value = 'a-zeros'") == [("d-1",)]


def test_a_property_has_many_spellings_and_a_number_may_be_text(rows: Rows) -> None:
    assert rows("""
        select order_ref, gross_amount, net_amount, currency, status from staging.stg_segment__orders
        where identifier_value = 'u_3001' order by order_ref nulls last
    """) == [
        ("9001", Decimal("129.9"), Decimal("109.16"), "EUR", "completed"),
        ("9002", Decimal("1299"), Decimal("1299"), "EUR", "completed"),
        ("9003", Decimal("1299"), Decimal("1299"), None, "completed"),
        (None, Decimal("10"), Decimal("10"), "EUR", "unmatched"),
    ]


def test_refunds_take_back_no_more_than_was_paid(rows: Rows) -> None:
    assert rows("""
        select taken.conversion_type, taken.order_ref, taken.gross_amount, original.conversion_type
        from events.conversions as taken
        inner join events.conversions as original on taken.adjusts_conversion_id = original.conversion_id
        where taken.source = 'segment' order by all
    """) == of_record(rows, "segment", [
        ("refund", "9001", Decimal("-100"), "order"),
        ("refund", "9001", Decimal("-29.9"), "order"),
        ("void", "9002", Decimal("-1299"), "order"),
    ])  # fmt: skip


def test_two_trackers_of_one_site_tell_an_order_once(rows: Rows) -> None:
    trackers = "source in ('segment', 'rudderstack', 'snowplow', 'mixpanel') and order_ref = '1047'"
    assert rows(f"""
        select source from events.conversions where conversion_type = 'order' and {trackers}
    """) == of_record(rows, "segment", [("segment",)])
    assert rows(f"""
        select source, identifier_value from events.touchpoints where interaction_type = 'order_placed' and {trackers}
    """) == of_record(rows, "segment", [("segment", "u_1001")])


def test_an_identify_joins_and_describes_the_person(rows: Rows) -> None:
    assert rows("""
        select a_type, a_value, b_type, evidence, confidence from events.identifier_edges
        where source = 'segment' and b_value = 'u_3001' and a_type in ('email', 'phone') order by 1
    """) == [
        ("email", "first@example.com", "user_id", "same_record", "deterministic"),
        ("phone", "+46705550102", "user_id", "same_record", "strong"),
    ]
    # The plan and the name of an account are not those of its people.
    assert rows("""
        select attribute, value from events.profile_attributes
        where source = 'segment' and identifier_value = 'u_3001' order by 1, 2
    """) == [("account_id", "acc_1"), ("company", "A AB"), ("company", "A Group"), ("plan", "pro")]


def test_a_shared_device_shows_both_logins(rows: Rows) -> None:
    assert rows("""
        select b_value, evidence from events.identifier_edges
        where a_value = 'a-shared' and b_type = 'user_id' order by 1
    """) == [("u_3001", "login"), ("u_3002", "login")]


def test_an_alias_chain_is_a_chain_of_merges(rows: Rows) -> None:
    assert rows("""
        select a_value, b_type, b_value from events.identifier_edges
        where source = 'segment' and evidence = 'explicit_merge' and a_value <> 'u_1002' order by all
    """) == [
        ("legacy-1", "user_id", "legacy-0"),
        ("u_3001", "user_id", "legacy-1"),
        ("u_3002", "segment_anonymous_id", "b2f5c1de-9999-4b3a-9c11-9f0000000009"),
    ]


def test_own_people_are_marked(rows: Rows) -> None:
    assert rows("select distinct is_internal_test from events.touchpoints where visitor_id = 'a-staff'") == [(True,)]


def test_robots_are_known_by_their_user_agent_and_servers_are_none(rows: Rows) -> None:
    assert rows("select visitor_id from events.touchpoints where source = 'segment' and is_machine") == [("a-robot",)]
    assert rows("select device_category from events.touchpoints where visitor_id = 'a-phone'") == [("mobile",)]


def test_a_decision_is_told_per_purpose_and_a_refused_category_refuses(rows: Rows) -> None:
    assert rows("""
        select purpose, state, method from events.consents
        where source = 'segment' and identifier_value = 'u_3003' order by 1
    """) == [
        ("ads", "denied", "explicit"),
        ("analytics", "granted", "explicit"),
        ("functional", "granted", "explicit"),
    ]
    assert rows("select count(*) from events.touchpoints where identifier_value = 'u_3003'") == [(0,)]


def test_a_hit_says_where_it_came_from(rows: Rows) -> None:
    assert rows("""
        select visitor_id, utm_source, utm_medium, click_id from events.touchpoints
        where visitor_id in ('a-ads', 'a-search', 'a-own') order by 1
    """) == [
        ("a-ads", "google", "cpc", "Cj0test1"),
        ("a-own", None, None, None),
        ("a-search", "google", "organic", None),
    ]
    assert rows("""
        select distinct utm_source, utm_medium, campaign, family, channel from events.touchpoints
        where campaign = 'November News' and source in ('segment', 'rudderstack')
    """) == [("newsletter", "email", "November News", "email", "email")]


def test_the_app_is_product_and_a_server_tells_of_sales(rows: Rows) -> None:
    assert rows("""
        select interaction_type, family, visitor_type from events.touchpoints
        where source = 'segment' and interaction_type <> 'order_placed'
            and (visitor_id = 'a-zeros' or identifier_value = 'u_3009' or order_ref = '9003')
        order by all
    """) == [
        ("app_open", "product", "segment_anonymous_id"),
        ("purchase", "commerce", None),
        ("trial_started", "product", None),
    ]


@pytest.mark.parametrize("source", ["segment", "rudderstack"])
def test_a_message_without_an_id_is_set_aside(tmp_path: Any, source: str) -> None:
    home = Home(tmp_path)
    good = [message(number, "page", anonymousId="a", url=f"{WWW}/") for number in range(100)]
    home.put(f"{source}/day.json.gz", gzip.compress(lines(*good, {**good[0], "messageId": None})))
    outcome = home.load_one()
    assert (outcome.outcome, outcome.accepted, outcome.quarantined) == ("loaded", 100, 1)
