"""Consistency of the experience, against known answers and laws."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline.consistency import (
    CONSISTENCY_COLUMNS,
    CONSISTENCY_TOUCHPOINTS_COLUMNS,
    consistency,
    consistency_touchpoints,
    touchpoint_view,
)

VECTORS = Path(__file__).parent / "vectors" / "62_experience_consistency"
WEEK = "2026-01-05"
TARGETS = pd.DataFrame({"kpi": "experience_consistency", "target_set": ["mvp", "excellence"], "target": [0.85, 0.95]})
NO_SERVICE = pd.DataFrame({"week": [], "stage": [], "device": [], "is_met": []})


def customers(eligible: int, consistent: int, good: int, rated: int, week: str = WEEK) -> pd.DataFrame:
    cell = {
        "week": week, "rated": rated, "eligible": eligible, "consistent": consistent, "consistently_good": good,
        "weights": eligible, "squared_weights": eligible, "weighted_consistent": consistent,
        "weighted_consistently_good": good,
    }  # fmt: skip
    return pd.DataFrame([cell])


def touchpoints(*cells: tuple[str, int, int], instrument: str = "CSAT", scale: str = "1-5") -> pd.DataFrame:
    """Family, answers and positives."""
    names = pd.DataFrame(cells, columns=["family", "answers", "positives"])
    question = f"{instrument}:{scale}:" + names["family"]
    return names.assign(
        week=WEEK, instrument=instrument, definition_id=question, score_share_sum=names["positives"].astype(float)
    )


WORKED = touchpoints(("website", 400, 344), ("email", 200, 160), ("support", 100, 62), ("product", 300, 252))


def told(table: pd.DataFrame) -> pd.DataFrame:
    return table.set_index("measure")


def test_worked_case_of_the_touchpoint_view() -> None:
    mean, in_band, agreement, inside = touchpoint_view([0.86, 0.80, 0.62, 0.84], [400, 200, 100, 300])
    assert mean == pytest.approx(0.818) and in_band == pytest.approx(0.90)
    assert (1 - agreement) * 0.5 == pytest.approx(0.069541, abs=5e-7)
    assert agreement == pytest.approx(0.860917, abs=5e-7)
    assert inside.tolist() == [True, True, False, True]
    found = told(consistency(customers(6, 5, 2, 7), WORKED, NO_SERVICE, TARGETS))
    assert found.loc["touchpoints_in_band", "value"] == pytest.approx(0.90)
    assert found.loc["worst_gap", "value"] == pytest.approx(0.24)
    assert "support" in found.loc["worst_gap", "detail"] and "website" in found.loc["worst_gap", "detail"]
    assert found.loc["unscored_touchpoints", "value"] == 0


def test_customer_vector() -> None:
    expected = pd.read_csv(VECTORS / "expected.csv").iloc[0]
    ratings = pd.read_csv(VECTORS / "input.csv")
    cells = (
        duckdb.sql("""
        with means as (select customer_id, touchpoint, avg((rating - 1) / 4.0) as mean from ratings group by all),
        people as (select customer_id, count(*) > 1 as eligible, max(mean) - min(mean) <= 0.25 as agrees,
            min(mean) >= 0.75 as good from means group by 1)
        select count(*) as rated, count(*) filter (where eligible) as eligible,
            count(*) filter (where eligible and agrees) as consistent,
            count(*) filter (where eligible and agrees and good) as good from people
    """)
        .df()
        .iloc[0]
    )
    found = told(
        consistency(
            customers(cells["eligible"], cells["consistent"], cells["good"], cells["rated"]),
            _vector_touchpoints(ratings),
            NO_SERVICE,
            TARGETS,
            min_n=0,
        )
    )
    for measure, known in (
        ("customers_agree", "consistency_rate"),
        ("consistently_good", "consistently_good_rate"),
        ("coverage", "coverage"),
        ("touchpoint_parity", "touchpoint_parity"),
    ):
        assert found.loc[measure, "value"] == pytest.approx(expected[known], rel=1e-9), measure
    assert found.loc["customers_agree", ["ci_low", "ci_high"]].tolist() == pytest.approx(
        expected[["ci_lo", "ci_hi"]].tolist(), rel=1e-9
    )
    assert (found["n"]["customers_agree"], found["target_mvp"]["customers_agree"]) == (6, 0.85)


def _vector_touchpoints(ratings: pd.DataFrame) -> pd.DataFrame:
    """Mean of each touchpoint's customers, as the vector lists them: a customer counts once."""
    shares = ratings.assign(share=(ratings["rating"] - 1) / 4)
    one_each = shares.groupby(["touchpoint", "customer_id"])["share"].mean().reset_index()
    cells = one_each.groupby("touchpoint")["share"].agg(["size", "sum"]).reset_index()
    cells.columns = pd.Index(["family", "answers", "score_share_sum"])
    return cells.assign(week=WEEK, instrument="CSAT", definition_id="CSAT:1-5:" + cells["family"], positives=0)


