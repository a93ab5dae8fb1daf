"""What a smaller drop-off would bring, against known answers and against journeys walked one by one."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.predictions import impact

VECTOR = Path(__file__).parents[1] / "vectors" / "72_optimisation_impact"
AS_OF = datetime(2026, 3, 2)
DAY = 86_400
FUNNELS = pd.DataFrame({"funnel": ["shop"], "terminal_from": [4]})
STAGES = pd.DataFrame(
    {
        "funnel": "shop",
        "stage_number": range(1, 7),
        "stage": ["look", "wish", "cart", "order", "praise", "recall"],
        "is_optional": [False, True, False, False, False, False],
        "is_exclusion": [False, False, False, False, False, True],
    }
)


def cells(**columns: object) -> pd.DataFrame:
    """One cohort of the step from look to cart, the one from cart to order after it."""
    base = pd.DataFrame(
        {
            "week": "2026-01-05",
            "view": "cohort",
            "funnel": "shop",
            "mode": "reached",
            "is_default_mode": True,
            "from_stage": ["look", "cart"],
            "to_stage": ["cart", "order"],
            "breakdown": "all",
            "member": "all",
            "window_seconds": 14 * DAY,
            "entered": [1_000, 400],
            "converted": [400, 100],
            "imputed": 0,
            "open": 0,
            "median_seconds": None,
            "p75_seconds": None,
            "p90_seconds": None,
        }
    )
    return base.assign(**columns)


def test_vector() -> None:
    counts = pd.read_csv(VECTOR / "input.csv").set_index("stage")["n"]
    params = json.loads((VECTOR / "params.json").read_text())
    entered, converted = counts.to_numpy()[:-1], counts.to_numpy()[1:]
    for row in pd.read_csv(VECTOR / "expected.csv").itertuples():
        step = counts.index.get_loc(row.stage)
        found = impact.reduced_drop_off(
            entered, converted, step, params["dropoff_reduction"], params["marginal_quality"]
        )
        assert converted[step] / entered[step] == row.p_before
        assert found.extra == pytest.approx(row.extra_conversions, rel=1e-9)
        assert found.low == pytest.approx(row.ci_lo, rel=1e-9)
        assert found.high == pytest.approx(row.ci_hi, rel=1e-9)
        assert found.extra * params["order_value"] == pytest.approx(row.extra_revenue, rel=1e-9)
        assert found.extra / found.before == pytest.approx(row.relative_lift, rel=1e-9)


def test_no_drop_off_left_at_full_quality_sends_everybody_to_the_next_step() -> None:
    found = impact.reduced_drop_off(np.array([1_000, 400]), np.array([400, 100]), 0, 1.0, 1.0)
    assert found.before + found.extra == pytest.approx(1_000 * 0.25)


def test_the_interval_holds_what_other_counts_of_the_same_rates_would_say() -> None:
    chance = np.random.default_rng(1)
    carts = chance.binomial(1_000, 0.4, 4_000)
    orders = chance.binomial(400, 0.25, 4_000)
    entered = np.column_stack((np.full(4_000, 1_000), np.full(4_000, 400)))
    found = impact.reduced_drop_off(entered, np.column_stack((carts, orders)), 0, 0.1, 0.8)
    truth = 1_000 * 0.1 * 0.6 * 0.25 * 0.8
    assert 0.93 < np.mean((found.low <= truth) & (truth <= found.high)) < 0.97


def test_every_required_step_up_to_the_conversion_has_all_scenarios() -> None:
    found = impact.planned_improvements(cells(), STAGES, FUNNELS, AS_OF, reduction=0.1)
    assert not found.duplicated(impact.KEY).any()
    assert found.groupby("step").size().to_dict() == {"cart": 9, "look": 9}
    assert sorted(set(found["reduction"])) == [0.05, 0.1, 0.15]
    assert sorted(set(found["marginal_quality"])) == [0.5, 0.8, 1.0]
    planned = found[found["is_planned"]].set_index("step")
    assert planned[["reduction", "marginal_quality"]].drop_duplicates().to_numpy().tolist() == [[0.1, 0.8]]
    assert planned.loc["look", "extra_conversions"] == pytest.approx(1_000 * 0.1 * 0.6 * 0.25 * 0.8)
    assert planned.loc["look", "conversions"] == pytest.approx(100)
    assert planned.loc["cart", "extra_conversions"] == pytest.approx(400 * 0.1 * 0.75 * 0.8)
    assert planned["next_step"].to_dict() == {"look": "cart", "cart": "order"}
    assert planned["drop_off"].to_dict() == {"look": 0.6, "cart": 0.75}
    # Half the reduction at half the quality is the quarter of all of it.
    by = found.set_index(["step", "reduction", "marginal_quality"])["extra_conversions"]
    assert by["look", 0.05, 0.5] == pytest.approx(by["look", 0.1, 1.0] / 4)
    assert by.groupby("step").idxmax().map(lambda key: key[1:]).tolist() == [(0.15, 1.0)] * 2


def test_only_weeks_that_are_mature_at_every_step_from_there_on_count() -> None:
    young = cells(window_seconds=[14 * DAY, 90 * DAY])
    assert impact.planned_improvements(young, STAGES, FUNNELS, AS_OF).empty
    young = cells(window_seconds=[90 * DAY, 14 * DAY])
    assert set(impact.planned_improvements(young, STAGES, FUNNELS, AS_OF)["step"]) == {"cart"}
    assert set(impact.planned_improvements(cells().iloc[1:], STAGES, FUNNELS, AS_OF)["step"]) == {"cart"}
    assert impact.planned_improvements(cells().iloc[:1], STAGES, FUNNELS, AS_OF).empty
    assert impact.planned_improvements(cells().iloc[:0], STAGES, FUNNELS, AS_OF).empty


def test_other_views_modes_and_members_are_not_mixed_in() -> None:
    others = [
        cells(view="hazard"),
        cells(mode="strict", is_default_mode=False),
        cells(breakdown="market", member="DE"),
        # The same two ends with the time of the whole funnel, past a step between them.
        cells(from_stage="look", to_stage="order", window_seconds=60 * DAY).iloc[:1],
    ]
    alone = impact.planned_improvements(cells(), STAGES, FUNNELS, AS_OF)
    mixed = impact.planned_improvements(pd.concat([*others, cells()]), STAGES, FUNNELS, AS_OF)
    pd.testing.assert_frame_equal(mixed, alone)


def test_where_everybody_goes_on_or_nobody_later_does_there_is_no_interval() -> None:
    everybody = impact.planned_improvements(cells(converted=[1_000, 100]), STAGES, FUNNELS, AS_OF)
    look = everybody[everybody["step"] == "look"]
    assert (look["extra_conversions"] == 0).all() and look[["ci_low", "ci_high"]].isna().all(axis=None)
    nobody = impact.planned_improvements(cells(converted=[400, 0]), STAGES, FUNNELS, AS_OF)
    look = nobody[nobody["step"] == "look"]
    assert (look["extra_conversions"] == 0).all() and look[["ci_low", "ci_high"]].isna().all(axis=None)
    assert look["relative_change"].isna().all()


def test_the_fewest_journeys_of_the_chain_decide_whether_a_sample_is_small() -> None:
    found = impact.planned_improvements(cells(entered=[1_000, 29], converted=[400, 9]), STAGES, FUNNELS, AS_OF)
    assert found["is_small_sample"].all()


@pytest.mark.parametrize("reduction", [0.0, -0.1, 0.7])
def test_a_reduction_that_cannot_be_planned_is_an_error(reduction: float) -> None:
    with pytest.raises(ValueError, match=r"planned reduction: expected above 0 and at most 0.67"):
        impact.planned_improvements(cells(), STAGES, FUNNELS, AS_OF, reduction)
