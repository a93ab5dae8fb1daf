"""Credit of the hazard models touch by touch: the split of a channel's credit, and that nothing is lost in it."""

from __future__ import annotations

import math
from decimal import Decimal

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models
from .test_hazard_days import CHAIN, order, put, touch

GENERIC, VIDEO = "paid_search_generic", "paid_video"
BOUGHT_AT = "2026-11-06 12:00"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join([*CHAIN, "mart_credits"]))


def slope(channel: str, half_life: int, coefficient: float, stage: str = "pull") -> tuple[object, ...]:
    return ("order", stage, "stock", channel, half_life, coefficient)


def earned(conversion: str, channel: str, credit: float, model: str = "hazard") -> tuple[object, ...]:
    return (conversion, "order", model, channel, credit)


def credits_of(
    models: dict[str, str],
    touches: list[dict[str, str]],
    orders: list[dict[str, object]],
    coefficients: list[tuple[object, ...]],
    shares: list[tuple[object, ...]],
) -> pd.DataFrame:
    """The mart, of conversions that no rule credits, by conversion and instant of the touch; numbers as text."""
    bench = Bench(models)
    put(bench, touches, orders)
    for model in CHAIN:
        bench.run(model)
    bench.connection.execute(
        """
        create schema warehouse.measures;
        alter table warehouse.journeys.marketing_touches add column campaign varchar;
        update warehouse.journeys.marketing_touches set campaign = 'of ' || channel;
        create table warehouse.journeys.credits (conversion_id varchar, conversion_type varchar, touchpoint_id varchar,
            touched_at timestamp, touch_type varchar, model varchar, is_influence boolean, channel varchar,
            campaign varchar, credit decimal(18, 12), value decimal(28, 6), reason varchar);
        create view warehouse.journeys.excluded_touches as select * from warehouse.journeys.credits where false;
        """
    )
    names = ["conversion_type", "stage", "term", "channel", "half_life_days", "coefficient"]
    bench.put("measures.hazard_coefficients", pd.DataFrame(coefficients, columns=names))
    names = ["conversion_id", "conversion_type", "model", "channel", "credit"]
    bench.put("measures.hazard_credits", pd.DataFrame(shares, columns=names), credit="double")
    bench.run("mart_credits")
    return bench.ask(
        "select * replace (credit::varchar as credit, value::varchar as value) "
        "from warehouse.journeys.mart_credits order by conversion_id, model, touched_at nulls last, channel"
    )


def log_hazard(weights: dict[int, float], touches: list[tuple[int, float]]) -> float:
    """A channel's part of the log hazard from (age in days, how much of a touch)."""
    return sum(
        beta * (1 - math.exp(-sum(much * 2 ** (-age / half_life) for age, much in touches)))
        for half_life, beta in weights.items()
    )


def test_a_touch_has_the_share_of_what_a_little_more_of_it_would_add(models: dict[str, str]) -> None:
    """The derivative by difference quotient of the published formula, touch by touch."""
    days = ["2026-11-06 11:00", "2026-11-05 09:00", "2026-11-02 09:00", "2026-11-02 18:00", "2026-09-22 08:00"]
    ages = [0, 1, 4, 4, 45]
    weights = {1: 0.7, 4: 1.9, 12: 0.4}
    found = credits_of(
        models,
        [touch("a", at, GENERIC, "click") for at in [*days, "2026-11-06 12:01", "2026-09-21 08:00"]],
        [order("a", BOUGHT_AT)],
        [slope(GENERIC, half_life, beta) for half_life, beta in weights.items()] + [slope(GENERIC, 1, 9.0, "intent")],
        [earned("a-1", GENERIC, 0.8), earned("a-1", "baseline", 0.2)],
    )
    whole = [(age, 1.0) for age in ages]
    more = [
        log_hazard(weights, [(age, 1 + 1e-6 * (place == other)) for other, age in enumerate(ages)])
        - log_hazard(weights, whole)
        for place in range(len(ages))
    ]
    wanted = dict(zip(days, [0.8 * one / sum(more) for one in more], strict=True))
    touched = found.dropna(subset="touchpoint_id")
    assert touched["touched_at"].dt.strftime("%Y-%m-%d %H:%M").tolist() == sorted(days)
    assert touched["credit"].astype(float).tolist() == pytest.approx([wanted[at] for at in sorted(days)], abs=1e-6)
    assert set(touched["campaign"]) == {f"of {GENERIC}"}
    (rest,) = found[found["touchpoint_id"].isna()].to_dict("records")
    assert (rest["channel"], float(rest["credit"]), float(rest["value"])) == ("baseline", 0.2, 2.0)
    assert rest["reason"] == "what the model gives to no channel"


