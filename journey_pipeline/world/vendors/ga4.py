"""GA4 events as BigQuery hands them over: one file per property day, JSON lines or Parquet.

In JSON an INT64 is a string, an absent value is left out and `&` is escaped; in Parquet the same columns are
nested and typed. Add an event parameter to `PARAMETERS`. Must not be here: what happens in a session.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

import duckdb
import numpy as np
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from journey_pipeline.world.clock import Calendar, stream
from journey_pipeline.world.parameters import ADS_CUSTOMER, GA4_PROPERTY, GA4_STREAM, Parameters
from journey_pipeline.world.tables import duplicated
from journey_pipeline.world.vendors import Delivery, count

PARQUET_FROM = 0.8  # the last fifth of the days is delivered as Parquet, as after a change of the extract job
DAYS_PER_QUERY = 7  # a week of a million-touchpoint market is 40 MB of text
CORRECTION_DAYS = 3  # a day table may change for 72 hours

# key, kind of value, column of the flat hit
PARAMETERS: tuple[tuple[str, str, str], ...] = (
    ("page_location", "string", "page_location"),
    ("page_title", "string", "page_title"),
    ("page_referrer", "string", "page_referrer"),
    ("entrances", "int", "entrances"),
    ("method", "string", "login_method"),
    ("feature", "string", "feature"),
    ("traffic_type", "string", "traffic_type"),
    ("transaction_id", "string", "transaction_id"),
    ("currency", "string", "value_currency"),
    ("value", "double", "value"),
    ("value", "int", "rounded_value"),
    ("metric_id", "string", "metric_id"),
    ("metric_value", "double", "metric_value"),
    ("metric_rating", "string", "metric_rating"),
    ("description", "string", "error_text"),
    ("fatal", "string", "is_fatal"),
    ("ga_session_id", "int", "ga_session_id"),
    ("ga_session_number", "int", "ga_session_number"),
)

# One row per hit of the days from $first to $last, flat. The landing hits carry the traffic source, as in
# the vendor's export.
_HITS = """
with hits as (
    select e.position, e.day, strftime($start::date + e.day::integer, '%Y%m%d') as event_date, e.microsecond,
        n.event_name, s.* exclude (day, session), s.session,
        o.order_number::varchar as order_name, o.total_cents / 100.0 as order_total,
        n.event_name in ('session_start', 'first_visit') or (n.event_name = 'page_view' and e.page = 0)
            as is_landing,
        e.page, e.is_reload, coalesce(l.late, false) as is_late, coalesce(l.twice, false) as is_twice
    from events as e
    join sessions as s using (session)
    join event_names as n using (code)
    left join deliveries as l on l.position = e.position
    left join orders as o on o.session = e.session and n.event_name = 'purchase'
    where e.day between $first and $last and s.day between $first and $last and e.is_tracked
        and s.tracker = 'ga4'
),
told as (
    select *,
        case when kind = 6 and event_name = 'page_view' then landing_url || '?page=' || page
            when is_landing then landing_url
            when event_name = 'page_view' then 'https://' || host || ['/lamps', '/guide',
                '/sale'][1 + page % 3]
            when event_name = 'view_item' then 'https://' || host || '/products/arc-lamp'
            when event_name = 'generate_lead' then 'https://' || host || if(kind = 2, '/pro', '/guide')
        end as page_location,
        if(event_name = 'page_view', if(kind = 3, 'Home', 'Lamps & shades'), null) as page_title,
        if(event_name = 'page_view' and page = 0, referrer, null) as page_referrer,
        if(event_name = 'page_view' and page = 0, 1, null)::bigint as entrances,
        if(event_name = 'login', 'email', null) as login_method,
        if(event_name = 'feature_used', ['dim', 'schedule', 'scene'][1 + page % 3], null) as feature,
        if(kind = 7, 'internal', null) as traffic_type,
        if(event_name = 'purchase', order_name, null) as transaction_id,
        if(event_name = 'purchase', 'EUR', null) as value_currency,
        if(event_name = 'purchase' and not is_reload, order_total, null)::double as value,
        if(event_name = 'purchase' and is_reload, round(order_total), null)::bigint as rounded_value,
        if(is_anonymous, null, started_at)::bigint as ga_session_id,
        if(is_anonymous, null, session_number)::bigint as ga_session_number,
        if(event_name in ('session_start', 'first_visit', 'page_view', 'app_open'), null,
            user_id) as hit_user_id,
        if(is_anonymous, 'No', 'Yes') as analytics_storage, if(consent = 0, 'Yes', 'No') as ads_storage,
        is_landing and (gclid is not null or utm_source is not null) as has_source,
        gclid is not null or utm_source is not null or referrer is not null as has_last_click,
        coalesce(utm_source, if(gclid is not null, 'google', regexp_extract(referrer,
            'https://(?:www[.])?([a-z]+)(?:[.]com)?', 1))) as last_source,
        coalesce(utm_medium, if(gclid is not null, 'cpc', if(channel_name = 'organic_search', 'organic',
            'referral')))
            as last_medium,
        ['Germany', 'United Kingdom', 'Sweden'][list_position(['DE', 'GB', 'SE'], country)] as country_name,
        ['de-de', 'en-gb', 'sv-se'][list_position(['DE', 'GB', 'SE'], country)] as language,
        0 as part, null::varchar as metric_id, null::double as metric_value, null::varchar as metric_rating,
        null::varchar as error_text, null::varchar as is_fatal
    from hits
),
-- A vital is told as the web-vitals library's own example does: an event of its name, on the page it is of.
flat as (
    from told
    union all
    select told.* replace (
        m.microsecond as microsecond,
        case m.name when 'error' then 'exception' else m.name end as event_name,
        false as is_twice, false as is_landing, false as has_source,
        null as page_title, null as page_referrer, null as entrances, m.value as value,
        if(m.value is not null, 'v5-' || m.microsecond // 1000 || '-' || (1000000000000 + position), null) as metric_id,
        m.value as metric_value, m.rating as metric_rating,
        if(m.name = 'error', 'Cannot read properties of undefined', null) as error_text,
        if(m.name = 'error', 'false', null) as is_fatal,
        m.number as part
    )
    from told join measured as m using (position)
)
"""


@dataclass(frozen=True)
class Day:
    """One property day: number, date text, and whether a later delivery corrects it."""

    number: int
    text: str
    is_parquet: bool
    redelivered_on: str | None


def days_of(calendar: Calendar, rates: Parameters, defects: bool) -> list[Day]:
    """How each day is delivered; with `defects` every other week one JSON day comes again, complete."""
    found = []
    for number in range(calendar.days):
        when = calendar.day(number)
        parquet = number >= PARQUET_FROM * calendar.days
        again = defects and not parquet and number % rates.redelivery_every_days == 4
        later = f"{when + timedelta(CORRECTION_DAYS):%Y-%m-%d}" if again else None
        found.append(Day(number, f"{when:%Y%m%d}", parquet, later))
    return found


def write(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, seed: int, calendar: Calendar, rates: Parameters,
    defects: bool, report: Callable[[float], None],
) -> None:  # fmt: skip
    """Write every property day, a week per query; compression runs beside the next query."""
    days = days_of(calendar, rates, defects)
    _mark_deliveries(con, seed, days, rates, defects)
    count(con, "ga4_measurements", "select name, count(*) from measured join events using (position) "
          "join sessions using (session) where tracker = 'ga4' group by 1")  # fmt: skip
    folder = f"ga4/{GA4_PROPERTY}"
    with ThreadPoolExecutor(1) as pool:
        pending: list[Future[None]] = []
        for first in range(0, len(days), DAYS_PER_QUERY):
            week = days[first : first + DAYS_PER_QUERY]
            texts, tables = _json(con, calendar, week), _parquet(con, calendar, week)
            for earlier in pending:
                earlier.result()
            pending = []
            for day in week:
                place = f"events_{day.text}/events_{day.text}-000000000000"
                if day.is_parquet:
                    delivery.write(f"{folder}/{place}.parquet", tables[day.number])
                elif day.number in texts:
                    timely, complete = texts[day.number]
                    pending.append(pool.submit(delivery.write, f"{folder}/{place}.json.gz", timely))
                    if day.redelivered_on:
                        again = f"ga4/redelivery_{day.redelivered_on}/{GA4_PROPERTY}/{place}.json.gz"
                        pending.append(pool.submit(delivery.write, again, complete))
            report((week[-1].number + 1) / len(days))
        for rest in pending:
            rest.result()


def _mark_deliveries(
    con: duckdb.DuckDBPyConnection, seed: int, days: list[Day], rates: Parameters, defects: bool
) -> None:
    """Table `deliveries`: events that miss the first file of a redelivered day, and events written twice."""
    count = con.execute("select count(*) from events").fetchall()[0][0]
    again = [day.number for day in days if day.redelivered_on]
    late = stream(seed, "late").random(count) < rates.late_share
    drawn = {"position": np.arange(count), "late": late, "twice": duplicated(seed, count, rates)}
    con.register("drawn_deliveries", drawn)
    con.execute(
        """
        create or replace temp table deliveries as
        select position, late and list_contains($again, day) as late, twice
        from drawn_deliveries join events using (position)
        where $defects and ((late and list_contains($again, day)) or twice)
        order by position
        """,
        {"again": again, "defects": defects},
    )
    con.unregister("drawn_deliveries")


def _bounds(calendar: Calendar, days: list[Day]) -> dict[str, object]:
    return {"first": days[0].number, "last": days[-1].number, "start": calendar.start}


def _json(con: duckdb.DuckDBPyConnection, calendar: Calendar, week: list[Day]) -> dict[int, tuple[bytes, bytes]]:
    """Per day the first delivery, without late hits, and the complete one where the day comes again."""
    days = [day for day in week if not day.is_parquet]
    if not days:
        return {}
    whole = "if(is_twice, line || chr(10) || line, line), chr(10) order by position, part"
    found = con.execute(
        f"{_HITS} select day, string_agg({whole}) filter (where not is_late), "
        f"if(list_contains($again, day), string_agg({whole}), '') "
        f"from (select position, part, day, is_twice, is_late, {_LINE} as line from flat) "
        "group by day order by day",
        _bounds(calendar, days) | {"again": [day.number for day in days if day.redelivered_on]},
    ).fetchall()
    return {day: (_escaped(timely or ""), _escaped(complete)) for day, timely, complete in found}


def _escaped(text: str) -> bytes:
    return (text.replace("&", "\\u0026") + "\n").encode()


def _parquet(con: duckdb.DuckDBPyConnection, calendar: Calendar, week: list[Day]) -> dict[int, bytes]:
    days = [day for day in week if day.is_parquet]
    if not days:
        return {}
    found = con.sql(
        f"{_HITS} select day, {_STRUCTS} from (from flat union all from flat where is_twice) order by position, part",
        params=_bounds(calendar, days),
    ).to_arrow_table()
    files = {}
    for day in days:
        buffer = BytesIO()
        rows = found.filter(pc.field("day") == day.number).drop_columns(["day"]).combine_chunks()
        pq.write_table(rows, buffer, compression="snappy")
        files[day.number] = buffer.getvalue()
    return files


def _json_parameter(key: str, kind: str, column: str) -> str:
    value = f"'\"' || {column} || '\"'" if kind != "double" else f"{column}::varchar"
    return f"""'{{"key":"{key}","value":{{"{kind}_value":' || {value} || '}}}}'"""


def _typed_parameter(key: str, kind: str, column: str) -> str:
    types = {"string": "varchar", "int": "bigint", "float": "double", "double": "double"}
    values = ", ".join(f"{k}_value: {column if k == kind else 'null'}::{t}" for k, t in types.items())
    return f"{{key: '{key}', value: {{{values}}}}}"


_LINE = f"""concat('{{"event_date":"', event_date, '","event_timestamp":"', microsecond, '","event_name":"',
    event_name, '","event_params":[', concat_ws(',', {", ".join(_json_parameter(*p) for p in PARAMETERS)}),
    '],"event_bundle_sequence_id":"', 1000 + position % 100000, '"',
    ',"user_id":"' || hit_user_id || '"', ',"user_pseudo_id":"' || client_id || '"',
    ',"privacy_info":{{"analytics_storage":"', analytics_storage, '","ads_storage":"', ads_storage,
    '","uses_transient_token":"No"}},"user_properties":[]',
    ',"user_first_touch_timestamp":"' || if(is_anonymous, null, device_first_at * 1000000) || '"',
    ',"device":{{"category":"', device_category, '","language":"', language, '","web_info":{{"hostname":"',
        host,
    '"}}}},"geo":{{"country":"', country_name, '"}},"stream_id":"{GA4_STREAM}","platform":"WEB","items":[',
    if(event_name = 'purchase', concat('{{"item_id":"basket","item_name":"Lamps","price":',
        order_total::double, ',"quantity":"1","item_revenue":', order_total::double, '}}'), ''),
    '],"is_active_user":', if(is_anonymous, 'false', 'true'), ',"batch_event_index":"', 1 + page % 10,
    '","batch_page_id":"', 1, '","batch_ordering_id":"', 1, '"',
    if(event_name = 'purchase', concat(',"ecommerce":{{"transaction_id":"', order_name,
        '","purchase_revenue":',
        order_total::double, ',"total_item_quantity":"1"}}'), ''),
    if(has_source, concat(',"collected_traffic_source":{{', concat_ws(',', '"gclid":"' || gclid || '"',
        '"manual_source":"' || utm_source || '"', '"manual_medium":"' || utm_medium || '"',
        '"manual_campaign_name":"' || utm_campaign || '"'), '}}'), ''),
    if(has_last_click, concat(',"session_traffic_source_last_click":{{"manual_campaign":{{"campaign_name":"',
        coalesce(utm_campaign, '(' || last_medium || ')'), '","source":"', last_source, '","medium":"',
            last_medium,
        '"}}', ',"google_ads_campaign":{{"customer_id":"{ADS_CUSTOMER}","campaign_id":"' || ads_campaign_id
        || '","campaign_name":"' || ads_campaign || '"}}', '}}'), ''),
    '}}')"""

_STRUCTS = f"""event_date, microsecond as event_timestamp, event_name,
    list_filter([{", ".join(_typed_parameter(*p) for p in PARAMETERS)}], lambda p: p.value.string_value is
        not null or p.value.int_value is not null or p.value.double_value is not null) as event_params,
    1000 + position % 100000 as event_bundle_sequence_id, hit_user_id as user_id, client_id as user_pseudo_id,
    {{analytics_storage: analytics_storage, ads_storage: ads_storage,
        uses_transient_token: 'No'}} as privacy_info,
    []::varchar[] as user_properties,
    if(is_anonymous, null, device_first_at * 1000000) as user_first_touch_timestamp,
    {{category: device_category, language: language, web_info: {{hostname: host}}}} as device,
    {{country: country_name}} as geo, '{GA4_STREAM}' as stream_id, 'WEB' as platform,
    case when event_name = 'purchase' then [{{item_id: 'basket', item_name: 'Lamps',
        price: order_total::double,
        quantity: 1::bigint, item_revenue: order_total::double}}] else [] end as items,
    not is_anonymous as is_active_user, (1 + page % 10)::bigint as batch_event_index,
    1::bigint as batch_page_id, 1::bigint as batch_ordering_id,
    case when event_name = 'purchase' then {{transaction_id: order_name,
        purchase_revenue: order_total::double, total_item_quantity: 1::bigint}} end as ecommerce,
    case when has_source then {{gclid: gclid, manual_source: utm_source, manual_medium: utm_medium,
        manual_campaign_name: utm_campaign}} end as collected_traffic_source,
    case when has_last_click then {{
        manual_campaign: {{campaign_name: coalesce(utm_campaign, '(' || last_medium || ')'),
            source: last_source,
            medium: last_medium}},
        google_ads_campaign: case when ads_campaign_id is not null then {{customer_id: '{ADS_CUSTOMER}',
            campaign_id: ads_campaign_id, campaign_name: ads_campaign}} end
    }} end as session_traffic_source_last_click"""
