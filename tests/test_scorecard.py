"""The scorecard against known answers, and what it says when there is nothing to compare."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline import kpi_adjustment
from journey_pipeline.conversion import lift_interval
from journey_pipeline.scorecard import SCORECARD_COLUMNS, aim, judge, kpi_scorecard, verdict

VECTORS = Path(__file__).parent / "vectors"
START = date(2026, 3, 30)
FIRST = date(2026, 1, 5)
AS_OF = datetime(2026, 6, 1)
KPIS = pd.DataFrame(
    [
        ("journey_conversion", "Journey conversion", "proportion", "relative", "CX Director"),
        ("experience_consistency", "Experience consistency", "proportion", "level", "Experience Director"),
        ("customer_lifetime_value", "Customer lifetime value", "mean", "relative", "CX Director"),
    ],
    columns=["kpi", "name", "kind", "target_type", "owner"],
)
TARGETS = pd.DataFrame(
    [
        ("mvp", "journey_conversion", 0.15),
        ("excellence", "journey_conversion", 0.30),
        ("mvp", "experience_consistency", 0.85),
        ("mvp", "customer_lifetime_value", 0.15),
    ],
    columns=["target_set", "kpi", "target"],
)


def kpi_cells(kpi: str, counts: list[tuple[float, float]], first: date = FIRST, **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(counts, columns=["numerator", "denominator"]).assign(kpi=kpi, sum_squares=None, is_mature=True)
    frame["week"] = [first + timedelta(weeks=i) for i in range(len(frame))]
    return frame.assign(**columns)  # type: ignore[arg-type]


def vector_rows(target: str) -> pd.DataFrame:
    given_rows = pd.read_csv(VECTORS / "80_kpi_scorecard/input.csv")
    mean = given_rows["kind"] == "mean"
    rows = given_rows[["kpi", "kind", "target_type"]].assign(target=given_rows[target])
    for period, name in (("base", "base"), ("current", "cur")):
        rows[f"{period}_numerator"] = given_rows[f"{name}_a"]
        rows[f"{period}_denominator"] = given_rows[f"{name}_b"].where(~mean, 1)
        rows[f"{period}_se"] = given_rows[f"{name}_b"].where(mean)
    return rows


def test_scorecard_vector() -> None:
    expected = pd.read_csv(VECTORS / "80_kpi_scorecard/expected.csv")
    found = judge(vector_rows("target_mvp"))
    pairs = [("baseline", "baseline"), ("current", "actual"), ("improvement", "improvement")]
    pairs += [
        ("ci_lo", "ci_low"),
        ("ci_hi", "ci_high"),
        ("progress_mvp", "progress"),
    ]
    for theirs, ours in pairs:
        np.testing.assert_allclose(found[ours], expected[theirs], rtol=1e-9, err_msg=ours)
    assert found["status"].tolist() == expected["status_mvp"].tolist()
    assert judge(vector_rows("target_stretch"))["status"].tolist() == expected["status_stretch"].tolist()


def test_status_vector() -> None:
    counts = pd.read_csv(VECTORS / "03_rate_statistics/input_compare.csv")
    expected = pd.read_csv(VECTORS / "03_rate_statistics/expected_compare.csv")
    names = {
        "k0": "base_numerator",
        "n0": "base_denominator",
        "k1": "current_numerator",
        "n1": "current_denominator",
    }
    rows = counts.rename(columns=names).assign(
        kind="proportion", target_type="relative", base_se=np.nan, current_se=np.nan
    )
    assert judge(rows)["status"].tolist() == expected["status"].tolist()


def level_row(numerator: float, target: float) -> pd.DataFrame:
    return (
        vector_rows("target_mvp").iloc[[3]].assign(current_numerator=numerator, current_denominator=400, target=target)
    )


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.05, 0.95))
def test_more_is_never_judged_worse(one: int, other: int, target: float) -> None:
    rank = ["below_target", "inconclusive", "on_track", "achieved"]
    low, high = (judge(level_row(k, target))["status"].item() for k in sorted((one, other)))
    assert rank.index(low) <= rank.index(high)


@pytest.mark.parametrize(
    ("kind", "base", "sample_factor"),
    [("proportion", (400, 10_000), 1), ("rate", (400, 9000), 1), ("mean", (40, 1), 0)],
)
def test_relative_status_words(kind: str, base: tuple[float, float], sample_factor: int) -> None:
    lifts = {2.0: "achieved", 0.17: "on_track", 0.13: "improving", 0.0: "inconclusive", -0.3: "declining"}
    rows = pd.DataFrame({"lift": list(lifts)}).assign(
        kind=kind,
        target_type="relative",
        target=0.15,
        base_numerator=base[0],
        base_denominator=base[1],
        base_se=1.0,
    )
    rows["current_numerator"] = (1 + rows["lift"]) * base[0]
    rows["current_denominator"], rows["current_se"] = base[1], 1.0
    scale = 10 if sample_factor else 1
    for column in ("base_numerator", "base_denominator", "current_numerator", "current_denominator"):
        rows[column] *= scale
    assert judge(rows)["status"].tolist() == list(lifts.values())


def test_a_share_cannot_be_asked_past_one() -> None:
    row = (
        vector_rows("target_mvp")
        .iloc[[0]]
        .assign(base_numerator=900, base_denominator=1000, current_numerator=990, current_denominator=1000)
    )
    found = judge(row).iloc[0]
    assert found["target"] == 0.15 and found["target_value"] == 0.98
    assert "capped at 0.98" in found["note"]
    assert found["progress"] == pytest.approx((0.99 / 0.9 - 1) / (0.98 / 0.9 - 1))
    assert found["status"] == "on_track"
    above = judge(row.assign(base_numerator=990)).iloc[0]
    assert above["target_value"] == 0.99, "never aim below the baseline"
    mean = row.assign(kind="mean", base_numerator=0.9, base_denominator=1, base_se=0.01)
    assert judge(mean)["note"].isna().item()
    assert judge(mean.assign(is_share=True))["target_value"].item() == 0.98


def test_unknown_kinds_and_impossible_shares_are_refused() -> None:
    rows = vector_rows("target_mvp")
    with pytest.raises(ValueError, match=r"kpis\.kind"):
        judge(rows.assign(kind="median"))
    with pytest.raises(ValueError, match="1 proportions lie outside"):
        judge(rows.iloc[[0]].assign(current_numerator=200_000))


def conversion_weeks() -> pd.DataFrame:
    """14 weeks at 4 % (the first two at 50 %, older than the baseline), then 7 weeks at 6 %; program starts
    in week 15."""
    counts = [(500.0, 1000.0)] * 2 + [(40.0, 1000.0)] * 12 + [(60.0, 1000.0)] * 7
    return kpi_cells("journey_conversion", counts, first=FIRST - timedelta(weeks=2))


def scorecard(cells: pd.DataFrame, **changes: object) -> pd.DataFrame:
    arguments: dict[str, object] = {"as_of": AS_OF, "program_start": START, **changes}
    return kpi_scorecard(cells, KPIS, TARGETS, **arguments)  # type: ignore[arg-type]


def test_windows_and_columns() -> None:
    found = scorecard(conversion_weeks())
    assert list(found.columns) == SCORECARD_COLUMNS
    assert len(found) == 21 * len(TARGETS)
    rows = found.query("kpi == 'journey_conversion' and target_set == 'mvp'").set_index("week")
    before, during = rows[rows.index < "2026-03-30"], rows[rows.index >= "2026-03-30"]
    assert set(before["status"]) == {"no_baseline"} and before["actual"].notna().all()
    assert before["baseline"].isna().all() and before["improvement"].isna().all()
    assert (during["baseline"] == 0.04).all(), "frozen, twelve weeks, the older two left out"
    assert during["denominator"].tolist() == [1000, 2000, 3000, 4000, 4000, 4000, 4000]
    np.testing.assert_allclose(during["actual"], 0.06)
    np.testing.assert_allclose(during["improvement"], 0.5)
    assert during["status"].iloc[-1] == "achieved"
    assert set(found["evidence"]) == {"raw_before_after"}
    last = found.query("kpi == 'journey_conversion'").groupby("target_set").last()
    assert last["target_value"].to_dict() == pytest.approx({"mvp": 0.046, "excellence": 0.052})
    assert last["owner"].unique().tolist() == ["CX Director"]


def test_kpis_without_cells_are_reported_as_such() -> None:
    found = scorecard(conversion_weeks())
    others = found[found["kpi"] != "journey_conversion"]
    assert set(others["status"]) == {"no_data"} and others["is_small_sample"].all()


def test_only_mature_weeks_are_pooled() -> None:
    cells = conversion_weeks()
    cells.loc[cells.index[-2:], ["is_mature", "numerator"]] = [False, 0.0]
    last = scorecard(cells).query("kpi == 'journey_conversion' and target_set == 'mvp'").iloc[-1]
    assert last["week"] == pd.Timestamp("2026-05-11") and last["numerator"] == 240 and last["actual"] == 0.06
    young = scorecard(cells.assign(is_mature=cells["week"] < START)).query("kpi == 'journey_conversion'")
    assert set(young[young["week"] >= "2026-03-30"]["status"]) == {"no_data"}


def test_weeks_after_as_of_are_left_out() -> None:
    found = scorecard(conversion_weeks(), as_of=datetime(2026, 4, 6))
    assert found["week"].max() == pd.Timestamp("2026-03-30")


def test_a_level_needs_no_baseline() -> None:
    cells = kpi_cells("experience_consistency", [(90.0, 100.0)] * 6)
    found = scorecard(cells).query("kpi == 'experience_consistency'")
    assert set(found["status"]) == {"achieved", "on_track"}
    assert found["denominator"].tolist() == [100, 200, 300, 400, 400, 400]
    assert (found["target_value"] == 0.85).all() and (found["ci_low"] < found["actual"]).all()


def test_a_mean_pools_its_values() -> None:
    generator = np.random.default_rng(80)
    values = [generator.normal(120, 30, 200) for _ in range(12)] + [generator.normal(150, 30, 200) for _ in range(4)]
    cells = kpi_cells("customer_lifetime_value", [(v.sum(), len(v)) for v in values])
    cells["sum_squares"] = [(v**2).sum() for v in values]
    found = scorecard(cells).query("kpi == 'customer_lifetime_value'").iloc[-1]
    base, current = np.concatenate(values[:12]), np.concatenate(values[12:])
    m0, m1 = base.mean(), current.mean()
    variance = base.var(ddof=1) / len(base) / m0**2 + current.var(ddof=1) / len(current) / m1**2
    assert found["improvement"] == pytest.approx(m1 / m0 - 1, rel=1e-9)
    assert found["ci_low"] == pytest.approx(m1 / m0 * np.exp(-1.959963984540054 * np.sqrt(variance)) - 1, rel=1e-7)
    assert not found["is_small_sample"]


def test_a_mean_without_its_squares_is_refused() -> None:
    cells = kpi_cells("customer_lifetime_value", [(100.0, 2.0)] * 3)
    with pytest.raises(ValueError, match="3 kpi_cells of kind mean have no sum_squares"):
        scorecard(cells)


def test_row_order_does_not_matter_and_repeats_are_refused() -> None:
    cells = conversion_weeks()
    shuffled = cells.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(scorecard(shuffled), scorecard(cells))
    with pytest.raises(ValueError, match="repeat the key"):
        scorecard(pd.concat([cells, cells.head(1)]))
    with pytest.raises(ValueError, match=r"kpis lacks: \['unknown'\]"):
        kpi_scorecard(cells, KPIS, TARGETS.assign(kpi="unknown").head(1), AS_OF, START)


def test_no_cells_make_an_empty_table() -> None:
    found = scorecard(conversion_weeks().iloc[:0])
    assert list(found.columns) == SCORECARD_COLUMNS and found.empty


def revenue_cells(weights: list[float], attributed: list[list[bool]]) -> pd.DataFrame:
    """Weekly cells of the share of revenue with a touch: one list of orders a week, equal weights by position."""
    rows = []
    for week, flags in enumerate(attributed):
        value = pd.Series(weights, dtype=float)
        rows.append(
            {
                "week": pd.Timestamp("2026-01-05") + pd.Timedelta(weeks=week),
                "kpi": "revenue_attribution",
                "numerator": float(value[flags].sum()),
                "denominator": float(value.sum()),
                "sum_squares": float((value**2).sum()),
                "is_mature": True,
            }
        )
    return pd.DataFrame(rows)


def revenue_scorecard(cells: pd.DataFrame) -> pd.Series:
    kpis = pd.DataFrame(
        [("revenue_attribution", "Revenue attribution", "mean", "relative", True, "Owner")],
        columns=["kpi", "name", "kind", "target_type", "is_share", "owner"],
    )
    targets = pd.DataFrame([("revenue_attribution", "mvp", 0.15)], columns=["kpi", "target_set", "target"])
    table = kpi_scorecard(
        cells, kpis, targets, datetime(2026, 6, 1), date(2026, 1, 12), baseline_weeks=1, current_weeks=1
    )
    return table.iloc[-1]


def test_a_share_of_revenue_of_equal_orders_is_a_plain_proportion() -> None:
    cells = revenue_cells([10.0] * 100, [[n < 50 for n in range(100)], [n < 60 for n in range(100)]])
    row = revenue_scorecard(cells)
    expected = [float(part) for part in lift_interval(50, 100, 60, 100)[:3]]
    assert [row["improvement"], row["ci_low"], row["ci_high"]] == pytest.approx(expected, rel=1e-12)
    assert not row["is_small_sample"]


def test_a_few_large_orders_say_less_than_many_equal_ones() -> None:
    equal = revenue_scorecard(
        revenue_cells([10.0] * 100, [[n % 2 == 0 for n in range(100)], [n % 5 < 3 for n in range(100)]])
    )
    lumpy = [1.0] * 95 + [181.0] * 5
    skewed = revenue_scorecard(
        revenue_cells(lumpy, [[n % 2 == 0 for n in range(100)], [n % 5 < 3 for n in range(100)]])
    )
    assert skewed["ci_high"] - skewed["ci_low"] > equal["ci_high"] - equal["ci_low"]
    assert skewed["is_small_sample"], "six effective orders are a small sample, whatever their revenue"


def test_the_weeks_of_both_windows_are_told_and_their_number_is_data() -> None:
    row = scorecard(conversion_weeks()).query("kpi == 'journey_conversion' and target_set == 'mvp'").iloc[-1]
    days = [row[name] for name in ("baseline_from", "baseline_until", "current_from", "current_until")]
    assert [str(day.date()) for day in days] == ["2026-01-05", "2026-03-23", "2026-04-20", "2026-05-11"]
    sized = KPIS.assign(baseline_weeks=1, current_weeks=2)
    found = kpi_scorecard(conversion_weeks(), sized, TARGETS, AS_OF, START)
    row = found.query("kpi == 'journey_conversion' and target_set == 'mvp'").iloc[-1]
    assert row["denominator"] == 2000 and row["baseline_from"] == row["baseline_until"] == pd.Timestamp("2026-03-23")


@pytest.mark.parametrize(
    ("lift", "small", "expected"),
    [
        (0.60, False, "on_track"),
        (0.20, False, "on_track"),
        (0.13, False, "not_yet_knowable"),
        (0.02, False, "off_track"),
        (-0.30, False, "off_track"),
        (-0.30, True, "not_yet_knowable"),
        (0.60, True, "not_yet_knowable"),
    ],
)
def test_a_verdict_is_off_track_only_where_even_the_better_end_misses_the_target(
    lift: float, small: bool, expected: str
) -> None:
    size = 20 if small else 40_000
    row = pd.DataFrame(
        {"kind": ["proportion"], "target_type": "relative", "target": 0.15, "base_se": np.nan, "current_se": np.nan}
    ).assign(
        base_numerator=size * 0.1,
        base_denominator=size,
        current_numerator=size * 0.1 * (1 + lift),
        current_denominator=size,
    )
    found = judge(row)
    assert verdict(found, aim(found)[1]).item() == expected


def test_a_level_is_off_track_below_its_target() -> None:
    for numerator, expected in ((396, "on_track"), (345, "on_track"), (330, "not_yet_knowable"), (200, "off_track")):
        found = judge(level_row(numerator, 0.85))
        assert verdict(found, aim(found)[1]).item() == expected


def test_no_data_and_no_baseline_are_not_yet_knowable() -> None:
    found = scorecard(conversion_weeks())
    unknown = found["status"].isin(["no_data", "no_baseline"])
    assert unknown.any() and set(found.loc[unknown, "verdict"]) == {"not_yet_knowable"}


def test_customers_per_spend_vary_by_more_than_counts() -> None:
    """Poisson variances scaled by Pearson's dispersion over both windows: here weeks of 80 and 120 by turns."""
    counts = [(80.0 + 40 * (n % 2), 1000.0) for n in range(12)] + [(96.0 + 48 * (n % 2), 1000.0) for n in range(4)]
    kpis = pd.DataFrame(
        [("acquisition_efficiency", "Acquisition", "rate", "relative", "Owner")],
        columns=["kpi", "name", "kind", "target_type", "owner"],
    )
    targets = pd.DataFrame({"target_set": ["mvp"], "kpi": ["acquisition_efficiency"], "target": [0.15]})
    found = kpi_scorecard(kpi_cells("acquisition_efficiency", counts), kpis, targets, AS_OF, START).iloc[-1]
    dispersion = (12 * 20**2 / 100 + 4 * 24**2 / 120) / (11 + 3)
    half = 1.959963984540054 * np.sqrt(dispersion * (1 / 1200 + 1 / 480))
    assert found["improvement"] == pytest.approx(0.2, rel=1e-12)
    assert found["ci_low"] == pytest.approx(1.2 * np.exp(-half) - 1, rel=1e-9)
    assert dispersion > 4


