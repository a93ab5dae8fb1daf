"""Survey scores against known answers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline.conversion import wilson_interval
from journey_pipeline.experience import EXPERIENCE_COLUMNS, experience, friction, net_promoter_score

VECTORS = Path(__file__).parent / "vectors" / "60_survey_scores"


def cell(instrument: str, answers: int, segment: str = "all", **counts: float) -> dict[str, object]:
    zero = {"promoters": 0, "detractors": 0, "positives": 0, "score_sum": 0, "median_lag_seconds": None}
    asked = {"segment_as_of": "week", "tells_who_was_asked": False, "invitations": None, "invitations_answered": None}
    key = {"week": "2026-01-05", "stage": "experience", "family": "support", "instrument": instrument}
    of = {"definition_id": f"{instrument}:1-5:support", "segment_set": "all" if segment == "all" else "lifecycle"}
    same = dict.fromkeys(("scored", "weights", "squared_weights", "weighed_answers"), answers)
    filled = {**zero, **asked, **same, **counts}
    weighted = {f"weighted_{name}": filled[name] for name in ("promoters", "detractors", "positives")}
    return {**key, **of, "segment": segment, "answers": answers, **weighted, **filled}


def survey_cells() -> pd.DataFrame:
    answers = pd.read_csv(VECTORS / "input.csv").groupby("metric")["value"]
    nps, csat, ces = (answers.get_group(name) for name in ("nps", "csat", "ces"))
    return pd.DataFrame(
        [
            cell("NPS", len(nps), promoters=int((nps >= 9).sum()), detractors=int((nps <= 6).sum())),
            cell("CSAT", len(csat), positives=int((csat >= 4).sum())),
            cell("CES", len(ces), positives=int((ces >= 5).sum())),
        ]
    )


def test_survey_vector() -> None:
    expected = pd.read_csv(VECTORS / "expected.csv").set_index("metric")
    found = experience(survey_cells()).set_index("instrument")
    for instrument, metric, scale in (
        ("NPS", "nps", 1),
        ("CSAT", "csat_top2_pct", 100),
        ("CES", "ces_easy_pct", 100),
    ):
        ours = found.loc[instrument, ["score", "ci_low", "ci_high"]].to_numpy(float) * scale
        np.testing.assert_allclose(ours, expected.loc[metric, ["score", "ci_lo", "ci_hi"]].to_numpy(float), rtol=1e-9)
    assert found.loc["NPS", ["numerator", "denominator"]].tolist() == [2, 12]
    assert found["is_small_sample"].all()
    reweighted = found[["reweighted_score", "reweighted_ci_low", "reweighted_ci_high"]].to_numpy()
    np.testing.assert_allclose(reweighted, found[["score", "ci_low", "ci_high"]].to_numpy())


def test_weighted_answers_are_worth_what_kish_says() -> None:
    # Ten answers, five satisfied; the satisfied ones count half as much as the others: 2.5 of 7.5.
    row = cell("CSAT", 10, positives=5, weighted_positives=2.5, weights=7.5, squared_weights=6.25)
    found = experience(pd.DataFrame([row])).iloc[0]
    assert (found["score"], found["reweighted_score"]) == (0.5, pytest.approx(1 / 3))
    assert found["effective_answers"] == pytest.approx(9)
    low, high = wilson_interval(3, 9)
    assert (found["reweighted_ci_low"], found["reweighted_ci_high"]) == pytest.approx((float(low), float(high)))
    nobody = experience(pd.DataFrame([cell("CSAT", 10, positives=5, weighed_answers=0)])).iloc[0]
    assert nobody["score"] == 0.5 and np.isnan(nobody["reweighted_score"])


def test_a_response_rate_is_known_or_has_a_reason_and_is_never_guessed() -> None:
    asked = {"tells_who_was_asked": True, "invitations": 40, "invitations_answered": 10}
    table = experience(
        pd.DataFrame(
            [
                cell("CSAT", 10, positives=5, **asked),
                cell("NPS", 10),
                {**cell("CES", 0, **asked), "answers": 0},
                cell("STARS", 3, tells_who_was_asked=True),
            ]
        )
    ).set_index("instrument")
    assert table["response_rate"].to_dict() == pytest.approx(
        {"CES": 0.25, "CSAT": 0.25, "NPS": np.nan, "STARS": np.nan}, nan_ok=True
    )
    assert table.loc["NPS", "response_rate_reason"] == "the export tells who answered, not who was asked"
    assert table.loc["STARS", ["response_rate_reason", "invitations"]].tolist() == ["nobody was asked in this week", 0]
    assert np.isnan(table.loc["CES", "score"]) and table.loc["CES", "reason"] == "nobody answered"


def test_small_segments_tell_their_size_and_nothing_else() -> None:
    cells = [
        cell("CSAT", 30, positives=20),
        cell("CSAT", 11, "new", positives=9),
        cell("CSAT", 20, "dormant", positives=11),
    ]
    found = experience(pd.DataFrame(cells)).set_index("segment")
    assert found["is_suppressed"].to_dict() == {"all": False, "new": True, "dormant": False}
    hidden = ["score", "ci_low", "ci_high", "reweighted_score", "numerator", "mean_answer"]
    assert found.loc["new", hidden].isna().all() and found.loc["new", "answers"] == 11
    assert found.loc["new", "reason"] == "fewer than 20 answers"


def test_a_scale_without_a_published_score_has_answers_and_no_score() -> None:
    found = experience(pd.DataFrame([cell("NPS", 12, scored=0, weights=0, squared_weights=0)])).iloc[0]
    assert found["answers"] == 12 and np.isnan(found["score"]) and found["reason"] == "no published score on this scale"


def test_published_example() -> None:
    score, low, high = net_promoter_score(60, 15, 100)
    assert score == 45 and high - 45 == pytest.approx(45 - low) == pytest.approx(14.5, abs=0.05)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_nps_stays_on_its_scale_and_mirrors(promoters: int, passives: int, detractors: int) -> None:
    n = promoters + passives + detractors
    score, low, high = net_promoter_score(promoters, detractors, n)
    if n == 0:
        assert np.isnan(score) and np.isnan(low) and np.isnan(high)
        return
    assert -100 <= low <= score <= high <= 100
    mirrored = net_promoter_score(detractors, promoters, n)
    assert (mirrored[0], mirrored[1]) == pytest.approx((-score, -high))


@given(st.integers(1, 300), st.sampled_from([(1, 0), (0, 0), (0, 1)]))
def test_a_score_of_answers_of_one_kind_is_not_sure(n: int, kind: tuple[int, int]) -> None:
    promoters, detractors = kind[0] * n, kind[1] * n
    score, low, high = net_promoter_score(promoters, detractors, n)
    assert low <= score <= high and high - low > 0
    more = net_promoter_score(2 * promoters, 2 * detractors, 2 * n)
    assert more[2] - more[1] < high - low


def test_nps_variance_is_that_of_plus_one_zero_minus_one() -> None:
    answers = np.repeat([1, 0, -1], [50, 30, 20])
    score, _, high = net_promoter_score(50, 20, 100)
    assert (high - score) / 100 == pytest.approx(1.959963984540054 * answers.std() / 10)


def test_the_mean_of_a_handful_is_withheld_on_a_scale_without_a_score_too() -> None:
    few = pd.DataFrame(
        [cell("CSAT", 4, positives=1) | {"segment_set": "rfm", "segment": "lost", "scored": 0, "positives": 0}]
    )
    assert experience(few)[["score", "mean_answer"]].isna().all(axis=None)
    everybody = few.assign(segment_set="all", segment="all")
    assert experience(everybody)["mean_answer"].notna().all()


def test_table_is_sorted_and_complete() -> None:
    found = experience(survey_cells(), min_n=10)
    assert list(found.columns) == EXPERIENCE_COLUMNS
    assert found["instrument"].tolist() == ["CES", "CSAT", "NPS"]
    assert found["is_small_sample"].tolist() == [True, False, False]
    assert experience(survey_cells().iloc[:0]).empty


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (cell("HEARTS", 5, positives=1), "expected one of"),
        (cell("NPS", 5, promoters=4, detractors=2), "more promoters and detractors than answers"),
        (cell("CSAT", 5, positives=6), r"outside 0\.\.trials"),
    ],
)
def test_impossible_cells_are_refused(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        experience(pd.DataFrame([bad]))


def test_friction_is_a_share_of_visits_with_its_wilson_interval() -> None:
    key = {"week": "2026-01-05", "stage": "purchase", "signal": "error", "events": 9}
    cells = pd.DataFrame(
        [
            {**key, "page_group": "/cart", "affected_sessions": 8, "sessions": 40},
            {**key, "page_group": "unknown", "affected_sessions": 0, "sessions": 0},
        ]
    )
    cart, nobody = friction(cells).to_dict("records")
    assert cart["affected_share"] == 0.2
    assert (cart["ci_low"], cart["ci_high"]) == pytest.approx((0.1050, 0.3476), abs=5e-5)
    assert (cart["is_small_sample"], nobody["is_small_sample"]) == (False, True)
    assert np.isnan([nobody["affected_share"], nobody["ci_low"], nobody["ci_high"]]).all()


def test_more_visits_affected_than_there_were_are_refused() -> None:
    cell = {"week": "2026-01-05", "stage": "all", "page_group": "all", "signal": "error", "events": 3}
    with pytest.raises(ValueError, match=r"outside 0\.\.trials"):
        friction(pd.DataFrame([{**cell, "affected_sessions": 3, "sessions": 2}]))
