"""Meta Ads: the table of ads as downloaded from Ads Manager every four weeks, and a week of the Insights API.

A download covers the week before it again. Must not be here: who clicked, or what it cost.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = (
    "Reporting starts,Reporting ends,Day,Campaign name,Campaign ID,Ad set name,Ad name,Ad ID,Impressions,Reach,"
    "Frequency,Currency,Amount spent (EUR),Link clicks,Results,Result indicator,Cost per results,Purchases,"
    "Purchases conversion value,Attribution setting"
)
WEEKS, API_DAYS = 4, 7
ACCOUNT = "801573051220234"

_ROWS = """
with claims as (
    select day, ad, count(*) as purchases, sum(total_cents)::bigint as value
    from ad_claims where platform = 'meta_ads' group by 1, 2
)
select d.*, strftime($start::date + day::integer, '%Y-%m-%d') as day_text, coalesce(c.purchases, 0) as purchases,
    coalesce(c.value, 0) as value, greatest(impressions * 83 // 100, 1) as reach
from ad_days as d left join claims as c using (day, ad)
where d.platform = 'meta_ads' and day between $first and $last
"""
_FREQUENCY = "round(impressions / reach, 4)::decimal(10, 4)"
_DATA = (
    "day_text", "day_text", "day_text", "campaign", "campaign_id", "ad_set", "ad_name", "ad_id", "impressions", "reach",
    _FREQUENCY, "'EUR'", "decimal_text(cost_cents)", "clicks", "nullif(purchases, 0)",
    "if(purchases > 0, 'actions:offsite_conversion.fb_pixel_purchase', '')",
    "if(purchases > 0, decimal_text(cost_cents // greatest(purchases, 1)), '')", "nullif(purchases, 0)",
    "if(purchases > 0, decimal_text(value), '')", "'7-day click or 1-day view'",
)  # fmt: skip
_TOTAL = (
    "$first_text", "$last_text", "''", "''", "''", "''", "''", "''", "sum(impressions)::bigint", "max(reach)::bigint",
    "''", "'EUR'", "decimal_text(sum(cost_cents))", "sum(clicks)::bigint", "''", "''", "''",
    "sum(purchases)::bigint", "decimal_text(sum(value))", "''",
)  # fmt: skip
_INSIGHT = f"""
select day * 1000 + ad as place, concat('{{"account_id":"{ACCOUNT}","account_currency":"EUR","campaign_id":"',
    campaign_id, '","campaign_name":"', campaign, '","adset_id":"', ad_set_id, '","ad_id":"', ad_id,
    '","date_start":"', day_text, '","date_stop":"', day_text, '","impressions":"', impressions,
    '","clicks":"', clicks, '","inline_link_clicks":"', clicks, '","spend":"', decimal_text(cost_cents),
    '","reach":"', reach, '"', if(purchases > 0, concat(',"actions":[{{"action_type":"omni_purchase","value":"',
        purchases, '"}},{{"action_type":"offsite_conversion.fb_pixel_purchase","value":"', purchases,
        '"}}],"action_values":[{{"action_type":"offsite_conversion.fb_pixel_purchase","value":"',
        decimal_text(value), '"}}]'), ''), ',"attribution_setting":"7d_click_1d_view"}}') as line
from rows
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write the downloads and, for the last days, what the API says of the same ads."""
    data, total = (csv_line([csv_cell(cell) for cell in cells]) for cells in (_DATA, _TOTAL))
    for first, last in calendar.periods(WEEKS):
        since = max(0, first - 7)
        days = [calendar.day(since), calendar.day(last)]
        values: dict[str, object] = {"start": calendar.start, "first": since, "last": last}
        period = "-".join(f"{day:%b}-{day.day}-{day:%Y}" for day in days)
        name = f"meta_ads/Northlamp-EU-Ads-{period}.csv"
        texts = {"first_text": str(days[0]), "last_text": str(days[1])}
        rows = lines(
            con,
            f"with rows as ({_ROWS}) select 0 as place, {total} as line from rows having count(*) > 0 "
            f"union all select 1 + day * 1000 + ad, {data} from rows",
            values | texts,
        )
        if rows:
            delivery.write(name, f"\ufeff{HEADER}\n{rows}".encode())
    since = calendar.days - API_DAYS
    values = {"start": calendar.start, "first": since, "last": calendar.days - 1}
    told = lines(con, f"with rows as ({_ROWS}) {_INSIGHT}", values)
    delivery.write_text(f"meta_ads/insights_api_{calendar.day(calendar.days)}.jsonl", told)
