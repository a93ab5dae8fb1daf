"""Snowplow: what enriched events bring along."""

from __future__ import annotations

from tests.sources.conftest import sample
from tests.sql.conftest import Rows

ENRICHED = "snowplow/enriched/2026/11/01/2026-11-01-100000-0001.gz"
FILES = {ENRICHED: sample(ENRICHED)}


def test_x(rows: Rows) -> None:
    assert rows("select count(*), count(distinct event_id) from staging.stg_snowplow__hits") == [(8, 7)]
