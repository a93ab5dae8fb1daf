"""The released attribution table: credit and spend are conserved, model by model."""

import math
import textwrap
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import journey_pipeline.attribution as package
from journey_pipeline.attribution import attribution, null_shares
from journey_pipeline.attribution.cells import Credits, allocate, jackknife_interval, null_share
from journey_pipeline.attribution.table import ATTRIBUTION_COLUMNS, ATTRIBUTION_KEY

VECTORS = Path(__file__).parents[1] / "vectors" / "10_rule_attribution"
WEEKS = ["2026-01-05", "2026-01-12"]
FIRST, SECOND = pd.to_datetime(WEEKS)
NO_SPEND = pd.DataFrame({"week": [], "channel": [], "campaign": [], "spend": []})
NO_PATHS = pd.DataFrame(columns=["week", "conversion_type", "path", "conversions", "value", "nulls"])


def credit_row(
    week: str, model: str, channel: str, campaign: str | None, credit: object, value: object
) -> dict[str, object]:
    return {
        "week": week,
        "conversion_type": "order",
        "model": model,
        "channel": channel,
        "campaign": campaign,
        "credit": credit,
        "value": value,
        "bucket_credit_sum_squares": Decimal(str(credit)) ** 2,
        "bucket_value_sum_squares": Decimal(0),
    }


