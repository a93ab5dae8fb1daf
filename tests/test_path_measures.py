"""Rates of paths: shares of a cohort, contrasts, findings and the journey map, with their intervals."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from journey_pipeline import path_measures


def test_shares_are_of_the_cohort_and_rates_of_its_mature_journeys() -> None:
    columns = ["cohort_set", "cohort", "path_rank", "path", "journeys", "mature_journeys", "converting_journeys"]
    rows = [
        ("outcome", "open", 1, "a", 60, 40, 8),
        ("outcome", "open", None, "other", 20, 0, 0),
        ("outcome", "new", 1, "a", 5, 5, 5),
    ]
    found = path_measures.top_paths(pd.DataFrame(rows, columns=columns))
    assert found[["cohort", "path", "share", "is_small_sample"]].values.tolist() == [
        ["new", "a", 1.0, True],
        ["open", "a", 0.75, False],
        ["open", "other", 0.25, True],
    ]
    low, high = found["ci_low"], found["ci_high"]
    # 8 of 40, the known answer of the definitions.
    assert (found["conversion_rate"][1], low[1], high[1]) == pytest.approx((0.2, 0.1050, 0.3476), abs=5e-5)
    assert found.loc[2, ["conversion_rate", "ci_low", "ci_high"]].isna().all()


def test_a_contrast_is_a_ratio_of_shares_with_the_interval_of_a_lift() -> None:
    rows = [("a", 150, 2000, 100, 2000), ("b", 3, 20, 0, 2000)]
    columns = ["activity", "converting_with", "converting_journeys", "others_with", "other_journeys"]
    found = path_measures.path_contrast(pd.DataFrame(rows, columns=columns)).set_index("activity")
    # 100/2000 -> 150/2000: +50 % [+17.37 %, +91.70 %].
    assert found.loc["a", ["share_ratio", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [1.5, 1.1737, 1.9170], abs=5e-5
    )
    assert found.loc["b", "share_ratio"] == pytest.approx((3.5 / 20.5) / (0.5 / 2000.5))
    assert found["is_continuity_corrected"].tolist() == [False, True]
    assert found["is_small_sample"].tolist() == [False, True]


def test_findings_are_shares_of_the_weeks_journeys() -> None:
    rows = [("2026-08-03", "d", "skipped:look", True, 10, 3)]
    columns = ["week", "design", "finding", "is_mature", "journeys", "found"]
    found = path_measures.conformance(pd.DataFrame(rows, columns=columns)).iloc[0]
    assert (found["share"], found["ci_low"], found["ci_high"]) == pytest.approx((0.3, 0.107791, 0.603222), abs=1e-6)
    assert found["is_small_sample"]


def test_the_map_has_no_rate_where_no_stage_follows_and_matures_with_its_window() -> None:
    columns = ["week", "stage", "family", "interaction_type", "journeys", "window_seconds", "converted"]
    columns += ["answers", "score_share_sum", "pained_answers"]
    rows = [
        ("2026-10-05", "awareness", "web", "a", 40, 28 * 86400, 8, 4, 3.0, 1),
        ("2026-10-12", "awareness", "web", "a", 40, 28 * 86400, 8, 0, None, 0),
        ("2026-10-12", "advocacy", "web", "a", 40, None, 0, 0, None, 0),
    ]
    found = path_measures.journey_map(pd.DataFrame(rows, columns=columns), datetime(2026, 11, 9))
    assert found["is_mature"].tolist() == [True, True, False]
    assert found["conversion_rate"].tolist() == pytest.approx([0.2, float("nan"), 0.2], nan_ok=True)
    assert found["converted"].isna().tolist() == [False, True, False]
    assert found["sentiment"].tolist() == pytest.approx([0.75, float("nan"), float("nan")], nan_ok=True)
    assert found["pained_share"].tolist() == pytest.approx([0.25, float("nan"), float("nan")], nan_ok=True)
    assert found["is_small_sample"].tolist() == [False, True, False]
