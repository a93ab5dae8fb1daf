"""From orders, touches and answers to one segment per set: known answers, and laws on made-up customers."""

from __future__ import annotations

import random
from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline import clusters
from journey_pipeline.defs.clusters import build as build_clusters
from journey_pipeline.segment_rules import load_rules

from .compiled_models import Bench, compile_models

VECTORS = Path(__file__).parent.parent / "vectors"
RFM_PACKAGE = Path(__file__).parents[3] / "shared" / "fixtures" / "rfm"
# In the order they read each other.
MODELS = (
    "identifier_numbers", "customer_numbers", "segment_orders_told", "visit_weeks", "active_weeks", "segment_weeks",
    "segment_levels", "segment_orders", "segment_activity", "attitude_answers", "attitude_scores", "attitude_scales",
    "segment_customers", "segment_customer_weeks", "segment_features", "segment_assignments", "segment_members",
    "segment_versions", "customer_segments", "segment_facts", "segment_cells", "migration_cells", "retention_cells",
    "revenue_bridges", "value_cells",
)  # fmt: skip
EMPTY = {
    "journeys.customer_conversions": "conversion_id varchar, conversion_type varchar, occurred_at timestamp, "
    "week date, value decimal(18, 6), customer_id varchar, is_counted boolean",
    "journeys.customer_touchpoints": "touchpoint_id varchar, customer_number integer, occurred_at timestamp, "
    "family varchar, interaction_type varchar, direction varchar, is_machine boolean, is_internal_test boolean",
    "journeys.sessions": "customer_id varchar, channel varchar, started_at timestamp, is_machine boolean, "
    "is_internal_test boolean",
    "journeys.customer_attributes": "customer_id varchar, attribute varchar, value varchar",
    "journeys.experience_answers": "week date, customer_id varchar, instrument varchar, is_promoter boolean, "
    "is_detractor boolean, is_positive boolean, is_scored boolean",
    "journeys.journey_paths": "journey_id varchar, week date, is_converting boolean, is_mature boolean",
    "journeys.journeys": "journey_id varchar, customer_number integer",
    "journeys.weeks": "week date, ends_at timestamp",
    "events.experience_scores": "score_id varchar, source varchar, instrument varchar, family varchar, "
    "question varchar, score_share double, answered_at timestamp, identifier_type varchar, identifier_value varchar",
    "identity.identifiers": "identifier_type varchar, identifier_value varchar, identifier_hash varchar, "
    "customer_id varchar, first_seen_at timestamp",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "path:models/journeys")


@pytest.fixture(scope="module")
def models_of_r(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    given = "{rfm_quantiles: r_type_7, rfm_lookback_days: 3650}"
    return compile_models(tmp_path_factory.mktemp("dbt"), "path:models/journeys", given)


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    return empty(models)


def empty(models: dict[str, str]) -> Bench:
    bench = Bench(models)
    for name, columns in EMPTY.items():
        bench.connection.execute(f"create or replace table warehouse.{name} ({columns})")
    return bench


def add(bench: Bench, relation: str, **columns: object) -> None:
    """Append rows; columns that are not named are null."""
    bench.connection.register("given", pd.DataFrame(columns))
    bench.connection.execute(f"insert into warehouse.{relation} by name select * from given")
    bench.connection.unregister("given")


def know(bench: Bench, customers: list[str], since: str = "2020-01-01") -> None:
    add(bench, "identity.identifiers", identifier_type="email", identifier_value=customers, identifier_hash=customers,
        customer_id=customers, first_seen_at=pd.Timestamp(since))  # fmt: skip


def order(bench: Bench, rows: list[tuple[str, pd.Timestamp, float]]) -> None:
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "value"])
    add(
        bench, "journeys.customer_conversions", conversion_id=[f"o{n}" for n in range(len(frame))],
        conversion_type="order", is_counted=True, week=frame["occurred_at"].dt.to_period("W").dt.start_time.dt.date,
        **{name: frame[name] for name in frame.columns},
    )  # fmt: skip


