"""Snowplow: the visits of the blog, a second small property, as enriched events without a header.

Must not be here: who reads the blog.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import BLOG_HOST
from journey_pipeline.world.performance import VITALS
from journey_pipeline.world.vendors import Delivery, count, files, own

FIELDS = (
    "app_id", "platform", "etl_tstamp", "collector_tstamp", "dvce_created_tstamp", "event", "event_id",
    "txn_id", "name_tracker", "v_tracker", "v_collector", "v_etl", "user_id", "user_ipaddress",
    "user_fingerprint", "domain_userid", "domain_sessionidx", "network_userid", "geo_country", "geo_region",
    "geo_city", "geo_zipcode", "geo_latitude", "geo_longitude", "geo_region_name", "ip_isp", "ip_organization",
    "ip_domain", "ip_netspeed", "page_url", "page_title", "page_referrer", "page_urlscheme", "page_urlhost",
    "page_urlport", "page_urlpath", "page_urlquery", "page_urlfragment", "refr_urlscheme", "refr_urlhost",
    "refr_urlport", "refr_urlpath", "refr_urlquery", "refr_urlfragment", "refr_medium", "refr_source",
    "refr_term", "mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "contexts",
    "se_category", "se_action", "se_label", "se_property", "se_value", "unstruct_event", "tr_orderid",
    "tr_affiliation", "tr_total", "tr_tax", "tr_shipping", "tr_city", "tr_state", "tr_country", "ti_orderid",
    "ti_sku", "ti_name", "ti_category", "ti_price", "ti_quantity", "pp_xoffset_min", "pp_xoffset_max",
    "pp_yoffset_min", "pp_yoffset_max", "useragent", "br_name", "br_family", "br_version", "br_type",
    "br_renderengine", "br_lang", "br_features_pdf", "br_features_flash", "br_features_java",
    "br_features_director", "br_features_quicktime", "br_features_realplayer", "br_features_windowsmedia",
    "br_features_gears", "br_features_silverlight", "br_cookies", "br_colordepth", "br_viewwidth",
    "br_viewheight", "os_name", "os_family", "os_manufacturer", "os_timezone", "dvce_type", "dvce_ismobile",
    "dvce_screenwidth", "dvce_screenheight", "doc_charset", "doc_width", "doc_height", "tr_currency",
    "tr_total_base", "tr_tax_base", "tr_shipping_base", "ti_currency", "ti_price_base", "base_currency",
    "geo_timezone", "mkt_clickid", "mkt_network", "etl_tags", "dvce_sent_tstamp", "refr_domain_userid",
    "refr_device_tstamp", "derived_contexts", "domain_sessionid", "derived_tstamp", "event_vendor",
    "event_name", "event_format", "event_version", "event_fingerprint", "true_tstamp",
)  # fmt: skip
STAMP = "%Y-%m-%d %H:%M:%S.%g"
SCHEMA = "iglu:com.snowplowanalytics.snowplow"
PINGS, PING_SECONDS = 2, 10
VITAL_NAMES = [name for name, *_ in VITALS]

# One row per event collected; `copy` 1 is the same event collected twice, 2 another event under the same id.
_EVENTS = f"""
create or replace temp table snowplow_events as
with hits as (
    select e.position * 10 as place, e.microsecond, n.event_name, e.page, s.*, p.person_id
    from events as e join sessions as s using (session) join event_names as n using (code)
    left join people as p using (person)
    where s.tracker = 'snowplow' and e.is_tracked and n.event_name not in ('session_start', 'first_visit', 'login')
),
with_pings as (
    select *, 0 as ping from hits
    union all
    select hits.*, number from hits, range(1, {PINGS + 1}) as pings(number) where event_name = 'page_view'
),
-- All vitals of a page are one event, sent when it is left; an error is told as it happens.
measured_pages as (
    select position, 'web_vitals' as told, max(microsecond) as told_at,
        {", ".join(f"max(value) filter (where name = '{name}') as {name.lower()}" for name in VITAL_NAMES)}
    from measured where value is not null group by position
    union all
    select position, 'application_error', microsecond, null, null, null, null, null from measured where name = 'error'
),
with_measured as (
    select *, 0 as part, null::varchar as told, null::bigint as told_at, {
    ", ".join(f"null::double as {name.lower()}" for name in VITAL_NAMES)
}
    from with_pings
    union all
    select hits.*, 0, if(m.told = 'web_vitals', {PINGS + 1}, {PINGS + 2}), m.* exclude (position)
    from hits join measured_pages as m on hits.place = m.position * 10
),
copied as (
    select *, 0 as copy from with_measured
    union all select *, 1 from with_measured where $planted and ping = 0 and part = 0 and place % 300 = 70
    union all select *, 2 from with_measured where $planted and ping = 0 and part = 0 and place % 300 = 110
)
select *, place + ping + part as event_number, coalesce(told_at, microsecond + ping * {PING_SECONDS}000000) as moment,
    if(is_anonymous, '', substr(md5('duid-' || device_number), 1, 16)) as domain_userid,
    if(is_anonymous, '', substr(md5('nuid-' || device_number), 1, 16)) as network_userid,
    if(is_anonymous, '', 'sess-' || session) as domain_sessionid,
    $planted and device % 23 = 4 as is_ahead
