"""How good predictions are, against known answers, other libraries and predictions whose truth is known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline.predictions import quality

VECTORS = Path(__file__).parents[1] / "vectors"
EXACT = {"rtol": 1e-9, "atol": 1e-12}


def known(n: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and outcomes drawn by them."""
    chance = np.random.default_rng(seed)
    p = chance.beta(0.8, 3.0, n)
    return p, (chance.random(n) < p).astype(float)


def test_prediction_metrics_vector() -> None:
    rows = pd.read_csv(VECTORS / "52_prediction_metrics/input.csv")
    expected = pd.read_csv(VECTORS / "52_prediction_metrics/expected.csv").iloc[0]
    found = pd.Series(quality.metrics(rows["score"], rows["label"], rows["row_no"]))
    np.testing.assert_allclose(found[expected.index], expected, **EXACT)


def test_psi_vector() -> None:
    rows = pd.read_csv(VECTORS / "53_psi/input.csv")
    expected = pd.read_csv(VECTORS / "53_psi/expected.csv").iloc[0]
    params = json.loads((VECTORS / "53_psi/params.json").read_text())
    found = quality.psi(rows["reference"], rows["current"], params["floor"])
    assert found == pytest.approx(expected["psi"], rel=1e-9)
    assert quality.psi_status(found, params["warn"], params["fail"]) == expected["status"]
    assert [quality.psi_status(value) for value in (0.0999, 0.1, 0.2499, 0.25, np.nan)] == [
        "stable", "warn", "warn", "fail", "unknown",
    ]  # fmt: skip


def test_scores_are_those_of_scikit_learn() -> None:
    from sklearn import metrics

    p, y = known(3_000)
    p = p.round(2)  # with ties
    found = quality.metrics(p, y, np.arange(3_000))
    assert found["auc"] == pytest.approx(metrics.roc_auc_score(y, p), rel=1e-12)
    assert found["brier"] == pytest.approx(metrics.brier_score_loss(y, p), rel=1e-12)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, np.clip(p, 1e-15, 1 - 1e-15)), rel=1e-9)


def test_the_calibration_line_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    p, y = known(3_000)
    p = np.clip(p, 0.001, 0.999) ** 1.5
    line = LogisticRegression(C=1e12, tol=1e-10, max_iter=1_000).fit(quality.log_odds(p)[:, None], y)
    slope, intercept = quality.calibration_slope(p, y)
    assert slope == pytest.approx(line.coef_[0, 0], rel=1e-4)
    assert intercept == pytest.approx(line.intercept_[0], rel=1e-3)


def test_true_probabilities_are_calibrated_and_stretched_ones_are_not() -> None:
    p, y = known(60_000)
    slope, intercept = quality.calibration_slope(p, y)
    assert (slope, intercept) == (pytest.approx(1, abs=0.05), pytest.approx(0, abs=0.05))
    assert quality.ece(p, y) < 0.01
    odds = quality.log_odds(p)
    assert quality.calibration_slope(1 / (1 + np.exp(-2 * odds)), y)[0] == pytest.approx(slope / 2, rel=1e-6)


def test_shuffled_outcomes_are_no_better_than_chance() -> None:
    p, y = known(20_000)
    found = quality.metrics(p, np.random.default_rng(2).permutation(y), np.arange(20_000))
    assert found["auc"] == pytest.approx(0.5, abs=0.02)
    assert found["lift_top10"] == pytest.approx(1, abs=0.15)
    assert found["log_loss_skill"] < 0 and found["brier_skill"] < 0


def test_the_base_rate_has_no_skill_and_a_perfect_score_all_of_it() -> None:
    _, y = known(500)
    base = quality.metrics(np.full(500, y.mean()), y, np.arange(500))
    assert (base["auc"], base["brier_skill"], base["log_loss_skill"]) == (0.5, 0.0, 0.0)
    perfect = quality.metrics(y, y, np.arange(500))
    assert (perfect["auc"], perfect["brier_skill"]) == (1.0, 1.0)
    assert perfect["log_loss_skill"] == pytest.approx(1, abs=1e-12)
    assert np.isnan(perfect["calibration_slope"])