def example() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Week 1: six orders (one unattributed) over email and search; week 2: one order, by search."""
    cells = [
        credit_row(WEEKS[0], "linear", "search", "brand", Decimal("2.25"), Decimal(225)),
        credit_row(WEEKS[0], "linear", "search", "shoes", Decimal("0.75"), Decimal(75)),
        credit_row(WEEKS[0], "linear", "email", None, Decimal(2), Decimal(200)),
        credit_row(WEEKS[0], "linear", "unattributed", None, Decimal(1), Decimal(40)),
        credit_row(WEEKS[0], "last", "search", "shoes", Decimal(5), Decimal(500)),
        credit_row(WEEKS[0], "last", "unattributed", None, Decimal(1), Decimal(40)),
        credit_row(WEEKS[1], "linear", "search", "brand", Decimal(1), Decimal(10)),
        credit_row(WEEKS[1], "last", "search", "brand", Decimal(1), Decimal(10)),
    ]
    paths = [
        (WEEKS[0], "order", "email > search", 4, Decimal(400), 6),
        (WEEKS[0], "order", "search", 1, Decimal(100), 9),
        (WEEKS[0], "order", None, 1, Decimal(40), 0),
        (WEEKS[1], "order", "search", 1, Decimal(10), 4),
        (WEEKS[1], "order", "social > email", 0, None, 8),
    ]
    spend = [
        (WEEKS[0], "search", "brand", Decimal(30)),
        (WEEKS[0], "display", "banner", Decimal(50)),
        (WEEKS[1], "search", "brand", Decimal(0)),
    ]
    return (
        pd.DataFrame(cells),
        pd.DataFrame(paths, columns=["week", "conversion_type", "path", "conversions", "value", "nulls"]),
        pd.DataFrame(spend, columns=["week", "channel", "campaign", "spend"]),
    )


def test_credit_and_spend_are_conserved() -> None:
    table = attribution(*example())
    assert list(table.columns) == ATTRIBUTION_COLUMNS
    assert set(table["model"]) == {"linear", "last", "markov"}
    credit = table.groupby(["week", "model"])["credit"].agg(math.fsum).unstack("week")
    assert (credit == [6.0, 1.0]).all(axis=None)
    value = table.groupby(["week", "model"])["value"].agg(math.fsum).unstack("week")
    assert (value == [540.0, 10.0]).all(axis=None)
    assert (table.groupby(["conversion_type", "model"])["spend"].sum() == 80).all()
    assert not table.duplicated(ATTRIBUTION_KEY).any()
    assert table["credit"].dtype == "float64"


def test_markov_is_split_over_campaigns_as_linear_splits_the_channel() -> None:
    week = attribution(*example()).query("model == 'markov' and week == @FIRST")
    credit = week.set_index(["channel", "campaign"])["credit"]
    # base 5/20; email feeds search, which converts 5/20: without email only the 10 direct starts remain.
    search, email = 1.0, 0.5
    assert credit["search"].sum() == pytest.approx(5 * search / (search + email))
    assert credit["search", "brand"] == pytest.approx(3 * credit["search", "shoes"])
    assert credit["unattributed"].tolist() == [1.0]
    assert week[["credit_ci_low", "credit_ci_high"]].isna().all(axis=None)


def test_spend_without_conversions_stays_and_credit_without_spend_has_no_return() -> None:
    table = attribution(*example()).query("week == @FIRST").set_index(["model", "channel", "campaign"])
    for model in ("linear", "last", "markov"):
        banner = table.loc[(model, "display", "banner")]
        assert banner[["credit", "value", "return_on_ad_spend", "spend"]].tolist() == [0.0, 0.0, 0.0, 50.0]
        assert np.isnan(banner["cost_per_conversion"])
    shoes = table.loc[("last", "search", "shoes")]
    assert shoes[["spend", "return_on_ad_spend", "cost_per_conversion"]].isna().all()
    brand = table.loc[("linear", "search", "brand")]
    assert brand["return_on_ad_spend"] == 7.5 and brand["cost_per_conversion"] == pytest.approx(30 / 2.25)


def test_zero_spend_costs_nothing_and_has_no_return() -> None:
    row = attribution(*example()).query("week == @SECOND and model == 'last' and campaign == 'brand'").iloc[0]
    assert row["cost_per_conversion"] == 0.0 and np.isnan(row["return_on_ad_spend"])


def test_spend_without_any_conversion_appears_under_order_for_each_rule() -> None:
    cells, _, spend = example()
    table = attribution(cells.iloc[:0], NO_PATHS, spend, rule_models=["first", "last"])
    assert set(zip(table["conversion_type"], table["model"], strict=True)) == {
        ("order", "first"),
        ("order", "last"),
    }
    assert table["spend"].sum() == 160 and table["credit"].sum() == 0
    assert table["cost_per_conversion"].isna().all()


def test_nothing_at_all_is_an_empty_table() -> None:
    cells, _, _ = example()
    assert list(attribution(cells.iloc[:0], NO_PATHS, NO_SPEND).columns) == ATTRIBUTION_COLUMNS


def test_no_spend_leaves_spend_null() -> None:
    cells, paths, _ = example()
    table = attribution(cells, paths, NO_SPEND)
    assert table["spend"].isna().all() and table["credit"].sum() == pytest.approx(21)


def test_row_order_does_not_matter() -> None:
    shuffled = [frame.sample(frac=1, random_state=5) for frame in example()]
    pd.testing.assert_frame_equal(attribution(*shuffled), attribution(*example()))


def test_paths_that_count_other_conversions_are_refused() -> None:
    cells, paths, spend = example()
    paths.loc[1, "conversions"] = 2
    with pytest.raises(ValueError, match="disagree in 1 weeks x conversion types, first 2026-01-05 order"):
        attribution(cells, paths, spend)


def test_a_type_that_nothing_was_credited_for_is_unattributed_in_every_model() -> None:
    cells, paths, spend = example()
    deals = cells.groupby(["week", "model"], as_index=False)[
        ["credit", "value", "bucket_credit_sum_squares", "bucket_value_sum_squares"]
    ].sum()
    deals = deals.assign(conversion_type="opportunity_won", channel="unattributed", campaign=None)
    table = attribution(pd.concat([cells, deals]), paths, spend)
    found = table.query("conversion_type == 'opportunity_won' and credit > 0")
    assert set(found["channel"]) == {"unattributed"}
    by_model = found.groupby("model")["credit"].sum()
    assert set(by_model.index) == {"linear", "last", "markov"}
    assert by_model.nunique() == 1
    assert (table.groupby(["conversion_type", "model"])["spend"].sum() == 80).all()


def test_credited_conversions_without_any_path_are_refused() -> None:
    cells, paths, spend = example()
    with pytest.raises(ValueError, match="disagree"):
        attribution(pd.concat([cells, cells.assign(conversion_type="lead")]), paths, spend)


def test_a_channel_the_linear_rule_never_credited_keeps_its_credit_in_one_row() -> None:
    cells, paths, spend = example()
    lossy = pd.DataFrame([(WEEKS[1], "order", "social > search", 0, 0, 5)], columns=paths.columns)
    table = attribution(cells, pd.concat([paths, lossy]), spend).query("model == 'markov' and week == @SECOND")
    social = table[table["channel"] == "social"]
    assert len(social) == 1 and social["campaign"].isna().all() and social["credit"].item() > 0
    assert math.fsum(table["credit"]) == 1.0


def test_another_model_is_one_entry() -> None:
    def everything_to_search(paths: pd.DataFrame) -> Credits:
        total = [float(paths["conversions"].sum()), float(paths["value"].sum())]
        return Credits(pd.DataFrame([["search", *total]], columns=["channel", "credit", "value"]), 0.0)

    table = attribution(*example(), models={"search_only": everything_to_search})
    assert table.query("model == 'search_only'").groupby("week")["credit"].sum().tolist() == [6.0, 1.0]


def test_the_model_shown_in_the_package_docstring_works() -> None:
    shown = textwrap.dedent((package.__doc__ or "").split("in one function and one line:")[1])
    names = {"PathCells": pd.DataFrame, "Credits": Credits, "allocate": allocate, "null_share": null_share}
    scope: dict[str, Any] = {**names, "pd": pd}
    exec(shown.split("MODELS =")[0], scope)
    table = attribution(*example(), models={"presence": scope["credit"]}).query("model == 'presence'")
    assert table.groupby("week")["credit"].sum().tolist() == [6.0, 1.0]
    assert table.query("week == @FIRST and channel == 'email'")["credit"].item() == pytest.approx(5 * 4 / 9)


def test_cells_as_the_warehouse_hands_them_over() -> None:
    handed = []
    with duckdb.connect() as connection:
        for frame in example():
            typed = frame.assign(week=pd.to_datetime(frame["week"]).dt.date)
            connection.register("cells", typed)
            handed.append(connection.sql("select * replace (week::date as week) from cells").df())
    pd.testing.assert_frame_equal(attribution(*handed), attribution(*example()))


def test_rule_vector_passes_through() -> None:
    expected = pd.read_csv(VECTORS / "expected_channel.csv")
    conversions = pd.read_csv(VECTORS / "input_conversions.csv").set_index("conversion_id")
    touches = pd.read_csv(VECTORS / "expected_touch_credit.csv").merge(
        conversions["revenue"], left_on="conversion_id", right_index=True
    )
    lost = [(model, "v5", "unattributed", 1.0, 40) for model in touches["model"].unique()]
    names = ["model", "conversion_id", "channel", "credit", "revenue"]
    touches = pd.concat([touches[names], pd.DataFrame(lost, columns=names)])
    touches["value"] = touches["credit"] * touches["revenue"]
    # Each conversion is another customer; the hash puts all six into different buckets.
    by_bucket = touches.groupby(["model", "channel", "conversion_id"])[["credit", "value"]].sum()
    cells = by_bucket.groupby(["model", "channel"]).sum()
    cells["bucket_credit_sum_squares"] = (by_bucket["credit"] ** 2).groupby(["model", "channel"]).sum()
    cells = cells.reset_index().assign(week="2026-01-26", conversion_type="order", campaign=None)
    table = attribution(cells, NO_PATHS, NO_SPEND, models={}).query("credit > 0")
    assert table["model"].tolist() == expected["model"].tolist()
    np.testing.assert_allclose(table["credit"], expected["conversions"], rtol=1e-9)
    np.testing.assert_allclose(table["value"], expected["revenue"], rtol=1e-9)
    assert (table["credit_ci_low"] <= table["credit"]).all() and (table["credit_ci_low"] >= 0).all()


def test_jackknife_is_the_delete_a_group_one() -> None:
    sums = np.random.default_rng(17).gamma(2, 3, 100)
    replicates = np.array([np.delete(sums, g).sum() * 100 / 99 for g in range(100)])
    se = np.sqrt(99 / 100 * ((replicates - replicates.mean()) ** 2).sum())
    low, high = jackknife_interval(sums.sum(), (sums**2).sum())
    assert (high - low) / 2 == pytest.approx(1.959963984540054 * se, rel=1e-9)


def test_jackknife_covers_the_truth_in_95_of_100() -> None:
    generator = np.random.default_rng(2026)
    sums = generator.poisson(6, (4000, 100)) * 0.5
    low, high = jackknife_interval(sums.sum(axis=1), (sums**2).sum(axis=1))
    assert 0.935 < np.mean((low <= 300) & (high >= 300)) < 0.965


def test_jackknife_of_one_customer_reaches_down_to_nothing() -> None:
    low, high = jackknife_interval(1.0, 1.0)
    assert low == 0.0 and high == pytest.approx(1 + 1.959963984540054)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(WEEKS),
            st.sampled_from(["a", "b", "c", "a > b", "b > c > a"]),
            st.integers(0, 30),
            st.integers(0, 90),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[:2],
    )
)
def test_laws_hold_for_any_paths(rows: list[tuple[str, str, int, int]]) -> None:
    paths = pd.DataFrame(rows, columns=["week", "path", "conversions", "nulls"]).assign(conversion_type="order")
    paths["value"] = paths["conversions"] * 7.5
    steps = paths.assign(channel=paths["path"].str.split(" > ")).explode("channel")
    steps["share"] = 1 / steps.groupby(["week", "path"])["channel"].transform("size")
    steps["credit"] = steps["conversions"] * steps["share"]
    cells = steps[steps["credit"] > 0].groupby(["week", "conversion_type", "channel"], as_index=False)[["credit"]].sum()
    cells = pd.concat([cells.assign(campaign="one"), cells.assign(campaign="two")])
    cells["credit"] /= 2
    cells = cells.assign(value=cells["credit"] * 7.5, bucket_credit_sum_squares=1.0, model="linear")
    spend = pd.DataFrame({"week": WEEKS, "channel": "z", "campaign": "c", "spend": [3.0, 4.0]})
    table = attribution(cells, paths, spend, rule_models=["linear"])
    sums = table.groupby(["week", "model"])[["credit", "value"]].agg(math.fsum)
    counted = paths.groupby("week")[["conversions", "value"]].sum()
    for (week, model), row in sums.iterrows():
        expected = counted.reindex([week.strftime("%Y-%m-%d")]).fillna(0).iloc[0].tolist()
        assert row.tolist() == (expected if model == "markov" else pytest.approx(expected))
    assert (table.groupby("model")["spend"].sum() == 7).all()


def test_null_shares() -> None:
    _, paths, _ = example()
    assert null_shares(paths)["null_share"].tolist() == pytest.approx([15 / 20, 12 / 13])