def test_the_proxy_stands_in_only_where_too_few_rate_two_things_and_never_in_their_line() -> None:
    service = pd.DataFrame({"week": WEEK, "stage": ["purchase"] * 4, "device": list("abcd"), "is_met": [1, 1, 1, 0]})
    for eligible, rated, is_real in ((100, 200, True), (99, 200, False), (100, 1001, False)):
        found = told(consistency(customers(eligible, 90, 80, rated), WORKED, service, TARGETS))
        assert found["is_headline"].sum() == 1
        assert bool(found.loc["customers_agree", "is_headline"]) is is_real
        assert found.loc["service_standard_kept", "value"] == 0.75
        assert found["is_proxy"].to_dict() == {name: name == "service_standard_kept" for name in found.index}


def test_touchpoints_with_few_answers_are_listed_and_not_scored() -> None:
    cells = pd.concat([WORKED, touchpoints(("community", 29, 0))])
    table = consistency_touchpoints(cells)
    assert list(table.columns) == CONSISTENCY_TOUCHPOINTS_COLUMNS
    assert table.loc[~table["is_scored"], "family"].tolist() == ["community"]
    found = told(consistency(customers(6, 5, 2, 7), cells, NO_SERVICE, TARGETS))
    assert found.loc["unscored_touchpoints", "detail"] == "community (CSAT:1-5:community)"
    assert found.loc["touchpoints_in_band", "value"] == pytest.approx(0.90)


def test_two_scales_are_never_compared() -> None:
    two_points = touchpoints(("shop", 5000, 0), ("phone", 5000, 5000), scale="0-1")
    alone = told(consistency(customers(6, 5, 2, 7), WORKED, NO_SERVICE, TARGETS))
    found = told(consistency(customers(6, 5, 2, 7), pd.concat([WORKED, two_points]), NO_SERVICE, TARGETS))
    for measure in ("touchpoints_in_band", "touchpoint_agreement", "worst_gap"):
        assert found.loc[measure, "value"] == alone.loc[measure, "value"]
    single = told(consistency(customers(6, 5, 2, 7), WORKED.iloc[:1], NO_SERVICE, TARGETS))
    assert np.isnan(single.loc["touchpoints_in_band", "value"])


def test_permuted_rows_change_nothing() -> None:
    given_rows = consistency(customers(6, 5, 2, 7), WORKED, NO_SERVICE, TARGETS)
    assert list(given_rows.columns) == CONSISTENCY_COLUMNS
    pd.testing.assert_frame_equal(
        consistency(customers(6, 5, 2, 7), WORKED.iloc[::-1], NO_SERVICE, TARGETS), given_rows
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 1000)), min_size=1, max_size=10))
def test_equal_scores_agree_wholly_and_no_others_more(cells: list[tuple[float, int]]) -> None:
    scores, sizes = zip(*cells, strict=True)
    _, in_band, agreement, _ = touchpoint_view(scores, sizes)
    assert 0 <= in_band <= 1 + 1e-12 and -1e-9 <= agreement <= 1
    assert touchpoint_view([scores[0]] * len(sizes), sizes)[2] == pytest.approx(1, abs=1e-7)
