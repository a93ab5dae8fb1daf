"""Weighting answers to the customer base, against known answers and laws."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline.response_bias import (
    RESPONSE_BIAS_COLUMNS,
    response_bias,
    response_weights,
    silent_score_needed,
    weighted_mean,
)

VECTORS = Path(__file__).parent / "vectors" / "61_response_weighting"
QUESTION = {"week": "2026-01-05", "instrument": "CSAT", "definition_id": "CSAT:1-5:delivery"}
SCORECARD = pd.DataFrame(
    {"week": ["2026-01-05"], "kpi": "customer_satisfaction", "target_set": "mvp", "target_value": [0.66]}
)


def strata(instrument: str = "CSAT") -> pd.DataFrame:
    """The vector's three groups as `response_strata`."""
    given_cells = pd.read_csv(VECTORS / "input.csv").rename(columns={"responses": "answers", "satisfied": "positives"})
    weight = response_weights(given_cells["population"], given_cells["answers"])
    return given_cells.assign(**QUESTION, promoters=0, detractors=0, weight=weight).assign(instrument=instrument)


def left(**counts: int) -> pd.DataFrame:
    zero = {"customers": 0, "answers": 0, "positives": 0, "promoters": 0, "detractors": 0}
    return pd.DataFrame([{**QUESTION, "has_left": True, **zero, **counts}])


def test_vector() -> None:
    settings = json.loads((VECTORS / "params.json").read_text())
    expected = pd.read_csv(VECTORS / "expected.csv").iloc[0]
    cells = strata()
    weights = response_weights(cells["population"], cells["answers"], settings["max_weight"])
    np.testing.assert_allclose(weights, pd.read_csv(VECTORS / "expected_weights.csv")["weight"], rtol=1e-9)
    share = cells["positives"] / cells["answers"]
    _, se, _ = weighted_mean(weights, cells["answers"], share, share * (1 - share))
    found = response_bias(cells, left(), SCORECARD).iloc[0]
    names = ["raw", "reweighted", "reweighted_ci_low", "reweighted_ci_high", "effective_answers", "design_effect"]
    known = ["raw_rate", "weighted_rate", "ci_lo", "ci_hi", "kish_n_eff", "design_effect"]
    np.testing.assert_allclose(found[names].to_numpy(float), expected[known].to_numpy(float), rtol=1e-9)
    assert se == pytest.approx(expected["se"], rel=1e-9)
    assert found["groups"] == 3 and found["largest_weight"] == pytest.approx(3)


groups = st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 500)), min_size=1, max_size=8)


@given(groups)
def test_weights_sum_to_the_answers_and_ignore_the_order(cells: list[tuple[int, int]]) -> None:
    people, n = (np.array(part, float) for part in zip(*cells, strict=True))
    weights = response_weights(people, n)
    assert np.sum(weights * n) == pytest.approx(n.sum())
    np.testing.assert_allclose(response_weights(people[::-1], n[::-1])[::-1], weights)


def test_where_everybody_answers_alike_weighting_changes_nothing() -> None:
    np.testing.assert_allclose(response_weights([600, 300, 100], [60, 30, 10]), 1)


def test_no_weight_is_more_than_five_times_another_rule_would_give() -> None:
    # 90 % of the customers, 1 % of the answers: uncut they would count 90 times.
    weights = response_weights([900, 100], [1, 99])
    uncut = response_weights([900, 100], [1, 99], max_weight=np.inf)
    assert uncut[0] == pytest.approx(90)
    assert weights[0] / weights[1] == pytest.approx(5 / (0.1 / 0.99))


def test_what_the_silent_would_have_to_think() -> None:
    # 100 of 400 spoke and 80 % are satisfied; 300 x 0.6 + 80 = 260 = 65 % of all.
    assert silent_score_needed(0.65, 0.8, 100, 400) == pytest.approx(0.6)
    found = response_bias(strata(), left(), SCORECARD).iloc[0]
    assert found["silent_score_needed"] == pytest.approx((0.66 * 10_000 - 190) / (10_000 - 300))
    unreachable = response_bias(strata(), left(), SCORECARD.assign(target_value=1.2)).iloc[0]
    assert np.isnan(unreachable["silent_score_needed"]) and "out of reach" in unreachable["note"]


def test_recommendation_is_weighed_in_points() -> None:
    # Both groups 100 answers, the first a tenth of the customers: NPS 50 and -20 weigh 1 to 9.
    cells = pd.DataFrame(
        {
            **{name: [value] * 2 for name, value in {**QUESTION, "instrument": "NPS"}.items()},
            "stratum": ["a", "b"],
            "population": [100, 900],
            "answers": [100, 100],
            "positives": [0, 0],
            "promoters": [60, 20],
            "detractors": [10, 40],
            "weight": [0.2, 1.8],
        }
    )
    found = response_bias(cells, left(), SCORECARD).iloc[0]
    assert found["raw"] == pytest.approx(15) and found["reweighted"] == pytest.approx(0.1 * 50 - 0.9 * 20)
    # Hand-computed: variance of +1, 0, -1 is 0.7 - 0.25 = 0.45 and 0.6 - 0.04 = 0.56, over n - 1 = 99.
    half = 195.9963984540054 * np.sqrt(0.01 * 0.45 / 99 + 0.81 * 0.56 / 99)
    assert found["reweighted_ci_high"] - found["reweighted"] == pytest.approx(half)
    assert np.isnan(found["target_value"])


def test_customers_who_left_are_told_beside_the_others() -> None:
    both = pd.concat(
        [
            left(customers=50, answers=20, positives=5),
            left(customers=950, answers=80, positives=60).assign(has_left=False),
        ]
    )
    found = response_bias(strata(), both, SCORECARD).iloc[0]
    assert (found["answers_left"], found["score_left"]) == (20, 0.25)
    assert (found["answers_stayed"], found["score_stayed"], found["customers_left"]) == (80, 0.75, 50)


def test_a_handful_who_left_have_no_score_of_their_own() -> None:
    both = pd.concat(
        [
            left(customers=50, answers=4, positives=1),
            left(customers=950, answers=5, positives=4).assign(has_left=False),
        ]
    )
    found = response_bias(strata(), both, SCORECARD).iloc[0]
    assert (found["answers_left"], np.isnan(found["score_left"])) == (4, True)
    assert (found["answers_stayed"], found["score_stayed"]) == (5, 0.8)


def test_permuted_rows_change_nothing_and_one_group_is_the_raw_score() -> None:
    cells = strata()
    pd.testing.assert_frame_equal(
        response_bias(cells.iloc[::-1], left(), SCORECARD), response_bias(cells, left(), SCORECARD)
    )
    alone = response_bias(cells.iloc[:1].assign(weight=1.0), left(), SCORECARD).iloc[0]
    assert alone["reweighted"] == alone["raw"] and alone["reweighted_ci_low"] == alone["raw_ci_low"]
    assert "reweighted is raw" in alone["note"]
    assert list(response_bias(cells, left(), SCORECARD).columns) == RESPONSE_BIAS_COLUMNS
    with pytest.raises(ValueError, match="repeat the key"):
        response_bias(pd.concat([cells, cells]), left(), SCORECARD)
