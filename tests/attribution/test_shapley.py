"""Shapley values against known answers, and against their definition by every order of joining."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline.attribution import MODELS, shapley

VECTORS = Path(__file__).parents[1] / "vectors" / "12_shapley"
Coalition = frozenset[str]
Rows = list[tuple[list[str], int, int]]

channels = st.sampled_from(["direct", "email", "search", "social", "display"])
journeys = st.lists(
    st.tuples(st.lists(channels, min_size=1, max_size=5), st.integers(0, 40), st.integers(0, 90)),
    min_size=1,
    max_size=10,
).filter(lambda rows: any(row[1] for row in rows))


def as_paths(rows: Rows) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["path", "conversions", "nulls"])
    return frame.assign(path=frame["path"].str.join(" > "), value=frame["conversions"] * 12.37)


def conversions_within(rows: Rows) -> Callable[[Coalition], float]:
    return lambda members: sum(k for steps, k, _ in rows if set(steps) <= members)


def rate_within(rows: Rows) -> Callable[[Coalition], float]:
    def value(members: Coalition) -> float:
        inside = [(k, n) for steps, k, n in rows if set(steps) <= members]
        journeys = sum(k + n for k, n in inside)
        return sum(k for k, _ in inside) / journeys if journeys else 0.0

    return value


def by_definition(rows: Rows, value: Callable[[Coalition], float]) -> dict[str, float]:
    """The mean of what each channel adds, over all orders in which channels can join."""
    names = sorted({step for steps, k, n in rows if k + n for step in steps})
    added = dict.fromkeys(names, 0.0)
    orders = list(permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            added[name] += (value(before | {name}) - value(before)) / len(orders)
    return added


def vector() -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.read_csv(VECTORS / "input.csv").rename(columns={"revenue": "value"}), pd.read_csv(
        VECTORS / "expected.csv"
    )


def test_shapley_vector() -> None:
    paths, expected = vector()
    found = MODELS["shapley"](paths).by_channel
    assert found["channel"].tolist() == expected["channel"].tolist()
    np.testing.assert_allclose(found["credit"], expected["shapley_set"], rtol=1e-9)
    raw = shapley.rate_values(paths)
    np.testing.assert_allclose(raw["shapley_rate"], expected["shapley_rate_raw"], rtol=1e-9)
    assert (raw["monte_carlo_se"] == 0).all()
    scaled = MODELS["shapley_rate"](paths).by_channel["credit"]
    np.testing.assert_allclose(scaled, expected["shapley_rate_scaled"], rtol=1e-9)


def test_set_form_adds_up_the_ordered_form() -> None:
    ordered = pd.read_csv(VECTORS / "expected_ordered.csv").groupby("channel")["credit"].sum()
    found = MODELS["shapley"](vector()[0]).by_channel
    np.testing.assert_allclose(found["credit"], ordered, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(journeys)
def test_both_forms_are_what_their_games_define(rows: Rows) -> None:
    paths = as_paths(rows)
    by_set = by_definition(rows, conversions_within(rows))
    found = MODELS["shapley"](paths).by_channel
    assert found["channel"].tolist() == list(by_set)
    np.testing.assert_allclose(found["credit"], list(by_set.values()), atol=1e-9)
    np.testing.assert_allclose(found["value"], found["credit"] * 12.37, atol=1e-9)
    raw = shapley.rate_values(paths)
    np.testing.assert_allclose(raw["shapley_rate"], list(by_definition(rows, rate_within(rows)).values()), atol=1e-9)


def thirteen_channels() -> tuple[pd.DataFrame, Rows]:
    generator = np.random.default_rng(12)
    names = [f"c{n:02}" for n in range(13)]
    rows = [([names[n]], int(generator.integers(1, 9)), 50) for n in range(13)]
    rows += [
        (generator.choice(names, generator.integers(2, 5), replace=False).tolist(), int(generator.integers(0, 30)), 40)
        for _ in range(60)
    ]
    return as_paths(rows), rows


def test_sampled_permutations_come_within_their_own_error_of_the_exact_value(monkeypatch: pytest.MonkeyPatch) -> None:
    paths, _ = thirteen_channels()
    sampled = shapley.rate_values(paths)
    pd.testing.assert_frame_equal(shapley.rate_values(paths), sampled, check_exact=True)
    assert (sampled["monte_carlo_se"] > 0).all()
    total = paths["conversions"].sum() / (paths["conversions"] + paths["nulls"]).sum()
    assert sampled["shapley_rate"].sum() == pytest.approx(total, rel=1e-9)
    monkeypatch.setattr(shapley, "EXACT_CHANNELS", 13)
    exact = shapley.rate_values(paths)
    assert (exact["monte_carlo_se"] == 0).all()
    z = (sampled["shapley_rate"] - exact["shapley_rate"]) / sampled["monte_carlo_se"]
    assert (z.abs() < 4).all() and 0.3 < np.sqrt((z**2).mean()) < 1.7


def test_a_channel_that_adds_nothing_to_any_rate_is_a_null_player() -> None:
    """In the set form a channel only in journeys that did not convert; in the rate form it lowers rates instead."""
    rows: Rows = [(["a"], 3, 1), (["a", "d"], 0, 9), (["d"], 0, 2)]
    assert MODELS["shapley"](as_paths(rows)).by_channel["credit"].tolist() == [3.0, 0.0]
    assert shapley.rate_values(as_paths(rows))["shapley_rate"].iloc[1] < 0
    assert MODELS["shapley_rate"](as_paths(rows)).by_channel["credit"].tolist() == [3.0, 0.0]
