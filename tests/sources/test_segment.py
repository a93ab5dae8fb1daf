"""Segment and RudderStack: one spec, two deliveries, and what their messages bring along."""

from __future__ import annotations

from tests.sources.conftest import sample
from tests.sql.conftest import Rows

SEGMENT = "segment/segment-logs/sRcId1234ab/1793491200000/1793520000000.7f1c2d.1.1.aaaa-bbbb.gz"
RUDDERSTACK = (
    "rudderstack/rudder-logs/2aSrcRudder01/2026-11-01/"
    "1793523610.2aSrcRudder01.7d1c6a1e-0000-4000-8000-0000000000aa.json.gz"
)
FILES = {SEGMENT: sample(SEGMENT), RUDDERSTACK: sample(RUDDERSTACK)}


def test_a_retried_message_counts_once(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_segment__events where segment_anonymous_id like 'b2f5c1de%'") == [(6,)]
