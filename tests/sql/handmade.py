"""Raw rows the samples do not hold: robots, referrers, broken encodings, a deal taken back, a refund seen twice.

Add a vendor mess here when a test needs it and no sample file shows it; whole deliveries belong to tests/samples.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

Row = dict[str, Any]
NOON = datetime(2026, 11, 2, 12, 0)
WWW = "https://www.northlamp.test/"


def hit(client: str | None, at: datetime, *, name: str = "page_view", **given: Any) -> Row:
    """One GA4 record; `given` holds event parameters, or columns when the value is a dict or the name says so."""
    columns = ("user_id", "platform", "collected_traffic_source", "session_traffic_source_last_click")
    params = {"page_location": WWW, "ga_session_id": "1"} | {k: v for k, v in given.items() if k not in columns}
    repeated = [("page_title", "first"), ("page_title", "second")]
    micros = int((at - datetime(1970, 1, 1)) / timedelta(microseconds=1))
    return {
        "event_date": f"{at:%Y%m%d}",
        "event_timestamp": str(micros),
        "event_name": name,
        "event_params": json.dumps(
            [{"key": key, "value": {"string_value": value}} for key, value in [*params.items(), *repeated] if value]
        ),
        "user_pseudo_id": client,
        "stream_id": "1",
        "platform": "WEB",
    } | {k: json.dumps(v) if isinstance(v, dict) else v for k, v in given.items() if k in columns}


def burst(client: str | None, count: int, seconds: float, **given: Any) -> list[Row]:
    """`count` hits, evenly over `seconds`."""
    return [hit(client, NOON + timedelta(seconds=seconds * n / count), **given) for n in range(count)]


def ga4_events() -> list[Row]:
    referrers = {
        "ref.search": "https://www.google.de/",
        "ref.social": "https://l.facebook.com/l.php?u=x",
        "ref.assistant": "https://chatgpt.com/",
        "ref.other": "https://blog.example.org/best-lamps",
        "ref.own": "https://shop.northlamp.test/cart",
        "ref.payment": "https://www.paypal.com/checkout",
    }
    ads = {"google_ads_campaign": {"campaign_id": "7", "campaign_name": "Generic"}}
    broken = WWW + "?utm_source=a%20b&utm_medium=cpc&utm_campaign=50%25%FF"
    letter = WWW + "?utm_source=newsletter&utm_medium=email"
    return [
        *burst("robot.second", 30, 5),
        *burst("robot.day", 501, 40000),
        *burst("buyer.second", 30, 5),
        hit("buyer.second", NOON, name="purchase", transaction_id="900"),
        *burst("person", 30, 600),
        *burst(None, 600, 60),
        *[hit(client, NOON, page_referrer=url) for client, url in referrers.items()],
        hit("tag.broken", NOON, page_location=broken),
        hit("tag.gbraid", NOON, page_location=WWW + "?gbraid=0AAA"),
        hit("tag.fbclid", NOON, page_location=WWW + "?fbclid=IwAR9"),
        hit("tag.msclkid", NOON, page_location=WWW + "?msclkid=ms1"),
        hit("tag.li_fat_id", NOON, page_location=WWW + "?li_fat_id=li1"),
        hit("tag.ttclid", NOON, page_location=WWW + "?ttclid=tt1"),
        hit("tag.letter", NOON, page_location=letter, session_traffic_source_last_click=ads),
        hit("host.app", NOON, name="app_open", page_location="https://app.northlamp.test/"),
        hit("host.community", NOON, page_location="https://community.northlamp.test/t/1"),
        hit("staff", NOON, traffic_type="internal"),
        hit("unset", NOON, name="purchase", transaction_id="(not set)"),
        hit("unset", NOON + timedelta(minutes=1), name="purchase", transaction_id="(not set)"),
    ]


def deal_stage_history() -> list[Row]:
    stages = [("closedwon", 9), ("contractsent", 6), ("closedwon", 3), ("contractsent", 2)]
    history = [{"value": stage, "timestamp": f"2026-11-0{day}T10:00:00.000Z"} for stage, day in stages]
    row = {"properties": json.dumps({"amount": "100.00"})}
    row["properties_with_history"] = json.dumps({"dealstage": history})
    gone = [{"value": "closedwon", "timestamp": "2026-11-03T10:00:00Z"}]
    return [
        row | {"id": "501", "archived": "false"},
        row | {"id": "502", "archived": "true", "properties_with_history": json.dumps({"dealstage": gone})},
    ]


def shopify_orders() -> list[Row]:
    """One order in three weekly exports: refunded 15 in the first two, 40 in the third."""
    order = {
        "name": "#2001", "id": "42", "email": "Ann@Example.com", "financial_status": "partially_refunded",
        "currency": "SEK", "total": "1,000.00", "taxes": "200.00", "shipping": "50.00",
        "created_at": "2026-10-20 10:00:00 +0200",
    }  # fmt: skip
    weeks = [("15.00", datetime(2026, 10, 26)), ("15.00", datetime(2026, 11, 2)), ("40.00", datetime(2026, 11, 8))]
    return [
        order | {"refunded_amount": amount, "_exported_at": at, "_delivery_rank": rank, "_is_current": rank == 3}
        for rank, (amount, at) in enumerate(weeks, 1)
    ]


TABLES: dict[str, list[Row]] = {
    "ga4__events": ga4_events(),
    "hubspot__deal_stage_history": deal_stage_history(),
    "shopify__orders": shopify_orders(),
}
