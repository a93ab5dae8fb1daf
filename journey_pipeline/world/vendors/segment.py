"""Segment: what people do in the app, as raw messages in the layout of the S3 destination.

Must not be here: what a message says, which RudderStack shares.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery
from journey_pipeline.world.vendors.messages import collect, deliver, line_of


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write `segment-logs/<source>/<UTC day in ms>/<ms>.<hash>.gz`."""
    collect(con, delivery, "segment")
    folder = "'segment/segment-logs/sRcId1234ab/' || day_ms"
    name = "concat(day_ms + 28800000, '.', substr(md5('segment-' || day_ms || replay), 1, 6), '.1.1', "
    name += "if(replay = '', '', '.' || replay), '.gz')"
    deliver(con, delivery, "segment", folder, name, line_of("client", "ajs-next", ", version: 2"))
