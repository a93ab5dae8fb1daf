"""Predictions against a market whose later months are known, and the gate that holds back what is no better."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.predictions import backtest, learners, quality, scores, values
from journey_pipeline.predictions.backtest import BASELINE, MODEL, Trained
from journey_pipeline.predictions.baselines import cell_rates
from journey_pipeline.predictions.clv import Terms
from journey_pipeline.predictions.learners import person_bins
from journey_pipeline.predictions.targets import TARGETS, Cells, Target
from tests.predictions import market

BY_NAME = {target.name: target for target in TARGETS}
END, AS_OF = date(2026, 9, 14), date(2026, 6, 15)
TESTED = ("purchase_30", "purchase_60", "purchase_90", "churn_90")


@pytest.fixture(scope="module")
def told() -> market.Told:
    return market.lived(seed=3, customers=20_000, weeks=91, end=END)


@pytest.fixture(scope="module")
def tables(told: market.Told, tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Labelled rows of earlier anchors, and the rows to be scored in the middle of June."""
    bench = market.known_at(market.compiled(tmp_path_factory.mktemp("dbt")), told, AS_OF)
    return market.labelled(bench), market.asked(bench)


@pytest.fixture(scope="module")
def trained(tables: tuple[pd.DataFrame, pd.DataFrame]) -> dict[str, Trained]:
    return {name: backtest.train(BY_NAME[name], tables[0], 200) for name in TESTED}


def score_of(trained: Trained, rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame.assign(outcome=outcome) for outcome, frame in scores.scored(trained, rows)])


@pytest.mark.parametrize("name", TESTED)
def test_scores_keep_what_they_promise(
    name: str, told: market.Told, tables: tuple[pd.DataFrame, pd.DataFrame], trained: dict[str, Trained]
) -> None:
    said = score_of(trained[name], tables[1]).dropna(subset=["value"])
    bought = said["customer_id"].isin(market.came(told, AS_OF, BY_NAME[name].horizon)).to_numpy(np.int64)
    came = 1 - bought if name == "churn_90" else bought
    assert len(said) > 1500
    assert quality.ece(said["value"].to_numpy(), came) <= 0.03


@pytest.mark.parametrize("name", TESTED)
def test_what_is_released_beats_its_baseline_at_every_origin(name: str, trained: dict[str, Trained]) -> None:
    found = trained[name]
    assert len(found.origins) >= 3
    better = all(origin.paired.difference > 0 for origin in found.origins)
    assert (found.name == MODEL) == (found.reason is None)
    assert better or found.name == BASELINE


@pytest.mark.parametrize(("name", "told_of"), [("purchase_30", 3), ("purchase_60", 1)])
def test_the_level_of_a_season_is_kept_where_a_year_before_is_known(
    name: str, told_of: int, tables: tuple[pd.DataFrame, pd.DataFrame], trained: dict[str, Trained]
) -> None:
    """78 weeks before the run hold two windows of 30 days a year before each origin, of 60 days before the latest."""
    told = [origin for origin in trained[name].origins if origin.shifts]
    blind = backtest.train(BY_NAME[name], tables[0][tables[0]["days_back"] % BY_NAME[name].horizon == 0], 200)
    losses = [
        np.mean([backtest.log_losses(o.shares[MODEL], o.labels).mean() for o in found.origins[: len(told)]])
        for found in (trained[name], blind)
    ]
    assert len(told) == told_of and not any(origin.shifts for origin in blind.origins)
    assert max(quality.ece(origin.shares[MODEL][:, 1], origin.labels) for origin in told) <= 0.03
    assert losses[0] < losses[1]


def test_most_targets_of_a_market_are_worth_a_model(trained: dict[str, Trained]) -> None:
    released = [name for name, found in trained.items() if found.name == MODEL]
    assert {"purchase_30", "purchase_60", "churn_90"} <= set(released)


