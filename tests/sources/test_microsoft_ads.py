"""Microsoft Advertising: lines around the table, ids in brackets, a totals row that some reports have."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

DOWNLOAD = "microsoft_ads/Campaign_Performance.csv"
COPYRIGHT = '\n"©2026 Microsoft Corporation. All rights reserved. "\n'
HEADER = "TimePeriod,AccountId,CampaignName,CampaignId,CampaignType,AdGroupId,CurrencyCode,Spend,Impressions,Clicks\n"

FILES = {
    DOWNLOAD: sample(DOWNLOAD),
    "microsoft_ads/2026-11-06/AdGroups.csv": "\ufeffReport Name: Ad groups\nReport Aggregation: Daily\n\n"
    + HEADER
    + '11/5/2026,[1],Lamps,[77],Shopping,[771],GBP,"1,021.10","1,000",10\n'
    + "11/5/2026,[1],Lamps,[77],Shopping,[772],GBP,1.00,10,-\n"
    + "11/5/2026,[1],Reach,[78],Audience,[781],GBP,2.00,10,1\n"
    + 'Total,-,-,-,-,-,-,"1,024.10","1,020",11\n'
    + COPYRIGHT,
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_the_copyright_line_is_no_row(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(cost_amount), min(account_id), min(channel) from events.spend
        where platform = 'microsoft_ads' and campaign_id = '512000001'
    """) == [(3, Decimal("63.35"), "138689064", "paid_search_brand")]


def test_a_total_is_left_out_and_ids_lose_their_brackets(rows: Rows) -> None:
    assert rows("""
        select campaign_id, ad_set_id, campaign_type, channel, cost_amount, spend_date::varchar from events.spend
        where account_id = '1' and platform = 'microsoft_ads' order by 2
    """) == [
        ("77", "771", "shopping", "paid_shopping", Decimal("1021.10"), "2026-11-05"),
        ("77", "772", "shopping", "paid_shopping", Decimal("1.00"), "2026-11-05"),
        ("78", "781", "display", "display", Decimal("2.00"), "2026-11-05"),
    ]


ROW = "2026-11-02,[1],Lamps,[77],Search,[771],EUR,1.00,10,1\n"


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        pytest.param("Report Aggregation: Weekly\n\n" + HEADER + ROW, "E_VALUE", "report_aggregation", id="weeks"),
        pytest.param(HEADER + ROW * 2, "E_DUPLICATE_KEY", "time_period, campaign_name", id="rows by device"),
        pytest.param(HEADER + ROW + "Total,-,-,-,-,-,-,1,1,1\n" * 2, "E_DROPPED_COUNT", None, id="two totals"),
        pytest.param(HEADER + ROW + "\nA note\nanother\na third\n", "E_DROPPED_COUNT", None, id="a longer footer"),
    ],
)
def test_a_report_that_cannot_be_added_up_is_held(home: Home, content: str, code: str, column: str | None) -> None:
    home.put("microsoft_ads/report.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == (code, column)


def test_the_line_above_the_table_dates_the_report(home: Home) -> None:
    home.put_sample(DOWNLOAD)
    assert home.load_one().outcome == "loaded"
    assert home.rows("select exported_at::varchar, records, accepted, dropped from raw.source_files") == [
        ("2026-11-04 09:00:00", 4, 3, 1)
    ]
