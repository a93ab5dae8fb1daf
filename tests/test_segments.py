"""Segment metrics, moves, retention and concentration against known answers."""

import math
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline import segments as module
from journey_pipeline.conversion import wilson_interval

VECTORS = Path(__file__).parent / "vectors"


NOTHING = pd.DataFrame()
AS_OF = datetime(2026, 6, 1)
COUNTS = [
    "customers", "recent_buyers", "entries", "conversions", "purchasers", "orders", "revenue",
    "recent_buyers_returned", "nps_answers", "promoters", "detractors", "csat_answers", "positives",
]  # fmt: skip


def cells(week: str = "2026-01-05", **segments: dict[str, float]) -> pd.DataFrame:
    """Cells of the set `rfm`; what is not given is 0."""
    rows = [dict.fromkeys(COUNTS, 0) | counts | {"segment": name} for name, counts in segments.items()]
    return pd.DataFrame(rows).assign(week=week, segment_set="rfm", is_mature=True)


def measured(frame: pd.DataFrame, **given: int) -> pd.DataFrame:
    found = module.segment_metrics(frame, NOTHING, NOTHING, AS_OF, **given)
    return found.set_index(["segment", "metric"])


def test_segment_metrics() -> None:
    found = measured(cells(
        champions={"customers": 40, "purchasers": 20, "orders": 50, "revenue": 1000.5, "entries": 30, "conversions": 12,
                   "recent_buyers": 40, "recent_buyers_returned": 30, "nps_answers": 25, "promoters": 15,
                   "detractors": 5, "csat_answers": 20, "positives": 19},
        lost={"customers": 60, "purchasers": 30, "orders": 30, "revenue": 90},
    ))  # fmt: skip
    assert found.loc["champions", "value"].to_dict() == {
        "customer_share": 0.4, "purchase_rate": 0.5, "orders_per_customer": 1.25, "revenue_per_customer": 1000.5 / 40,
        "average_order_value": 1000.5 / 50, "entries_per_customer": 0.75, "conversion_rate": 0.4,
        "retention_90_days": 0.75, "nps": 40.0, "csat": 0.95,
    }  # fmt: skip
    low, high = wilson_interval(20, 40)
    rate = found.loc[("champions", "purchase_rate")]
    assert rate[["ci_low", "ci_high"]].tolist() == [float(low), float(high)]
    assert rate["q_value"] == pytest.approx(1), "half of the rest purchased, too"
    assert found.loc[("champions", "average_order_value"), ["ci_low", "ci_high"]].isna().all()
    empty = found.loc[("lost", "nps")]
    assert np.isnan(empty["value"]) and empty["reason"] == "nobody to measure" and not empty["is_suppressed"]


def test_a_small_segment_is_counted_and_otherwise_withheld() -> None:
    found = measured(
        cells(few={"customers": 19, "purchasers": 3, "orders": 25, "revenue": 9.0}, many={"customers": 81})
    )
    few = found.loc["few"]
    assert few.loc["customer_share", ["numerator", "value"]].tolist() == [19, 0.19]
    told = few.drop("customer_share")[["numerator", "value", "ci_low", "ci_high", "q_value"]]
    withheld = few["is_suppressed"]
    assert told.loc[withheld[withheld].index].isna().all(axis=None)
    assert withheld[withheld].index.tolist() == [
        "average_order_value", "entries_per_customer", "orders_per_customer", "purchase_rate", "revenue_per_customer",
    ]  # fmt: skip
    assert set(few.loc[withheld, "reason"]) == {"fewer than 20"}
    assert not found.loc["many"].query("metric == 'purchase_rate'")["is_suppressed"].any()


def test_what_is_not_over_is_empty_with_the_reason() -> None:
    frame = cells("2026-03-02", a={"customers": 50, "recent_buyers": 50, "entries": 40}).assign(is_mature=False)
    found = measured(frame).loc["a"]
    assert found.loc["conversion_rate", "reason"] == "not over yet"
    # The week ends on 9 March; 90 days later is 7 June, after 1 June.
    assert found.loc["retention_90_days", "reason"] == "not over yet"
    assert found.loc[["conversion_rate", "retention_90_days"], ["value", "numerator"]].isna().all(axis=None)
    earlier = measured(cells("2026-02-23", a={"customers": 50, "recent_buyers": 50})).loc["a"]
    assert earlier.loc["retention_90_days", "value"] == 0


