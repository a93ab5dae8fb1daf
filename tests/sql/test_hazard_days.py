"""The sampled person-days of the hazard model and the stocks of touches on them, from hand-made touches."""

from __future__ import annotations

import hashlib
import math

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

CHAIN = ["hazard_window", "hazard_touch_days", "hazard_customers", "hazard_days", "hazard_deliveries", "hazard_stocks"]
# Monday; with the default of 56 days the window begins on 2026-09-21.
AS_OF = "2026-11-16"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(CHAIN))


def touch(customer: str, at: str, channel: str = "paid_video", kind: str = "view") -> dict[str, str]:
    return {
        "touchpoint_id": hashlib.md5(f"{customer}{at}{channel}{kind}".encode()).hexdigest(),
        "customer_id": customer,
        "touched_at": at,
        "channel": channel,
        "touch_type": kind,
    }


def order(customer: str, at: str, number: int = 1) -> dict[str, object]:
    return {
        "conversion_id": f"{customer}-{number}",
        "conversion_type": "order",
        "customer_id": customer,
        "occurred_at": at,
        "week": "2026-11-02",
        "value": 10.0,
    }


def put(
    bench: Bench,
    touches: list[dict[str, str]],
    orders: list[dict[str, object]],
    seen: list[dict[str, str]] | None = None,
) -> None:
    """`seen` is how customers are known otherwise: customer_id, occurred_at, interaction_type."""
    bench.clock(AS_OF)
    bench.put("journeys.marketing_touches", pd.DataFrame(touches), touched_at="timestamp")
    conversions = pd.DataFrame(orders)
    casts = {"occurred_at": "timestamp", "week": "date", "value": "decimal(18, 6)"}
    bench.put("journeys.attributed_conversions", conversions, **casts)
    bench.put("journeys.customer_conversions", conversions.assign(is_counted=True), **casts)
    known = seen or [{"customer_id": t["customer_id"], "occurred_at": t["touched_at"]} for t in touches]
    frame = pd.DataFrame(known).assign(is_machine=False, is_internal_test=False)
    if "interaction_type" not in frame:
        frame["interaction_type"] = "page_view"
    bench.put("journeys.customer_touchpoints", frame, occurred_at="timestamp")
    consents = {
        "customer_id": ["a"],
        "purpose": ["email_marketing"],
        "state": ["granted"],
        "valid_from": ["2026-01-01"],
    }
    bench.put(
        "journeys.customer_consents", pd.DataFrame(consents).assign(valid_to=None), valid_from="timestamp",
        valid_to="timestamp",
    )  # fmt: skip
    bench.put("journeys.account_members", pd.DataFrame({"customer_id": ["b"], "account_kind": ["company"]}))


def built(
    models: dict[str, str], touches: list[dict[str, str]], orders: list[dict[str, object]], **seen: object
) -> Bench:
    bench = Bench(models)
    put(bench, touches, orders, **seen)  # type: ignore[arg-type]
    for model in CHAIN:
        bench.run(model)
    return bench


def stocks(bench: Bench, conversion: str) -> pd.DataFrame:
    return bench.ask(
        f"""
        select stocks.* from warehouse.journeys.hazard_stocks as stocks
        inner join warehouse.journeys.hazard_days as days using (conversion_type, person_day)
        where days.conversion_id = '{conversion}' order by channel, touch_type
        """
    )


def test_a_stock_is_the_sum_of_halved_touches_of_the_days_before(models: dict[str, str]) -> None:
    touches = [
        touch("a", "2026-11-02 09:00"),  # 4 days before: 1/2 at a half-life of 4
        touch("a", "2026-10-25 09:00"),  # 12 days before: 1/8, and 1/2 at a half-life of 12
        touch("a", "2026-09-22 00:00"),  # 45 days before: the last that counts
        touch("a", "2026-09-21 23:59"),  # 46 days before
    ]
    found = stocks(built(models, touches, [order("a", "2026-11-06 12:00")]), "a-1").iloc[0]
    assert found["stock_4"] == pytest.approx(2**-1 + 2**-3 + 2**-11.25, abs=1e-8)
    assert found["stock_12"] == pytest.approx(2 ** (-1 / 3) + 2**-1 + 2**-3.75, abs=1e-8)
    assert (found["last_7_days"], found["today"]) == (1, 0)