def visit(bench: Bench, rows: list[tuple[str, pd.Timestamp, str]], kind: str = "page_view") -> None:
    """Visits as (customer, when, channel), each with one touch."""
    known = bench.ask("select distinct customer_id from warehouse.identity.identifiers order by 1")["customer_id"]
    numbers = {name: n + 1 for n, name in enumerate(known)}
    frame = pd.DataFrame(rows, columns=["customer_id", "occurred_at", "channel"])
    add(bench, "journeys.customer_touchpoints", touchpoint_id=[f"t{n}" for n in range(len(frame))],
        customer_number=frame["customer_id"].map(numbers), occurred_at=frame["occurred_at"], family="website",
        interaction_type=kind, direction="inbound")  # fmt: skip
    add(bench, "journeys.sessions", customer_id=frame["customer_id"], channel=frame["channel"],
        started_at=frame["occurred_at"])  # fmt: skip


def run(bench: Bench, ends: list[str]) -> pd.DataFrame:
    """Build every model, for weeks that end at these moments; the segments of the last one by customer and set."""
    end = pd.to_datetime(ends)
    bench.clock(ends[-1])
    mondays = (end - pd.Timedelta(seconds=1)).to_period("W").start_time
    weeks = pd.DataFrame({"week": mondays.date, "ends_at": end})
    bench.put("journeys.weeks", weeks, week="date")
    for name in MODELS:
        bench.run(name)
    found = bench.ask("select customer_id, segment_set, segment from warehouse.journeys.customer_segments")
    return found.pivot(index="customer_id", columns="segment_set", values="segment")


def features(bench: Bench) -> pd.DataFrame:
    sql = """
        select customer_id, features.* from warehouse.journeys.segment_features as features
        inner join warehouse.journeys.customer_numbers using (customer_number) where is_latest
    """
    return bench.ask(sql).set_index("customer_id")


# --- known answers ------------------------------------------------------------------------------------------------


def test_rfm_is_that_of_the_vector(bench: Bench) -> None:
    given = pd.read_csv(VECTORS / "40_rfm" / "input.csv")
    end = pd.Timestamp("2026-03-02")
    know(bench, [*given["customer_id"], "never"])
    order(bench, [
        (row.customer_id, end - pd.Timedelta(days=row.recency_days), row.monetary / row.frequency)
        for row in given.itertuples() for _ in range(row.frequency)
    ])  # fmt: skip
    found = run(bench, ["2026-03-02"])
    expected = pd.read_csv(VECTORS / "40_rfm" / "expected.csv").set_index("customer_id")
    told = features(bench).loc[expected.index]
    for ours, theirs in (
        ("recency_score", "r"),
        ("frequency_score", "f"),
        ("monetary_score", "m"),
        ("rfm_code", "rfm"),
    ):
        assert told[ours].astype(int).to_dict() == expected[theirs].to_dict()
    assert found["rfm_short"].drop("never").to_dict() == expected["segment"].to_dict()
    assert found.loc["never", ["rfm", "rfm_short", "value"]].tolist() == ["not_rated", "not_rated", "no_purchase"]