def test_of_a_channel_whose_views_are_told_no_click_earns(models: dict[str, str]) -> None:
    touches = [touch("a", "2026-11-04 09:00"), touch("a", "2026-11-05 09:00", VIDEO, "click")]
    terms = [slope(VIDEO, 4, 1.0, "push"), slope(VIDEO, 1, 5.0, "pull")]
    found = credits_of(models, touches, [order("a", BOUGHT_AT)], terms, [earned("a-1", VIDEO, 1.0)])
    assert found[["touch_type", "credit"]].values.tolist() == [["view", "1.000000000000"]]


def test_a_hundred_touches_are_still_told_apart_by_their_age(models: dict[str, str]) -> None:
    touches = [touch("a", f"2026-11-05 10:{n:02}", GENERIC, "click") for n in range(60)]
    touches += [touch("a", f"2026-11-04 10:{n:02}", GENERIC, "click") for n in range(60)]
    found = credits_of(
        models, touches, [order("a", BOUGHT_AT)], [slope(GENERIC, 1, 1.0)], [earned("a-1", GENERIC, 1.0)]
    )
    day = found.groupby(found["touched_at"].dt.day)["credit"].apply(lambda parts: float(sum(map(Decimal, parts))))
    assert day.to_dict() == {4: pytest.approx(1 / 3, abs=1e-11), 5: pytest.approx(2 / 3, abs=1e-11)}


def test_touches_that_only_an_experiment_credits_share_alike(models: dict[str, str]) -> None:
    touches = [touch("a", f"2026-10-{day:02} 09:00", "affiliates", "click") for day in (10, 20)]
    shares = [
        earned("a-1", "affiliates", 0.5, "hazard_calibrated"),
        earned("a-1", "baseline", 0.5, "hazard_calibrated"),
    ]
    found = credits_of(models, touches, [order("a", BOUGHT_AT)], [slope(GENERIC, 4, 1.0)], shares)
    assert found[["channel", "credit"]].astype({"credit": float}).values.tolist() == [
        ["affiliates", 0.25], ["affiliates", 0.25], ["baseline", 0.5],
    ]  # fmt: skip


def test_credit_without_a_touch_in_reach_keeps_its_row(models: dict[str, str]) -> None:
    touches = [touch("a", "2026-09-10 09:00", GENERIC, "click")]
    shares = [earned("a-1", GENERIC, 0.25), earned("a-1", "baseline", 0.75)]
    found = credits_of(models, touches, [order("a", BOUGHT_AT)], [slope(GENERIC, 4, 1.0)], shares)
    assert found[["channel", "credit", "touchpoint_id"]].astype({"credit": float}).values.tolist() == [
        ["baseline", 0.75, None], [GENERIC, 0.25, None],
    ]  # fmt: skip
    assert found["reason"].tolist()[1] == "no touch of the channel within reach of the model"


def test_every_conversion_of_the_window_is_whole_whatever_the_order_of_arrival(models: dict[str, str]) -> None:
    people = [f"c{n:03}" for n in range(40)]
    touches = [
        touch(name, f"2026-10-{1 + (7 * n + 3 * k) % 28:02} 10:{k:02}", [GENERIC, VIDEO, "email"][k % 3], "click")
        for n, name in enumerate(people)
        for k in range(n % 9)
    ]
    orders = [order(name, "2026-10-29 10:00") | {"value": 9.99} for name in people]
    # One of nobody known, one of the first week before the window begins, one of the week before that.
    orders += [order("x", "2026-10-29 10:00") | {"customer_id": None}]
    orders += [
        order("y", "2026-09-19 10:00") | {"week": "2026-09-28"},
        order("z", "2026-09-12 10:00") | {"week": "2026-09-07"},
    ]
    terms = [slope(channel, days, 0.3 * days) for channel in (GENERIC, VIDEO) for days in (1, 4, 12)]
    shares = [
        earned(f"{name}-1", channel, share)
        for name in people
        for channel, share in ((GENERIC, 1 / 3), (VIDEO, 1 / 7), ("baseline", 1 - 1 / 3 - 1 / 7))
    ]
    found = credits_of(models, touches, orders, terms, shares)
    sums = found.groupby("conversion_id")[["credit", "value"]].agg(lambda parts: sum(map(Decimal, parts)))
    assert set(sums.index) == {f"{name}-1" for name in [*people, "x", "y"]}
    assert set(sums["credit"]) == {Decimal(1)}
    assert set(sums["value"]) == {Decimal("9.99"), Decimal(10)}
    assert found.loc[found["channel"] == "unattributed", "reason"].tolist() == [
        "no identified customer", "before the days that the model is fitted on",
    ]  # fmt: skip
    again = credits_of(models, touches[::-1], orders[::-1], terms[::-1], shares[::-1])
    pd.testing.assert_frame_equal(
        found.sort_values(list(found), ignore_index=True), again.sort_values(list(again), ignore_index=True)
    )
