"""Mixpanel: the raw export of a beta app, one file per month, never deduplicated.

Must not be here: what people do in the app.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, count, files, own

_EVENTS = """
create or replace temp table mixpanel_events as
with hits as (
    select e.position, e.microsecond // 1000000 as second, e.page, n.event_name, s.person, p.user_id,
        'dd-' || substr(md5('mixpanel-' || s.device_number), 1, 16) as device_key,
        $planted and e.position % 30 = 7 as is_doubled
    from events as e join sessions as s using (session) join event_names as n using (code)
    join people as p using (person)
    where s.tracker = 'mixpanel' and e.is_tracked and n.event_name in ('app_open', 'feature_used')
)
select *, false as is_copy from hits union all select *, true from hits where is_doubled
order by position, is_copy
"""
_LINES = """
select strftime(make_timestamp(second * 1000000), 'mixpanel/%Y-%m.jsonl') as file,
    position * 2 + is_copy::integer as place,
    to_json({
        event: if(event_name = 'app_open', 'App Open', 'Feature Used'),
        properties: {
            time: second, distinct_id: user_id, '$insert_id': substr(md5('insert-' || position), 1, 20),
            '$device_id': device_key, '$user_id': user_id,
            mp_processing_time_ms: second * 1000 + if(is_copy, 61000, 900),
            feature: if(event_name = 'feature_used', ['dim', 'schedule', 'scene'][1 + page % 3], null)
        }
    }) as line
from mixpanel_events
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write `<month>.jsonl`."""
    con.execute(_EVENTS, {"planted": delivery.is_planted})
    own(con, "mixpanel_distinct_id", "select person, device_key from mixpanel_events")
    count(con, "tracked_events", "select 'mixpanel', count(distinct position) from mixpanel_events")
    delivery.plant(con, "select 'mixpanel.event_processed_twice', count(*) from mixpanel_events where is_copy")
    for name, text in files(con, _LINES).items():
        delivery.write_text(name, text)
