"""GA4: what the BigQuery export brings along besides the hits."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.sources.conftest import of_record
from tests.sql.conftest import Rows

NOON = datetime(2026, 11, 2, 12, 0)
WWW = "https://www.northlamp.test/"


def hit(
    client: str | None, name: str = "page_view", second: int = 0, value: Any = None, **given: Any
) -> dict[str, Any]:
    """One record; `given` holds event parameters as texts, or columns where the value is a dict or the name says so."""
    at = NOON + timedelta(seconds=second)
    micros = (at - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    columns = {key: each for key, each in given.items() if isinstance(each, dict) or key in ("user_id", "event_date")}
    params = {"page_location": WWW, **{key: each for key, each in given.items() if key not in columns}}
    event_params = [{"key": key, "value": {"string_value": each}} for key, each in params.items() if each is not None]
    return {
        "event_date": "20261102", "event_timestamp": str(micros), "event_name": name, "stream_id": "1",
        "platform": "WEB", "user_pseudo_id": client,
        "event_params": event_params + ([{"key": "value", "value": value}] if value else []),
    } | columns  # fmt: skip


def lines(*hits: dict[str, Any]) -> bytes:
    return gzip.compress("".join(json.dumps(each) + "\n" for each in hits).encode())


DAY = lines(
    hit("c.int", "purchase", value={"int_value": "20"}, transaction_id="t1", currency="EUR"),
    hit("c.float", "purchase", value={"float_value": 20.5}, transaction_id="t2", currency="EUR"),
    hit("c.double", "purchase", value={"double_value": 21.25}, transaction_id="t3", currency="EUR"),
    hit("c.unset", "purchase", value={"int_value": "5"}, transaction_id="(not set)", currency="EUR"),
    hit("c.none", "purchase", 1, value={"int_value": "6"}, currency="EUR",
        ecommerce={"purchase_revenue": "6.0", "tax_value": "1.14", "shipping_value": "2"}),
    hit("c.tablet", user_id="u_sam"),
    hit("c.tablet", second=60, user_id="u_alex"),
    hit(None, privacy_info={"analytics_storage": "No", "ads_storage": "No"}),
    hit(None, second=1, privacy_info={"analytics_storage": "No", "ads_storage": "No"}),
    hit("c.new", device={"category": "tablet", "brand_new": {"deep": 1}}, new_struct={"a": "b"}),
)  # fmt: skip
# The day of 3 November came as the running table, then closed; its hits arrive in another order and one is new.
RUNNING = [
    hit("c.both", event_date="20261103"),
    hit("c.running", event_date="20261103"),
    hit("c.open", event_date="20261104"),
]
CLOSED = [hit("c.both", event_date="20261103"), hit("c.closed", event_date="20261103")]
FILES = {
    "ga4/analytics_1/events_20261102-000000000000.json.gz": DAY,
    "ga4/analytics_1/events_intraday_20261103-000000000000.json.gz": lines(*RUNNING),
    "ga4/analytics_1/events_20261103-000000000000.json.gz": lines(*CLOSED),
}


def test_a_value_is_read_whichever_field_carries_it(rows: Rows) -> None:
    assert rows("""
        select order_ref, gross_amount from staging.stg_ga4__orders where order_ref in ('t1', 't2', 't3') order by 1
    """) == [("t1", Decimal("20")), ("t2", Decimal("20.5")), ("t3", Decimal("21.25"))]


def test_purchases_without_a_number_are_orders_of_their_own_and_say_so(rows: Rows) -> None:
    assert rows("""
        select identifier_value, order_ref, status, gross_amount, net_amount from staging.stg_ga4__orders
        where order_ref is null order by 1
    """) == [
        ("c.none", None, "unmatched", Decimal("9.14"), Decimal("6")),
        ("c.unset", None, "unmatched", Decimal("5"), Decimal("5")),
    ]


def test_a_shared_tablet_shows_both_logins(rows: Rows) -> None:
    assert rows("""
        select b_value from events.identifier_edges where a_value = 'c.tablet' and b_type = 'user_id' order by 1
    """) == [("u_alex",), ("u_sam",)]


def test_hits_without_consent_are_kept_and_are_nobody(rows: Rows) -> None:
    assert rows("""
        select count(*), count(identifier_value), count(visitor_id), bool_or(consent_analytics), bool_or(is_machine)
        from events.touchpoints where source = 'ga4' and consent_analytics is not null
    """) == [(2, 0, 0, False, False)]


def test_the_closed_day_replaces_the_running_one(rows: Rows) -> None:
    assert rows("""
        select visitor_id from events.touchpoints
        where visitor_id in ('c.both', 'c.running', 'c.closed', 'c.open') order by 1
    """) == [("c.both",), ("c.closed",), ("c.open",)]


def test_new_structs_do_no_harm(rows: Rows) -> None:
    assert rows("select device_category from events.touchpoints where visitor_id = 'c.new'") == [("tablet",)]
    assert rows("""select _extra from raw.ga4__events where user_pseudo_id = 'c.new'""") == [
        ('{"new_struct":{"a":"b"}}',)
    ]


def test_orders_count_where_nothing_better_tells_them(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.conversions where source = 'ga4' and conversion_type = 'order' having count(*) > 0
    """) == of_record(rows, "ga4", [(5,)])
