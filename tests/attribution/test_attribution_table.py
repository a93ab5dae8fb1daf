"""The released attribution table: credit and spend are conserved, model by model."""

import math
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline.attribution import MODELS, FittedModel, Paths, attribution, chosen_models, null_shares
from journey_pipeline.attribution.fitting import fitted_channels
from journey_pipeline.attribution.intervals import summed_error
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
    assert set(table["model"]) == {"linear", "last", "markov", "shapley", "shapley_rate", "leave_one_out"}
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
    assert table["spend"].isna().all() and table["credit"].sum() == pytest.approx(6 * 7)


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
    assert {"linear", "last", "markov", "shapley"} <= set(by_model.index)
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
    def everything_to_search(paths: Paths) -> tuple[np.ndarray, np.ndarray]:
        search = (np.array(paths.channels) == "search")[:, None]
        return search * paths.conversions.sum(axis=0), search * paths.value.sum(axis=0)

    table = attribution(*example(), models={"search_only": FittedModel(everything_to_search)})
    assert table.query("model == 'search_only'").groupby("week")["credit"].sum().tolist() == [6.0, 1.0]


def test_a_model_that_loses_conversions_is_refused() -> None:
    half = FittedModel(lambda paths: (paths.conversions[:1] / 2, paths.value[:1]))
    with pytest.raises(ValueError, match="it must credit all"):
        attribution(*example(), models={"half": half})


def test_models_are_chosen_by_name() -> None:
    chosen = chosen_models(["shapley", "markov"], markov_order=2)
    table = attribution(*example(), models=chosen)
    assert set(table["model"]) == {"linear", "last", "markov", "shapley"}
    # Of order two, email leads to half of what comes by search and is half of the credit beside it.
    credit = table.query("model == 'markov' and week == @FIRST").groupby("channel")["credit"].sum()
    assert credit["email"] == pytest.approx(5 * 0.8 / 1.8) and credit["search"] == pytest.approx(5 / 1.8)
    with pytest.raises(ValueError, match="no fitted model is called markow; expected some of markov"):
        chosen_models(["markow"])


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
    for name in ("credit", "value"):
        cells[f"bucket_{name}_sum_squares"] = (by_bucket[name] ** 2).groupby(["model", "channel"]).sum()
    cells = cells.reset_index().assign(week="2026-01-26", conversion_type="order", campaign=None)
    table = attribution(cells, NO_PATHS, NO_SPEND, models={}).query("credit > 0")
    assert table["model"].tolist() == expected["model"].tolist()
    np.testing.assert_allclose(table["credit"], expected["conversions"], rtol=1e-9)
    np.testing.assert_allclose(table["value"], expected["revenue"], rtol=1e-9)
    known = table[table["is_identified"]]
    # Every conversion is a group of its own: three and more of equal credit can tell, one or two cannot.
    assert (
        known["credit_ci_low"].between(0, known["credit"]).all() and (known["credit_ci_high"] > known["credit"]).all()
    )
    assert "search" in set(known["channel"]) and "social" not in set(known["channel"])
    assert (
        table.loc[~table["is_identified"], ["credit_ci_low", "credit_ci_high", "interval_kind"]].isna().all(axis=None)
    )


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
    cells = cells.assign(value=cells["credit"] * 7.5, bucket_credit_sum_squares=1.0, bucket_value_sum_squares=1.0)
    cells["model"] = "linear"
    spend = pd.DataFrame({"week": WEEKS, "channel": "z", "campaign": "c", "spend": [3.0, 4.0]})
    table = attribution(cells, paths, spend, rule_models=["linear"])
    sums = table.groupby(["week", "model"])[["credit", "value"]].agg(math.fsum)
    counted = paths.groupby("week")[["conversions", "value"]].sum()
    for (week, model), row in sums.iterrows():
        expected = counted.reindex([week.strftime("%Y-%m-%d")]).fillna(0).iloc[0].tolist()
        assert row.tolist() == (expected if model != "linear" else pytest.approx(expected))
    assert (table.groupby("model")["spend"].sum() == 7).all()


def test_null_shares() -> None:
    _, paths, _ = example()
    assert null_shares(paths)["null_share"].tolist() == pytest.approx([15 / 20, 12 / 13])