@pytest.mark.skipif(not RFM_PACKAGE.is_dir(), reason="../shared/fixtures/rfm is absent: not part of this project")
def test_rfm_scores_of_the_r_package_are_its_own(models_of_r: dict[str, str]) -> None:
    """995 customers of the package's orders: five scores it prints, and sizes of its own segments."""
    bench = empty(models_of_r)
    given = pd.read_csv(RFM_PACKAGE / "rfm_data_orders.csv", parse_dates=["order_date"])
    know(bench, sorted(set(given["customer_id"])), "2000-01-01")
    order(bench, list(given[["customer_id", "order_date", "revenue"]].itertuples(index=False, name=None)))
    run(bench, ["2006-12-31"])
    told = features(bench)
    published = pd.read_csv(RFM_PACKAGE / "expected_some.csv")
    scores = published[published["kind"] == "readme"].set_index("key")["expected"].astype(int)
    assert len(told) == 995 and told.loc[scores.index, "rfm_code"].astype(int).to_dict() == scores.to_dict()
    # The package's own test assigns by bounds of the three scores, the first that holds.
    bounds = {
        "Champions": (4, 5, 4, 5, 4, 5), "Loyal Customers": (2, 5, 3, 5, 3, 5),
        "Potential Loyalist": (3, 5, 1, 3, 1, 3),
        "New Customers": (4, 5, 1, 1, 1, 1), "Promising": (3, 4, 1, 1, 1, 1), "Need Attention": (2, 3, 2, 3, 2, 3),
        "About To Sleep": (2, 3, 1, 2, 1, 2), "At Risk": (1, 2, 2, 5, 2, 5), "Can't Lose Them": (1, 1, 4, 5, 4, 5),
        "Lost": (1, 2, 1, 2, 1, 2),
    }  # fmt: skip
    whens = " ".join(
        f"when recency_score between {a} and {b} and frequency_score between {c} and {d} "
        f"and monetary_score between {e} and {f} then '{name.replace(chr(39), chr(39) * 2)}'"
        for name, (a, b, c, d, e, f) in bounds.items()
    )
    sizes = bench.ask(f"""
        select case {whens} else 'Others' end as segment, count(*) as customers
        from warehouse.journeys.segment_features group by all
    """).set_index("segment")["customers"]
    snapshot = published[published["kind"] == "snapshot_segment"].set_index("key")["expected"].astype(int)
    assert sizes.loc[snapshot.index].to_dict() == snapshot.to_dict()


def test_lifecycle_is_that_of_the_vector(bench: Bench) -> None:
    given = pd.read_csv(VECTORS / "41_lifecycle" / "input.csv", parse_dates=["purchase_date"])
    know(bench, sorted(set(given["customer_id"])), "2025-01-01")
    bought = given.dropna().assign(value=10.0)
    order(bench, list(bought.itertuples(index=False, name=None)))
    found = run(bench, ["2026-03-01"])
    expected = pd.read_csv(VECTORS / "41_lifecycle" / "expected.csv").set_index("customer_id")["lifecycle"]
    assert found["lifecycle"].to_dict() == expected.to_dict()


def test_value_deciles_are_those_of_the_vector(bench: Bench) -> None:
    given = pd.read_csv(VECTORS / "44_value_deciles" / "input.csv")
    know(bench, list(given["customer_id"]))
    order(bench, [(row.customer_id, pd.Timestamp("2026-02-01"), row.clv) for row in given.itertuples()])
    run(bench, ["2026-03-02"])
    expected = pd.read_csv(VECTORS / "44_value_deciles" / "expected.csv").set_index("customer_id")["decile"]
    assert features(bench)["value_decile"].astype(int).to_dict() == expected.to_dict()


def attitudes(bench: Bench, copies: int) -> None:
    """The answers of the vector, given by so many people each; the third item is turned as staging turns it."""
    given = pd.read_csv(VECTORS / "43_attitude_scale" / "input.csv")
    given["q3_reversed"] = 6 - given["q3_reversed"]
    told = given.melt("respondent_id", var_name="question", value_name="score").dropna()
    told = pd.concat([told.assign(customer_id=told["respondent_id"] + f"_{n}") for n in range(copies)])
    know(bench, [f"{name}_{n}" for name in [*given["respondent_id"], "silent"] for n in range(copies)])
    add(bench, "events.experience_scores", score_id=[f"s{n}" for n in range(len(told))], source="qualtrics",
        instrument="ATTITUDE", family="price", question=told["question"], score_share=(told["score"] - 1) / 4,
        answered_at=pd.Timestamp("2026-02-01"), identifier_type="email",
        identifier_value=told["customer_id"])  # fmt: skip


