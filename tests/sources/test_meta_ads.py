"""Meta Ads: the screen download and the Insights API, what they mean by a purchase, and which rows are no days."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

DOWNLOAD = "meta_ads/Northlamp-EU-Ads-Nov-1-2026-Nov-3-2026.csv"
API = "meta_ads/insights_api.jsonl"
HEADER = "Day,Campaign name,Campaign ID,Ad set name,Ad ID,Impressions,Amount spent (EUR),Link clicks\n"

FILES = {
    DOWNLOAD: sample(DOWNLOAD),
    API: sample(API),
    # A semicolon, a decimal comma, a narrow blank between thousands, the total last, the currency in the header only.
    "meta_ads/fr/Compte-Campagnes.csv": "Jour;Nom de la campagne;ID de campagne;Montant dépensé (USD);Impressions\n"
    "2026-11-02;Soldes d’hiver;9001;1\u202f234,56;2\u00a0000\n"
    "2026-11-03;Soldes d’hiver;9001;0,44;10\n"
    ";;;1\u202f235,00;2\u00a0010\n",
    # By ad first; a week later restated by campaign, without the account, without the day that lost its rows.
    "meta_ads/2026-11-05/ads.csv": HEADER
    + "2026-11-02,Restated,9100,Set A,91001,100,10.00,4\n"
    + "2026-11-02,Restated,9100,Set A,91002,100,20.00,4\n"
    + "2026-11-04,Restated,9100,Set A,91001,100,5.00,4\n",
    "meta_ads/2026-11-08/campaigns.csv": "Day,Campaign name,Campaign ID,Account ID,Amount spent (EUR)\n"
    "2026-11-02,Restated anew,9100,801573051220234,29.50\n",
    # Names only, for a campaign the API knows by its id.
    "meta_ads/2026-11-07/names.csv": "Day,Campaign name,Amount spent (EUR)\n"
    "2026-11-05,Known by name,7.00\n2026-11-06,Known by name,8.00\n",
    "meta_ads/2026-11-07/insights.jsonl": json.dumps(
        {
            "account_id": "801573051220234",
            "account_currency": "EUR",
            "campaign_id": "9200",
            "campaign_name": "Known by name",
            "ad_id": "92001",
            "date_start": "2026-11-05",
            "date_stop": "2026-11-05",
            "spend": "7.10",
        }
    )
    + "\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def held(home: Home, name: str, content: str) -> tuple[str, str | None]:
    """Code and column of the fault of a file that must be held."""
    home.put(name, content)
    fault = home.load_one().fault
    assert fault is not None
    return fault.code, fault.column


def test_the_totals_row_is_no_ad(rows: Rows) -> None:
    campaigns = "(120200111000001, 120200111000009, 120200111000011)"
    assert rows(f"""
        select count(*), sum(cost_amount), sum(impressions), sum(clicks) from staging.stg_meta_ads__ads_manager
        where campaign_id in {campaigns}
    """) == [(6, Decimal("684.40"), 78770, 1133)]


def test_download_and_api_together_are_the_same_money(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(cost_amount) from events.spend where platform = 'meta_ads' and campaign_id like '1202%'
    """) == [(6, Decimal("684.40"))]
    assert rows("""
        select ad_id, attribution_setting from events.spend
        where platform = 'meta_ads' and campaign_id like '1202%' and spend_date = '2026-11-01' order by 1
    """) == [("120200111000301", "7d_click_1d_view"), ("120200111000302", "7-day click or 1-day view")]


def test_one_purchase_told_under_three_names_counts_once(rows: Rows) -> None:
    assert rows("""
        select platform_conversions, platform_conversion_value from staging.stg_meta_ads__insights
        where campaign_id like '1202%' order by spend_date
    """) == [(Decimal(5), Decimal(610)), (None, None)]


def test_results_stay_beside_what_they_are(rows: Rows) -> None:
    assert rows("""
        select results, result_indicator, platform_conversions from staging.stg_meta_ads__ads_manager
        where campaign = 'Lead Gen, B2B'
    """) == [(Decimal(9), "actions:onsite_conversion.lead_grouped", None)]


def test_a_copied_campaign_is_another_campaign(rows: Rows) -> None:
    assert rows("""
        select campaign_id, sum(cost_amount) from events.spend
        where campaign like 'Autumn Sale%' and platform = 'meta_ads' group by 1 order by 1
    """) == [("120200111000001", Decimal("574.40")), ("120200111000011", Decimal("22.00"))]


def test_a_french_download_says_its_numbers_and_its_currency(rows: Rows) -> None:
    assert rows("""
        select cost_amount, cost_currency, impressions from events.spend where campaign_id = '9001' order by spend_date
    """) == [(Decimal("1234.56"), "USD", 2000), (Decimal("0.44"), "USD", 10)]


def test_the_newest_file_tells_a_campaign_s_day_at_its_own_level(rows: Rows) -> None:
    assert rows("""
        select spend_date::varchar, ad_id, campaign, cost_amount from events.spend
        where campaign_id = '9100' order by 1
    """) == [
        ("2026-11-02", None, "Restated", Decimal("29.50")),
        ("2026-11-04", "91001", "Restated", Decimal("5.00")),
    ]


def test_a_name_stands_for_the_id_another_export_knows(rows: Rows) -> None:
    assert rows("""
        select spend_date::varchar, campaign_id, cost_amount from events.spend
        where campaign = 'Known by name' order by 1
    """) == [("2026-11-05", "9200", Decimal("7.10")), ("2026-11-06", None, Decimal("8.00"))]


def test_paid_social_is_its_channel(rows: Rows) -> None:
    assert rows("select distinct channel from events.spend where platform = 'meta_ads'") == [("paid_social",)]


ROW = "2026-11-02,Sale,9100,Set A,91001,100,10.00,4\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            HEADER + ROW.replace("9100,", "1.202E+14,"), ("E_VALUE", "campaign_id"), id="an id in powers of ten"
        ),
        pytest.param(HEADER + ROW.replace("2026-11-02", "46296"), ("E_VALUE", "day"), id="a spreadsheet's day number"),
        pytest.param(
            HEADER.replace("\n", ",Age\n") + ROW.replace("\n", ",18-24\n") + ROW.replace("\n", ",25-34\n"),
            ("E_DUPLICATE_KEY", "day, campaign_id"),
            id="rows by age",
        ),
        pytest.param(
            HEADER.replace("Day,", "Reporting starts,Reporting ends,") + "2026-11-01," + ROW,
            ("E_MISSING_COLUMN", "day"),
            id="no day",
        ),
        pytest.param(HEADER + ROW + ROW.replace("2026-11-02", "") * 2, ("E_DROPPED_COUNT", None), id="two totals"),
        pytest.param(
            HEADER.replace(",", ";") + ROW.replace(",", ";"), ("E_VALUE", "amount_spent"), id="10.00 in French"
        ),
    ],
)
def test_a_download_that_cannot_be_added_up_is_held(home: Home, content: str, expected: tuple[str, str | None]) -> None:
    assert held(home, "meta_ads/Export.csv", content) == expected


def test_an_insight_over_several_days_is_held(home: Home) -> None:
    row = {"account_id": "1", "account_currency": "EUR", "campaign_id": "2", "spend": "3", "date_start": "2026-11-01"}
    assert held(home, API, json.dumps(row | {"date_stop": "2026-11-07"}) + "\n") == ("E_VALUE", "date_stop")
