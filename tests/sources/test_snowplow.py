"""Snowplow: what enriched events bring along, line by line of 131 fields without a header."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from journey_pipeline.ingest import load_contracts
from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

ENRICHED = "snowplow/enriched/2026/11/01/2026-11-01-100000-0001.gz"
FIELDS = load_contracts()["snowplow__enriched"].column_names
NOON = "2026-11-02 12:00:00.000"
VENDOR = "iglu:com.snowplowanalytics.snowplow"


def event(event_id: str, name: str = "page_view", at: str = NOON, **given: Any) -> str:
    """One line; JSON fields may be given as objects."""
    fields = {
        "app_id": "northlamp-web", "platform": "web", "etl_tstamp": "2026-11-02 13:00:00.000", "collector_tstamp": at,
        "derived_tstamp": at, "event_id": event_id, "event_name": name, "event_fingerprint": f"fp-{event_id}",
        "page_urlhost": "www.northlamp.test", "page_urlpath": "/lamps", "useragent": "Mozilla/5.0",
    } | given  # fmt: skip
    assert set(fields) <= set(FIELDS)
    texts = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in fields.items()}
    return "\t".join(texts.get(field) or "" for field in FIELDS) + "\n"


def contexts(*entities: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    data = [{"schema": f"{VENDOR}{name}", "data": data} for name, data in entities]
    return {"schema": f"{VENDOR}/contexts/jsonschema/1-0-0", "data": data}


def told(name: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"schema": f"{VENDOR}/unstruct_event/jsonschema/1-0-0", "data": {"schema": f"{VENDOR}{name}", "data": data}}


def page(view: str, version: str = "1-0-0") -> dict[str, Any]:
    return contexts((f"/web_page/jsonschema/{version}", {"id": view}))


def at(second: int) -> str:
    return f"2026-11-02 12:00:{second:02}.500"


COLLECTED_AGAIN = event("dup", at="2026-11-02 12:00:09.000", domain_userid="d-dup", event_fingerprint="same")
MESSES = "".join(
    [
        COLLECTED_AGAIN,
        event("dup", at="2026-11-02 12:00:01.000", domain_userid="d-dup", event_fingerprint="same"),
        event("dup", at="2026-11-02 12:00:02.000", domain_userid="d-dup", event_fingerprint="other"),
        event("future", domain_userid="d-future", dvce_created_tstamp="2027-01-01 00:00:00.000", derived_tstamp=at(5)),
        event("read", domain_userid="d-read", contexts=page("view-1", "2-0-0")),
        *[event(f"ping-{n}", "page_ping", at(n), domain_userid="d-read", contexts=page("view-1")) for n in (3, 4, 13)],
        event("quotes", "link_click", domain_userid="d-quotes", page_title='He said "lamp',
              unstruct_event=told("/link_click/jsonschema/1-0-1", {"elementContent": 'a "quoted" word'})),
        event("spider", domain_userid="d-spider",
              derived_contexts=contexts(("/spiders_and_robots/jsonschema/1-0-0", {"spiderOrRobot": True}))),
        event("robot", domain_userid="d-robot", useragent="Googlebot/2.1 (+http://www.google.com/bot.html)"),
        event("search", domain_userid="d-search", refr_medium="search", refr_source="Google",
              refr_urlhost="www.google.com"),
        event("inner", domain_userid="d-inner", refr_medium="internal", refr_urlhost="other.northlamp.test"),
        event("letters", domain_userid="d-letters", mkt_clickid="Cj0letters"),
        event("bing", domain_userid="d-bing", mkt_clickid="m1", mkt_network="Microsoft"),
        event("query", domain_userid="d-query", page_urlquery="wbraid=w1&utm_content=red%20one"),
        event("null", domain_userid="d-null", user_id="null"),
        event("app", "screen_view", platform="mob", page_urlhost=None, contexts=contexts(
            ("/client_session/jsonschema/1-0-2", {"userId": "phone-1", "sessionId": "visit-1"}))),
        event("struct", "event", domain_userid="d-struct", se_category="shop", se_action="Add to cart",
              se_value="19.9"),
        event("legacy", "transaction", user_id="u_4001", tr_orderid="7001", tr_total="120.5", tr_tax="20",
              tr_shipping="5", tr_currency="EUR"),
        event("legacy-item", "transaction_item", user_id="u_4001", ti_orderid="7001", ti_price="95.5"),
        event("action", "snowplow_ecommerce_action", user_id="u_4002",
              unstruct_event=told(".ecommerce/snowplow_ecommerce_action/jsonschema/1-0-1", {"type": "transaction"}),
              contexts=contexts((".ecommerce/transaction/jsonschema/1-0-0",
                                 {"transaction_id": "7002", "revenue": 80, "tax": 10, "currency": "EUR"}))),
        event("back", "snowplow_ecommerce_action", at(30), user_id="u_4002",
              unstruct_event=told(".ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2", {"type": "refund"}),
              contexts=contexts((".ecommerce/refund/jsonschema/1-0-0",
                                 {"transaction_id": "7002", "refund_amount": 30, "currency": "EUR"}))),
    ]
)  # fmt: skip
FILES = {
    ENRICHED: sample(ENRICHED),
    "snowplow/run=2026-11-02-13-00-00/part-00000.gz": gzip.compress(MESSES.encode()),
    "snowplow/run=2026-11-02-14-00-00/part-00000.tsv": COLLECTED_AGAIN,
}


def test_the_sample_holds_seven_ids_and_eight_events(rows: Rows) -> None:
    assert rows("""
        select count(*), count(distinct event_id) from staging.stg_snowplow__hits where event_id like '00000000-%'
    """) == [(8, 7)]


def test_an_event_collected_twice_happened_the_first_time(rows: Rows) -> None:
    assert rows("""
        select occurred_at, record_key = md5('dup|same') from staging.stg_snowplow__hits
        where event_id = 'dup' order by 1
    """) == [(datetime(2026, 11, 2, 12, 0, 1), True), (datetime(2026, 11, 2, 12, 0, 2), False)]


def test_a_device_ahead_of_time_is_put_right(rows: Rows) -> None:
    assert rows("select occurred_at from events.touchpoints where visitor_id = 'd-future'") == [
        (datetime(2026, 11, 2, 12, 0, 5, 500000),)
    ]


def test_an_anonymous_hit_is_kept_and_is_nobody(rows: Rows) -> None:
    assert rows("""
        select identifier_value, visitor_id, consent_analytics, consent_ads from events.touchpoints
        where source = 'snowplow' and identifier_value is null
    """) == [(None, None, True, False)]
    assert rows("select identifier_type from events.touchpoints where visitor_id = 'd-null'") == [
        ("snowplow_domain_userid",)
    ]


def test_pings_become_engagement_whatever_the_version_of_the_page_entity(rows: Rows) -> None:
    assert rows("select count(*) from events.touchpoints where interaction_type = 'page_ping'") == [(0,)]
    assert rows("select ping_count, engaged_seconds from staging.stg_snowplow__page_engagement "
                "where page_view_id = 'view-1'") == [(3, 20)]  # fmt: skip
    assert rows("select attributes from events.touchpoints where visitor_id = 'd-read'") == [
        ('{"event":"page_view","engaged_seconds":20}',)
    ]


def test_quotes_are_text(rows: Rows) -> None:
    assert rows("select interaction_type from events.touchpoints where visitor_id = 'd-quotes'") == [("link_click",)]


def test_an_anonymised_address_joins_nobody(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.identifier_edges
        where source = 'snowplow' and (a_value like '203.%' or b_value like '203.%')
    """) == [(0,)]


