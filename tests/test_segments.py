"""Segment maps cover everyone once; segment metrics and moves against known answers."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline import segments as module
from journey_pipeline.conversion import wilson_interval

VECTORS = Path(__file__).parent / "vectors"
SEED = Path(__file__).parents[1] / "dbt_project" / "seeds" / "rfm_segments.csv"


@pytest.mark.parametrize("name", ["eleven", "short"])
def test_each_map_covers_the_125_codes_once(name: module.RfmMap) -> None:
    frame = module.rfm_map(name)
    assert list(frame.columns) == ["recency", "frequency", "monetary", "rfm", "segment"]
    assert len(frame) == 125 and frame["rfm"].is_unique and frame["segment"].notna().all()


def test_the_three_codes_a_common_variant_loses() -> None:
    frame = module.rfm_map().set_index("rfm")["segment"]
    assert set(frame[["231", "241", "251"]]) == {"about_to_sleep"}
    assert frame.nunique() == 11 and frame["555"] == "champions" and frame["111"] == "lost"


def test_a_code_lost_from_the_map_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(module.ELEVEN_CODES, "lost", "111 112 121 131 141")
    with pytest.raises(ValueError, match="124 codes"):
        module.rfm_map()


def test_the_seed_is_the_map() -> None:
    assert SEED.read_text() == module.rfm_seed_csv()
    seed = pd.read_csv(SEED)
    assert list(seed.columns) == ["recency_score", "frequency_score", "monetary_score", "segment"]
    assert len(seed) == 125


def test_short_map_vector() -> None:
    expected = pd.read_csv(VECTORS / "40_rfm/expected.csv", dtype={"rfm": str})
    found = module.rfm_map("short").set_index("rfm")["segment"]
    assert found[expected["rfm"]].tolist() == expected["segment"].tolist()


def by_rules(frame: pd.DataFrame, rules: pd.DataFrame) -> list[str]:
    """Segment of each row by the published predicates, the first that holds."""
    whens = " ".join(f"when {row.rule} then '{row.segment}'" for row in rules.itertuples())
    with duckdb.connect() as connection:
        connection.register("customers", frame)
        rows = connection.sql(f"select case {whens} end from customers").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("name", ["eleven", "short"])
def test_published_rfm_rules_reproduce_the_map(name: module.RfmMap) -> None:
    frame = module.rfm_map(name)
    scores = frame[["recency", "frequency", "monetary"]].add_suffix("_score")
    rules = module.segments(name).query("segment_set == 'rfm'")
    assert by_rules(scores, rules) == frame["segment"].tolist()


def test_lifecycle_vector() -> None:
    expected = pd.read_csv(VECTORS / "41_lifecycle/expected.csv").set_index("customer_id")
    orders = pd.read_csv(VECTORS / "41_lifecycle/input.csv", parse_dates=["purchase_date"])
    orders = orders.sort_values(["customer_id", "purchase_date"])
    orders["age"] = (pd.Timestamp("2026-03-01") - orders["purchase_date"]).dt.days
    gap = orders.groupby("customer_id")["age"].shift(1) - orders["age"]
    orders["return_age"] = orders["age"].where(gap > 180)
    ages = orders.groupby("customer_id")
    facts = pd.DataFrame(
        {
            "order_count": ages["age"].count(),
            "days_since_first_order": ages["age"].max(),
            "days_since_last_order": ages["age"].min(),
            "days_since_return_order": ages["return_age"].min(),
        }
    ).reindex(expected.index)
    rules = module.segments().query("segment_set == 'lifecycle'")
    assert by_rules(facts.reset_index(), rules) == expected["lifecycle"].tolist()


def test_segments_table_describes_both_sets() -> None:
    found = module.segments()
    assert found.groupby("segment_set").size().to_dict() == {"lifecycle": 6, "rfm": 12}
    assert (found[["description", "rule"]] != "").all().all()
    assert {*module.rfm_map()["segment"], "not_rated"} == set(found.query("segment_set == 'rfm'")["segment"])


@pytest.mark.parametrize("name", ["eleven", "short"])
def test_who_has_no_score_is_not_rated_by_the_published_rules(name: module.RfmMap) -> None:
    unscored = pd.DataFrame(
        {f"{score}_score": pd.array([pd.NA], "Int64") for score in ("recency", "frequency", "monetary")}
    )
    assert by_rules(unscored, module.segments(name).query("segment_set == 'rfm'")) == ["not_rated"]


def segment_cells() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "week": "2026-01-05",
            "segment_set": ["rfm", "rfm", "rfm", "lifecycle"],
            "segment": ["lost", "champions", "new", "current"],
            "customers": [60, 40, 0, 100],
            "purchasers": [3, 20, 0, 23],
            "orders": [3, 50, 0, 53],
            "revenue": [90.0, 1000.5, 0.0, 1090.5],
        }
    )


def test_segment_metrics() -> None:
    found = module.segment_metrics(segment_cells(), min_n=50)
    assert list(found.columns) == module.SEGMENT_METRICS_COLUMNS
    assert len(found) == 16
    cell = found.set_index(["segment_set", "segment", "metric"])
    champions = cell.loc[("rfm", "champions")]
    assert champions["value"].to_dict() == {
        "customer_share": 0.4,
        "purchase_rate": 0.5,
        "orders_per_customer": 1.25,
        "revenue_per_customer": 1000.5 / 40,
    }
    low, high = wilson_interval(20, 40)
    assert champions.loc["purchase_rate", ["ci_low", "ci_high"]].tolist() == [float(low), float(high)]
    assert champions.loc[["orders_per_customer", "revenue_per_customer"], ["ci_low", "ci_high"]].isna().all(axis=None)
    assert champions["is_small_sample"].to_dict()["purchase_rate"]
    assert not champions["is_small_sample"].to_dict()["customer_share"], "its denominator is everyone"
    assert np.isnan(cell.loc[("rfm", "new", "purchase_rate"), "value"]), "no customers: undefined, not 0"
    shares = found[found["metric"] == "customer_share"].groupby("segment_set")["value"].sum()
    assert shares.to_dict() == {"lifecycle": 1.0, "rfm": 1.0}


def migration_cells() -> pd.DataFrame:
    moves = pd.read_csv(VECTORS / "42_migration/input.csv")
    names = {"segment_from": "from_segment", "segment_to": "to_segment"}
    return moves.rename(columns=names).assign(week="2026-01-05", segment_set="lifecycle")


def test_migration_vector() -> None:
    expected = pd.read_csv(VECTORS / "42_migration/expected.csv").sort_values(["segment_from", "segment_to"])
    found = module.segment_migration(migration_cells(), min_n=101)
    assert list(found.columns) == module.SEGMENT_MIGRATION_COLUMNS
    np.testing.assert_allclose(found["share"], expected["row_share"], rtol=1e-9)
    low, high = wilson_interval(expected["customers"], expected["total_from"])
    np.testing.assert_allclose(found[["ci_low", "ci_high"]], np.column_stack([low, high]))
    assert found["is_small_sample"].tolist() == (expected["total_from"] < 101).tolist()


def test_migration_stability_vector() -> None:
    expected = pd.read_csv(VECTORS / "42_migration/expected_summary.csv").iloc[0]
    found = module.migration_stability(migration_cells()).iloc[0]
    assert found["customers"] == expected["customers"]
    assert found["stayers_share"] == pytest.approx(expected["stayers_share"], rel=1e-9)
    assert found["stability_index"] == pytest.approx(expected["psi"], rel=1e-9)


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
        }
    )
    found = module.segment_migration(cells)
    totals = cells.groupby("from_segment", dropna=False)["customers"].sum().to_numpy()
    shares = found.groupby("from_segment", dropna=False)["share"].sum().to_numpy()
    np.testing.assert_allclose(shares[totals > 0], 1)
    order = list(range(9))
    random.shuffle(order)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(module.segment_migration(cells.iloc[order]), found)


def test_repeated_cells_are_refused() -> None:
    doubled = pd.concat([segment_cells(), segment_cells()])
    with pytest.raises(ValueError, match="4 rows repeat"):
        module.segment_metrics(doubled)
