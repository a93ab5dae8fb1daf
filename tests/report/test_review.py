"""The quarterly review: the right weeks and actions, inert text, and a sentence where a table is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.report import build_report
from journey_pipeline.report.reading import Released
from journey_pipeline.report.review import Quarter, name_of, quarters, review
from tests.release.small_warehouse import FIRST_AS_OF, HOSTILE, facts_of


def released(connection: duckdb.DuckDBPyConnection) -> Released:
    return Released(connection, FIRST_AS_OF.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("quarter", "first", "last"),
    [
        (Quarter(2026, 1, date(2026, 1, 5)), date(2026, 1, 1), date(2026, 3, 31)),
        (Quarter(2026, 3, date(2026, 7, 6)), date(2026, 7, 1), date(2026, 9, 30)),
        (Quarter(2026, 4, date(2026, 11, 9)), date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_days_of_a_quarter(quarter: Quarter, first: date, last: date) -> None:
    assert (quarter.first_day, quarter.last_day) == (first, last)
    assert not quarter.is_over and quarter.name.endswith("so far")


def test_a_quarter_is_over_with_the_last_week_that_begins_in_it() -> None:
    assert Quarter(2026, 3, date(2026, 9, 28)).is_over and not Quarter(2026, 3, date(2026, 9, 21)).is_over
    assert Quarter(2026, 3, date(2026, 9, 28)).file == "review-2026-Q3.html"


def test_a_week_belongs_to_the_quarter_of_its_monday(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into kpi_scorecard select * replace (date '2026-09-28' as week) from kpi_scorecard; "
        "insert into kpi_scorecard select * replace (date '2025-07-07' as week) from kpi_scorecard limit 1; "
    )
    found = quarters(released(connection))
    assert [(one.year, one.number) for one in found] == [(2026, 4), (2026, 3), (2025, 3)]
    assert [one.is_over for one in found] == [False, True, False]


def test_what_it_shows_is_of_its_quarter(connection: duckdb.DuckDBPyConnection) -> None:
    third, fourth = Quarter(2026, 3, date(2026, 9, 28)), Quarter(2026, 4, date(2026, 11, 9))
    connection.execute("update actions set ended_on = date '2026-09-30', status = 'done' where action_id = 'a1'")
    now = review(released(connection), fourth, is_latest=True)
    assert [row["id"] for row in now["actions"]] == ["a2", "proposed:journey_completion"]
    assert [row["id"] for row in now["open"]] == ["a2", "proposed:journey_completion"]
    before = review(released(connection), third, is_latest=False)
    assert "a1" in [row["id"] for row in before["actions"]]
    assert before["goals"] == [], "no week of the scorecard"
    assert [row["metric"] for row in before["moved"]] == ["Awareness to purchase"] and now["moved"] == []
    assert before["moved"][0]["rate_effect"] == "+2.0 points" and before["moved"][0]["is_simpson"]
    assert {row["name"] for one in now["goals"] for row in one["rows"]} > {"Journey conversion", "Customer retention"}


def test_it_needs_nothing_else_and_shows_text_as_text(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    build_report(connection, tmp_path, facts_of())
    text = (tmp_path / "review-2026-Q4.html").read_text(encoding="utf-8")
    assert HOSTILE not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script" not in text and "<img" not in text and "http" not in text.replace("http-equiv", "")
    assert "Content-Security-Policy" in text and 'href="index.html"' in text
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert 'href="review-2026-Q4.html"' in page and "Q4 2026 so far" in page


@pytest.mark.parametrize("missing", ["actions", "governance_roles", "change_explained"])
def test_a_missing_table_is_a_sentence(connection: duckdb.DuckDBPyConnection, tmp_path: Path, missing: str) -> None:
    connection.execute(f"drop table {missing}")
    build_report(connection, tmp_path, facts_of())
    assert "empty" in (tmp_path / "review-2026-Q4.html").read_text(encoding="utf-8")


def test_metrics_are_named_for_people() -> None:
    assert name_of("journey:awareness->purchase") == "Awareness to purchase"
    assert name_of("checkout:view_item->add_to_cart") == "Checkout: View item to add to cart"