def seasonal_cells() -> pd.DataFrame:
    """Vector 06 as four weeks: baseline and current of this year, and the same weeks of the year before."""
    given_row = pd.read_csv(VECTORS / "06_seasonal_adjustment" / "input.csv").iloc[0]
    base, current = date(2026, 3, 23), date(2026, 4, 6)
    year = timedelta(days=364)
    weeks = {"base_ly": base - year, "cur_ly": current - year, "base": base, "cur": current}
    parts = [
        kpi_cells("journey_conversion", [(given_row[f"k_{arm}"], given_row[f"n_{arm}"])], first=day)
        for arm, day in weeks.items()
    ]
    return pd.concat(parts, ignore_index=True)


def adjusted(cells: pd.DataFrame, signals: pd.DataFrame | None = None) -> pd.Series:
    kpis = KPIS.head(1).assign(baseline_weeks=1, current_weeks=1, mix_metric="journey:awareness->purchase")
    table = kpi_scorecard(cells, kpis, TARGETS.head(1), AS_OF, START, signals=signals)
    return table.iloc[-1]


def test_the_season_is_taken_out_as_vector_06_has_it() -> None:
    expected = pd.read_csv(VECTORS / "06_seasonal_adjustment" / "expected.csv").iloc[0]
    row = adjusted(seasonal_cells())
    assert row["improvement"] == pytest.approx(expected["raw_lift"], rel=1e-9)
    found = [row[name] for name in ("adjusted_improvement", "adjusted_low", "adjusted_high")]
    assert found == pytest.approx([expected[name] for name in ("adj_lift", "adj_lo", "adj_hi")], rel=1e-9)
    assert (row["adjusted_for"], row["evidence"]) == ("season", "adjusted_before_after")
    assert row["adjustment_note"] == kpi_adjustment.NO_MIX_YET
    assert row["status"] == "on_track", "raw it would be achieved"


