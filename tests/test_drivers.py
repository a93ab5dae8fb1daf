"""Drivers of satisfaction and conversion, against a published table and laws."""

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.drivers import EXPERIENCE_DRIVERS_COLUMNS, experience_drivers, stratified_difference

# Admissions to the graduate school of Berkeley in 1973, the six largest departments (Bickel, Hammel and O'Connell
# 1975): admitted and applied, of men and of women.
BERKELEY = pd.DataFrame(
    {
        "stratum": list("ABCDEF"),
        "men": [512, 353, 120, 138, 53, 22],
        "men_n": [825, 560, 325, 417, 191, 373],
        "women": [89, 17, 202, 131, 94, 24],
        "women_n": [108, 25, 593, 375, 393, 341],
    }
)


def cells() -> pd.DataFrame:
    parts = [
        pd.DataFrame({"level": level, "stratum": BERKELEY["stratum"], "n": BERKELEY[f"{level}_n"],
                      "successes": BERKELEY[level]})
        for level in ("men", "women")
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True).assign(outcome="admitted", driver="sex")


def test_a_difference_of_the_whole_may_vanish_within_strata() -> None:
    found = experience_drivers(cells()).set_index("level")
    # Published: 44.5 % of men and 30.4 % of women were admitted; within departments women were ahead or level.
    assert found.loc["men", "share"] == pytest.approx(0.445, abs=5e-4)
    assert found.loc["women", "share"] == pytest.approx(0.304, abs=5e-4)
    assert found.loc["men", "ci_low"] > 0.1 and found.loc["men", "q_value"] < 1e-9
    assert found.loc["men", "adjusted_difference"] < 0 < found.loc["men", "adjusted_ci_high"]
    assert found.loc["men", "strata"] == 6 and "not an effect" in found.loc["men", "note"]
    assert found.loc["women", "adjusted_difference"] == pytest.approx(-found.loc["men", "adjusted_difference"])
    assert list(experience_drivers(cells()).columns) == EXPERIENCE_DRIVERS_COLUMNS


def test_one_stratum_is_the_plain_difference_with_its_binomial_error() -> None:
    difference, low, high, strata = stratified_difference([30], [100], [20], [100])
    assert (difference, strata) == (pytest.approx(0.1), 1)
    # In one stratum of equal sizes the variance is p1 q1 / n + p0 q0 / n.
    assert high - difference == pytest.approx(1.959963984540054 * np.sqrt(0.21 / 100 + 0.16 / 100))
    assert difference - low == pytest.approx(high - difference)


def test_a_stratum_that_compares_nothing_is_left_out() -> None:
    with_empty = stratified_difference([30, 5], [100, 5], [20, 0], [100, 0])
    assert with_empty == stratified_difference([30], [100], [20], [100])
    assert np.isnan(stratified_difference([5], [5], [0], [0])[0])


def test_order_of_rows_few_units_and_single_levels() -> None:
    pd.testing.assert_frame_equal(experience_drivers(cells().iloc[::-1]), experience_drivers(cells()))
    few = experience_drivers(cells().assign(n=lambda t: t["n"] // 200, successes=0))
    assert few["is_small_sample"].all() and few[["q_value", "adjusted_ci_low", "adjusted_ci_high"]].isna().all(
        axis=None
    )
    assert experience_drivers(cells()[lambda t: t["level"] == "men"]).empty
    with pytest.raises(ValueError, match="repeat the key"):
        experience_drivers(pd.concat([cells(), cells()]))
