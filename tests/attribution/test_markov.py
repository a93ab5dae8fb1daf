"""Removal effects against known answers, and the laws of a fitted model."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline.attribution import MODELS, markov
from journey_pipeline.attribution.cells import allocate

VECTORS = Path(__file__).parents[1] / "vectors" / "11_markov"
NINE_PATHS = Path(__file__).parents[3] / "shared" / "fixtures" / "nine_paths"

channels = st.sampled_from(["direct", "email", "search", "social", "display"])
journeys = st.lists(
    st.tuples(st.lists(channels, min_size=1, max_size=6), st.integers(0, 40), st.integers(0, 400)),
    min_size=1,
    max_size=12,
)


def as_paths(rows: list[tuple[list[str], int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["path", "conversions", "nulls"])
    return frame.assign(path=frame["path"].str.join(" > "), value=frame["conversions"] * 12.375)


def effects_of(paths: pd.DataFrame, order: int = 1) -> pd.Series:
    return markov.removal_effects(paths, order).set_index("channel")["removal_effect"]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("dataset", ["four_paths", "three_paths", "with_loop"])
def test_markov_vector(dataset: str, order: int) -> None:
    paths = pd.read_csv(VECTORS / "input.csv").query("dataset == @dataset").assign(value=0.0)
    expected = pd.read_csv(VECTORS / "expected.csv").query("dataset == @dataset and order == @order")
    found = markov.removal_effects(paths, order)
    assert found["channel"].tolist() == expected["channel"].tolist()
    for theirs, ours in (
        ("base_conv_prob", "base"),
        ("removal_effect", "removal_effect"),
        ("raw_lost_conversions", "raw_lost_conversions"),
    ):
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=1e-9, err_msg=theirs)
    credit = markov.credit(paths, order).by_channel
    np.testing.assert_allclose(credit["credit"], expected["credit"], rtol=1e-9)


def test_published_chain_with_non_converting_paths() -> None:
    rows = [
        ("A>B>C", 1, 0),
        ("A>B", 1, 0),
        ("C", 0, 1),
        ("A>C", 0, 1),
        ("B", 1, 0),
        ("C>A", 1, 0),
        ("B>C", 0, 1),
    ]
    paths = pd.DataFrame(rows, columns=["path", "conversions", "nulls"]).assign(value=0.0)
    found = markov.removal_effects(paths)
    np.testing.assert_allclose(found["removal_effect"], [0.6, 0.631579, 0.375], atol=5e-7)
    np.testing.assert_allclose(markov.credit(paths).by_channel["credit"], [1.493857, 1.572482, 0.933661], atol=5e-7)


@settings(max_examples=60)
@given(journeys, st.integers(1, 4))
def test_credit_sums_exactly_and_base_is_the_observed_rate(rows: list[tuple[list[str], int, int]], order: int) -> None:
    paths = as_paths(rows)
    total = int(paths["conversions"].sum())
    found, credit = markov.removal_effects(paths, order), markov.credit(paths, order)
    if total == 0:
        assert found.empty and credit.by_channel.empty
        return
    everyone = total + paths["nulls"].sum()
    np.testing.assert_allclose(found["base"], total / everyone, rtol=1e-9)
    assert math.fsum(credit.by_channel["credit"]) == total
    assert math.fsum(credit.by_channel["value"]) == float(paths["value"].sum())
    assert (credit.by_channel[["credit", "value"]] >= 0).all(axis=None)
    assert found["removal_effect"].between(0, 1).all() and not credit.by_channel.isna().any(axis=None)
    assert credit.null_share == pytest.approx(paths["nulls"].sum() / everyone)


@settings(max_examples=40)
@given(journeys.filter(lambda rows: any(row[1] for row in rows)), st.randoms(), st.integers(1, 4))
def test_symmetry_scale_and_order(rows: list[tuple[list[str], int, int]], random: object, order: int) -> None:
    paths = as_paths(rows)
    found = effects_of(paths, order)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    pd.testing.assert_series_equal(effects_of(as_paths(shuffled), order), found, check_exact=True)
    doubled = markov.credit(pd.concat([paths, paths]), order).by_channel
    single = markov.credit(paths, order).by_channel
    np.testing.assert_allclose(doubled["credit"], 2 * single["credit"], atol=1e-9)
    swap = {"email": "search", "search": "email"}
    renamed = [([swap.get(step, step) for step in steps], k, n) for steps, k, n in rows]
    swapped = effects_of(as_paths(renamed), order).rename(index=swap).sort_index()
    np.testing.assert_allclose(swapped, found, atol=1e-9)


def test_a_long_memory_measures_presence() -> None:
    rows = [(["a", "b"], 3, 5), (["b"], 2, 9), (["c", "a"], 1, 1), (["c"], 4, 0)]
    found = effects_of(as_paths(rows), order=4)
    np.testing.assert_allclose(found, [4 / 10, 5 / 10, 5 / 10])


def test_self_loops_do_not_change_a_chain_of_order_one() -> None:
    paths = as_paths([(["a", "a", "b"], 3, 1), (["b", "b"], 1, 4), (["a"], 2, 2)])
    kept = markov.removal_effects(paths, collapse_repeats=False)
    np.testing.assert_allclose(kept["removal_effect"], markov.removal_effects(paths)["removal_effect"])


def test_a_channel_nobody_converts_through_earns_nothing() -> None:
    found = effects_of(as_paths([(["a"], 3, 1), (["d"], 0, 9)]))
    assert found["d"] == 0.0 and found["a"] == 1.0


def test_a_channel_that_only_leads_to_losses_can_still_earn_at_order_one() -> None:
    rows = [(["x", "c"], 0, 10), (["c"], 10, 0)]
    assert effects_of(as_paths(rows))["x"] == pytest.approx(0.5)
    assert effects_of(as_paths(rows), order=2)["x"] == 0.0


def test_without_nulls_it_works_and_says_so() -> None:
    credit = markov.credit(as_paths([(["a", "b"], 3, 0), (["b"], 2, 0)]))
    assert credit.null_share == 0.0
    assert credit.by_channel["credit"].sum() == 5


def test_conversions_without_a_touch_are_not_in_the_chain() -> None:
    paths = pd.DataFrame(
        {
            "path": ["a", None, "", "unattributed"],
            "conversions": [2, 5, 5, 5],
            "nulls": [2, 0, 0, 0],
            "value": 1.0,
        }
    )
    found = markov.credit(paths)
    assert found.by_channel["credit"].tolist() == [2.0] and found.by_channel["value"].tolist() == [1.0]
    assert found.null_share == 0.5


def test_many_states_iterate_to_the_same_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(11)
    names = np.array(list("abcdefgh"))
    rows = [
        (list(generator.choice(names, generator.integers(1, 8))), int(generator.integers(0, 5)), 20) for _ in range(300)
    ]
    solved = {order: effects_of(as_paths(rows), order) for order in (1, 2, 3)}
    monkeypatch.setattr(markov, "MAX_DENSE_STATES", 0)
    for order, expected in solved.items():
        np.testing.assert_allclose(effects_of(as_paths(rows), order), expected, atol=1e-11)


def test_wrong_requests_are_refused() -> None:
    for order in (0, 5):
        with pytest.raises(ValueError, match=f"order must be 1 to 4, found {order}"):
            markov.removal_effects(as_paths([(["a"], 1, 1)]), order=order)
    with pytest.raises(ValueError, match="name no channel"):
        markov.removal_effects(pd.DataFrame({"path": ["a > > b"], "conversions": [1], "nulls": [1]}))


@given(st.floats(0.01, 1e9), st.lists(st.floats(0, 1e6), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-3))
def test_allocation_sums_exactly(total: float, weights: list[float]) -> None:
    parts = allocate(total, np.array(weights))
    assert math.fsum(parts) == total
    np.testing.assert_allclose(parts, total * np.array(weights) / sum(weights), rtol=1e-9, atol=1e-6)


def test_the_registry_holds_the_model() -> None:
    paths = as_paths([(["a", "b"], 3, 5), (["b"], 2, 9)])
    pd.testing.assert_frame_equal(MODELS["markov"](paths).by_channel, markov.credit(paths).by_channel)


@pytest.mark.skipif(not NINE_PATHS.is_dir(), reason="../shared/fixtures/nine_paths is absent: not part of this project")
def test_nine_paths_by_another_library() -> None:
    journeys = pd.read_csv(NINE_PATHS / "expected_9paths_by_journey.csv")
    by_channel = pd.read_csv(NINE_PATHS / "expected_9paths_dp6_mam.csv").set_index("channels")
    value = journeys["conversion_value"].astype(float)
    paths = pd.DataFrame({"path": journeys["channels_agg"], "conversions": 1, "nulls": 0, "value": value})
    found = markov.credit(paths)
    # Its credit is in value; without a value column it drops non-converting journeys, but here every journey
    # converts.
    expected = by_channel["attribution_markov_algorithmic"]
    np.testing.assert_allclose(found.by_channel["value"], expected, rtol=1e-9)
    assert found.null_share == 0.0
    effect = effects_of(paths)
    for path, shares in journeys[["channels_agg", "attribution_markov_algorithmic"]].itertuples(index=False):
        ours = effect[path.split(" > ")]
        theirs = np.array(str(shares).split(" > "), float)
        np.testing.assert_allclose(ours / ours.sum(), theirs, rtol=1e-9)
