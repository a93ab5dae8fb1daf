"""What SQL is told of promises and arrivals, and what the command line says of a source that is behind."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest

from journey_pipeline.ingest import Contract, Standing, file_loads, load_contracts, service_levels, standing
from journey_pipeline.ingest.contract import ServiceLevel
from tests.ingest.home import LOADED_AT, Home
from tests.ingest.test_csv_faults import GOOD, REPORT
from tests.ingest.test_samples import ORDERS

ORDERS_AGAIN = "shopify/later/orders_export_1.csv"
ACCOUNT = "Europe/Berlin"
PLANS = """Opportunity ID,Stage,Amount,Created Date,Close Date
0067Q00000opp01,Prospecting,1,2026-10-13,{close}

By stage
"""


def test_every_contract_says_what_a_gap_means_unless_the_home_decides() -> None:
    contracts = dict(load_contracts())
    ga4 = contracts["ga4__events"]
    delivery = ga4.ingest.delivery.model_copy(update={"on_gap": "warn"})
    patient = ga4.model_copy(update={"ingest": ga4.ingest.model_copy(update={"delivery": delivery})})
    asked: dict[str, Contract] = {
        "ga4__events": patient,
        "google_ads__campaign_report": contracts["google_ads__campaign_report"],
    }
    with duckdb.connect() as connection:
        service_levels(connection, asked, fail_on_gaps=True)
        assert connection.execute("select * from raw.service_levels order by all").fetchall() == [
            ("ga4__events", "ga4", ",".join(ga4.canonical), "append_dedupe", 48, 1, "warn", "UTC"),
            ("google_ads__campaign_report", "google_ads", "spend", "replace_window", 36, 1, "refuse", ACCOUNT),
        ]
        service_levels(connection, asked)
        told = connection.execute("select distinct on_gap from raw.service_levels").fetchall()
        assert told == [("warn",)]


def test_a_file_loaded_later_than_the_first_is_no_history(home: Home) -> None:
    home.put_sample(ORDERS)
    home.load()
    file = home.put_sample(ORDERS, ORDERS_AGAIN)
    file.write_text(file.read_text().replace("AUTUMN10", "AUTUMN11"))
    home.load(LOADED_AT + timedelta(days=7))
    with home.warehouse() as raw:
        file_loads(raw, home.lake)
        loads = raw.execute("select contract, loaded_at, is_first_load from raw.file_loads order by all").fetchall()
    assert loads == [
        ("shopify__orders", LOADED_AT, True),
        ("shopify__orders", LOADED_AT + timedelta(days=7), False),
    ]


def test_the_ledger_tells_of_one_source_object_or_of_all(home: Home) -> None:
    assert standing(home.lake, load_contracts(), "shopify__orders") == []
    home.put_sample(ORDERS)
    home.load()
    (found,) = standing(home.lake, load_contracts(), "shopify__orders")
    assert [found] == standing(home.lake, load_contracts())
    assert (found.files, found.records) == (1, 8)
    assert standing(home.lake, load_contracts(), "ga4__events") == []


def test_a_day_is_the_accounts_where_the_account_dates_its_rows(home: Home) -> None:
    """Midnight in Berlin is still the day before in UTC."""
    home.put(REPORT, GOOD)
    home.load()
    (found,) = standing(home.lake, load_contracts())
    assert home.rows("select max(day) from raw.google_ads__campaign_report") == [("2026-11-02",)]
    assert found.newest == "2026-11-02"


@pytest.mark.parametrize(
    ("close", "newest"), [("2026-10-20", "2026-10-20"), ("2026-11-22", "2026-11-22"), ("2026-12-30", "2026-11-16")]
)
def test_what_is_planned_is_no_news(home: Home, close: str, newest: str) -> None:
    home.put("salesforce/report-2026-11-16.csv", PLANS.format(close=close))
    home.load()
    (found,) = standing(home.lake, load_contracts())
    assert (found.newest, found.newest_export) == (newest, "2026-11-16")


def test_a_plan_that_tells_no_export_is_no_news_either(home: Home) -> None:
    home.put("salesforce/report.csv", PLANS.format(close="2026-12-30"))
    home.load()
    (found,) = standing(home.lake, load_contracts())
    assert found.newest == "2026-10-13"


@pytest.mark.parametrize(
    ("newest", "export", "level", "state"),
    [
        ("2026-11-08", None, ServiceLevel(latency_hours=48, frequency_days=1), "fresh"),
        ("2026-11-06", None, ServiceLevel(latency_hours=48, frequency_days=1), "3 days behind"),
        ("2026-11-01", "2026-11-09", ServiceLevel(latency_hours=48, frequency_days=1), "fresh"),
        ("2026-11-01", None, ServiceLevel(latency_hours=192, frequency_days=7), "fresh"),
        ("2026-10-01", None, ServiceLevel(latency_hours=192), ""),
        ("2026-10-01", None, None, ""),
        (None, None, ServiceLevel(latency_hours=192, frequency_days=7), ""),
    ],
)
def test_a_source_object_is_behind_when_its_level_has_run_out(
    newest: str | None, export: str | None, level: ServiceLevel | None, state: str
) -> None:
    row = Standing("a__b", 1, 1, newest, export, 0)
    assert row.state(level, date(2026, 11, 10)) == state
