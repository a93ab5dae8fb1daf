"""Young cohorts: the lag curve against known answers, and a nowcast that covers the truth it cannot see yet."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline import conversion, maturity

VECTOR = Path(__file__).parent / "vectors" / "02_maturity"
EXACT = {"rtol": 1e-9, "atol": 1e-12}


# --- the vector ---------------------------------------------------------------------------------------------------


@pytest.fixture
def settings() -> dict[str, object]:
    return json.loads((VECTOR / "params.json").read_text())


@pytest.fixture
def curve(settings: dict[str, int]) -> maturity.LagCurve:
    journeys = pd.read_csv(VECTOR / "input.csv")
    time = journeys[["lag_days", "age_days"]].min(axis=1).clip(upper=settings["window_days"])
    return maturity.lag_curve(time, journeys["lag_days"] <= time)


def test_the_lag_curve_is_that_of_the_vector(curve: maturity.LagCurve) -> None:
    expected = pd.read_csv(VECTOR / "expected_km.csv")
    found = pd.DataFrame(
        {
            "t": curve.time,
            "at_risk": curve.at_risk,
            "events": curve.moves,
            "surv": curve.survival,
            "cum_conv": curve.moved,
            "greenwood_se": curve.standard_error,
        }
    )
    np.testing.assert_allclose(found, expected, **EXACT)


def test_the_nowcast_is_that_of_the_vector(curve: maturity.LagCurve, settings: dict[str, dict[str, int]]) -> None:
    (expected,) = pd.read_csv(VECTOR / "expected_nowcast.csv").to_dict("records")
    ages: dict[str, int] = settings["nowcast_cohort"]["ages_days"]  # type: ignore[assignment]
    heard = maturity.completeness(curve, [int(a) for a in ages], settings["window_days"])  # type: ignore[arg-type]
    complete = np.average(heard, weights=[*ages.values()])
    found = complete, *maturity.nowcast(expected["k"], expected["n"], complete)
    names = ["completeness", "rate_nowcast", "ci_lo", "ci_hi"]
    np.testing.assert_allclose(found, [expected[name] for name in names], **EXACT)
    assert settings["min_completeness"] == maturity.MIN_COMPLETENESS


# --- the curve ----------------------------------------------------------------------------------------------------

JOURNEYS = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60)


@given(JOURNEYS)
def test_without_censoring_the_curve_is_the_share_that_moved(journeys: list[tuple[int, bool]]) -> None:
    """Everybody watched for the whole window: the product telescopes to a plain count."""
    lags = np.array([lag if moved else 99 for lag, moved in journeys])
    moved = np.array([moved for _, moved in journeys])
    curve = maturity.lag_curve(lags, moved)
    for hour in range(41):
        assert curve.moved_by(hour) == pytest.approx(np.mean(moved & (lags <= hour)), abs=1e-12)


@given(JOURNEYS, st.integers(2, 5))
def test_rows_that_stand_for_many_are_as_good_as_many_rows(journeys: list[tuple[int, bool]], times: int) -> None:
    lags, moved = zip(*journeys, strict=True)
    many = maturity.lag_curve(lags * times, moved * times)
    counted = maturity.lag_curve(lags, moved, times)
    np.testing.assert_allclose(counted.survival, many.survival, **EXACT)
    np.testing.assert_array_equal(counted.at_risk, many.at_risk)
    np.testing.assert_allclose(counted.standard_error, many.standard_error, **EXACT)


@given(JOURNEYS)
def test_the_curve_is_the_product_over_those_still_watched(journeys: list[tuple[int, bool]]) -> None:
    """The definition, spelled out a person at a time."""
    curve = maturity.lag_curve(*zip(*journeys, strict=True))
    survival = 1.0
    for hour in range(41):
        at_risk = sum(time >= hour for time, _ in journeys)
        moves = sum(time == hour and moved for time, moved in journeys)
        survival *= 1 - moves / at_risk if at_risk else 1.0
        assert curve.moved_by(hour) == pytest.approx(1 - survival, abs=1e-12)


def test_quantiles_are_the_first_time_the_share_is_reached() -> None:
    curve = maturity.lag_curve(range(1, 11), True)
    assert [curve.quantile(share) for share in (0.1, 0.5, 0.75, 0.9, 1.0)] == [1, 5, 8, 9, 10]
    half = maturity.lag_curve([3, 9], [True, False])
    assert half.quantile(0.5) == 3
    assert np.isnan(half.quantile(0.51))


def test_nobody_and_nobody_who_moved_make_an_empty_curve() -> None:
    for curve in (maturity.lag_curve([], []), maturity.lag_curve([4, 9], False)):
        assert curve.moved_by(100) == 0
        assert np.isnan(curve.quantile(0.1))
        assert np.isnan(maturity.completeness(curve, 3, 9))


def test_a_standard_error_ends_with_the_last_of_those_watched() -> None:
    assert np.isnan(maturity.lag_curve([1, 2], True).standard_error).tolist() == [False, True]


# --- the nowcast --------------------------------------------------------------------------------------------------


@given(st.integers(1, 500), st.data())
def test_a_complete_cohort_is_its_own_nowcast(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    assert tuple(map(float, maturity.nowcast(k, n, 1.0))) == (k / n, *map(float, conversion.wilson_interval(k, n)))


@given(st.integers(1, 500), st.floats(0.01, 1), st.data())
def test_a_nowcast_is_never_below_what_was_seen_nor_above_everybody(n: int, c: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    rate, low, high = maturity.nowcast(k, n, c)
    assert k / n <= rate + 1e-12
    assert 0 <= low <= rate + 1e-12
    assert rate <= high + 1e-12
    assert high <= 1


def test_without_completeness_there_is_no_nowcast() -> None:
    for complete in (0.0, float("nan")):
        assert all(np.isnan(value) for value in maturity.nowcast(0, 40, complete))


def test_completeness_stops_at_the_window() -> None:
    curve = maturity.lag_curve([1, 3, 5, 9], [True, True, True, False])
    np.testing.assert_allclose(maturity.completeness(curve, [0, 1, 4, 5, 400], 9), np.array([0, 1, 2, 3, 3]) / 3)
    # A move after the window counts neither above nor below the line.
    assert maturity.completeness(curve, 1, 4) == pytest.approx(0.5)


# A true rate of 0.1147 within 28 days, lags like a slow exponential, and a young cohort beside 12 mature weeks. What is
# checked is the whole way from journeys to the interval: the fit, with the cohort in it as in a release, included.
TRUE_RATE, WINDOW_HOURS, SIMULATIONS, COHORT = 0.1147, 28 * 24, 800, 1000


@pytest.mark.parametrize(
    ("mean_days", "youngest_days"), [(9, 3), (5, 3), (3, 3), (2, 10)], ids=["half", "two_thirds", "most", "nearly_all"]
)
def test_the_interval_of_the_nowcast_covers_the_truth(mean_days: float, youngest_days: int) -> None:
    generator = np.random.default_rng(20260302)
    within = 1 - np.exp(-WINDOW_HOURS / (24 * mean_days))
    week = np.arange(youngest_days * 24, (youngest_days + 7) * 24)
    expected = np.mean(1 - np.exp(-week / (24 * mean_days))) / within
    covered, seen, estimated, complete = [], [], [], []
    for _ in range(SIMULATIONS):
        lags = np.ceil(-24 * mean_days * np.log1p(-generator.uniform(0, within, 13 * COHORT)))
        ages = np.append(np.full(12 * COHORT, WINDOW_HOURS), generator.choice(week, COHORT))
        moved = (generator.uniform(size=lags.size) < TRUE_RATE) & (lags <= ages)
        curve = maturity.lag_curve(np.where(moved, lags, ages), moved)
        converted = int(moved[-COHORT:].sum())
        complete.append(maturity.completeness(curve, ages[-COHORT:], WINDOW_HOURS).mean())
        rate, low, high = maturity.nowcast(converted, COHORT, complete[-1])
        covered.append(bool(low <= TRUE_RATE <= high))
        seen.append(converted / COHORT)
        estimated.append(float(rate))
    assert np.mean(complete) == pytest.approx(expected, abs=0.003)
    assert np.mean(seen) == pytest.approx(TRUE_RATE * expected, abs=0.001)
    assert np.mean(estimated) == pytest.approx(TRUE_RATE, abs=0.001)
    assert 0.93 <= np.mean(covered) <= 0.97


# --- a shift of the lags ------------------------------------------------------------------------------------------


def test_the_distance_is_of_shapes_and_not_of_rates() -> None:
    lags = np.arange(1, 11)
    everybody = maturity.lag_curve(lags, True)
    every_tenth = maturity.lag_curve(np.append(lags, 10), True, [1] * 10 + [0])
    rare = maturity.lag_curve(np.append(lags, 99), [True] * 10 + [False], [1] * 10 + [90])
    assert maturity.shape_distance(everybody, every_tenth, 99) == 0
    assert maturity.shape_distance(everybody, rare, 99) == pytest.approx(0, abs=1e-12)
    slower = maturity.lag_curve(lags + 3, True)
    assert maturity.shape_distance(everybody, slower, 99) == pytest.approx(0.3)
    assert np.isnan(maturity.shape_distance(everybody, maturity.lag_curve([5], False), 99))


def lag_cells_of(lags: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"hours": lags, "is_moved": True, "journeys": 1})


@pytest.mark.parametrize(("slower", "low", "high"), [(0, 0, 0.05), (60, 0.9, 1)])
def test_a_shift_is_told_and_chance_is_not(slower: float, low: float, high: float) -> None:
    """50 recent moves against 100 before: alike they are nearly always farther than 0.1 from each other."""
    generator = np.random.default_rng(5)
    told, apart = [], []
    for _ in range(400):
        recent, before = (np.ceil(generator.exponential(72, size)) for size in (50, 100))
        cells = lag_cells_of(recent + slower), lag_cells_of(before)
        told.append(maturity.lag_shift(*cells, 999, 30))
        curves = [maturity.lag_curve(of["hours"], of["is_moved"]) for of in cells]
        apart.append(maturity.shape_distance(*curves, 999) > maturity.LAG_SHIFT)
    assert low <= np.mean(told) <= high
    assert np.mean(apart) > 0.7


def test_a_small_shift_of_many_moves_misleads_nobody() -> None:
    lags = np.arange(1, 1001)
    assert maturity.lag_shift(lag_cells_of(lags + 99), lag_cells_of(lags), 9999, 30) is False
    assert maturity.lag_shift(lag_cells_of(lags + 102), lag_cells_of(lags), 9999, 30) is True


# --- the table ----------------------------------------------------------------------------------------------------

STEP = {"funnel": "journey", "mode": "reached", "from_stage": "awareness", "to_stage": "consideration"}
DAY = 24
AS_OF = datetime(2026, 3, 2)


def weekly(mature_weeks: int, *, window_days: int = 14, slower_from: int = 99) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lag cells and table of 40 journeys a week, one entering every four hours; half of them move, after 1 to 10 days.

    From week `slower_from` before the end on they take three days more.
    """
    window, open_weeks = window_days * DAY, window_days // 7
    lags, rows = [], []
    for back in range(1, mature_weeks + open_weeks + 1):
        week = pd.Timestamp(AS_OF) - pd.Timedelta(weeks=back)
        converted = 0
        for journey in range(40):
            age = min(back * 7 * DAY - 4 * journey - 1, window)
            lag = DAY * (1 + journey // 4) + (3 * DAY if back <= slower_from and slower_from < 99 else 0)
            moved = journey % 2 == 0 and lag <= age
            converted += moved
            lags.append((week, moved, lag if moved else age))
        rows.append((week, 40, converted, back > open_weeks))
    cells = pd.DataFrame(lags, columns=["week", "is_moved", "hours"]).groupby(["week", "is_moved", "hours"])
    cells = cells.size().rename("journeys").reset_index()
    table = pd.DataFrame(rows, columns=["week", "entered", "converted", "is_mature"])
    key = STEP | {"window_seconds": window * 3600}
    table = table.assign(**key, view="cohort", breakdown="all", member="all", is_small_sample=False)
    return cells.assign(**key), table.sort_values("week", ignore_index=True)


def ages(table: pd.DataFrame) -> pd.DataFrame:
    """Entry ages of the open weeks of `weekly`."""
    rows = []
    for cell in table[(table["view"] == "cohort") & ~table["is_mature"]].to_dict("records"):
        back = (AS_OF - cell["week"]).days // 7
        age = pd.Series([min(back * 7 * DAY - 4 * n - 1, cell["window_seconds"] // 3600) for n in range(40)])
        counts = age.value_counts().rename_axis("age_hours").rename("journeys").reset_index()
        rows.append(counts.assign(**{name: cell[name] for name in maturity.CELL}))
    return pd.concat(rows)


def test_a_mature_cohort_is_complete_and_its_own_nowcast() -> None:
    lag_cells, table = weekly(6)
    found = maturity.add_nowcast(table, lag_cells, ages(table)).query("is_mature")
    assert len(found) == 6
    assert (found["completeness"] == 1).all()
    np.testing.assert_array_equal(found["rate_nowcast"], found["converted"] / 40)
    np.testing.assert_array_equal(found["nowcast_low"], conversion.wilson_interval(found["converted"], 40)[0])
    assert found["is_reportable"].all()
    assert found["lag_shift_warning"].isna().all(), "a mature row never changes"


def test_an_open_cohort_is_read_at_the_ages_of_its_own_journeys() -> None:
    lag_cells, table = weekly(12)
    found = maturity.add_nowcast(table, lag_cells, ages(table))
    curve = maturity.lag_curve(lag_cells["hours"], lag_cells["is_moved"], lag_cells["journeys"])
    last = found.iloc[-1]
    heard = np.mean([curve.moved_by(7 * DAY - 4 * n - 1) for n in range(40)]) / curve.moved_by(14 * DAY)
    assert 0.2 < heard < 0.5
    assert last["completeness"] == pytest.approx(heard, rel=1e-12)
    assert last["rate_nowcast"] == pytest.approx(last["converted"] / 40 / heard)
    assert not last["is_reportable"]
    second = found.iloc[-2]
    assert second["completeness"] > 0.8
    assert second["is_reportable"]
    assert len(found) == 14
    assert found["rate_nowcast"].notna().all()


def test_twelve_mature_weeks_and_the_open_ones_make_the_curve() -> None:
    """What was before them had other lags, and moves nothing."""
    lag_cells, table = weekly(12)
    older, older_table = weekly(20, slower_from=22)
    first = table["week"].min()
    lag_cells = pd.concat([older[older["week"] < first], lag_cells])
    long = pd.concat([older_table[older_table["week"] < first], table], ignore_index=True)
    with_older = maturity.add_nowcast(long, lag_cells, ages(long)).tail(2)
    alone = maturity.add_nowcast(table, lag_cells[lag_cells["week"] >= first], ages(table)).tail(2)
    np.testing.assert_array_equal(with_older["completeness"], alone["completeness"])


def test_there_is_a_nowcast_before_any_week_is_mature() -> None:
    lag_cells, table = weekly(0)
    found = maturity.add_nowcast(table, lag_cells, ages(table))
    assert found["rate_nowcast"].between(0.2, 0.8).all()
    assert found["lag_shift_warning"].isna().all()


def test_members_share_the_curve_and_keep_their_own_ages() -> None:
    lag_cells, table = weekly(12)
    table = pd.concat([table, table.assign(breakdown="entry_device", member="mobile")], ignore_index=True)
    aged = ages(table)
    young = aged["member"] == "mobile"
    aged.loc[young, "age_hours"] = (aged.loc[young, "age_hours"] - 300).clip(lower=0)
    aged = aged.groupby(maturity.ENTRY_AGE_CELLS_KEY, as_index=False)["journeys"].sum()
    found = maturity.add_nowcast(table, lag_cells, aged).query("not is_mature").groupby("member")["completeness"].max()
    assert found["mobile"] < found["all"]


def test_small_cohorts_other_modes_and_other_views_are_not_reported_as_nowcasts() -> None:
    lag_cells, table = weekly(2)
    small = table.assign(breakdown="market", member="DE", is_small_sample=True)
    other = table.assign(mode="strict")
    flow = table.assign(view="flow", is_mature=True, converted=60)
    whole = pd.concat([table, small, other, flow], ignore_index=True)
    found = maturity.add_nowcast(whole, lag_cells, ages(pd.concat([table, small])))
    assert found[maturity.NOWCAST_COLUMNS].shape == (16, 9)
    by_kind = [found.iloc[start : start + 4] for start in range(0, 16, 4)]
    assert by_kind[0]["is_reportable"].tolist() == [True, True, True, False]
    assert by_kind[1]["is_reportable"].tolist() == [False] * 4
    assert by_kind[2]["completeness"].isna().tolist() == [False, False, True, True]
    assert by_kind[2]["is_reportable"].tolist() == [True, True, False, False]
    assert by_kind[3]["rate_nowcast"].isna().all()
    assert by_kind[3]["is_reportable"].all()


def test_quantiles_of_a_week_are_those_of_its_own_journeys() -> None:
    lag_cells, table = weekly(3)
    table = pd.concat([table, table.assign(breakdown="market", member="DE")], ignore_index=True)
    found = maturity.add_nowcast(table, lag_cells, ages(table))
    week = lag_cells[lag_cells["week"] == table["week"].iloc[0]]
    lags = np.sort(np.repeat(week["hours"], week["journeys"])[np.repeat(week["is_moved"], week["journeys"])])
    assert len(lags) == 20, "half of forty, so the median is the last of them and no later quantile is reached"
    assert found.loc[0, "km_median_seconds"] == lags[-1] * 3600
    assert np.isnan(found.loc[0, "km_p75_seconds"])
    assert found.loc[5:, "km_median_seconds"].isna().all()


@pytest.mark.parametrize(("slower_from", "expected"), [(99, False), (6, True)])
def test_lags_that_grew_are_told_on_open_weeks(slower_from: int, expected: bool) -> None:
    lag_cells, table = weekly(12, slower_from=slower_from)
    found = maturity.add_nowcast(table, lag_cells, ages(table))
    assert found["lag_shift_warning"].isna().tolist() == [True] * 12 + [False] * 2
    assert found["lag_shift_warning"].tail(2).tolist() == [expected] * 2


def test_too_few_moves_say_nothing_about_a_shift() -> None:
    lag_cells, table = weekly(12, slower_from=6)
    assert maturity.add_nowcast(table, lag_cells, ages(table), min_n=81)["lag_shift_warning"].isna().all()
    assert maturity.add_nowcast(table, lag_cells, ages(table), min_n=80)["lag_shift_warning"].any()


def test_nothing_measured_makes_an_empty_table_of_the_same_columns() -> None:
    lag_cells, table = weekly(2)
    found = maturity.add_nowcast(table.iloc[:0], lag_cells.iloc[:0], ages(table).iloc[:0])
    assert list(found.columns) == [*table.columns, *maturity.NOWCAST_COLUMNS]
    assert found.empty


def test_cells_that_repeat_their_key_are_refused() -> None:
    lag_cells, table = weekly(2)
    with pytest.raises(ValueError, match=r"lag_cells: \d+ rows repeat the key"):
        maturity.add_nowcast(table, pd.concat([lag_cells, lag_cells]), ages(table))