from copied order by place, ping, part, copy
"""
_UUID = "regexp_replace(md5('snow-' || event_number), '^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$', '\\1-\\2-4\\3-8\\4-\\5')"
_NAME = """case when told is not null then told when ping > 0 then 'page_ping'
    when event_name = 'page_view' then 'page_view' else 'event' end"""


_VITALS = (
    f"to_json({{{', '.join(f'{name.lower()}: {name.lower()}' for name in VITAL_NAMES)}, navigationType: 'navigate'}})"
)
_ERROR = """'{"programmingLanguage":"JAVASCRIPT","message":"Script error."}'"""


def _told(schema: str, data: str) -> str:
    """SQL for a self-describing event around the SQL of its data."""
    frame = f'{{"schema":"{SCHEMA}/unstruct_event/jsonschema/1-0-0","data":{{"schema":"{SCHEMA}/{schema}","data":'
    return f"concat('{frame}', {data}, '}}}}')"


def _at(moment: str) -> str:
    return f"strftime(make_timestamp(({moment})::bigint), '{STAMP}')"


CELLS = {
    "app_id": "'northlamp-blog'",
    "platform": "'web'",
    "etl_tstamp": _at("moment + 7200000000"),
    "collector_tstamp": _at("moment + 300000 + if(copy = 1, 4000000, 0)"),
    "dvce_created_tstamp": _at("moment + is_ahead::bigint * 259200000000"),
    "dvce_sent_tstamp": _at("moment + 100000 + is_ahead::bigint * 259200000000"),
    "derived_tstamp": _at("moment"),
    "event": """case when told is not null then 'unstruct' when ping > 0 then 'page_ping'
        when event_name = 'page_view' then 'page_view' else 'struct' end""",
    "event_id": _UUID,
    "name_tracker": "'sp1'",
    "v_tracker": "'js-3.23.0'",
    "v_collector": "'ssc-3.2.0-kinesis'",
    "v_etl": "'snowplow-enrich-kinesis-5.1.0-common-5.1.0'",
    "user_ipaddress": "'203.0.113.x'",
    "domain_userid": "domain_userid",
    "domain_sessionidx": "if(is_anonymous, '', session_number::varchar)",
    "network_userid": "network_userid",
    "domain_sessionid": "domain_sessionid",
    "geo_country": "country",
    "page_url": "landing_url",
    "page_urlscheme": "'https'",
    "page_urlhost": f"'{BLOG_HOST}'",
    "page_urlport": "'443'",
    "page_urlpath": "path",
    "page_urlquery": "if(contains(landing_url, '?'), split_part(landing_url, '?', 2), '')",
    "page_referrer": "if(page = 0, coalesce(referrer, ''), '')",
    "refr_urlhost": "if(page = 0, coalesce(regexp_extract(referrer, '//([^/]+)', 1), ''), '')",
    "refr_medium": "if(page = 0 and channel_name = 'organic_search', 'search', '')",
    "refr_source": "case when page > 0 or channel_name <> 'organic_search' then '' "
    "when contains(referrer, 'bing') then 'Bing' else 'Google' end",
    "mkt_source": "if(page = 0, coalesce(utm_source, ''), '')",
    "mkt_medium": "if(page = 0, coalesce(utm_medium, ''), '')",
    "mkt_campaign": "if(page = 0, coalesce(utm_campaign, ''), '')",
    "contexts": f"""concat('{{"schema":"{SCHEMA}/contexts/jsonschema/1-0-0","data":[{{"schema":"{SCHEMA}/web_page/',
        'jsonschema/1-0-0","data":{{"id":"page-', place, '"}}}}]}}')""",
    "se_category": "if(event_name = 'page_view', '', 'shop')",
    "se_action": "if(event_name = 'page_view', '', event_name)",
    "unstruct_event": f"""case told
        when 'web_vitals' then {_told("web_vitals/jsonschema/1-0-0", _VITALS)}
        when 'application_error' then {_told("application_error/jsonschema/1-0-2", _ERROR)} else '' end""",
    "useragent": "'Mozilla/5.0'",
    "br_lang": "'de-DE'",
    "os_timezone": "'Europe/Berlin'",
    "dvce_type": "case device_category when 'desktop' then 'Computer' when 'tablet' then 'Tablet' else 'Mobile' end",
    "dvce_ismobile": "if(device_category = 'mobile', '1', '0')",
    "event_vendor": "'com.snowplowanalytics.snowplow'",
    "event_name": _NAME,
    "event_format": "'jsonschema'",
    "event_version": "'1-0-0'",
    "event_fingerprint": "md5('print-' || event_number || if(copy = 2, '-other', ''))",
}


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, calendar: Calendar) -> None:
    """Write `enriched/<year>/<month>/<day>/<day>-100000-0001.gz`, one file per week, in the folder of its last day."""
    con.execute(_EVENTS, {"planted": delivery.is_planted})
    own(con, "snowplow_domain_userid", "select person, nullif(domain_userid, '') from snowplow_events")
    own(con, "snowplow_network_userid", "select person, nullif(network_userid, '') from snowplow_events")
    told = "from snowplow_events where ping = 0 and part = 0"
    count(con, "tracked_events", f"select 'snowplow', count(distinct event_number) {told}")
    count(
        con,
        "snowplow_measurements",
        "select name, count(*) from measured join events using (position) join sessions using (session) "
        "where tracker = 'snowplow' and name <> 'rage_click' group by 1",
    )
    delivery.plant(
        con,
        "select 'snowplow.' || ['collected_twice', 'id_used_twice'][copy], count(*) from snowplow_events "
        "where copy > 0 group by 1 union all "
        f"select 'snowplow.device_clock_ahead', count(*) {told} and copy = 0 and is_ahead",
    )
    line = " || chr(9) || ".join(f"({CELLS.get(name, repr(''))})" for name in FIELDS)
    day = "$start::date + (day // 7 * 7 + 6)::integer"
    file = f"strftime({day}, 'snowplow/enriched/%Y/%m/%d/%Y-%m-%d-100000-0001.gz')"
    query = f"select {file} as file, event_number * 10 + copy as place, {line} as line from snowplow_events"
    for name, text in files(con, query, {"start": calendar.start}).items():
        delivery.write_text(name, text)
