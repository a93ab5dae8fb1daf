"""A week that lost or doubled its records is named with what was expected, and a correction is not told for a fault."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.laws_of_volume import closed_weeks_stand, remember_release

FIRST, CLOSED = date(2026, 10, 5), datetime(2026, 11, 1, 23)
WEEKS = [FIRST + timedelta(7 * n) for n in range(5)]  # the last one is new


def candidate(records: dict[str, list[int]], segments: list[int] | None = None) -> duckdb.DuckDBPyConnection:
    """A warehouse with what sources delivered by week, and a weekly table of so many rows."""
    connection = duckdb.connect()
    connection.execute(
        """
        create schema marts; create schema seeds;
        create table marts.coverage (week date, source varchar, events_table varchar, records bigint);
        create table marts.segment_metrics (week date, metric varchar);
        create table marts.customers as select 'c1' as customer_id;
        create table seeds.volume_allowances (compares varchar, source varchar, table_name varchar, fall double,
            rise double, on_breach varchar, first_week date, last_week date, reason varchar);
        insert into seeds.volume_allowances values
            ('new_week', null, null, 0, 0, 'refuse', null, null, 'another comparison'),
            ('closed_weeks', null, null, 0.1, 0.5, 'warn', null, null, 'usual')
        """
    )
    for source, counts in records.items():
        for week, count in zip(WEEKS, counts, strict=False):
            connection.execute("insert into marts.coverage values (?, ?, 'touchpoints', ?)", [week, source, count])
    for week, count in zip(WEEKS, segments or [], strict=False):
        connection.execute("insert into marts.segment_metrics select ?, 'm' from range(?)", [week, count])
    return connection


def held_against(now: duckdb.DuckDBPyConnection, before: duckdb.DuckDBPyConnection, folder: Path) -> str:
    """What the law says of a candidate after a release of four weeks."""
    for table in ("coverage", "segment_metrics"):
        path = folder / f"{table}.parquet"
        before.execute(f"copy (from marts.{table} where week < date '2026-11-02') to '{path}' (format parquet)")
    remember_release(now, folder, ["coverage", "segment_metrics"], CLOSED)
    return closed_weeks_stand(now).description


def allow(connection: duckdb.DuckDBPyConnection, *line: object) -> None:
    connection.execute(
        "insert into seeds.volume_allowances values ('closed_weeks', ?, ?, ?, ?, ?, ?, ?, 'because')", line
    )


def test_what_lasts_and_what_is_new_are_no_news(tmp_path: Path) -> None:
    before = candidate({"ga4": [100, 100, 100, 100]}, [30, 30, 30, 30])
    now = candidate({"ga4": [100, 100, 91, 150, 3], "zendesk": [50, 50, 50, 50, 50]}, [30, 30, 30, 30, 900])
    assert held_against(now, before, tmp_path) == ""


def test_a_closed_week_that_lost_records_is_named_with_what_was_expected(tmp_path: Path) -> None:
    before = candidate({"ga4": [100, 100, 100, 100], "crm": [8, 8, 8, 8]})
    now = candidate({"ga4": [100, 89, 100, 100, 100], "crm": [0, 8, 8, 8, 8]})
    told = "ga4 (touchpoints) in the week of 2026-10-12: expected 90 to 150 (100 last time), found 89"
    assert held_against(now, before, tmp_path) == told
    assert not closed_weeks_stand(now).refuses


def test_a_week_that_vanished_and_one_that_appeared_are_told(tmp_path: Path) -> None:
    now = candidate({"ga4": [100, 100, 100, 100]})
    now.execute("delete from marts.coverage where week = '2026-10-19'")
    before = candidate({"ga4": [100, 100, 100, 100]})
    before.execute("delete from marts.coverage where week = '2026-10-12'")
    told = held_against(now, before, tmp_path)
    assert "2026-10-12: expected 0 to 0 (0 last time), found 100" in told
    assert "2026-10-19: expected 90 to 150 (100 last time), found 0" in told


def test_rows_of_a_released_table_are_held_too_and_may_begin_later(tmp_path: Path) -> None:
    before = candidate({"ga4": [100] * 4}, [30, 30, 30, 30])
    now = candidate({"ga4": [100] * 5}, [0, 30, 60, 30, 30])
    told = "segment_metrics in the week of 2026-10-19: expected 27 to 45 (30 last time), found 60"
    assert held_against(now, before, tmp_path) == told


@pytest.mark.parametrize(
    ("line", "told", "refuses"),
    [
        (("ga4", None, 0.6, 0.5, "warn", None, None), 0, True),
        (("ga4", "touchpoints", 0.6, 0.5, "warn", WEEKS[1], WEEKS[1]), 0, True),
        (("ga4", None, 0.6, 0.5, "warn", WEEKS[2], None), 1, False),
        (("ga4", None, 0.6, 0.5, "warn", None, WEEKS[0]), 1, False),
        (("zendesk", None, 0.6, 0.5, "warn", None, None), 1, False),
        ((None, "touchpoints", 0.2, 0.5, "refuse", None, None), 1, True),
    ],
)
def test_the_allowance_that_says_most_decides(
    tmp_path: Path, line: tuple[object, ...], told: int, refuses: bool
) -> None:
    now = candidate({"ga4": [100, 50, 100, 100, 100]})
    allow(now, *line)
    held_against(now, candidate({"ga4": [100] * 4}), tmp_path)
    outcome = closed_weeks_stand(now)
    assert (outcome.failing, outcome.refuses) == (told, refuses)


def test_without_a_release_before_it_says_that_it_compared_nothing() -> None:
    now = candidate({"ga4": [1]})
    remember_release(now, None, (), None)
    outcome = closed_weeks_stand(now)
    assert outcome.failing == 0
    assert "nothing to compare" in outcome.description


def test_only_the_first_of_many_are_named(tmp_path: Path) -> None:
    now = candidate({f"s{n}": [0, 100, 100, 100, 0] for n in range(9)})
    told = held_against(now, candidate({f"s{n}": [100] * 4 for n in range(9)}), tmp_path)
    assert told.endswith("; and 4 more")
    assert closed_weeks_stand(now).failing == 9
