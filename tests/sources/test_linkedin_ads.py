"""LinkedIn Campaign Manager: dates in the account's order, two namings of one hierarchy, tags behind the ads."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.ingest.home import Home
from tests.sources.conftest import sample
from tests.sql.conftest import Rows

DOWNLOAD = "linkedin_ads/account_508123456_ad_performance_report.csv"
PREAMBLE = """Ad Set Performance Report (in UTC)
Report Start: November {first}, 2026, 12:00 AM
Report End: November {last}, 2026, 11:59 PM
Date Generated: November {generated}, 2026, 6:02 AM

"""
HEADER = (
    "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign ID\tCampaign Name\t"
    "Ad Set ID\tAd Set Name\tAd ID\tTotal Spent\n"
)
GROUPED = (
    "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign Group ID\tCampaign Group Name\t"
    "Campaign ID\tCampaign Name\tAd ID\tTotal Spent\n"
)


def report(text: str, first: int, last: int, generated: int = 8) -> bytes:
    """A report as it is delivered: UTF-16 with its mark, tabs, lines above the header."""
    return (PREAMBLE.format(first=first, last=last, generated=generated) + text).encode("utf-16")


FILES = {
    DOWNLOAD: sample(DOWNLOAD),
    # Day first, and no day after the twelfth: only the period above the header tells.
    "linkedin_ads/uk.csv": report(
        HEADER
        + "03/11/2026\tUK\tGBP\t700\tGroup UK\t701\tUnit UK\t7001\t10.00\n"
        + "04/11/2026\tUK\tGBP\t700\tGroup UK\t701\tUnit UK\t7001\t1,020.50\n",
        first=3,
        last=4,
    ),
    # The old naming first, the new one a day later, with a correction.
    "linkedin_ads/old.csv": report(
        GROUPED + "11/5/2026\tEU\tEUR\t800\tGroup\t801\tUnit\t8001\t10.00\n",
        first=5,
        last=5,
        generated=6,
    ),
    "linkedin_ads/new.csv": report(
        HEADER + "11/5/2026\tEU\tEUR\t800\tGroup\t801\tUnit\t8001\t11.00\n",
        first=5,
        last=5,
        generated=7,
    ),
    # Opened and saved in a spreadsheet: no preamble, no mark, commas.
    "linkedin_ads/saved.csv": "Start Date (in UTC),Campaign Start Date,Currency,Campaign Group ID,"
    "Campaign Group Name,Campaign ID,Campaign Name,Ad ID,Total Spent,Average CTR,Clicks\n"
    "11/13/2026,1/1/2026,EUR,900,Later,901,Unit,9001,5.00,0.73%,1\n"
    "11/6/2026,1/1/2026,EUR,900,Group saved,901,Unit,9001,5.00,0.73%,-\n",
    # A visit that came from an ad of the sample: it names neither the campaign nor an id of it.
    "hubspot/linkedin/form_submissions.jsonl": json.dumps(
        {
            "formId": "f-linkedin",
            "conversionId": "conv-linkedin",
            "submittedAt": 1793696400000,
            "values": [{"name": "email", "value": "ida@example.com"}],
            "pageUrl": "https://www.northlamp.test/pro?utm_source=LinkedIn&utm_medium=paid-social"
            "&utm_campaign=Pro-Q4&li_fat_id=0000-1111",
        }
    )
    + "\n",
}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_texts_over_several_lines_do_not_split_their_rows(rows: Rows) -> None:
    assert rows("""
        select count(*), sum(cost_amount), count(*) filter (where leads is null)
        from staging.stg_linkedin_ads__ad_performance where campaign_id = '600100'
    """) == [(8, Decimal("508.44"), 1)]


def test_the_group_is_the_campaign_in_both_namings(rows: Rows) -> None:
    assert rows("""
        select campaign_id, campaign, ad_set_id, ad_set, cost_amount from events.spend
        where platform = 'linkedin_ads' and campaign_id = '800'
    """) == [("800", "Group", "801", "Unit", Decimal("11.00"))]
    assert rows("""
        select distinct campaign, ad_set_id from events.spend where ad_id = '400200001'
    """) == [("Pro Q4", "300100001")]


def test_the_period_above_the_header_settles_the_order_of_day_and_month(rows: Rows) -> None:
    assert rows("""
        select spend_date::varchar, cost_amount, cost_currency from events.spend where campaign_id = '700' order by 1
    """) == [("2026-11-03", Decimal("10.00"), "GBP"), ("2026-11-04", Decimal("1020.50"), "GBP")]


def test_a_day_after_the_twelfth_settles_it_too(rows: Rows) -> None:
    assert rows("""
        select spend_date::varchar, clicks from staging.stg_linkedin_ads__ad_performance
        where campaign_id = '900' order by 1
    """) == [("2026-11-06", None), ("2026-11-13", 1)]


def test_a_day_that_is_not_over_is_no_spend_yet(rows: Rows) -> None:
    assert rows("select campaign, cost_amount from events.spend where campaign_id = '900'") == [
        ("Group saved", Decimal("5.00"))
    ]


def test_a_visit_with_the_tags_of_an_ad_belongs_to_its_campaign(rows: Rows) -> None:
    assert rows("""
        select campaign, campaign_id, channel, family from events.touchpoints
        where source = 'hubspot' and identifier_value = 'ida@example.com'
    """) == [("Pro Q4", "600100", "paid_social", "advertising")]
    assert rows("""
        select distinct campaign_tag from events.spend where platform = 'linkedin_ads' order by 1 nulls last
    """) == [("linkedin|paid-social|pro-q4",), (None,)]


ROW = "11/{day}/2026\tEU\tEUR\t800\tGroup\t801\tUnit\t{ad}\t10.00\n"


@pytest.mark.parametrize(
    ("content", "code", "column"),
    [
        pytest.param(
            report(HEADER + ROW.format(day=2, ad=1) + ROW.format(day=2, ad=2), first=2, last=8),
            "E_NOT_DAILY",
            "start_date",
            id="one sum over a week",
        ),
        pytest.param(
            report(
                HEADER + "13/11/2026" + ROW[13:].format(ad=1) + "11/14/2026" + ROW[13:].format(ad=1), first=1, last=30
            ),
            "E_DATE_ORDER",
            "start_date",
            id="both orders in one file",
        ),
        pytest.param(
            report(HEADER + ROW.format(day=2, ad=1), first=7, last=8),
            "E_DATE_ORDER",
            "start_date",
            id="days outside of the period",
        ),
        pytest.param(
            report(HEADER + ROW.format(day=2, ad=1) * 2, first=2, last=2),
            "E_DUPLICATE_KEY",
            "start_date, campaign_id",
            id="an ad's day twice",
        ),
        pytest.param(
            report(HEADER + ROW.format(day=2, ad="4.002E+08"), first=2, last=2),
            "E_VALUE",
            "ad_id",
            id="an id in powers",
        ),
    ],
)
def test_a_report_that_cannot_be_told_by_day_is_held(home: Home, content: bytes, code: str, column: str) -> None:
    home.put("linkedin_ads/report.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column) == (code, column)


def test_the_first_day_outside_of_the_period_is_named(home: Home) -> None:
    """Days up to the twelfth fit both orders: only the period says which of them is the odd one."""
    rows = "".join(ROW.format(day=day, ad=1) for day in (2, 3, 4)) + "14/11/2026" + ROW[13:].format(ad=1)
    content = report(HEADER + rows, first=1, last=30)
    home.put("linkedin_ads/report.csv", content)
    fault = home.load_one().fault
    assert fault is not None
    lines = content.decode("utf-16").splitlines()
    assert (fault.record, fault.line) == (4, 1 + next(n for n, line in enumerate(lines) if line.startswith("14/11")))
    assert fault.expected == "a day from 2026-11-01 to 2026-11-30, the period of the preamble, like %m/%d/%Y"
    assert fault.found == "another, here alone"


def test_a_report_of_one_day_is_daily(home: Home) -> None:
    home.put("linkedin_ads/report.csv", report(HEADER + ROW.format(day=2, ad=1), first=2, last=2))
    assert home.load_one().outcome == "loaded"
    assert home.rows("select start_date, report_end, date_generated from raw.linkedin_ads__ad_performance") == [
        ("2026-11-02", "November 2, 2026", "2026-11-08 06:02:00")
    ]
