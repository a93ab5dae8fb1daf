"""Microsoft Ads: the campaign performance report, with a preamble, ids in brackets and a copyright line.

Must not be here: who clicked, or what it cost.
"""

import codecs
from datetime import date, timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = "TimePeriod,AccountName,AccountId,CampaignName,CampaignId,CurrencyCode,Spend,Impressions,Clicks"
TRAILER = '"\u00a92026 Microsoft Corporation. All rights reserved. "'
WEEKS = 4
CELLS = (
    "strftime($start::date + day::integer, '%Y-%m-%d')", "'Northlamp'", "'[138689064]'", "campaign",
    "'[' || campaign_id || ']'", "'EUR'", "decimal_text(cost_cents)", "impressions", "clicks",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a report per four weeks; a planted one is UTF-16."""
    line = csv_line([csv_cell(cell) for cell in CELLS])
    for number, (first, last) in enumerate(calendar.periods(WEEKS)):
        rows = lines(
            con,
            f"select day * 1000 + ad as place, {line} as line from ad_days "
            "where platform = 'microsoft_ads' and day between $first and $last",
            {"start": calendar.start, "first": first, "last": last},
        )
        if not rows:
            continue
        name = f"microsoft_ads/Campaign_Performance_{calendar.day(last)}.csv"
        text = f"{_preamble(calendar.day(first), calendar.day(last))}\n{HEADER}\n{rows}\n{TRAILER}\n"
        if delivery.is_planted and number % 2:
            delivery.write(name, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
            delivery.defects["microsoft_ads.report_in_utf16"] = number // 2 + 1
        else:
            delivery.write(name, codecs.BOM_UTF8 + text.encode())


def _preamble(first: date, last: date) -> str:
    def day(when: date) -> str:
        return f"{when.month}/{when.day}/{when.year}"

    return (
        f"Report Name: Campaign Performance\nReport Time: {day(first)},{day(last)}\n"
        "Time Zone: (GMT+01:00) Amsterdam, Berlin\n"
        f"Last Completed Available Day: {day(last + timedelta(1))} 10:00:00 AM (GMT)\n"
    )