def test_on_the_day_itself_a_touch_counts_only_before_the_conversion(models: dict[str, str]) -> None:
    touches = [
        touch("a", "2026-11-06 08:00", "paid_search_generic", "click"),
        touch("a", "2026-11-06 12:00", "paid_search_generic", "click"),  # the same second may have led to it
        touch("a", "2026-11-06 12:00:01", "paid_search_generic", "click"),
        touch("a", "2026-11-06 13:00", "email", "click"),
    ]
    orders = [order("a", "2026-11-06 12:00"), order("a", "2026-11-06 20:00", 2)]
    bench = built(models, touches, orders)
    assert stocks(bench, "a-1")[["channel", "stock_1", "today"]].values.tolist() == [["paid_search_generic", 2.0, 2]]
    assert stocks(bench, "a-2")[["channel", "stock_1", "today"]].values.tolist() == [
        ["email", 1.0, 1],
        ["paid_search_generic", 3.0, 3],
    ]


def test_product_views_and_covariates_stand_beside_the_touches(models: dict[str, str]) -> None:
    touches = [touch("a", "2026-11-01 09:00"), touch("b", "2026-11-01 09:00")]
    seen = [
        {"customer_id": "a", "occurred_at": "2025-01-01", "interaction_type": "page_view"},
        {"customer_id": "b", "occurred_at": "2026-11-05 09:00", "interaction_type": "view_item"},
    ]
    orders = [order("a", "2026-11-06 12:00"), order("b", "2026-11-06 12:00"), order("a", "2026-08-06 11:59", 2)]
    bench = built(models, touches, orders, seen=seen)
    days = bench.ask(
        """
        select customer_id, is_subscribed, is_business, prior_conversions, value_tier
        from warehouse.journeys.hazard_days where is_event order by customer_id
        """
    )
    # The order of August came before the 45 days that lead to the window: it is known beforehand, and no event.
    assert days.round(6).values.tolist() == [["a", 1.0, 0.0, 0.693147, 2.397895], ["b", 0.0, 1.0, 0.0, 0.0]]
    assert stocks(bench, "b-1")["channel"].tolist() == ["paid_video", "product_view"]


def hash_of(customer: str, day: pd.Timestamp) -> int:
    return int(hashlib.md5(f"{customer}:{day:%Y-%m-%d}".encode()).hexdigest()[:8], 16) % 1_000_000


def test_other_days_are_those_a_hash_names_while_the_customer_is_known(models: dict[str, str]) -> None:
    people = [f"c{n:04}" for n in range(300)]
    touches = [touch(name, "2026-10-01 10:00") for name in people] + [touch("a", "2026-09-01 10:00")]
    bench = built(models, touches, [order("a", "2026-11-06 12:00")])
    found = bench.ask(
        "select customer_id || ':' || day::date from warehouse.journeys.hazard_days where not is_event order by all"
    ).iloc[:, 0]
    days = [
        (name, day)
        for name in [*people, "a"]
        for day in pd.date_range("2026-09-21" if name == "a" else "2026-10-01", "2026-11-15")
    ]
    share = math.ceil(1_000_000 * 40 / len(days))  # forty other days for the one conversion
    wanted = [f"{name}:{day:%Y-%m-%d}" for name, day in days if hash_of(name, day) < share]
    assert 20 < len(wanted) < 80
    assert found.tolist() == sorted(set(wanted) - {"a:2026-11-06"})


def test_rows_are_numbered_from_zero_in_the_order_of_their_buckets(models: dict[str, str]) -> None:
    touches = [touch(f"c{n:04}", "2026-10-01 10:00") for n in range(300)]
    orders = [order(f"c{n:04}", "2026-10-02 10:00") for n in range(0, 300, 7)]
    days = built(models, touches, orders).ask("select * from warehouse.journeys.hazard_days order by person_day")
    assert days["person_day"].tolist() == list(range(len(days)))
    assert days["bucket"].is_monotonic_increasing
    expected = [int(hashlib.md5(name.encode()).hexdigest()[:8], 16) % 100 % 20 for name in days["customer_id"]]
    assert days["bucket"].tolist() == expected