def test_shuffled_labels_teach_nothing(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows = tables[0].copy()
    draw = np.random.default_rng(5)
    for _, group in rows.groupby("days_back"):
        rows.loc[group.index, "purchase_60"] = draw.permutation(group["purchase_60"].to_numpy())
    found = backtest.train(BY_NAME["purchase_60"], rows, 200)
    assert found.name == BASELINE
    assert max(quality.auc(o.shares[MODEL][:, 1], o.labels) for o in found.origins) < 0.55
    assert max(origin.skill for origin in found.origins) < 0.002


def test_a_planted_column_of_the_future_and_another_order_of_rows_change_nothing(
    tables: tuple[pd.DataFrame, pd.DataFrame], trained: dict[str, Trained]
) -> None:
    rows, asked = tables
    planted = rows.assign(future=rows["purchase_60"], active_days_future=rows["purchase_60"])
    planted = planted.sample(frac=1, random_state=1, ignore_index=True)
    other = backtest.train(BY_NAME["purchase_60"], planted, 200)
    one, again = (score_of(each, asked) for each in (trained["purchase_60"], other))
    pd.testing.assert_frame_equal(one, again, check_exact=True)


def test_two_threads_give_the_same_bits(
    tables: tuple[pd.DataFrame, pd.DataFrame], trained: dict[str, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(learners._PARAMETERS, "num_threads", 2)
    other = backtest.train(BY_NAME["churn_90"], tables[0], 200)
    one, again = (score_of(each, tables[1]) for each in (trained["churn_90"], other))
    pd.testing.assert_frame_equal(one, again, check_exact=True)


def test_too_few_events_leave_a_target_empty_and_say_so(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    rows, asked = tables
    few = rows[rows["bucket"] == 0]
    found = backtest.train(BY_NAME["purchase_90"], few, 1000)
    assert (found.model, found.name) == (None, None)
    assert found.reason is not None and "fewer than 1000" in found.reason
    assert list(scores.scored(found, asked)) == []


def test_who_did_not_agree_has_a_row_without_a_score(
    tables: tuple[pd.DataFrame, pd.DataFrame], trained: dict[str, Trained]
) -> None:
    asked = tables[1]
    said = score_of(trained["purchase_30"], asked).set_index("customer_id")
    refused = asked.loc[~asked["is_consented"], "customer_id"]
    assert len(refused) > 1000
    assert set(said.loc[refused, "reason"]) == {scores.NO_CONSENT}
    assert said.loc[refused, "value"].isna().all()
    assert len(said) == len(asked) and said.index.is_unique


def test_value_beats_the_naive_one(tables: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    target = BY_NAME["value_365"]
    rows, asked = tables
    now = values.histories(backtest.population(target, asked))
    found = values.train(target, rows, now, Terms(), 100)
    assert found.name is not None and not found.is_baseline
    assert min(found.gains) > 0 and found.paired is not None and found.paired.low > 0
    assert len(found.origins) >= 2
    # Quarters without a year of tests before them have no interval: their season is not known.
    assert [np.isnan(origin.total.low) for origin in found.origins] == [True] * len(found.origins)
    assert found.total is not None and found.total.low < found.total.value < found.total.high


# --- the pieces -------------------------------------------------------------------------------------------------------


def of(target: Target, **given: Any) -> Target:
    return Target(**{**target.__dict__, **given})


def test_rates_of_cells_follow_laplace_where_they_are_even() -> None:
    """30 of 100 moved on, 60 stayed, 10 left; add one to each of three (Laplace's rule of succession)."""
    cells = Cells(lambda rows: rows["stage"].to_numpy(np.int64), 3, "", is_even=True)
    labels = np.repeat([0, 1, 2], [30, 60, 10])
    rates = cell_rates(cells, pd.DataFrame({"stage": np.ones(100)}), labels, 3)
    assert rates.probabilities(pd.DataFrame({"stage": [1, 2]})) == pytest.approx(
        np.array([[31 / 103, 61 / 103, 11 / 103], [1 / 3, 1 / 3, 1 / 3]])
    )


def test_a_row_lives_through_every_bin_up_to_its_own() -> None:
    rows, numbers, ends = person_bins(np.array([0, 2, 4]), 4)
    assert rows.tolist() == [0, 1, 1, 1, 2, 2, 2, 2]
    assert numbers.tolist() == [0, 0, 1, 2, 0, 1, 2, 3]
    assert ends.tolist() == [1, 0, 0, 1, 0, 0, 0, 0]


def test_quartiles_of_days_lie_evenly_within_their_bin() -> None:
    shares = np.array([[0.5, 0.25, 0.0, 0.125, 0.125], [0.1, 0.1, 0.1, 0.1, 0.6]])
    assert scores.days_until(shares, 0.25).tolist() == [3.5, pytest.approx(22.0)]
    median = scores.days_until(shares, 0.5)
    assert median[0] == 7 and np.isnan(median[1])
    assert scores.mean_days(shares)[0] == pytest.approx(0.5 * 3.5 + 0.25 * 10.5 + 0.125 * 60 + 0.125 * 90)


def test_the_paired_interval_leaves_whole_buckets_out() -> None:
    """Twenty equal buckets: the jackknife's error of a mean is the standard error of the bucket means."""
    draw = np.random.default_rng(0)
    gains, bucket = draw.normal(0.1, 1, 2000), np.repeat(np.arange(20), 100)
    found = backtest.paired(np.zeros(2000), gains, bucket)
    means = gains.reshape(20, 100).mean(1)
    error = means.std(ddof=1) / np.sqrt(20)
    assert found.difference == pytest.approx(gains.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.959963984540054 * error)


def test_a_model_worse_than_its_baseline_at_one_origin_is_held_back(trained: dict[str, Trained]) -> None:
    origins = list(trained["purchase_30"].origins)
    worst = origins[1]
    swapped = {MODEL: worst.shares[BASELINE], BASELINE: worst.shares[MODEL]}
    origins[1] = backtest.Origin(
        worst.days_back, worst.rows, worst.labels, swapped,
        backtest.Paired(-worst.paired.difference, -worst.paired.high, -worst.paired.low), worst.skill,
    )  # fmt: skip
    why = backtest.why_not(tuple(origins))
    assert why is not None and "1 of 3 origins" in why
    assert backtest.why_not(trained["purchase_30"].origins) is None
