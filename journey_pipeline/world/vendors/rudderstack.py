"""RudderStack: the same messages from a second, small app, in the layout of its object storage destination.

Must not be here: what a message says, which Segment shares.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery
from journey_pipeline.world.vendors.messages import collect, deliver, line_of, uuid_of


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write `rudder-logs/<source>/<day>/<unix>.<source>.<uuid>.json.gz`."""
    collect(con, delivery, "rudderstack")
    folder = "'rudderstack/rudder-logs/2aSrcRudder01/' || strftime(make_timestamp(day_ms * 1000), '%Y-%m-%d')"
    uuid = uuid_of("'rudder-' || day_ms || replay")
    name = f"concat(day_ms // 1000 + 32400, '.2aSrcRudder01.', {uuid}, '.json.gz')"
    extra = ", rudderId: concat('r-', position), request_ip: '203.0.113.7'"
    deliver(con, delivery, "rudderstack", folder, name, line_of("web", "web", extra))
