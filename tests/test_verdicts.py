"""Verdicts hold across runs: failed, missing or foreign ones stop everything to the right."""

from __future__ import annotations

import duckdb
import pytest

from journey_pipeline import verdicts
from journey_pipeline.flow import FLOW, left_of
from journey_pipeline.verdicts import NotGreen, Verdict

EXPECTED = [("unique", "staging/a"), ("built", "staging/a"), ("law", "marts/z")]


def warehouse(candidate: str = "one") -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create schema raw")
    become(connection, candidate)
    return connection


def become(connection: duckdb.DuckDBPyConnection, candidate: str) -> None:
    connection.execute("create or replace table raw.run_parameters as select ? as candidate_id", [candidate])


def green(connection: duckdb.DuckDBPyConnection) -> None:
    verdicts.record(connection, [Verdict("unique", "staging/a", True), Verdict("built", "staging/a", True)])


def test_green_words_let_the_next_one_build() -> None:
    connection = warehouse()
    green(connection)
    assert len(verdicts.require_green(connection, EXPECTED, ["staging"])) == 2


def test_a_failed_gate_refuses_and_is_named() -> None:
    connection = warehouse()
    green(connection)
    verdicts.record(connection, [Verdict("unique", "staging/a", False, 3, "order_id=7")])
    with pytest.raises(NotGreen, match=r"staging/a unique: order_id=7"):
        verdicts.require_green(connection, EXPECTED, ["staging"])


def test_a_warning_is_told_and_stops_nothing() -> None:
    connection = warehouse()
    green(connection)
    verdicts.record(connection, [Verdict("unique", "staging/a", True, 2, "week=2026-11-02")])
    warned = [verdict for verdict in verdicts.require_green(connection, EXPECTED, ["staging"]) if verdict.is_warning]
    assert [verdict.description for verdict in warned] == ["week=2026-11-02"]


def test_a_missing_verdict_is_not_a_green_one() -> None:
    connection = warehouse()
    verdicts.record(connection, [Verdict("built", "staging/a", True)])
    with pytest.raises(NotGreen, match="missing: staging/a unique"):
        verdicts.require_green(connection, EXPECTED, ["staging"])


def test_verdicts_on_another_candidate_say_nothing_about_this_one() -> None:
    connection = warehouse()
    green(connection)
    become(connection, "two")
    with pytest.raises(NotGreen, match="missing"):
        verdicts.require_green(connection, EXPECTED, ["staging"])


def test_only_the_words_asked_for_are_held() -> None:
    connection = warehouse()
    green(connection)
    verdicts.record(connection, [Verdict("law", "marts/z", False, 1)])
    assert verdicts.require_green(connection, EXPECTED, ["staging"])


def test_a_warehouse_without_raw_has_no_candidate() -> None:
    with pytest.raises(NotGreen, match="raw"):
        verdicts.candidate(duckdb.connect())


def test_everything_to_the_left_counts_and_nothing_to_the_right() -> None:
    assert set(left_of("published")) == {*FLOW[:-1], "seeds"}
    assert left_of("raw") == ()
    assert "events" not in left_of("events")