def test_order_of_arrival_changes_nothing(models: dict[str, str]) -> None:
    touches = [touch(f"c{n % 40:04}", f"2026-10-{1 + n % 28:02} 10:{n % 60:02}", "email", "click") for n in range(200)]
    orders = [order(f"c{n:04}", "2026-10-29 10:00") for n in range(0, 40, 3)]
    read = "select * from warehouse.journeys.hazard_stocks order by all"
    one = built(models, touches, orders).ask(read)
    other = built(models, touches[::-1], orders[::-1]).ask(read)
    pd.testing.assert_frame_equal(one, other)


def test_without_touches_there_is_nothing_to_fit(models: dict[str, str]) -> None:
    bench = Bench(models)
    put(bench, [touch("a", "2026-10-01 10:00")], [order("a", "2026-10-02 10:00")])
    bench.connection.execute("delete from warehouse.journeys.marketing_touches")
    assert [len(bench.run(model)) for model in CHAIN] == [0] * len(CHAIN)


def test_days_soon_after_a_visit_are_read_more_often_and_weigh_less(models: dict[str, str]) -> None:
    people = [f"c{n:04}" for n in range(300)]
    touches = [touch(name, "2026-10-10 10:00", "direct", "click") for name in people]
    seen = [{"customer_id": name, "occurred_at": "2026-01-01"} for name in people]
    days = built(models, touches, [order(f"c{n:04}", "2026-11-06 12:00") for n in range(10)], seen=seen).ask(
        "select customer_id, day, weight from warehouse.journeys.hazard_days where not is_event"
    )
    # The window begins with the first touch, which is the day of all the visits.
    soon, later = pd.date_range("2026-10-10", "2026-10-17"), pd.date_range("2026-10-18", "2026-11-15")
    of_soon = math.ceil(1_000_000 * 10 * 90 / (len(people) * len(soon)))
    of_later = math.ceil(1_000_000 * 10 * 40 / (len(people) * len(later)))
    wanted = {(name, day): of_later / of_soon for name in people for day in soon if hash_of(name, day) < of_soon}
    wanted |= {(name, day): 1.0 for name in people for day in later if hash_of(name, day) < of_later}
    for buyer in people[:10]:
        wanted.pop((buyer, pd.Timestamp("2026-11-06")), None)
    found = dict(zip(zip(days["customer_id"], pd.to_datetime(days["day"]), strict=True), days["weight"], strict=True))
    assert found == pytest.approx(wanted)


def test_a_small_market_is_read_whole(models: dict[str, str]) -> None:
    touches = [touch("a", "2026-10-01 10:00"), touch("b", "2026-11-01 10:00", "direct", "click")]
    orders = [order("a", f"2026-11-{day:02} 12:00", day) for day in range(2, 5)]
    days = built(models, touches, orders).ask("select customer_id, weight from warehouse.journeys.hazard_days")
    # a from October 1 to November 15, three of the days with an order; b from November 1.
    assert days["customer_id"].value_counts().to_dict() == {"a": 46, "b": 15}
    assert set(days["weight"].astype(float)) == {1.0}


def test_deliveries_are_the_exposures_of_all_days_also_of_those_to_come(models: dict[str, str]) -> None:
    touches = [
        touch("a", "2026-08-06 23:59"),  # before what the window reads
        touch("a", "2026-08-07 09:00"),
        touch("a", "2026-11-15 09:00"),
        touch("a", "2026-11-15 10:00", "paid_video", "click"),
        touch("a", "2026-11-15 10:00", "display"),
        touch("b", "2026-11-01 09:00", "paid_search_generic", "click"),
    ]
    bench = built(models, touches, [order("a", "2026-11-06 12:00"), order("b", "2026-11-06 12:00")])
    found = bench.ask(
        """
        select distinct days.customer_id, days.known_days, deliveries.channel, deliveries.touches
        from warehouse.journeys.hazard_days as days
        left join warehouse.journeys.hazard_deliveries as deliveries using (conversion_type, customer_number)
        order by all
        """
    )
    assert found.astype(object).where(found.notna(), None).values.tolist() == [
        ["a", 101, "display", 1],
        ["a", 101, "paid_video", 2],
        ["b", 15, None, None],
    ]