def test_one_outcome_only_is_undefined_not_zero() -> None:
    found = quality.metrics(np.array([0.2, 0.4]), np.zeros(2), np.arange(2))
    undefined = {name for name, value in found.items() if np.isnan(value)}
    assert undefined >= {"auc", "lift_top10", "capture_top10", "calibration_slope", "brier_skill", "log_loss_skill"}
    assert found["brier"] == pytest.approx(0.1)
    nothing = quality.metrics(np.array([]), np.array([]), np.array([]))
    assert nothing.pop("n") == 0 and np.isnan(list(nothing.values())).all()


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_neither_order_nor_ties_of_rows_change_a_number(n: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    table = pd.DataFrame({"p": chance.integers(0, 6, n) / 5, "y": chance.integers(0, 2, n), "key": np.arange(n)})
    other = table.sample(frac=1, random_state=seed % 1000)
    for first, second in zip(
        quality.metrics(table["p"], table["y"], table["key"]).values(),
        quality.metrics(other["p"], other["y"], other["key"]).values(),
        strict=True,
    ):
        assert first == pytest.approx(second, rel=1e-9, abs=1e-12, nan_ok=True)
    pd.testing.assert_frame_equal(
        quality.decile_table(table["p"], table["y"], table["key"]),
        quality.decile_table(other["p"], other["y"], other["key"]),
    )


def test_the_edges_of_calibration_bins_belong_to_the_bin_above() -> None:
    p = np.array([0.0, 0.1, 0.2, 0.3, 0.6, 0.7, 0.99, 1.0])
    table = quality.calibration_table(p, np.ones(8))
    assert table["bin"].tolist() == [1, 2, 3, 4, 7, 8, 10]
    assert table["n"].tolist() == [1, 1, 1, 1, 1, 1, 2]
    assert table["n"].sum() == 8 and (table["ci_high"] == 1).all()


def test_deciles_hold_everybody_once_and_their_events() -> None:
    p, y = known(1_003)
    table = quality.decile_table(p, y, np.arange(1_003))
    assert table["n"].sum() == 1_003 and set(table["n"]) == {100, 101}
    assert table["events"].sum() == y.sum()
    assert table["mean_probability"].is_monotonic_decreasing
    assert (table["n"] * table["error"]).sum() == pytest.approx(p.sum() - y.sum())
    assert (table["n"] * table["rate_ratio"]).sum() == pytest.approx(1_003)


def test_value_deciles_and_errors_of_values() -> None:
    predicted, actual = np.arange(40.0), np.arange(40.0) + np.tile([-1, 1], 20)
    table = quality.value_deciles(predicted, actual, np.arange(40))
    assert table["predicted"].iloc[0] == 36 + 37 + 38 + 39 and table["error"].abs().max() == 0
    errors = quality.value_errors(predicted, actual)
    assert (errors["rmse"], errors["mae"], errors["bias_ratio"]) == (1, 1, 1)
    assert errors["spearman"] == pytest.approx(pd.Series(predicted).corr(pd.Series(actual), method="spearman"))


def test_drift_is_none_on_the_same_values_and_sees_what_moved_or_went_missing() -> None:
    values = np.random.default_rng(3).lognormal(0, 1, 5_000)
    assert quality.drift(values, values[::-1]) == 0
    assert quality.drift(values, np.random.default_rng(4).lognormal(0, 1, 5_000)) < 0.01
    assert quality.drift(values, values * 3) > quality.PSI_FAIL
    missing = np.where(np.arange(5_000) % 3 == 0, np.nan, values)
    assert quality.drift(values, missing) > quality.PSI_FAIL
    mostly_zero = np.where(np.arange(5_000) % 20 == 0, values, 0.0)
    for filled in (mostly_zero, -mostly_zero):
        assert quality.drift(filled, filled) == 0 < quality.PSI_FAIL < quality.drift(filled, values)
    assert np.isnan(quality.drift(values, np.array([])))


def test_a_better_model_is_seen_to_be_better_and_a_worse_one_never() -> None:
    p, y = known(8_000)
    bucket = np.arange(8_000) % 20
    base = np.full(8_000, y.mean())
    better = quality.paired_log_loss(p, base, y, bucket)
    assert better.low > 0
    assert better.difference == pytest.approx(quality.log_loss(base, y) - quality.log_loss(p, y), rel=1e-12)
    worse = quality.paired_log_loss(base, p, y, bucket)
    assert worse.high < 0 and worse.difference == -better.difference
    same = quality.paired_log_loss(p, p, y, bucket)
    assert same == (0, 0, 0, 0)


def test_the_paired_interval_holds_the_truth_when_a_customer_has_several_rows() -> None:
    held = 0
    for seed in range(100):
        chance = np.random.default_rng(seed)
        customer = np.repeat(np.arange(400), 5)
        p = np.repeat(chance.beta(1, 3, 400), 5)
        y = np.repeat((chance.random(400) < p[::5]).astype(float), 5)  # the five rows of a customer say the same
        found = quality.paired_log_loss(p, np.full(2_000, 0.25), y, customer % 20)
        held += found.low <= EXPECTED_GAIN <= found.high
    assert held >= 88


# Mean over p of beta(1, 3): the entropy of p less the log-loss of always saying 0.25, by the integral.
_GRID = (np.arange(200_000) + 0.5) / 200_000
EXPECTED_GAIN = float(
    np.mean(3 * (1 - _GRID) ** 2 * (_GRID * np.log(_GRID / 0.25) + (1 - _GRID) * np.log((1 - _GRID) / 0.75)))
)


def test_what_is_no_probability_is_an_error() -> None:
    for p, y in (([1.2], [1]), ([0.3], [2]), ([np.nan], [1]), ([0.3, 0.4], [1])):
        with pytest.raises(ValueError, match="one probability from 0 to 1 per outcome"):
            quality.metrics(np.array(p), np.array(y), np.arange(len(p)))