def test_a_scale_of_attitudes_is_that_of_the_vector(bench: Bench) -> None:
    attitudes(bench, 1)
    found = run(bench, ["2026-03-02"])
    expected = pd.read_csv(VECTORS / "43_attitude_scale" / "expected.csv").dropna().set_index("respondent_id")
    scores = bench.ask("""
        select customer_id, score, band from warehouse.journeys.attitude_scores
        inner join warehouse.journeys.customer_numbers using (customer_number)
    """).set_index("customer_id")
    assert scores["band"].rename(index=lambda name: name[:-2]).to_dict() == expected["band"].to_dict()
    assert scores["score"].rename(index=lambda name: name[:-2]).to_dict() == pytest.approx(expected["score"].to_dict())
    scale = bench.ask("select * from warehouse.journeys.attitude_scales where scale = 'price'").iloc[0]
    alpha = pd.read_csv(VECTORS / "43_attitude_scale" / "expected_alpha.csv").iloc[0]
    assert scale["complete_answers"] == alpha["n_complete"]
    assert scale["alpha"] == pytest.approx(alpha["cronbach_alpha"], rel=1e-9)
    assert (scale["is_published"], scale["reason"]) == (False, "fewer than 100 complete answers")
    assert set(found["psychographic"]) == {"unknown"}, "five answers say nothing of anybody"


def test_a_scale_that_holds_is_asked_by_rules_and_silence_stays_unknown(bench: Bench) -> None:
    attitudes(bench, 20)
    found = run(bench, ["2026-03-02"])
    named = found["psychographic"].groupby(found.index.str.replace(r"_\d+$", "", regex=True)).unique()
    assert {name: list(values) for name, values in named.items()} == {
        "s1": ["price_minded"], "s2": ["price_minded"], "s3": ["neither"], "s4": ["neither"], "s5": ["neither"],
        "s6": ["unknown"], "s7": ["price_minded"], "silent": ["unknown"],
    }  # fmt: skip


def test_weekly_activity_is_new_only_in_the_week_of_the_first_event_ever(bench: Bench) -> None:
    know(bench, ["first", "back_after_years", "stays", "gone", "never"])
    last, before, long_ago = (pd.Timestamp(day) for day in ("2026-02-25", "2026-02-18", "2024-05-01"))
    visit(bench, [("first", last, "direct"), ("back_after_years", long_ago, "direct"),
                  ("back_after_years", last, "direct"), ("stays", before, "direct"), ("stays", last, "direct"),
                  ("gone", before, "direct")])  # fmt: skip
    found = run(bench, ["2026-02-23", "2026-03-02"])
    assert found["weekly_activity"].to_dict() == {
        "first": "new", "back_after_years": "resurrecting", "stays": "returning", "gone": "dormant",
        "never": "inactive",
    }  # fmt: skip


def test_what_was_done_within_28_and_91_days_is_carried_on_to_the_day(bench: Bench) -> None:
    """Against a plain count, week by week, of visits and days before its end."""
    know(bench, ["a", "b"])
    end = pd.Timestamp("2026-03-02")
    draw = random.Random(7)
    days = sorted({draw.randrange(1, 300) for _ in range(40)})
    told = [("a", end - pd.Timedelta(days=d) + pd.Timedelta(hours=5), ["email", "direct"][d % 2]) for d in days]
    visit(bench, told)
    ends = [str((end - pd.Timedelta(weeks=back)).date()) for back in range(24, -1, -1)]
    run(bench, ends)
    found = bench.ask("""
        select week, active_days_28, sessions_28, channels_28, days_since_last_activity
        from warehouse.journeys.segment_features where customer_number = 1 order by week
    """)
    for row in found.itertuples():
        at = pd.Timestamp(row.week) + pd.Timedelta(days=7)
        month = [(t, c) for _, t, c in told if at - pd.Timedelta(days=28) <= t < at]
        assert (row.active_days_28, row.sessions_28) == (len({t.date() for t, _ in month}), len(month))
        assert row.channels_28 == len({c for _, c in month})
        last = max((t for _, t, _ in told if t < at), default=None)
        since = (at - last) / pd.Timedelta(days=1) if last is not None else None
        assert row.days_since_last_activity == pytest.approx(since)
    silent = bench.ask("""
        select bool_and(active_days_28 = 0 and days_since_last_activity is null and engagement_score is null)
        from warehouse.journeys.segment_features where customer_number = 2
    """)
    assert silent.iloc[0, 0]


