"""TikTok Ads: names without ids, a total at the end, and a currency that may have to be told by the folder."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

DOWNLOAD = "tiktok_ads/Northlamp-Campaign Report-2026-11-01 to 2026-11-03.csv"
HEADER = "By Day,Campaign name,Ad group name,Ad name,Cost,Impressions,Clicks (destination)\n"

FILES = {
    DOWNLOAD: sample(DOWNLOAD),
    "tiktok_ads/GBP/report.csv": HEADER + "2026-11-04 00:00:00,Folder,G,A,8.00,5000,70\n",
    "tiktok_ads/titled.csv": HEADER.replace("Cost", "Cost (USD)") + "2026-11-05,Header,G,A,9.00,5000,70\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_total_of_the_results_is_no_ad(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(cost_amount), sum(clicks), sum(platform_conversion_value), min(channel) from events.spend
        where campaign = 'TT Autumn'
    """) == [(3, Decimal("1028.50"), 853, Decimal("349.50"), "paid_social")]


def test_ads_of_one_name_in_two_groups_are_two(rows: Rows) -> None:
    assert rows("select distinct ad_set, ad from events.spend where campaign = 'TT Autumn' order by 1") == [
        ("Interest", "UGC 1"),
        ("Lookalike", "UGC 1"),
    ]


def test_the_currency_comes_from_the_column_the_header_or_the_folder(rows: Rows) -> None:
    assert rows("""
        select distinct campaign, cost_currency from events.spend where platform = 'tiktok_ads' order by 1
    """) == [("Folder", "GBP"), ("Header", "USD"), ("TT Autumn", "EUR")]


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        pytest.param(HEADER.replace("By Day,", "") + "C,G,A,8.00,5000,70\n", "E_MISSING_COLUMN", "by_day", id="no day"),
        pytest.param(
            HEADER + "2026-11-04,C,G,A,8.00,1,1\n" * 2, "E_DUPLICATE_KEY", "by_day, campaign_name", id="twice"
        ),
    ],
)
def test_a_report_that_cannot_be_added_up_is_held(home: Home, content: str, code: str, column: str) -> None:
    home.put("tiktok_ads/report.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == (code, column)
