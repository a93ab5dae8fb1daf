"""What the page says of weeks that were already reported."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.release import restatements
from journey_pipeline.report import build_report
from journey_pipeline.report.reading import Released
from journey_pipeline.report.restated import restated
from tests.release.small_warehouse import FIRST_AS_OF, facts_of


def _told(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> dict[str, Any]:
    restatements.create(connection, "restatements")
    for row in rows:
        told = {"previous_release_id": "before", "cells": 1, "rows_added": 0, "rows_removed": 0, **row}
        places = ", ".join("?" * len(told))
        connection.execute(f"insert into restatements ({', '.join(told)}) values ({places})", [*told.values()])
    return restated(Released(connection, FIRST_AS_OF.replace(tzinfo=None)))


def _goal(cause: str, position: int, before: str, after: str, target_set: str, **values: Any) -> dict[str, Any]:
    return {
        "table_name": "kpi_scorecard",
        "week": "2026-11-02",
        "key": f'{{"target_set":"{target_set}","kpi":"journey_conversion"}}',
        "column_name": "actual",
        "value_before": "0.2",
        "value_after": "0.35",
        "delta": Decimal("0.15"),
        "is_new_row": False,
        "is_gone": False,
        "cause": cause,
        "cause_position": position,
        "cause_value_before": before,
        "cause_value_after": after,
        "cause_delta": Decimal(after) - Decimal(before),
        **values,
    }


def test_a_goal_is_told_once_with_its_causes_in_order() -> None:
    rows = [
        _goal(*step, target_set)
        for target_set in ("mvp", "excellence")
        for step in (("refund", 4, "0.4", "0.35"), ("late_data", 1, "0.2", "0.4"))
    ]
    rows.append({"table_name": "customers", "column_name": "*", "cause": "identity_change", "cause_position": 3}
                | {"cells": 0, "rows_removed": 1})  # fmt: skip
    with duckdb.connect() as connection:
        told = _told(connection, rows)
    assert told["headline"] == (
        "2 numbers of 1 week are not what release before said. The goal that moved most: Journey conversion, "
        "week of 2 November 2026, from 20.0% to 35.0%."
    )
    assert [(row["label"], row["numbers"], row["removed"]) for row in told["causes"]] == [
        ("Late data", "2", "0"),
        ("Who is who", "0", "1"),
        ("Refunds", "2", "0"),
    ]
    (goal,) = told["goals"]
    assert goal["steps"] == ["Late data: 20.0% to 40.0%", "Refunds: 40.0% to 35.0%"]
    assert [(row["name"], row["weeks"], row["cells"]) for row in told["tables"]] == [("Kpi scorecard", "1", "2")]
    assert (goal["others"], told["more_tables"]) == ("", "")


def test_the_largest_move_of_each_goal_and_a_sample_of_tables() -> None:
    rows = []
    for number in range(15):
        key = f'{{"target_set":"mvp","kpi":"goal_{number:02}"}}'
        change = {"value_after": f"0.{20 + number}", "delta": Decimal(number)}
        rows.append(_goal("late_data", 1, "0.2", f"0.{20 + number}", "mvp", key=key, **change))
        less = {"week": "2026-10-26", "value_after": "0.201", "delta": Decimal("0.001")}
        rows.append(_goal("late_data", 1, "0.2", "0.201", "mvp", key=key, **less))
        rows.append(_goal("late_data", 1, "0.2", "0.3", "mvp", table_name=f"table_{number:02}"))
    with duckdb.connect() as connection:
        told = _told(connection, rows)
    shown = [(goal["goal"], goal["week"], goal["others"]) for goal in told["goals"]]
    assert shown[:2] == [("Goal 14", "2 November 2026", "1"), ("Goal 13", "2 November 2026", "1")]
    assert shown[-1] == ("Goal 00", "26 October 2026", "1")
    assert (len(shown), len(told["tables"]), told["more_tables"]) == (15, 12, "4")


def test_nothing_restated_and_nothing_told_are_said(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    build_report(connection, tmp_path, facts_of())
    assert "This release does not tell what it changed." in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert _told(connection, [])["headline"] == ""
    build_report(connection, tmp_path, facts_of())
    assert "Nothing that an earlier release said" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_late_records_are_told_by_source(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute(
        "create table late_arrivals as select * from (values (date '2026-08-31', 'ga4', 'touchpoints', 9, 1, 3), "
        "(date '2026-09-14', 'ga4', 'touchpoints', 1, 1, 2)) t (week, source, events_table, weeks_late, files, records)"
    )
    build_report(connection, tmp_path, facts_of())
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if "Weeks late at most" in line and "GA4" in line]
    assert [text for text in re.findall(r">([^<>]+)<", row) if text.strip()] == ["GA4", "5", "2", "31 August 2026", "9"]