def mix_signal(lift: float, se: float) -> pd.DataFrame:
    low, high = (np.exp(np.log1p(lift) + side * 1.959963984540054 * se) - 1 for side in (-1, 1))
    return pd.DataFrame(
        {"metric": ["journey:awareness->purchase"], "week": [date(2026, 4, 6)], "mix_adjusted_lift": [lift],
         "mix_adjusted_lift_low": [low], "mix_adjusted_lift_high": [high]}
    )  # fmt: skip


def test_mix_and_season_are_taken_out_together() -> None:
    """Of +38 % at equal mix the year's 20 % leave 15 %; the log variances add up."""
    row = adjusted(seasonal_cells(), mix_signal(0.38, 0.05))
    assert row["adjusted_improvement"] == pytest.approx(1.38 / 1.2 - 1, rel=1e-9)
    variance = 0.05**2 + 1 / 600 - 1 / 10_000 + 1 / 500 - 1 / 10_000
    assert row["adjusted_high"] == pytest.approx(1.15 * np.exp(1.959963984540054 * np.sqrt(variance)) - 1, rel=1e-9)
    assert row["adjusted_for"] == "mix_and_season" and pd.isna(row["adjustment_note"])


def test_without_a_year_only_mix_is_taken_out_and_the_row_says_so() -> None:
    this_year = seasonal_cells().iloc[2:]
    row = adjusted(this_year, mix_signal(0.38, 0.05))
    assert row["adjusted_improvement"] == pytest.approx(0.38, rel=1e-12) and row["adjusted_for"] == "mix"
    assert row["adjustment_note"] == kpi_adjustment.NO_YEAR
    raw = adjusted(this_year)
    assert np.isnan(raw["adjusted_improvement"]) and raw["evidence"] == "raw_before_after"
    assert raw["adjustment_note"] == f"{kpi_adjustment.NO_MIX_YET} {kpi_adjustment.NO_YEAR}"


def test_weeks_of_the_programme_tell_no_season() -> None:
    """A year into the programme the same weeks a year before are its own."""
    cells = pd.concat([seasonal_cells(), kpi_cells("journey_conversion", [(900.0, 10_000.0)], first=date(2027, 4, 5))])
    kpis = KPIS.head(1).assign(baseline_weeks=1, current_weeks=1)
    table = kpi_scorecard(cells, kpis, TARGETS.head(1), datetime(2027, 6, 1), START)
    assert np.isnan(table.iloc[-1]["adjusted_improvement"])


def test_a_level_is_not_adjusted() -> None:
    found = scorecard(kpi_cells("experience_consistency", [(90.0, 100.0)] * 6))
    row = found.query("kpi == 'experience_consistency'").iloc[-1]
    assert row["adjustment_note"] == kpi_adjustment.NO_LEVEL
