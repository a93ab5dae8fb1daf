"""Google Ads: the weekly campaign report in both flavours of the download button, and the clicks of the API.

Must not be here: who clicked, or what it cost.
"""

import codecs
from dataclasses import dataclass

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import ADS_CUSTOMER, CHANNELS
from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = ("Day", "Campaign ID", "Campaign", "Campaign status", "Campaign type", "Currency code", "Cost",
"Impr.",
          "Clicks", "Conversions", "Conv. value", "View-through conv.")  # fmt: skip
MODELLED = 1.08  # the platform adds modelled conversions, which makes its numbers fractional
RESTATE_EVERY_WEEKS = 4
CLICK_DAYS = 14  # the click job was set up two weeks before the end
TYPES = {channel.campaign_id: channel.campaign_type for channel in CHANNELS if channel.campaign_id}


@dataclass(frozen=True)
class Report:
    """One download: its days [first, last], and the days of it that were downloaded before."""

    name: str
    first: int
    last: int
    restates_until: int
    is_utf16: bool


def reports_of(calendar: Calendar, defects: bool) -> list[Report]:
    """One report per week; with `defects` every fourth one also covers, and restates, the week before."""
    found = []
    for week in range(calendar.days // 7):
        again = defects and week % RESTATE_EVERY_WEEKS == RESTATE_EVERY_WEEKS - 1
        first, last = 7 * (week - again), 7 * week + 6
        name = f"Campaign report {calendar.day(first)}{f' to {calendar.day(last)}' if again else ''}.csv"
        found.append(Report(name, first, last, 7 * week - 1 if again else -1, week % 2 == 0))
    return found


def credited_days(calendar: Calendar, defects: bool) -> list[int]:
    """The days that are downloaded again, when invalid clicks have been refunded."""
    return [d for r in reports_of(calendar, defects) for d in range(r.first, r.restates_until + 1)]


_MONEY = "format('{{:,}}', ({0} // 100)::bigint) || '.' || lpad(({0} % 100)::bigint::varchar, 2, '0')"
_COUNT = "format('{{:,}}', ({0})::bigint)"


def _cells(cell: str) -> tuple[str, str]:
    """SQL of a data line and of a totals line; `cell` quotes one expression when the flavour needs it."""
    data = [
        "day_text", "campaign_id", "campaign", "'Enabled'", "campaign_type", "'EUR'", _MONEY.format("cost"),
        _COUNT.format("impressions"), _COUNT.format("clicks"), _MONEY.format("conversions"),
        _MONEY.format("value"),
        "if(impressions = 0, ' --', '0')",
    ]  # fmt: skip
    total = ["label", "''", "''", "''", "''", "'EUR'", _MONEY.format("sum(cost)"),
        _COUNT.format("sum(impressions)"),
             _COUNT.format("sum(clicks)"), _MONEY.format("sum(conversions)"), _MONEY.format("sum(value)"),
                 "'0'"]  # fmt: skip
    separator = "," if cell == "csv" else "\t"
    quote = csv_cell if cell == "csv" else lambda expression: f"({expression})::varchar"
    return csv_line([quote(c) for c in data], separator), csv_line([quote(c) for c in total], separator)


def _rows(cell: str) -> str:
    data, total = _cells(cell)
    return f"""
    with claims as (
        select day, ad, round(count(*) * {MODELLED * 100})::bigint as conversions,
            sum(total_cents)::bigint as value
        from ad_claims where platform = 'google_ads' and created_at < $report_at group by 1, 2
    ),
    report_rows as (
        select d.day, campaign_id, campaign, strftime($start::date + d.day::integer, '%Y-%m-%d') as day_text,
            map_extract_value(map({list(TYPES)}, {list(TYPES.values())}), campaign_id) as campaign_type,
            cost_cents - if(d.day <= $restated, credit_cents, 0) as cost, impressions, clicks,
            coalesce(c.conversions, 0) as conversions, coalesce(c.value, 0) as value
        from ad_days as d left join claims as c on c.day = d.day and c.ad = d.ad
        where d.platform = 'google_ads' and d.day between $first and $last
    )
    select row_number() over (order by day, campaign_id) as place, {data} as line from report_rows
    union all
    select 1000000 + label_number, {total} from report_rows,
        (values (1, 'Total: Campaigns'), (2, 'Total: Account')) as labels (label_number, label)
    group by label_number, label
    """


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar, defects: bool) -> None:
    """Write the weekly reports, by turns UTF-16 with tabs and UTF-8 with commas."""
    for report in reports_of(calendar, defects):
        rows = lines(
            con,
            _rows("tab" if report.is_utf16 else "csv"),
            {
                "report_at": int(calendar.midnight[report.last + 1]),
                "start": calendar.start,
                "restated": report.restates_until,
                "first": report.first,
                "last": report.last,
            },
        )
        period = " - ".join(
            f"{d:%B} {d.day}, {d.year}" for d in (calendar.day(report.first), calendar.day(report.last))
        )
        name = f"google_ads/{report.name}"
        if report.is_utf16:
            text = "\n".join(("Campaign report", period, "\t".join(HEADER), rows))
            delivery.write(name, codecs.BOM_UTF16_LE + text.encode("utf-16-le"))
        else:
            delivery.write_text(name, "\n".join(("Campaign report", f'"{period}"', ",".join(HEADER), rows)))
    _write_clicks(con, delivery, calendar)


_CLICKS = f"""
select s.session as place, concat('{{"clickView":{{"resourceName":"customers/{ADS_CUSTOMER}/clickViews/',
    $date, '~',
    gclid, '","gclid":"', gclid, '","adGroupAd":"customers/{ADS_CUSTOMER}/adGroupAds/1500001~7700001"',
    if(channel_name like 'paid_search%', ',"keywordInfo":{{"text":"arc lamp","matchType":"EXACT"}}', ''),
    '}},"campaign":{{"resourceName":"customers/{ADS_CUSTOMER}/campaigns/', ads_campaign_id, '","id":"',
        ads_campaign_id,
    '","name":"', ads_campaign, '"}},"adGroup":{{"id":"1500001","name":"Arc"}},"segments":{{"date":"', $date,
    '","adNetworkType":"SEARCH","device":"', upper(device_category),
        '"}},"metrics":{{"clicks":"1"}}}}') as line
from sessions as s where day = $day and gclid is not null
"""


def _write_clicks(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write one `click_view_<day>.jsonl` for each of the last days; the source allows one day per query."""
    for day in range(max(0, calendar.days - CLICK_DAYS), calendar.days):
        when = str(calendar.day(day))
        delivery.write_text(f"google_ads/click_view_{when}.jsonl", lines(con, _CLICKS, {"day": day, "date": when}))