def bucketed(seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One week of orders in twenty buckets: linear credit, and the paths it was made of."""
    generator = np.random.default_rng(seed)
    rows = [
        (WEEKS[0], "order", path, bucket, int(generator.poisson(mean)), int(generator.poisson(4 * mean)))
        for bucket in range(20)
        for path, mean in (("email", 1.0), ("search", 2.0), ("email > search", 1.5), ("social > search > email", 0.7))
    ]
    paths = pd.DataFrame(rows, columns=["week", "conversion_type", "path", "bucket", "conversions", "nulls"])
    paths["value"] = paths["conversions"] * 20.0
    steps = paths.assign(channel=paths["path"].str.split(" > ")).explode("channel")
    steps["credit"] = steps["conversions"] / steps.groupby(["path", "bucket"])["channel"].transform("size")
    steps["campaign"] = steps["channel"].map({"email": "news", "search": "brand"})
    # Half of what search has is by another campaign, whichever bucket it is in.
    shoes = steps[steps["channel"] == "search"].assign(campaign="shoes")
    steps = pd.concat([steps, shoes])
    steps.loc[steps["channel"] == "search", "credit"] /= 2
    key = ["week", "conversion_type", "channel", "campaign"]
    sums = steps.groupby([*key, "bucket"], dropna=False)["credit"].sum().reset_index()
    cells = sums.assign(square=sums["credit"] ** 2).groupby(key, dropna=False)[["credit", "square"]].sum().reset_index()
    cells = cells.rename(columns={"square": "bucket_credit_sum_squares"}).assign(model="linear")
    return cells.assign(
        value=cells["credit"] * 20, bucket_value_sum_squares=cells["bucket_credit_sum_squares"] * 400
    ), paths


@pytest.mark.parametrize("model", ["markov", "shapley", "leave_one_out", "shapley_rate"])
def test_a_fitted_channel_has_the_jackknife_of_its_refits(model: str) -> None:
    cells, paths = bucketed(1)
    whole = MODELS[model](paths.drop(columns="bucket")).by_channel.set_index("channel")
    refits = pd.DataFrame(
        {
            left: MODELS[model](paths[paths["bucket"] != left]).by_channel.set_index("channel")["credit"] * 20 / 19
            for left in range(20)
        }
    )
    error = np.sqrt(19 / 20 * refits.sub(refits.mean(axis=1), axis=0).pow(2).sum(axis=1))
    table = attribution(cells, paths, NO_SPEND).query("model == @model").set_index("channel")
    for channel in ("email", "social"):  # one campaign each
        row = table.loc[channel]
        assert row["credit"] == pytest.approx(whole.loc[channel, "credit"], rel=1e-9)
        assert row["credit_ci_high"] == pytest.approx(row["credit"] + 1.959963984540054 * error[channel], rel=1e-9)
        low = max(row["credit"] - 1.959963984540054 * error[channel], 0)
        assert row["credit_ci_low"] == pytest.approx(low, rel=1e-9) and row["interval_kind"] == "sampling"
    search = table.loc["search"]
    assert search["credit"].sum() == pytest.approx(whole.loc["search", "credit"], rel=1e-9)
    half = (search["credit_ci_high"] - search["credit"]) / 1.959963984540054
    # Two equal campaigns, each half of the channel: of independent counts with the relative variance r, the share of
    # one has the relative variance r / 2.
    brand = cells.set_index("campaign").loc["brand"]
    r = summed_error(brand["credit"], brand["bucket_credit_sum_squares"]) ** 2 / brand["credit"] ** 2
    expected = np.sqrt(error["search"] ** 2 + search["credit"].sum() ** 2 * r / 2) / 2
    np.testing.assert_allclose(half, expected, rtol=1e-9)


def test_paths_in_no_buckets_and_too_few_customers_leave_the_interval_null() -> None:
    cells, paths = bucketed(2)
    table = attribution(cells, paths.drop(columns="bucket"), NO_SPEND).query("model == 'markov'")
    assert not table["is_identified"].any() and table[["credit_ci_low", "interval_kind"]].isna().all(axis=None)
    few = paths.assign(conversions=np.where(paths["bucket"] < 2, paths["conversions"] + 1, 0))
    few["value"] = few["conversions"] * 20.0
    found = fitted_channels(few, {"shapley": MODELS["shapley"]})
    assert (found["credit"] > 0).all() and (found["groups"] <= 2).all()


def test_the_return_has_the_interval_of_its_value_with_spend_as_known() -> None:
    cells, paths = bucketed(3)
    spend = pd.DataFrame({"week": WEEKS[:1], "channel": "email", "campaign": "news", "spend": [50.0]})
    table = attribution(cells, paths, spend).query("channel == 'email'")
    assert table["is_identified"].all() and len(table) == 5
    for end in ("low", "high"):
        # Every order is worth 20, so value is as sure as credit.
        np.testing.assert_allclose(table[f"return_ci_{end}"], table[f"credit_ci_{end}"] * 20 / 50, rtol=1e-9)
    assert (table["return_ci_low"] < table["return_on_ad_spend"]).all()


def noted(credit: list[tuple[str | None, float]], spent: list[tuple[str | None, float]]) -> dict[object, list[object]]:
    """Of one channel: note, cost per conversion and return by campaign."""
    cells = pd.DataFrame([credit_row(WEEKS[0], "last", "search", name, earned, earned * 10) for name, earned in credit])
    spend = pd.DataFrame([(WEEKS[0], "search", *one) for one in spent], columns=NO_SPEND.columns)
    table = attribution(cells, NO_PATHS, spend, models={})
    numbers = ["spend_note", "cost_per_conversion", "return_on_ad_spend"]
    rows = table[numbers].astype("object").where(table[numbers].notna(), None).to_numpy().tolist()
    return dict(zip(table["campaign"].where(table["campaign"].notna(), None), rows, strict=True))


def test_a_cost_that_cannot_be_split_is_null_and_says_why() -> None:
    assert noted([("brand", 2.0)], [("brand", 8.0)]) == {"brand": [None, 4.0, 2.5]}
    assert noted([(None, 2.0)], [(None, 8.0)]) == {None: [None, 4.0, 2.5]}
    assert noted([("brand", 2.0)], []) == {"brand": ["no_spend_reported", None, None]}
    assert noted([("brand", 2.0)], [("shoes", 8.0)]) == {
        "brand": ["spend_of_other_campaigns", None, None],
        "shoes": ["no_credit", None, 0.0],
    }
    assert noted([("brand", 2.0)], [(None, 8.0)]) == {
        "brand": ["spend_without_campaign", None, None],
        None: ["spend_without_campaign", None, None],
    }
    assert noted([(None, 2.0)], [("brand", 8.0)]) == {
        "brand": ["credit_without_campaign", None, None],
        None: ["credit_without_campaign", None, None],
    }
    # What is tagged has its own cost, what is not has none.
    assert noted([(None, 1.0), ("brand", 2.0)], [("brand", 8.0)]) == {
        "brand": [None, 4.0, 2.5],
        None: ["credit_without_campaign", None, None],
    }


def test_first_orders_cost_an_acquisition() -> None:
    cells, paths, spend = example()
    first = cells.assign(conversion_type="first_order")
    table = attribution(
        pd.concat([cells, first]), pd.concat([paths, paths.assign(conversion_type="first_order")]), spend
    )
    acquired = table[table["conversion_type"] == "first_order"]
    pd.testing.assert_series_equal(
        acquired["customer_acquisition_cost"], acquired["cost_per_conversion"], check_names=False
    )
    assert acquired["customer_acquisition_cost"].notna().any()
    assert table.loc[table["conversion_type"] == "order", "customer_acquisition_cost"].isna().all()


def test_what_a_platform_claims_stands_beside_and_changes_nothing() -> None:
    cells, paths, spend = example()
    table = attribution(cells, paths, spend.assign(platform_conversions=[7, 90, 4]))
    claimed = table.groupby("model")["platform_conversions"].sum()
    assert (claimed == 101).all()
    ours = [column for column in ATTRIBUTION_COLUMNS if column != "platform_conversions"]
    pd.testing.assert_frame_equal(table[ours], attribution(cells, paths, spend)[ours])


def disagreeing(first: float, last: float, others: float = 100.0) -> pd.DataFrame:
    cells = [
        credit_row(WEEKS[0], model, channel, None, earned, 0.0)
        for model, search in (("first", first), ("last", last))
        for channel, earned in (("search", search), ("email", others - search), ("unattributed", 50.0))
    ]
    return attribution(pd.DataFrame(cells), NO_PATHS, NO_SPEND, models={})


def test_models_disagree_when_their_shares_lie_ten_points_apart() -> None:
    def flags(table: pd.DataFrame) -> dict[str, bool | None]:
        flag = table["models_disagree"].astype("object").where(table["models_disagree"].notna(), None)
        return dict(zip(table["channel"], flag, strict=True))

    assert flags(disagreeing(40, 51))["search"] and flags(disagreeing(40, 51))["email"]
    assert not flags(disagreeing(40, 49))["search"]
    assert flags(disagreeing(40, 51))["unattributed"] is None
    assert flags(disagreeing(1, 9, others=10))["search"] is None  # too few conversions to say
    influence = pd.DataFrame([credit_row(WEEKS[0], "participation", "search", None, 100.0, 0.0)])
    cells = pd.DataFrame([credit_row(WEEKS[0], "last", name, None, 50.0, 0.0) for name in ("search", "email")])
    both = pd.concat([cells.assign(is_influence=False), influence.assign(is_influence=True)])
    table = attribution(both, NO_PATHS, NO_SPEND, models={})
    assert table.groupby("model")["is_influence"].all().to_dict() == {"last": False, "participation": True}
    assert not table["models_disagree"].any()


def test_rows_with_an_interval_of_their_own_join_as_they_are() -> None:
    cells, paths, spend = example()
    base = attribution(cells, paths, spend)
    brought = base[(base["model"] == "last") & (base["credit"] > 0)].assign(
        model="hazard",
        credit_ci_low=0.5,
        credit_ci_high=9.0,
        interval_kind="total",
        role="pull",
        is_identified=True,
        is_calibrated=True,
    )
    table = attribution(cells, paths, spend, brought.drop(columns=["spend", "return_on_ad_spend", "models_disagree"]))
    pd.testing.assert_frame_equal(
        table[table["model"] != "hazard"].drop(columns="models_disagree").reset_index(drop=True),
        base.drop(columns="models_disagree"),
    )
    ours = table.query("model == 'hazard'").set_index(["week", "channel", "campaign"])
    assert ours["spend"].sum() == 80
    row = ours.loc[(FIRST, "search", "shoes")]
    names = ["credit", "credit_ci_low", "credit_ci_high", "interval_kind", "role"]
    assert row[names].tolist() == [5.0, 0.5, 9.0, "total", "pull"] and row["is_calibrated"] and row["is_identified"]
    brand = ours.loc[(SECOND, "search", "brand")]
    assert np.isnan(brand["return_ci_low"]) and brand["cost_per_conversion"] == 0.0


def test_rows_of_whole_channels_are_split_over_campaigns_as_linear_splits_them() -> None:
    cells, paths, spend = example()
    flags = {"interval_kind": "total", "role": "pull", "is_identified": True, "is_calibrated": False, "note": None}
    unknown = (np.nan, np.nan)
    rows = [
        (FIRST, "order", "hazard", "search", None, 2.0, 200.0, 1.0, 3.0),
        (FIRST, "order", "hazard", "baseline", None, 3.0, 300.0, *unknown),
        (FIRST, "order", "hazard", "unattributed", None, 1.0, 40.0, *unknown),
    ]
    numbers = ["credit", "value", "credit_ci_low", "credit_ci_high"]
    brought = pd.DataFrame(rows, columns=[*ATTRIBUTION_KEY, *numbers]).assign(**flags)
    table = attribution(cells, paths, spend, brought).query("model == 'hazard' and week == @FIRST")
    assert table["credit"].sum() == pytest.approx(6.0, abs=1e-12) and table["value"].sum() == pytest.approx(540.0)
    brand = table[table["campaign"] == "brand"].iloc[0]
    assert brand[numbers].tolist() == [1.5, 150.0, 0.75, 2.25] and brand["cost_per_conversion"] == 20.0
    assert brand[["return_ci_low", "return_ci_high"]].tolist() == [2.5, 7.5]


def test_why_a_credit_is_not_identified_is_said_of_every_campaign_of_the_channel_and_of_no_other() -> None:
    cells, paths, spend = example()
    rows = [(FIRST, "order", "hazard", "search", "too few"), (FIRST, "order", "hazard", "baseline", None)]
    brought = pd.DataFrame(rows, columns=[*ATTRIBUTION_KEY[:4], "note"]).assign(
        campaign=None, credit=2.0, value=200.0, credit_ci_low=np.nan, credit_ci_high=np.nan, interval_kind=None,
        role="pull", is_identified=False, is_calibrated=False,
    )  # fmt: skip
    table = attribution(cells, paths, spend, brought)
    said = table[table["note"].notna()]
    assert said[["model", "channel", "campaign", "note"]].values.tolist() == [
        ["hazard", "search", "brand", "too few"], ["hazard", "search", "shoes", "too few"],
    ]  # fmt: skip


@pytest.mark.parametrize("model", list(MODELS))
def test_laws_of_every_fitted_model(model: str) -> None:
    """Efficiency, symmetry, scale and a channel nobody converted through."""
    _, paths = bucketed(5)
    fit = MODELS[model]
    found = fit(paths).by_channel.set_index("channel")
    assert math.fsum(found["credit"]) == paths["conversions"].sum() and (found >= 0).all(axis=None)
    assert math.fsum(found["value"]) == paths["value"].sum()
    shuffled = fit(paths.sample(frac=1, random_state=5)).by_channel.set_index("channel")
    pd.testing.assert_frame_equal(shuffled, found, check_exact=True)
    doubled = fit(pd.concat([paths, paths])).by_channel.set_index("channel")
    pd.testing.assert_frame_equal(doubled, 2 * found, rtol=1e-9)
    swap = {"email": "search", "search": "email"}
    renamed = paths["path"].str.split(" > ").map(lambda steps: " > ".join(swap.get(step, step) for step in steps))
    swapped = fit(paths.assign(path=renamed)).by_channel.set_index("channel").rename(index=swap).sort_index()
    pd.testing.assert_frame_equal(swapped, found, rtol=1e-9)
    lost = pd.DataFrame([(*paths.iloc[0, :2], "tv", 0, 0, 9, 0.0)], columns=paths.columns)
    credit = fit(pd.concat([paths, lost])).by_channel.set_index("channel")["credit"]
    assert credit["tv"] == 0.0 and credit.drop("tv").index.tolist() == found.index.tolist()
