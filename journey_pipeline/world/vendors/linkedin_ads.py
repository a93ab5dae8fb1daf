"""LinkedIn Ads: the ad performance report of Campaign Manager, tab-separated UTF-16 under the name of a CSV.

Ad texts hold real line ends. Must not be here: who clicked, or what it cost.
"""

import codecs
from datetime import date, timedelta

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, csv_line, lines

HEADER = (
    "Start Date (in UTC)", "Account Name", "Currency", "Campaign Group Name", "Campaign Group ID", "Campaign Name",
    "Campaign ID", "Campaign Type", "Ad ID", "Ad Introduction Text", "Total Spent", "Impressions", "Clicks",
    "Reactions", "Comments", "Shares", "Follows", "Leads", "Lead Forms Opened", "Conversions", "Click URL",
)  # fmt: skip
WEEKS = 4
_QUOTED = "if(regexp_matches(ad_name, '[\\n\"]'), '\"' || replace(ad_name, '\"', '\"\"') || '\"', ad_name)"
CELLS = (
    "strftime($start::date + day::integer, '%-m/%-d/%Y')", "'Northlamp EU'", "'EUR'", "ad_set", "ad_set_id", "campaign",
    "campaign_id", "'Sponsored Content'", "ad_id", _QUOTED, "decimal_text(cost_cents)",
    "if(impressions > 5000, format('{:,}', impressions::bigint), impressions::varchar)", "clicks", "clicks // 9",
    "clicks // 41", "clicks // 17", "0", "if(clicks = 0, '-', (clicks // 12)::varchar)",
    "if(clicks = 0, '-', (clicks // 11)::varchar)", "0",
    "'https://www.northlamp.test/pro?utm_source=linkedin&utm_medium=paid-social&utm_campaign=pro-q4'",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a report per four weeks; a planted one was saved again as UTF-8 with commas in place of tabs."""
    cells = [f"({cell})::varchar" for cell in CELLS]
    for number, (first, last) in enumerate(calendar.periods(WEEKS)):
        days = calendar.day(first), calendar.day(last)
        resaved = delivery.is_planted and number % 3 == 1
        separator = "," if resaved else "\t"
        rows = lines(
            con,
            f"select day * 1000 + ad as place, {csv_line(_safe(cells) if resaved else cells, separator)} as line "
            "from ad_days where platform = 'linkedin_ads' and day between $first and $last",
            {"start": calendar.start, "first": first, "last": last},
        )
        if not rows:
            continue
        name = f"linkedin_ads/account_508123456_ad_performance_report_{days[1]}.csv"
        text = f"{_preamble(*days)}{separator.join(HEADER)}\n{rows}"
        if resaved:
            delivery.write(name, text.encode())
            delivery.defects["linkedin_ads.report_saved_again"] = number // 3 + 1
        else:
            delivery.write(name, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))


def _safe(cells: list[str]) -> list[str]:
    """Cells without a bare separator: the thousands separator goes."""
    return ["impressions::varchar" if "'{:,}'" in cell else f"replace({cell}, ', ', ' ')" for cell in cells]


def _preamble(first: date, last: date) -> str:
    def day(when: date) -> str:
        return f"{when:%B} {when.day}, {when.year}"

    return (
        f"Ad Performance Report (in UTC)\nReport Start: {day(first)}, 12:00 AM\nReport End: {day(last)}, 11:59 PM\n"
        f'Date Generated: {day(last + timedelta(1))}, 6:02 AM\n""\n'
    )