def test_q_values_are_those_of_benjamini_and_hochberg_against_the_rest() -> None:
    counts = {"a": (30, 100), "b": (60, 300), "c": (80, 300)}
    found = measured(cells(**{name: {"purchasers": k, "customers": n} for name, (k, n) in counts.items()}))
    p = {}
    for name, (k, n) in counts.items():
        pooled, rest = 170 / 700, (170 - k) / (700 - n)
        z = abs(k / n - rest) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / (700 - n)))
        p[name] = math.erfc(z / math.sqrt(2))
    ordered = sorted(p, key=lambda name: p[name])
    expected, best = {}, 1.0
    for rank in (3, 2, 1):
        best = min(best, p[ordered[rank - 1]] * 3 / rank)
        expected[ordered[rank - 1]] = best
    told = found.xs("purchase_rate", level="metric")["q_value"].to_dict()
    assert told == pytest.approx(expected, rel=1e-9)
    assert found.xs("customer_share", level="metric")["q_value"].isna().all()


def test_every_customer_counts_once_in_the_shares_of_every_week() -> None:
    frame = pd.concat([cells("2026-01-05", a={"customers": 7}, b={"customers": 93}),
                       cells("2026-01-12", a={"customers": 30}, unknown={"customers": 10})])  # fmt: skip
    found = measured(frame).xs("customer_share", level="metric")
    assert found.groupby("week")["value"].sum().tolist() == [1.0, 1.0]
    assert found.groupby("week")["numerator"].sum().tolist() == [100, 40]


def migration_cells() -> pd.DataFrame:
    moves = pd.read_csv(VECTORS / "42_migration/input.csv")
    names = {"segment_from": "from_segment", "segment_to": "to_segment"}
    versions = {"from_rule_version": "v", "to_rule_version": "v"}
    return moves.rename(columns=names).assign(week="2026-01-05", segment_set="lifecycle", **versions)


def test_migration_vector() -> None:
    expected = pd.read_csv(VECTORS / "42_migration/expected.csv").sort_values(["segment_from", "segment_to"])
    found = module.segment_migration(migration_cells(), NOTHING, min_n=101)
    assert list(found.columns) == module.SEGMENT_MIGRATION_COLUMNS
    np.testing.assert_allclose(found["share"], expected["row_share"], rtol=1e-9)
    low, high = wilson_interval(expected["customers"], expected["total_from"])
    np.testing.assert_allclose(found[["ci_low", "ci_high"]], np.column_stack([low, high]))
    assert found["is_small_sample"].tolist() == (expected["total_from"] < 101).tolist()


def test_stability_vector() -> None:
    expected = pd.read_csv(VECTORS / "42_migration/expected_summary.csv").iloc[0]
    found = module.segment_stability(migration_cells(), NOTHING).iloc[0]
    assert found["customers"] == expected["customers"]
    assert found["stayers_share"] == pytest.approx(expected["stayers_share"], rel=1e-9)
    assert found["stability_index"] == pytest.approx(expected["psi"], rel=1e-9)
    assert found["to_dormant_share"] == pytest.approx(expected["churn_to_dormant_share"], rel=1e-9)
    assert found["is_unsteady"] and not found["is_rule_change"]


def test_a_move_across_changed_rules_is_told_as_such() -> None:
    changed = migration_cells().assign(to_rule_version="w")
    assert module.segment_migration(changed, NOTHING)["is_rule_change"].all()
    found = module.segment_stability(changed, NOTHING).iloc[0]
    assert found["is_rule_change"] and not found["is_unsteady"], "the rules moved them"


def test_who_was_not_known_before_is_no_stayer() -> None:
    late = migration_cells().iloc[:1].assign(from_segment="not_yet_known", customers=1000)
    with_new = pd.concat([migration_cells(), late])
    assert module.segment_stability(with_new, NOTHING)["customers"].tolist() == [600]
    shares = module.segment_migration(with_new, NOTHING).set_index("from_segment")["share"]
    assert shares["not_yet_known"] == 1