def test_robots_are_known_by_user_agent_and_by_entity(rows: Rows) -> None:
    assert rows("""
        select distinct visitor_id from events.touchpoints where source = 'snowplow' and is_machine order by 1
    """) == [("d-robot",), ("d-spider",), ("duid-bot",)]


def test_a_hit_says_where_it_came_from(rows: Rows) -> None:
    assert rows("""
        select visitor_id, utm_source, utm_medium, click_id_type, click_id, content from events.touchpoints
        where visitor_id in ('d-search', 'd-inner', 'd-letters', 'd-bing', 'd-query', 'duid-jonas-02') order by 1
    """) == [
        ("d-bing", "bing", "cpc", "msclkid", "m1", None),
        ("d-inner", None, None, None, None, None),
        ("d-letters", "google", "cpc", "gclid", "Cj0letters", None),
        ("d-query", "google", "cpc", "wbraid", "w1", "red one"),
        ("d-search", "google", "organic", None, None, None),
        ("duid-jonas-02", "facebook", "paid_social", "fbclid", "IwAR0jonas02", None),
    ]


def test_a_network_cookie_is_weak_evidence(rows: Rows) -> None:
    assert rows("""
        select distinct evidence, confidence from events.identifier_edges
        where b_type = 'snowplow_network_userid' and source = 'snowplow'
    """) == [("same_record", "weak")]


def test_an_app_without_cookies_is_known_by_its_session_entity(rows: Rows) -> None:
    assert rows("""
        select family, visitor_type, session_ref, interaction_type from events.touchpoints where visitor_id = 'phone-1'
    """) == [("product", "device_id", "visit-1", "page_view")]


def test_a_structured_event_is_named_by_its_action(rows: Rows) -> None:
    assert rows("""
        select interaction_type, revenue_amount from events.touchpoints where visitor_id = 'd-struct'
    """) == [("add_to_cart", Decimal("19.9"))]


def test_orders_of_old_and_new_events_are_read(rows: Rows) -> None:
    assert rows("""
        select order_ref, gross_amount, net_amount, currency from staging.stg_snowplow__orders order by 1
    """) == [
        ("1047", Decimal("129.9"), Decimal("129.9"), "EUR"),
        ("7001", Decimal("120.5"), Decimal("95.5"), "EUR"),
        ("7002", Decimal("80"), Decimal("70"), "EUR"),
    ]
    assert rows("select order_ref, gross_amount from staging.stg_snowplow__order_adjustments") == [
        ("7002", Decimal("-30"))
    ]
    assert rows("select count(*) from events.touchpoints where interaction_type = 'transaction_item'") == [(0,)]


def test_a_line_of_another_width_is_set_aside(tmp_path: Path) -> None:
    home = Home(tmp_path)
    older = "\t".join(event("old").split("\t")[:108]) + "\n"
    home.put("snowplow/day.tsv", "".join(event(str(number)) for number in range(200)) + older)
    outcome = home.load_one()
    assert (outcome.outcome, outcome.accepted, outcome.quarantined) == ("loaded", 200, 1)
    assert home.rows("select row_number, line from raw.quarantine") == [(201, 201)]


def test_a_file_of_an_older_pipeline_is_held(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.put("snowplow/old.tsv", "\t".join(event("old").split("\t")[:108]) + "\n")
    assert home.load_one().outcome == "quarantined"
