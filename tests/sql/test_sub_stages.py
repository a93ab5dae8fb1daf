"""What the shipped evidence tells of the way to the order, without calling it an order."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench, compile_models

MODELS = ("journey_touches", "sub_stage_touches", "sub_stage_cells")
START = datetime(2026, 1, 5)
ORDER = 100 * 3600
Touch = tuple[float, str, str, str | None]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(MODELS))


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    made = Bench(models)
    made.clock("2026-03-02")
    for seed, columns in {
        "stages": {"stage_number": "integer", "is_exclusion": "boolean"},
        "sub_stage_evidence": {"within_seconds": "bigint", "page_pattern": "varchar", "after_interaction": "varchar"},
    }.items():
        made.put(f"seeds.{seed}", pd.read_csv(DBT_PROJECT / "seeds" / f"{seed}.csv", dtype=object), **columns)
    return made


def told(bench: Bench, touches: list[Touch], bought_after: float | None = ORDER) -> list[tuple[float, str]]:
    """When touches (second, family, interaction, page) of one journey tell of which sub-stage."""
    frame = pd.DataFrame(touches, columns=["second", "family", "interaction_type", "page_path"])
    frame["occurred_at"] = START + pd.to_timedelta(frame.pop("second"), "s")
    frame["touchpoint_id"] = [f"t{n:03}" for n in range(len(frame))]
    frame = frame.assign(customer_id="c", customer_number=1, channel="direct", is_machine=False, is_internal_test=False)
    bench.put("journeys.customer_touchpoints", frame, occurred_at="timestamp", page_path="varchar")
    bench.connection.execute("create or replace table warehouse.journeys.denied_touches (touchpoint_id varchar)")
    bought = None if bought_after is None else START + timedelta(seconds=bought_after)
    times = {"awareness_at": START, "purchase_at": bought}
    later = dict.fromkeys(("consideration_at", "experience_at", "advocacy_at"))
    journey = {"journey_id": "j", "customer_id": "c", "customer_number": 1, "journey_number": 1, "entered_at": START}
    journey |= times | later
    casts = dict.fromkeys(("entered_at", *times, *later), "timestamp")
    bench.put("journeys.journeys", pd.DataFrame([journey]), journey_number="bigint", **casts)
    bench.run("journey_touches")
    bench.run("sub_stage_touches")
    found = bench.connection.execute(
        "select epoch(occurred_at) - epoch(?::timestamp), stage, sub_stage "
        "from warehouse.journeys.sub_stage_touches order by all",
        [START],
    ).fetchall()
    assert {stage for _, stage, _ in found} <= {"purchase"}
    return [(second, sub_stage) for second, _, sub_stage in found]


@pytest.mark.parametrize(
    ("family", "interaction", "page", "sub_stage"),
    [
        ("website", "payment_failed", None, "friction"),
        ("website", "checkout_error", "/checkout/payment", "friction"),
        ("website", "coupon_denied", "/cart", "friction"),
        ("website", "page_view", "/shipping", "trust"),
        ("email", "page_view", "/de/returns", "trust"),
        ("website", "page_view", "/policies/refund-policy", "trust"),
        ("website", "page_view", "/help/payment-methods/cards", "trust"),
        ("website", "page_view", "/guarantee", "trust"),
        ("website", "page_view", "/sale", "urgency"),
        ("website", "page_view", "/lamps/last-chance/", "urgency"),
        ("website", "select_promotion", "/", "urgency"),
        ("website", "coupon_applied", "/cart", "urgency"),
        ("website", "page_view", "/checkout/payment", None),
        ("website", "page_view", "/checkout/shipping", None),
        ("website", "page_view", "/blog/about-payment", None),
        ("website", "page_view", "/wholesale", None),
        ("website", "page_view", None, None),
    ],
)
def test_each_kind_of_evidence_tells_of_its_part(
    bench: Bench, family: str, interaction: str, page: str | None, sub_stage: str | None
) -> None:
    found = told(bench, [(60, family, interaction, page)])
    assert found == ([(60, sub_stage)] if sub_stage else [])


def test_what_comes_with_the_order_or_after_it_is_not_on_the_way(bench: Bench) -> None:
    touches = [(second, "website", "page_view", "/returns") for second in (ORDER - 1, ORDER, ORDER + 1)]
    assert told(bench, touches) == [(ORDER - 1, "trust")]
    assert told(bench, touches, bought_after=None) == [(second, "trust") for second, *_ in touches]


@pytest.mark.parametrize(
    ("family", "interaction", "page", "within"),
    [
        ("support", "ticket_created", None, 86400),
        ("support", "conversation_started", None, 86400),
        ("website", "conversation_started", "/checkout", 86400),
        ("website", "page_view", "/help/", 1800),
    ],
)
def test_help_counts_while_a_checkout_is_open(
    bench: Bench, family: str, interaction: str, page: str | None, within: int
) -> None:
    def asks(second: float) -> Touch:
        return (second, family, interaction, page)

    begun = [(1000.0, "website", "begin_checkout", "/checkout"), (200_000.0, "website", "begin_checkout", "/checkout")]
    at = [999, 1000, 1000 + within, 1001 + within, 199_999, 200_000 + within, 200_001 + within]
    found = told(bench, [*begun, *map(asks, at)])
    assert [second for second, _ in found] == [1000, 1000 + within, 200_000 + within]
    assert {sub_stage for _, sub_stage in found} == {"support_availability"}


def test_parts_of_the_purchase_are_counted_beside_its_orders_and_never_exceed_them(bench: Bench) -> None:
    events = "customer_number integer, journey_number bigint, occurred_at timestamp, stage varchar, sub_stage varchar, "
    bench.connection.execute(
        f"""
        create table warehouse.journeys.journey_events ({events} is_exclusion boolean);
        insert into warehouse.journeys.journey_events values
            (1, 1, '2026-01-05', 'awareness', 'education', false), (1, 1, '2026-01-09', 'purchase', null, false),
            (2, 1, '2026-01-09', 'purchase', null, false)
        """
    )
    week = 7 * 86400.0
    pages = [(60.0, "/returns"), (90.0, "/shipping"), (90.0, "/sale"), (week, "/sale")]
    told(bench, [(at, "website", "page_view", page) for at, page in pages], bought_after=week + 1)
    found = bench.run("sub_stage_cells")
    assert [[str(row[0].date()), *row[1:]] for row in found.values.tolist()] == [
        ["2026-01-05", "awareness", "education", 1, 1],
        ["2026-01-05", "purchase", "trust", 1, 2],
        ["2026-01-05", "purchase", "urgency", 1, 2],
        ["2026-01-12", "purchase", "urgency", 1, 1],
    ]