def test_value_concentration_vector() -> None:
    given = pd.read_csv(VECTORS / "44_value_deciles/input.csv").sort_values("clv")
    expected = pd.read_csv(VECTORS / "44_value_deciles/expected_summary.csv").iloc[0]
    deciles = pd.read_csv(VECTORS / "44_value_deciles/expected.csv").set_index("customer_id")["decile"]
    best = given["customer_id"].map(deciles) == 1
    cells = pd.DataFrame(
        {"week": ["2026-01-05"], "customers": len(given), "revenue": given["clv"].sum(), "negative_customers": 0,
         "ranked_revenue": (given["clv"] * range(1, len(given) + 1)).sum(), "top_tenth_customers": best.sum(),
         "top_tenth_revenue": given["clv"][best].sum()}
    )  # fmt: skip
    found = module.value_concentration(cells).iloc[0]
    assert found["gini"] == pytest.approx(expected["gini"], rel=1e-9)
    assert found["top_tenth_share"] == pytest.approx(expected["top_decile_share"], rel=1e-9)
    refunded = module.value_concentration(cells.assign(negative_customers=1)).iloc[0]
    assert np.isnan(refunded["gini"]) and refunded["reason"]


def test_retention_marks_what_is_not_over() -> None:
    cells = pd.DataFrame({"cohort_week": "2026-01-05", "interval_number": [0, 1, 2], "kind": "recurring",
                          "customers": 40, "retained": [40, 10, 0], "is_complete": [True, True, False]})  # fmt: skip
    found = module.retention(cells)
    low, high = wilson_interval(10, 40)
    assert found.loc[1, ["share", "ci_low", "ci_high"]].tolist() == [0.25, float(low), float(high)]
    assert found.loc[2, ["retained", "share", "ci_low", "ci_high"]].isna().all()
    assert found["reason"].fillna("").tolist() == ["", "", "the interval is not over yet"]


def test_a_set_that_can_say_nothing_says_why() -> None:
    given = cells(champions={"customers": 30}, unknown={"customers": 10})
    frame = pd.concat([given, cells(unknown={"customers": 40}).assign(segment_set="psychographic")])
    clusters = cells(not_clustered={"customers": 40}).assign(segment_set="cluster")
    scales = pd.DataFrame({"scale": ["price"], "reason": ["fewer than 100 complete answers"]})
    quality = pd.DataFrame({"week": ["2026-01-05"], "is_chosen": [True], "reason": ["too few"]})
    value = cells(unknown={"customers": 40}).assign(segment_set="predicted_value")
    models = pd.DataFrame({"target": ["churn_90", "value_365"], "is_released": False, "reason": ["no", "too short"]})
    found = module.segment_sets(frame, clusters, value, scales, quality, models, AS_OF).set_index("segment_set")
    assert found["customers"].to_dict() == {"cluster": 40, "predicted_value": 40, "psychographic": 40, "rfm": 40}
    assert found["known_share"].to_dict() == {"cluster": 0, "predicted_value": 0, "psychographic": 0, "rfm": 0.75}
    assert found["reason"].fillna("").to_dict() == {
        "cluster": "too few", "predicted_value": "too short",
        "psychographic": "price: fewer than 100 complete answers", "rfm": "",
    }  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 500), min_size=9, max_size=9), st.randoms())
def test_shares_of_a_segment_sum_to_one_in_any_row_order(counts: list[int], random: object) -> None:
    names = ["a", "b", None]
    cells = pd.DataFrame(
        {
            "week": "2026-01-05",
            "segment_set": "rfm",
            "from_segment": np.repeat(np.array(names, dtype=object), 3),
            "to_segment": names * 3,
            "customers": counts,
            "from_rule_version": "v",
            "to_rule_version": "v",
        }
    )
    found = module.segment_migration(cells, NOTHING)
    totals = cells.groupby("from_segment", dropna=False)["customers"].sum().to_numpy()
    shares = found.groupby("from_segment", dropna=False)["share"].sum().to_numpy()
    np.testing.assert_allclose(shares[totals > 0], 1)
    order = list(range(9))
    random.shuffle(order)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(module.segment_migration(cells.iloc[order], NOTHING), found)


def test_repeated_cells_are_refused() -> None:
    doubled = pd.concat([cells(a={"customers": 1}), cells(a={"customers": 1})])
    with pytest.raises(ValueError, match="1 rows repeat"):
        measured(doubled)
