"""TikTok Ads: one row per day and ad, the totals row last.

Must not be here: who clicked, or what it cost.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = (
    "By Day,Campaign name,Campaign ID,Ad group name,Ad group ID,Ad name,Ad ID,Currency,Cost,Impressions,"
    "Clicks (destination),Conversions"
)
WEEKS = 4
_DATA = (
    "strftime($start::date + day::integer, '%Y-%m-%d')", "campaign", "campaign_id", "ad_set", "ad_set_id", "ad_name",
    "ad_id", "'EUR'", "decimal_text(cost_cents)", "impressions", "clicks", "coalesce(claimed, 0)",
)  # fmt: skip
_TOTAL = (
    "'Total of ' || count(*) || ' results'", "''", "''", "''", "''", "''", "''", "'EUR'",
    "decimal_text(sum(cost_cents))", "sum(impressions)::bigint", "sum(clicks)::bigint",
    "coalesce(sum(claimed), 0)::bigint",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write a report per four weeks."""
    data, total = (csv_line([csv_cell(cell) for cell in cells]) for cells in (_DATA, _TOTAL))
    for first, last in calendar.periods(WEEKS):
        rows = lines(
            con,
            "with rows as (select d.*, claimed from ad_days as d left join (select day, ad, count(*) as claimed "
            "from ad_claims where platform = 'tiktok_ads' group by 1, 2) using (day, ad) "
            "where platform = 'tiktok_ads' and day between $first and $last) "
            f"select day * 1000 + ad as place, {data} as line from rows "
            f"union all select 9000000, {total} from rows having count(*) > 0",
            {"start": calendar.start, "first": first, "last": last},
        )
        name = f"tiktok_ads/Campaign report_{calendar.day(first)} to {calendar.day(last)}.csv"
        if rows:
            delivery.write_text(name, f"{HEADER}\n{rows}")
