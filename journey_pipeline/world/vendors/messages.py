"""Messages in the words of the Segment spec, which Segment and RudderStack write alike.

Add what both write. Must not be here: folders, or what only one of them adds.
"""

import duckdb

from journey_pipeline.world.vendors import Delivery, count, files, own

RECENT_DAYS = 28  # the export was set up four weeks before the end; everything older came as one replay per month
LATE_SECONDS = 2 * 86_400
CLOCK_AHEAD_SECONDS = 3 * 86_400


def stamp(microseconds: str) -> str:
    """SQL for an ISO text with milliseconds of a count of microseconds."""
    return f"strftime(make_timestamp(({microseconds})::bigint), '%Y-%m-%dT%H:%M:%S.%gZ')"


def uuid_of(text: str) -> str:
    """SQL for a text in the shape of a UUID that is always the same for the same text."""
    return f"regexp_replace(md5({text}), '^(.{{8}})(.{{4}}).(.{{3}}).(.{{3}})(.{{12}}).*$', '\\1-\\2-4\\3-8\\4-\\5')"


# One row per message: first what happened, then once more what a planted retry sends again.
_TABLE = """
create or replace temp table {source}_messages as
with hits as (
    select e.position, e.microsecond, e.page, n.event_name, s.person, s.session, s.device_number, s.device_category,
        s.session_number, s.consent, p.user_id, p.email, p.first_name, {anonymous_id} as anonymous_id,
        upper({device_id}) as device_id,
        $planted and s.device_category = 'mobile' and s.person % 17 = 3 as is_ahead,
        $planted and e.position % 60 = 7 as loses_user,
        $planted and e.position % 50 = 11 as is_late,
        $planted and e.position % 40 = 3 as is_retried
    from events as e join sessions as s using (session) join event_names as n using (code)
    join people as p using (person)
    where s.tracker = '{source}' and e.is_tracked
        and (n.event_name in ('app_open', 'feature_used') or (n.event_name = 'login' and s.session_number % 4 = 1))
),
sent as (
    select *, false as is_retry, microsecond + 200000 + is_late::bigint * {late} as received from hits
    union all
    select *, true, microsecond + 4300000 from hits where is_retried
)
select *, row_number() over (order by received, position, is_retry) as place,
    if(event_name = 'login', 'identify', 'track') as type
from sent
"""


def line_of(channel: str, prefix: str, extra: str) -> str:
    """SQL for the JSON of a message; `extra` are members that only one vendor writes."""
    ahead = f"is_ahead::bigint * {CLOCK_AHEAD_SECONDS}000000"
    return f"""to_json({{
    anonymousId: anonymous_id, channel: '{channel}',
    context: {{
        library: {{name: if(device_category = 'mobile', 'analytics-ios', 'analytics.js'), version: 'next-1.70.0'}},
        locale: 'de-DE', page: {{path: '/home', referrer: '', search: '', title: 'Northlamp app',
            url: 'https://app.northlamp.test/home'}},
        userAgent: 'Mozilla/5.0', timezone: 'Europe/Berlin',
        device: {{id: device_id, adTrackingEnabled: false, advertisingId: '00000000-0000-0000-0000-000000000000',
            type: if(device_category = 'mobile', 'ios', 'web')}},
        consent: {{categoryPreferences: {{Advertising: consent = 0, Analytics: true}}}}
    }},
    integrations: '{{}}'::json, messageId: concat('{prefix}-', position),
    originalTimestamp: {stamp(f"microsecond + {ahead}")}, receivedAt: {stamp("received")},
    sentAt: {stamp(f"received - 100000 + {ahead}")}, timestamp: {stamp("microsecond + 100000")},
    type: type, userId: if(loses_user, 'undefined', user_id),
    event: case event_name when 'app_open' then 'Application Opened' when 'feature_used' then 'Feature Used' end,
    properties: {{feature: if(event_name = 'feature_used', ['dim', 'schedule', 'scene'][1 + page % 3], null)}},
    traits: if(type = 'identify', {{email: if(position % 7 = 1, upper(email[1]) || email[2:], email),
        firstName: first_name, plan: 'free'}}, null){extra}
}})"""


def deliver(con: duckdb.DuckDBPyConnection, delivery: Delivery, source: str, folder: str, name: str, line: str) -> None:
    """Write a file per day of receipt for the last weeks and one replay per month of what is older.

    `folder` and `name` are SQL over `day_ms`, the UTC midnight a file belongs to.
    """
    query = f"""
    with dated as (
        select *, received // 86400000000 * 86400000 as received_ms,
            (select max(received) from {source}_messages) // 86400000000 * 86400000
                - {(RECENT_DAYS - 1) * 86_400_000}::bigint as recent_ms
        from {source}_messages
    ),
    filed as (
        select *, if(received_ms >= recent_ms, received_ms, recent_ms) as day_ms,
            if(received_ms >= recent_ms, '', strftime(make_timestamp(received), 'replay-%Y-%m')) as replay
        from dated
    )
    select {folder} || '/' || {name} as file, place, {line} as line from filed
    """
    for file, text in files(con, query).items():
        delivery.write_text(file, text)


def collect(con: duckdb.DuckDBPyConnection, delivery: Delivery, source: str) -> None:
    """Create `<source>_messages`, and note the anonymous ids, the control totals and the planted defects."""
    con.execute(
        _TABLE.format(
            source=source,
            late=LATE_SECONDS * 1_000_000,
            anonymous_id=uuid_of(f"'{source}-' || s.device_number"),
            device_id=uuid_of("'device-' || s.device_number"),
        ),
        {"planted": delivery.is_planted},
    )
    table = f"{source}_messages"
    own(con, "segment_anonymous_id", f"select person, anonymous_id from {table}")
    own(con, "device_id", f"select person, device_id from {table}")
    told = f"select '{source}', count(distinct position) from {table} where type = 'track'"
    count(con, "tracked_events", told)
    count(con, f"{source}_messages", f"select type, count(distinct position) from {table} group by 1")
    delivery.plant(
        con,
        f"select '{source}.retried_message', count(*) from {table} where is_retry "
        f"union all select '{source}.device_clock_ahead', count(distinct position) from {table} where is_ahead "
        f"union all select '{source}.user_id_undefined', count(distinct position) from {table} where loses_user "
        f"union all select '{source}.late_message', count(distinct position) from {table} where is_late",
    )
