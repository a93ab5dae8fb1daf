"""Google Ads: totals, languages, currencies, levels of detail, and clicks that lead nowhere."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.compiled_models import Bench, compile_models
from tests.sql.conftest import Rows

HEADER = "Day,Campaign ID,Campaign,Campaign type,Currency code,Cost,Impr.,Clicks\n"
CLICK = {"campaign": {"id": "31", "name": "PMax"}, "segments": {"date": "2026-11-03"}, "metrics": {"clicks": "1"}}
STATS = {
    "customer": {"id": "1", "currencyCode": "EUR"},
    "campaign": {"id": "21", "name": "Twin"},
    "segments": {"date": "2026-11-04"},
    "metrics": {"costMicros": "7000000", "impressions": "10", "clicks": "1"},
}

FILES = {
    # Two encodings of one report in one inbox.
    "google_ads/Campaign report.csv": sample("google_ads/Campaign report.csv"),
    "google_ads/Campaign report (comma).csv": sample("google_ads/Campaign report (comma).csv"),
    "google_ads/de/Kampagnenbericht.csv": (
        "Kampagnenbericht\n1. November 2026 - 2. November 2026\n"
        "Tag\tKampagnen-ID\tKampagne\tKampagnentyp\tWährungscode\tKosten\tImpressionen\tKlicks\n"
        "2026-11-02\t11\tLampen\tSearch\tEUR\t1,412.30\t1,204\t96\n"
        "Gesamt: Kampagnen\t\t\t\tEUR\t1,412.30\t1,204\t96\n"
    ).encode("utf-16"),
    # All accounts of a manager: two currencies, the words of the totals in the first column, which is not the day.
    "google_ads/mcc/Untitled report.csv": "Untitled report\n"
    '"November 3, 2026 - November 3, 2026"\n'
    "Account name,Customer ID,Campaign,Campaign type,Day,Currency code,Cost,Impr.,Clicks\n"
    "Lamps EU,877-953-6058,Generic,Search,2026-11-03,EUR,10.00,100,5\n"
    "Lamps US,777-162-9164,Generic,Search,2026-11-03,USD,20.00,100,5\n"
    "Total: Account,--,,,,,30.00,200,10\n",
    # The campaigns first; a day later the ad groups, which Performance Max has none of.
    "google_ads/2026-11-05/Campaign report.csv": HEADER
    + "2026-11-04,41,Levels,Search,EUR,30.00,100,5\n"
    + "2026-11-04,42,Lamps,Performance Max,EUR,50.00,100,5\n"
    + "Total: Account,,,,EUR,80.00,200,10\n",
    "google_ads/2026-11-06/Ad group report.csv": "Day,Campaign ID,Campaign,Ad group ID,Ad group,"
    "Currency code,Cost,Clicks\n"
    "2026-11-04,41,Levels,411,Arc,EUR,18.00,3\n"
    "2026-11-04,41,Levels,412,Desk,EUR,12.50,2\n"
    "Total: Account,,,,,EUR,30.50,5\n",
    # Names only, of a campaign the API knows.
    "google_ads/names/Campaign report.csv": "Day,Campaign,Currency code,Cost,Clicks\n"
    "2026-11-04,Twin,EUR,7.00,1\n2026-11-05,Twin,EUR,8.00,1\nTotal: Account,,EUR,15.00,2\n",
    "google_ads/names/campaign_stats.jsonl": json.dumps(STATS) + "\n",
    # Visits that name their campaign and nothing else.
    "canonical/google_ads/touchpoints.csv": "native_id,interaction_type,occurred_at,"
    "family,source,medium,campaign,system\n"
    "by-name,page_view,2026-11-04T10:00:00Z,advertising,google,cpc,lamps,site\n"
    "by-two-names,page_view,2026-11-04T11:00:00Z,advertising,google,cpc,Generic,site\n",
    "google_ads/click_view_2026-11-03.jsonl": "".join(
        json.dumps({"clickView": {"resourceName": "customers/1/clickViews/2026-11-03~"} | click} | CLICK) + "\n"
        for click in ({"gclid": "pmax-click"}, {}, {})
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_one_report_in_two_encodings_is_one_report(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(cost_amount) from events.spend where campaign_id like '210010000%'
    """) == [(7, Decimal("3278.16"))]


def test_a_german_report_has_other_headers_and_other_totals(rows: Rows) -> None:
    assert rows("select cost_amount, impressions, channel from events.spend where campaign_id = '11'") == [
        (Decimal("1412.30"), 1204, "paid_search_generic")
    ]


