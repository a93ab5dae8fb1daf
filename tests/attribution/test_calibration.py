"""Calibration by experiments against known answers and its laws."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.attribution.calibration import TAU, calibrate, experiments_in_window

VECTOR = Path(__file__).parents[1] / "vectors" / "16_calibration"
WINDOW = (date(2026, 9, 21), date(2026, 11, 16))  # 56 days


def model_credit(sd: float = 0.0) -> pd.DataFrame:
    given = pd.read_csv(VECTOR / "input_credit.csv").rename(columns={"model_credit": "credit"})
    return given.assign(credit_sd=sd)


def results_of(*names: str) -> pd.DataFrame:
    given = pd.read_csv(VECTOR / "input_experiments.csv").rename(columns={"se": "standard_error"})
    return given[given["channel"].isin(names)] if names else given


def test_vector() -> None:
    params = json.loads((VECTOR / "params.json").read_text())
    expected = pd.read_csv(VECTOR / "expected.csv")
    found = calibrate(model_credit(), results_of(), params["kappa"], params["tau"])
    assert found["channel"].tolist() == expected["channel"].tolist()
    for name in expected.columns[2:]:
        np.testing.assert_allclose(found[name].astype(float), expected[name], rtol=1e-10, err_msg=name)


def test_without_experiments_a_role_keeps_its_prior_and_is_not_calibrated() -> None:
    found = calibrate(model_credit(), results_of("none")).set_index("channel")
    # The channel's own spread and the role's.
    assert found.loc["video", "multiplier"] == 1 and found.loc["video", "multiplier_sd"] == pytest.approx(
        2**0.5 * TAU["push"]
    )
    assert not found["is_calibrated"].any()


def test_total_variance_holds_sampling_and_bias() -> None:
    exact, sampled = calibrate(model_credit(), results_of()), calibrate(model_credit(sd=50.0), results_of())
    known = exact["multiplier"].notna()
    more = sampled.loc[known, "calibrated_sd"] ** 2 - exact.loc[known, "calibrated_sd"] ** 2
    np.testing.assert_allclose(more, (50 * exact.loc[known, "multiplier"]) ** 2)


def test_a_precise_test_is_believed_and_a_vague_one_is_not() -> None:
    precise = results_of("generic").assign(standard_error=1e-3)
    vague = results_of("generic").assign(standard_error=1e7)
    assert calibrate(model_credit(), precise).set_index("channel").loc["generic", "calibrated_credit"] == (
        pytest.approx(420, abs=1e-3)
    )
    assert calibrate(model_credit(), vague).set_index("channel").loc["generic", "multiplier"] == pytest.approx(1)


def experiment(started: str, ended: str, lift: float = 70.0, error: float = 20.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "channel": ["generic"],
            "started_on": [started],
            "ended_on": [ended],
            "lift_conversions": [lift],
            "standard_error": [error],
        }
    )


def test_a_test_of_half_the_window_counts_twice() -> None:
    found = experiments_in_window(experiment("2026-10-19", "2026-11-15"), *WINDOW).iloc[0]
    assert found["lift_conversions"] == 140 and found["standard_error"] == 40


def test_a_test_half_a_year_old_has_twice_the_variance() -> None:
    # 2026-05-17 is the last day of a test that ended 26 weeks before the window's end.
    found = experiments_in_window(experiment("2026-03-23", "2026-05-17"), *WINDOW).iloc[0]
    assert found["standard_error"] == pytest.approx(20 * 2**0.5)


def test_two_equal_tests_are_one_of_half_the_variance_and_a_running_one_is_none() -> None:
    one = experiment("2026-09-21", "2026-11-15")
    pooled = experiments_in_window(pd.concat([one, one]), *WINDOW).iloc[0]
    assert pooled["lift_conversions"] == pytest.approx(70)
    assert pooled["standard_error"] == pytest.approx(20 / 2**0.5)
    assert experiments_in_window(experiment("2026-11-01", "2026-11-16"), *WINDOW).empty


def test_an_experiment_without_an_error_is_refused() -> None:
    with pytest.raises(ValueError, match="standard_error"):
        experiments_in_window(experiment("2026-09-21", "2026-11-15", error=0.0), *WINDOW)
