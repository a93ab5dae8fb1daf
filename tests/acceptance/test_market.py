"""A generated market through the real command line: the release reconciles with the market's own truth."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from journey_pipeline import laws, settings
from journey_pipeline.attribution import hazard_tables
from journey_pipeline.defs.hazard import read_inputs
from journey_pipeline.defs.measures import MEASURES, read_cells
from journey_pipeline.defs.tables import write_table
from journey_pipeline.report.attribution import attribution
from journey_pipeline.report.reading import Released
from journey_pipeline.settings import DBT_PROJECT
from tests.pipeline_runs import AS_OF, ask
from tests.sql.compiled_models import compile_models


def truth(home: Path, metric: str, *dimensions: str) -> Decimal:
    """A control total of the market, summed over dimensions (all when none is named)."""
    wanted = f"and dimension in ({', '.join(repr(d) for d in dimensions)})" if dimensions else ""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select sum(value) from read_parquet('{home}/truth/control_totals.parquet') where metric = ? {wanted}",
            [metric],
        ).fetchall()[0][0]
    return Decimal(found or 0)


def released(home: Path, sql: str) -> Decimal:
    return Decimal(str(ask(home / "published" / "journey.duckdb", sql)[0][0] or 0))


@pytest.mark.parametrize(
    ("metric", "sql"),
    [
        ("orders", "select count(*) from conversions where conversion_type = 'order'"),
        ("order_amount", "select sum(gross_amount) from conversions where conversion_type = 'order'"),
        ("refund_amount", "select -sum(gross_amount) from conversions where conversion_type = 'refund'"),
        ("deal_won_amount", "select sum(gross_amount) from conversions where conversion_type = 'opportunity_won'"),
        ("spend_amount", "select sum(cost_amount) from spend"),
        (
            "payment_amount",
            "select sum(gross_amount) from conversions where conversion_type = 'payment' and gross_amount > 0 "
            "and not is_test",
        ),
        (
            "payment_refund_amount",
            "select -sum(gross_amount) from conversions where conversion_type = 'payment' and gross_amount < 0",
        ),
    ],
)
def test_the_release_holds_what_was_sold_refunded_and_spent_to_the_cent(home: Path, metric: str, sql: str) -> None:
    assert truth(home, metric) > 0
    assert released(home, sql) == truth(home, metric)


def test_nothing_is_called_missing_in_a_market_that_delivers_everything(home: Path) -> None:
    # A survey tool with a handful of answers in fourteen weeks has no usual week, so only its declared level speaks.
    missing = "select count(*) from coverage where status in ('gap', 'silent', 'late') and expected_records is not null"
    assert released(home, missing) == 0
    assert released(home, "select count(distinct source) from coverage where expected_records is not null") >= 6
    assert released(home, "select sum(spend_amount) from link_audit") == released(
        home, "select sum(cost_amount_reporting) from spend"
    )


def test_voided_and_test_orders_are_shown_and_not_counted(home: Path) -> None:
    counted = "select count(*) from conversions where conversion_type = 'order' and is_counted"
    assert released(home, counted) == truth(home, "orders", "paid", "partially_refunded", "refunded")


def test_every_distinct_hit_is_a_touchpoint_once(home: Path) -> None:
    rows = ask(
        home / "published" / "journey.duckdb",
        "select interaction_type, count(*) from touchpoints where source = 'ga4' group by all",
    )
    found = dict(rows)
    assert set(found) == {row[0] for row in _hit_types(home)}
    # A purchase page that was loaded again is a hit of its own for GA4, and one purchase for us.
    assert 0 < found.pop("purchase") <= truth(home, "ga4_distinct_events", "purchase")
    assert {name: Decimal(count) for name, count in found.items()} == {
        name: truth(home, "ga4_distinct_events", name) for name in found
    }
    twice = """
        select order_ref from touchpoints where source = 'ga4' and interaction_type = 'purchase'
        group by order_ref having count(*) > 1
    """
    assert ask(home / "published" / "journey.duckdb", twice) == []


def test_every_measurement_is_published_once_and_the_slow_pages_are_seen(home: Path) -> None:
    for metric in ("LCP", "CLS"):
        told = truth(home, "ga4_measurements", metric) + truth(home, "snowplow_measurements", metric)
        assert told > 0
        every = (
            f"select sum(measurements) from performance where stage = 'all' and device = 'all' and metric = '{metric}'"
        )
        assert released(home, every) == told
    every = "select sum(events) from friction where stage = 'all' and page_group = 'all' and signal = 'error'"
    assert released(home, every) == truth(home, "ga4_measurements", "error") + truth(
        home, "snowplow_measurements", "error"
    )
    share = "select sum(affected_sessions) / sum(sessions) from friction where stage = 'all' and signal = 'error' and "
    assert released(home, share + "page_group = '/sale'") > 2 * released(home, share + "page_group = '/lamps'")


def _hit_types(home: Path) -> list[tuple[str]]:
    with duckdb.connect() as connection:
        return connection.execute(
            f"""
            select dimension from read_parquet('{home}/truth/control_totals.parquet')
            where metric = 'ga4_distinct_events'
            """
        ).fetchall()


@pytest.mark.parametrize(
    ("metric", "dimension", "source", "words"),
    [
        ("tracked_events", "segment", "segment", ""),
        ("tracked_events", "rudderstack", "rudderstack", ""),
        ("tracked_events", "mixpanel", "mixpanel", ""),
        ("tracked_events", "snowplow", "snowplow", ""),
        ("mail_sent", "mailchimp", "mailchimp", "email_sent"),
        ("mail_actions", "mailchimp_click", "mailchimp", "email_clicked"),
        ("mail_sent", "klaviyo", "klaviyo", "email_sent"),
        ("mail_actions", "klaviyo_clicked", "klaviyo", "email_clicked"),
        ("posts", "discourse", "discourse", "topic_created,post_created"),
        ("signups", "discourse", "discourse", "signed_up"),
    ],
)
def test_other_sources_tell_each_of_their_interactions_once(
    home: Path, metric: str, dimension: str, source: str, words: str
) -> None:
    chosen = f"and list_contains(string_split('{words}', ','), interaction_type)" if words else ""
    told = released(home, f"select count(*) from touchpoints where source = '{source}' and not is_machine {chosen}")
    # An event that a browser sent under the id of another one is one more, and no retry.
    planted = json.loads((home / "truth" / "defects.json").read_text())
    assert told == truth(home, metric, dimension) + planted.get(f"{source}.id_used_twice", 0) > 0


@pytest.mark.parametrize("platform", ["google_ads", "meta_ads", "linkedin_ads", "microsoft_ads", "tiktok_ads"])
def test_each_platform_spends_what_it_told(home: Path, platform: str) -> None:
    told = released(home, f"select sum(cost_amount) from spend where platform = '{platform}'")
    assert told == truth(home, "spend_amount", platform) > 0


def test_consent_decisions_are_those_of_the_people(home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        for tool in ("tcf", "cookiebot", "cookiescript"):
            found = connection.execute(
                "select count(*) from events.consents where source = ? and purpose = 'ads' and state = 'granted'",
                [tool],
            ).fetchall()[0][0]
            assert found == truth(home, "consent_decisions", f"{tool}_granted") > 0, tool


def test_bots_are_kept_and_earn_nothing(home: Path) -> None:
    file = home / "published" / "journey.duckdb"
    planted = json.loads((home / "truth" / "defects.json").read_text())
    machines = sum(
        planted[name] for name in ("klaviyo.machine_open", "mailchimp.machine_open", "mailchimp.link_scanner")
    )
    told = truth(home, "ga4_bot_events") + machines
    assert released(home, "select count(*) from touchpoints where is_machine") == told
    credited = (
        "select count(*) from credits inner join touchpoints using (touchpoint_id) where is_machine and credit > 0"
    )
    assert ask(file, credited) == [(0,)]
    staged = "select count(*) from touchpoints where is_machine and stage is not null"
    assert ask(file, staged) == [(0,)]


def test_credit_and_value_sum_to_the_conversions_in_every_model(home: Path) -> None:
    file = home / "published" / "journey.duckdb"
    exact = """
        select count(*) from (
            select conversion_id, credits.conversion_type, model
            from credits inner join conversions as c using (conversion_id)
            where credits.conversion_type = c.conversion_type and model is not null and not is_influence
            group by all having sum(credit) <> 1 or sum(credits.value) <> min(c.value))
    """
    assert ask(file, exact) == [(0,)]
    orders = released(home, "select count(*) from conversions where conversion_type = 'order' and is_counted")
    rows = ask(
        file,
        "select model, sum(credit) from attribution where conversion_type = 'order' "
        "and not is_influence and model not in (select model from attribution_models) group by model",
    )
    ends = {"first", "last", "last_non_direct", "position", "j_shape", "inverse_j", "w_shape"}
    assert {model for model, _ in rows} == ends | {
        "linear", "linear_with_views", "time_decay", "markov", "shapley", "leave_one_out"
    }  # fmt: skip
    for model, credit in rows:
        assert credit == pytest.approx(float(orders), abs=1e-9 * float(orders)), model


def test_every_model_shows_the_whole_spend(home: Path) -> None:
    spent = released(home, "select sum(cost_amount_reporting) from spend")
    rows = ask(
        home / "published" / "journey.duckdb",
        "select conversion_type, model, sum(spend) from attribution "
        "where model not in (select model from attribution_models) group by all",
    )
    assert rows
    assert {Decimal(total) for _, _, total in rows} == {spent}


def test_young_cohorts_are_shown_and_called_immature(home: Path) -> None:
    rows = ask(
        home / "published" / "journey.duckdb",
        """
        select week, is_mature, entered from stage_conversion
        where view = 'cohort' and funnel = 'journey' and is_default_mode and breakdown = 'all'
            and from_stage = 'awareness' and to_stage = 'consideration'
        order by week
        """,
    )
    assert [mature for _, mature, _ in rows][-4:] == [False] * 4
    assert all(mature for _, mature, _ in rows[:-4])
    assert all(entered > 0 for _, _, entered in rows)


def test_both_target_sets_stand_beside_every_kpi(home: Path) -> None:
    rows = ask(
        home / "published" / "journey.duckdb",
        """
        select target_set, count(distinct kpi), count(*) filter (where owner is null)
        from kpi_scorecard group by all order by 1
        """,
    )
    assert rows == [("excellence", 8, 0), ("mvp", 8, 0)]


def measured_again(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """What a run builds on the seed `experiments`, from the fit on."""
    tables = hazard_tables.combined([hazard_tables.fitted(read_inputs(connection, "order"))])
    for name, types in hazard_tables.TYPES.items():
        write_table(connection, name, tables[name], types)
    measure = MEASURES["attribution"]
    write_table(connection, "attribution", measure.compute(*(read_cells(connection, cells) for cells in measure.cells)))
    for name, sql in compile_models(folder, "mart_attribution mart_attribution_models mart_credits").items():
        connection.execute(f"create or replace table marts.{name.removeprefix('mart_')} as {sql}")


def test_experiments_of_the_seed_calibrate_what_is_released(home: Path, tmp_path: Path) -> None:
    """Two rows added to the shipped file, as docs/ATTRIBUTION.md has it; one channel earns nothing without its test."""
    seed = tmp_path / "experiments.csv"
    seed.write_text(
        (DBT_PROJECT / "seeds" / "experiments.csv").read_text(encoding="utf-8").rstrip("\n")
        + "\ne1,paid_search_brand,order,2026-10-05,2026-11-01,2.5,1.5,users,test log"
        + "\ne2,paid_search_generic,order,2026-10-05,2026-11-01,6,2,users,test log\n",
        encoding="utf-8",
    )
    shutil.copyfile(home / "warehouse.duckdb", tmp_path / "warehouse.duckdb")
    # dbt opens the file beside this connection, and DuckDB wants one configuration for both.
    config = {key: value for key, value in settings.load().duckdb_config().items() if key != "threads"}
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), config=config) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"insert into seeds.experiments by name select * from read_csv('{seed}')")
        measured_again(connection, tmp_path)
        held = (laws.credit_sums_to_conversions, laws.credit_of_touches_is_whole, laws.spend_is_conserved)
        assert [law(connection) for law in held] == [laws.Outcome(0)] * 3
        tested = connection.execute(
            "select distinct channel from marts.attribution where is_calibrated order by 1"
        ).fetchall()
        assert tested == [("paid_search_brand",), ("paid_search_generic",)]
        by_touch = (
            "select model, count(touchpoint_id) > 0 from marts.credits where model like 'hazard%' and channel = ? "
        )
        assert connection.execute(by_touch + "group by model", ["paid_search_brand"]).fetchall() == [
            ("hazard_calibrated", True)
        ]
        connection.execute("use marts")
        page = attribution(Released(connection, datetime.fromisoformat(AS_OF)))
    (orders,) = [kind for kind in page["kinds"] if kind["name"] == "Order"]
    told = {row["channel"]: row["note"] for row in orders["details"] if row["model"] == "Hazard model, calibrated"}
    assert told["Paid search brand"] == told["Paid search generic"] == "calibrated by an experiment"
    assert "interval of Hazard model, calibrated" in orders["picture"].caption