def test_campaigns_of_one_name_in_two_currencies_are_two(rows: Rows) -> None:
    assert rows("""
        select account_id, cost_currency, cost_amount from events.spend where campaign = 'Generic' order by 1
    """) == [("7771629164", "USD", Decimal("20.00")), ("8779536058", "EUR", Decimal("10.00"))]


def test_ad_groups_take_the_place_of_their_campaign_and_of_no_other(rows: Rows) -> None:
    assert rows("""
        select campaign_id, ad_set_id, ad_set, cost_amount, channel from events.spend
        where campaign_id in ('41', '42') order by 1, 2
    """) == [
        ("41", "411", "Arc", Decimal("18.00"), "paid_search_generic"),
        ("41", "412", "Desk", Decimal("12.50"), "paid_search_generic"),
        ("42", None, None, Decimal("50.00"), "cross_network"),
    ]


def test_a_name_without_an_id_is_not_added_to_the_campaign_it_names(rows: Rows) -> None:
    assert rows("""
        select spend_date::varchar, campaign_id, account_id, cost_amount from events.spend
        where campaign = 'Twin' order by 1
    """) == [("2026-11-04", "21", "1", Decimal("7.00")), ("2026-11-05", None, None, Decimal("8.00"))]


def test_a_click_without_gclid_or_keyword_is_kept(rows: Rows) -> None:
    assert rows("""
        select gclid, campaign, click_date::varchar from staging.stg_google_ads__click_view
        where campaign_id = '31' order by 1 nulls last
    """) == [("pmax-click", "PMax", "2026-11-03"), (None, "PMax", "2026-11-03")]
    assert rows("select campaign_id from events.campaign_handles where handle = 'pmax-click'") == [("31",)]


def test_a_visit_that_names_its_campaign_meets_the_spend_of_that_name(rows: Rows) -> None:
    """Not the rules' guess from google and cpc. A name of two campaigns says nothing about either."""
    assert rows("""
        select campaign, campaign_id, channel from events.touchpoints
        where source = 'site' and utm_source = 'google' and campaign in ('Lamps', 'lamps', 'Generic') order by 1
    """) == [("Generic", None, "paid_search_generic"), ("Lamps", "42", "cross_network")]


ROW = "2026-11-04,41,Levels,Search,EUR,30.00,100,5\n"
TOTAL = "Total: Account,,,,EUR,30.00,100,5\n"


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        pytest.param(HEADER[4:] + ROW[11:] + TOTAL, "E_MISSING_COLUMN", "day", id="a period instead of days"),
        pytest.param(HEADER.replace("Cost", "Költség") + ROW + TOTAL, "E_MISSING_COLUMN", "cost", id="a new language"),
        pytest.param(HEADER + ROW.replace("30.00", '"30,00"') + TOTAL, "E_VALUE", "cost", id="decimal commas"),
        pytest.param(HEADER + ROW + ROW + TOTAL, "E_DUPLICATE_KEY", "day, campaign_id", id="rows by device"),
        pytest.param(
            HEADER + ROW.replace("41", "") + ROW.replace("41", "") + TOTAL,
            "E_DUPLICATE_KEY",
            "day, campaign",
            id="one name twice",
        ),
        pytest.param(HEADER + ROW, "E_DROPPED_COUNT", None, id="cut before its totals"),
    ],
)
def test_a_report_that_cannot_be_added_up_is_held(home: Home, content: str, code: str, column: str | None) -> None:
    home.put("google_ads/Campaign report.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == (code, column)


def test_a_cost_in_millionths_is_refused_and_an_honest_one_is_not(tmp_path: Path) -> None:
    law = compile_models(tmp_path, "assert_cost_per_click_is_plausible")["assert_cost_per_click_is_plausible"]
    bench = Bench({})
    bench.put(
        "journeys.reported_spend",
        pd.DataFrame(
            [
                {"source_file_id": file, "platform": "google_ads", "cost_amount_reporting": cost, "clicks": clicks}
                for file, cost, clicks in (
                    ("units", 4.2, 60),
                    ("micros", 4_200_000.0, 60),
                    ("divided", 0.0000042, 60),
                    ("video", 900.0, 0),
                    ("free", 0.0, 3),
                )
            ]
        ),
        cost_amount_reporting="decimal(18, 6)",
    )
    assert sorted(row[0] for row in bench.connection.execute(law).fetchall()) == ["divided", "micros"]
