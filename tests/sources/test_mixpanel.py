"""Mixpanel."""

from __future__ import annotations

from tests.sources.conftest import sample
from tests.sql.conftest import Rows

EVENTS = "mixpanel/2026-11-01.jsonl"
FILES = {EVENTS: sample(EVENTS)}


def test_x(rows: Rows) -> None:
    assert rows("select count(*) from staging.stg_mixpanel__hits") == [(4,)]
