"""How many people an experiment needs, against a maintained library and the formula's own inverse."""

from __future__ import annotations

import pytest
from tea_tasting import Mean
from tea_tasting.aggr import Aggregates

from journey_pipeline.experiments.planning import people_needed, plan, power_of


@pytest.mark.parametrize(("share", "effect"), [(0.5, 0.02), (0.5, 0.005), (0.9, 0.01), (0.2, 0.01)])
def test_the_people_needed_are_those_of_tea_tasting(share: float, effect: float) -> None:
    variance = 0.05 * 0.95
    metric = Mean(
        "y", alpha=0.05, power=0.8, ratio=share / (1 - share), use_t=False, equal_var=True, effect_size=effect
    )
    told = metric.solve_power_from_aggregates(Aggregates(1000, {"y": 0.05}, {"y": variance}), "n_obs")[0]
    # Theirs holds the far tail as well, which is nothing at this power.
    assert people_needed(variance, effect, share) == pytest.approx(told.n_obs, abs=1)


def test_so_many_people_have_the_power_that_was_asked_for() -> None:
    people = people_needed(4.0, 0.3, share=0.3, power=0.9)
    assert power_of(people, 4.0, 0.3, share=0.3) == pytest.approx(0.9, abs=1e-3)
    assert power_of(people // 2, 4.0, 0.3, share=0.3) < 0.7
    assert power_of(100, 4.0, 1e-12) == pytest.approx(0.05), "of nothing it is alpha"


def test_weeks_are_those_to_find_people_and_the_last_window() -> None:
    needed = people_needed(0.0475, 0.01)
    there = plan(0.0475, 0.01, 30, now=needed, per_week=0)
    assert (there.people, there.weeks_to_assign, there.weeks) == (needed, 0, 5)
    assert there.control + there.treated == needed and there.power >= 0.8
    coming = plan(0.0475, 0.01, 28, now=needed - 250, per_week=100)
    assert (coming.weeks_to_assign, coming.weeks) == (3, 7)
    given = plan(0.0475, 0.01, 28, now=1000, per_week=0, people=1000)
    assert given.people == 1000 and given.power < 0.3


def test_what_cannot_be_found_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing varies in this metric"):
        plan(0.0, 0.01, 30, now=10, per_week=1)
    with pytest.raises(ValueError, match="people are needed, 10 are there and none come"):
        plan(0.0475, 0.01, 30, now=10, per_week=0)
