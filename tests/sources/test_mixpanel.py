"""Mixpanel: what its raw export brings along."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.ingest.home import Home
from tests.sources.conftest import of_record, sample
from tests.sql.conftest import Rows

EVENTS = "mixpanel/2026-11-01.jsonl"
NOON = 1793620800
GENERATED = "162a9bea91d1cb-01213631147e12-3f636c4c-1aeaa0-162a9bea91e8cf"
WWW = "https://www.northlamp.test/"


def event(number: int, name: str, **given: Any) -> str:
    properties = {"time": NOON, "$insert_id": f"i{number}", "mp_processing_time_ms": NOON * 1000} | {
        {"url": "$current_url", "device": "$device_id", "user": "$user_id"}.get(key, key): value
        for key, value in given.items()
    }
    return json.dumps({"event": name, "properties": properties}) + "\n"


MESSES = "".join(
    [
        event(1, "$mp_web_page_view", distinct_id="$device:m-web", device="m-web",
              url=f"{WWW}lamps?utm_source=News&gclid=g1"),
        # The tag stays with the browser and is sent again with every later event.
        event(2, "Product Viewed", distinct_id="$device:m-web", device="m-web", url=f"{WWW}lamps/1", utm_source="News"),
        event(3, "Scene Created", distinct_id="u_5001", mp_processing_time_ms=1, device="m-1", scene="old"),
        event(3, "Scene Created", distinct_id="u_5001", mp_processing_time_ms=2, device="m-1", scene="new"),
        event(4, "Scene Created", distinct_id=GENERATED),
        event(5, "Scene Created", distinct_id="Fay@Example.com"),
        event(6, "$identify", distinct_id="u_5002", **{"$identified_id": "u_5002", "$anon_id": "m-2"}),
        event(7, "$create_alias", distinct_id="u_5003", alias=GENERATED),
        event(8, "Order Completed", distinct_id="u_5001", user="u_5001", device="m-1", **{"Order ID": "8001"},
              total="59,90", currency="EUR"),
        event(9, "App Open", distinct_id="u_5001", user="undefined", device="m-3"),
        event(10, "Trial Started", distinct_id="u_5004", mp_lib="python"),
        event(11, "$experiment_started", distinct_id="u_5001", user="u_5001"),
    ]
)  # fmt: skip
FILES = {EVENTS: sample(EVENTS), "mixpanel/project 1/2026-11-02.jsonl": MESSES}


def test_the_export_is_not_deduplicated_and_the_latest_processing_counts(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_mixpanel__hits where occurred_at < '2026-11-02 10:00'") == [(4,)]
    assert rows("""
        select count(*) from events.touchpoints where visitor_id = 'm-1' and attributes like '%Scene Created%'
    """) == [(1,)]


def test_time_is_in_seconds_of_the_zone_that_is_declared(rows: Rows) -> None:
    assert rows("""
        select occurred_at, occurred_at_precision, is_time_ambiguous from events.touchpoints where visitor_id = 'm-3'
    """) == [(datetime(2026, 11, 2, 12, 0), "second", False)]


def test_three_generations_of_ids_are_told_apart(rows: Rows) -> None:
    assert rows("""
        select identifier_type, identifier_value, visitor_id from events.touchpoints
        where source = 'mixpanel' and attributes like '%Scene Created%' and occurred_at > '2026-11-02' order by all
    """) == [
        ("email", "fay@example.com", None),
        ("mixpanel_distinct_id", GENERATED, GENERATED),
        ("user_id", "u_5001", "m-1"),
    ]
    assert rows("""
        select a_value, b_value, evidence from events.identifier_edges
        where source = 'mixpanel' and (b_value in ('u_5002', 'u_5003') or a_value in ('u_5002', 'u_5003')) order by all
    """) == [("m-2", "u_5002", "login"), ("u_5003", GENERATED, "alias")]


def test_a_login_nobody_has_is_nobody(rows: Rows) -> None:
    assert rows("select identifier_type from events.touchpoints where visitor_id = 'm-3'") == [
        ("mixpanel_distinct_id",)
    ]


def test_a_tag_counts_on_the_page_that_has_it(rows: Rows) -> None:
    assert rows("""
        select interaction_type, utm_source, click_id, family from events.touchpoints
        where visitor_id = 'm-web' order by 1
    """) == [("page_view", "news", "g1", "website"), ("view_item", None, None, "website")]


def test_bookkeeping_is_no_interaction(rows: Rows) -> None:
    assert rows("""
        select count(*) from events.touchpoints where source = 'mixpanel' and attributes like '%"event":"$%'
            and interaction_type <> 'page_view'
    """) == [(0,)]


def test_an_order_and_a_trial_are_conversions(rows: Rows) -> None:
    assert rows("""
        select conversion_type, identifier_value, order_ref, gross_amount from events.conversions
        where source = 'mixpanel' and occurred_at > '2026-11-02' order by 1
    """) == [
        *of_record(rows, "mixpanel", [("order", "u_5001", "8001", Decimal("59.9"))]),
        ("trial", "u_5004", None, Decimal("0")),
    ]


def test_an_event_without_its_time_is_set_aside(tmp_path: Path) -> None:
    home = Home(tmp_path)
    good = "".join(event(number, "App Open", distinct_id="u") for number in range(100))
    home.put("mixpanel/day.jsonl", good + '{"event": "App Open", "properties": {"distinct_id": "u"}}\n')
    outcome = home.load_one()
    assert (outcome.outcome, outcome.accepted, outcome.quarantined) == ("loaded", 100, 1)