def test_an_order_leaves_the_year_when_it_is_older_than_it(bench: Bench) -> None:
    know(bench, ["a"])
    end = pd.Timestamp("2026-03-02")
    order(bench, [("a", end - pd.Timedelta(days=365), 10.0), ("a", end - pd.Timedelta(days=400), 5.0),
                  ("a", end - pd.Timedelta(days=100), 1.5)])  # fmt: skip
    run(bench, ["2026-02-23", "2026-03-02", "2026-03-09"])
    found = bench.ask("""
        select order_count, orders_in_year, revenue_in_year, days_since_last_order, days_since_first_order
        from warehouse.journeys.segment_features order by week
    """)
    assert found.to_numpy().tolist() == [[3, 2, 11.5, 93, 393], [3, 2, 11.5, 100, 400], [3, 1, 1.5, 107, 407]]


# --- laws ---------------------------------------------------------------------------------------------------------


def market(bench: Bench, seed: int = 3, customers: int = 60, until: str = "2026-03-02") -> None:
    """Made-up customers with visits, orders, answers and countries, before `until`."""
    draw, end = random.Random(seed), pd.Timestamp(until)
    names = [f"c{n:02}" for n in range(customers)]
    know(bench, names, "2025-06-01")

    def moment(days: int) -> pd.Timestamp:
        return end - pd.Timedelta(seconds=draw.randrange(1, days * 86400))

    channels = ["direct", "email", "paid_search", "organic_search"]
    visit(bench, [(name, moment(200), draw.choice(channels)) for name in names for _ in range(draw.randrange(6))])
    visit(bench, [(name, moment(60), "direct") for name in names[::3]], kind="view_item")
    order(
        bench,
        [(name, moment(500), draw.randrange(1, 9999) / 100) for name in names[::2] for _ in range(draw.randrange(5))],
    )
    given = names[: customers // 2]
    add(bench, "journeys.customer_attributes", customer_id=given, attribute="country",
        value=[draw.choice(["DE", "AT", "CH"]) for _ in given])  # fmt: skip


ENDS = [str((pd.Timestamp("2026-03-02") - pd.Timedelta(weeks=back)).date()) for back in range(30, -1, -1)]


def test_every_customer_is_once_in_every_set_and_cells_sum_to_the_whole(bench: Bench) -> None:
    market(bench)
    found = run(bench, ENDS)
    sets = list(dict.fromkeys(version.segment_set for version in load_rules() if not version.is_predicted))
    rows = bench.ask("select customer_id, segment_set from warehouse.journeys.customer_segments")
    assert len(rows) == 60 * len(sets) == len(rows.drop_duplicates()) and found.notna().all(axis=None)
    assert sorted(found.columns) == sorted(sets)
    cells = bench.ask("select * replace (round(revenue * 100) as revenue) from warehouse.journeys.segment_cells")
    wholes = cells.groupby(["week", "segment_set"])[["customers", "orders", "revenue"]].sum()
    assert wholes.groupby("week").nunique().eq(1).all(axis=None), "every set holds the same whole"
    assert wholes["customers"].eq(60).all() and len(wholes) == 26 * len(sets), "the latest 26 weeks"
    orders = bench.ask(
        "select count(*), sum(value) from warehouse.journeys.segment_orders_told where week >= '2025-09-01'"
    )
    rfm = cells[cells["segment_set"] == "rfm"]
    assert rfm["orders"].sum() == orders.iloc[0, 0]
    assert rfm["revenue"].sum() == round(100 * orders.iloc[0, 1])


def test_moves_lead_from_the_sizes_of_one_week_to_those_of_the_next(bench: Bench) -> None:
    market(bench)
    add(bench, "identity.identifiers", identifier_type="email", identifier_value=["late"], identifier_hash=["late"],
        customer_id=["late"], first_seen_at=pd.Timestamp("2026-02-26"))  # fmt: skip
    run(bench, ENDS)
    moves = bench.ask("select * from warehouse.journeys.migration_cells")
    cells = bench.ask("select week, segment_set, segment, customers from warehouse.journeys.segment_cells")
    sizes = cells.set_index(["week", "segment_set", "segment"])["customers"]
    sizes = sizes[sizes > 0]
    came = moves.groupby(["week", "segment_set", "to_segment"])["customers"].sum()
    first = cells["week"].min()
    assert came.to_dict() == sizes[sizes.index.get_level_values("week") > first].to_dict()
    left = moves[moves["from_segment"] != "not_yet_known"].assign(
        week=lambda frame: frame["week"] - pd.Timedelta(days=7)
    )
    went = left.groupby(["week", "segment_set", "from_segment"])["customers"].sum()
    assert went.to_dict() == sizes[sizes.index.get_level_values("week") < cells["week"].max()].to_dict()
    new = moves[moves["from_segment"] == "not_yet_known"]
    assert set(new["week"]) == {cells["week"].max()} and set(new["customers"]) == {1}


def test_the_order_of_rows_changes_nothing(models: dict[str, str]) -> None:
    told = []
    for shuffled in (False, True):
        bench = empty(models)
        market(bench)
        if shuffled:
            for name in EMPTY:
                bench.connection.execute(f"create or replace table warehouse.{name} as "
                                         f"select * from warehouse.{name} order by hash(rowid)")  # fmt: skip
        run(bench, ENDS)
        told.append(bench.ask("select * from warehouse.journeys.segment_cells order by all"))
    pd.testing.assert_frame_equal(*told)


def test_what_happens_later_changes_no_earlier_week(models: dict[str, str]) -> None:
    """Rows of the future are moved and added; features and segments of the weeks before stay."""
    told = []
    for future in (False, True):
        bench = empty(models)
        market(bench)
        if future:
            after = pd.Timestamp("2026-02-17")
            visit(bench, [(f"c{n:02}", after, "email") for n in range(60)], kind="view_item")
            order(bench, [(f"c{n:02}", after + pd.Timedelta(days=1), 500.0) for n in range(0, 60, 4)])
        run(bench, ENDS)
        told.append(
            bench.ask("""
            select * exclude (is_latest, main_channel_number, country_number)
            from warehouse.journeys.segment_features where week < '2026-02-16' order by all
        """)
        )
        told.append(bench.ask("""
            select * from warehouse.journeys.segment_cells where week < '2026-02-16' order by all
        """).drop(columns=["recent_buyers_returned"]))  # fmt: skip
    assert len(told[0]) == 60 * 24
    pd.testing.assert_frame_equal(told[0], told[2])
    pd.testing.assert_frame_equal(told[1], told[3])


def test_the_revenue_bridge_closes_and_parts_go_where_they_belong(bench: Bench) -> None:
    names = ["new", "more", "less", "churned", "back", "same"]
    know(bench, names)
    now, before, long_ago = (pd.Timestamp(day) for day in ("2026-02-10", "2025-11-10", "2025-03-10"))
    order(bench, [("new", now, 70.25), ("more", before, 10), ("more", now, 30.5), ("less", before, 50.1),
                  ("less", now, 20), ("churned", before, 99.99), ("back", long_ago, 5), ("back", now, 8),
                  ("same", before, 4), ("same", now, 4)])  # fmt: skip
    run(bench, ENDS)
    found = bench.ask("select * from warehouse.journeys.revenue_bridges order by week desc").iloc[0]
    parts = {name: float(found[name]) for name in found.index if name.endswith("_revenue")}
    assert parts == {
        "start_revenue": 164.09, "new_revenue": 70.25, "expansion_revenue": 28.5, "contraction_revenue": 30.1,
        "churned_revenue": 99.99, "end_revenue": 132.75, "reactivated_revenue": 8.0,
    }  # fmt: skip
    counted = {name: int(found[name]) for name in found.index if name.endswith("_customers")}
    assert counted == {"start_customers": 4, "new_customers": 1, "reactivated_customers": 1, "churned_customers": 1,
                       "end_customers": 5}  # fmt: skip
    assert found["is_complete"]


def test_the_revenue_bridge_of_any_market_closes(bench: Bench) -> None:
    market(bench, seed=11)
    run(bench, ENDS)
    open_weeks = bench.ask("""
        select week from warehouse.journeys.revenue_bridges
        where start_revenue + new_revenue + expansion_revenue - contraction_revenue - churned_revenue <> end_revenue
    """)
    assert open_weeks.empty
    chain = bench.ask("""
        select later.start_revenue, earlier.end_revenue from warehouse.journeys.revenue_bridges as later
        inner join warehouse.journeys.revenue_bridges as earlier on later.week = earlier.week + interval 91 day
    """)
    assert len(chain) == 13 and chain["start_revenue"].tolist() == chain["end_revenue"].tolist()


def test_retention_tells_the_three_kinds_apart(bench: Bench) -> None:
    """Four people begin in one week; who comes when is written out."""
    know(bench, ["every", "skips", "once", "late"])
    monday = pd.Timestamp("2026-02-02")
    came = {"every": [0, 1, 2], "skips": [0, 2], "once": [0], "late": [0, 3]}
    visit(bench, [(name, monday + pd.Timedelta(weeks=n, hours=9), "direct") for name, ns in came.items() for n in ns])
    run(bench, ENDS)
    found = bench.ask("select * from warehouse.journeys.retention_cells where cohort_week = '2026-02-02'")
    told = found[found["is_complete"]].pivot(index="interval_number", columns="kind", values="retained").astype(int)
    assert told.to_dict("list") == {"recurring": [4, 1, 2, 1], "rolling": [4, 1, 1, 0], "unbounded": [4, 3, 3, 1]}
    assert found.loc[found["interval_number"] > 3, "is_complete"].eq(False).all()


def test_clusters_of_a_week_know_nothing_of_the_next(models: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every customer once a week, cells that sum to them, and the earlier week as if the later had not happened."""
    monkeypatch.setattr(clusters, "BOOTSTRAPS", 2)
    monkeypatch.setattr(clusters, "MOST", 3)
    monkeypatch.setattr(clusters, "LEAST", 20)
    monkeypatch.setattr(clusters, "STABLE", 0.1)
    told = []
    for future in (False, True):
        bench = empty(models)
        market(bench, until="2026-02-23")
        if future:
            after = pd.Timestamp("2026-02-25")
            visit(bench, [(f"c{n:02}", after, "email") for n in range(60)], kind="view_item")
            order(bench, [(f"c{n:02}", after + pd.Timedelta(days=1), 500.0) for n in range(0, 60, 4)])
        run(bench, ENDS)
        # A cursor reads the database a connection opens with, not the one it has attached.
        bench.connection.execute("create schema journeys")
        for name in ("features", "weeks", "facts", "assignments"):
            relation = f"journeys.segment_{name}"
            bench.connection.execute(f"create view {relation} as select * from warehouse.{relation}")
        bench.connection.execute("create view journeys.customer_numbers as from warehouse.journeys.customer_numbers")
        build_clusters(bench.connection)
        rows = bench.ask("select * from measures.customer_clusters order by week, customer_number")
        assert rows.groupby("week")["customer_number"].nunique().tolist() == [60, 60] and len(rows) == 120
        cells = bench.ask("select * from measures.cluster_cells")
        assert cells.groupby("week")["customers"].sum().tolist() == [60, 60]
        assert bench.ask("select sum(customers) from measures.cluster_moves").iloc[0, 0] == 60
        told.append(rows[rows["week"] == pd.Timestamp("2026-02-16")])
        assert told[-1]["segment"].nunique() > 1
    pd.testing.assert_frame_equal(*told)
