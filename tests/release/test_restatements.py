"""The restatement table: known answers of states made by hand, and the laws of the chain."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from typer.testing import CliRunner

from journey_pipeline.cli import app
from journey_pipeline.door_frames import MART_KEYS
from journey_pipeline.release import (
    ReleaseDamaged,
    ReleaseRefused,
    differences,
    read_manifest,
    restated_tables,
    restatements,
)
from journey_pipeline.release.restated_tables import Scope, told_tables
from journey_pipeline.release.restatement_law import problems
from journey_pipeline.release.restatements import NOT_SPLIT
from journey_pipeline.release.states import State
from journey_pipeline.settings import DBT_PROJECT
from tests.release.conftest import Publish, publish_changed

# Monday midnight in Berlin: the weeks of 26 October and 2 November are closed, that of 9 November is not.
SCOPE = Scope("2026-11-09-before00", datetime(2026, 11, 8, 23, tzinfo=UTC), "Europe/Berlin")
TABLES = {"figures": ("week", "channel"), "customers": ("customer_id",), "spend": ("spend_id",)}
PREVIOUS = """
    create table figures (week date, channel varchar, orders bigint, revenue decimal(18, 2), rate double, note varchar,
        as_of timestamp);
    insert into figures values ('2026-10-26', 'email', 10, 100.10, 0.25, 'calm', '2026-11-08 23:00'),
        ('2026-10-26', null, 4, 40.00, 0.1, null, '2026-11-08 23:00'),
        ('2026-11-02', 'email', 7, 70.70, null, 'calm', '2026-11-08 23:00');
    create table customers (customer_id varchar, orders bigint, city varchar, first_seen_at timestamp);
    insert into customers values ('cus_1', 1, 'Jena', '2026-10-28'), ('cus_2', 2, 'Ulm', '2026-10-29'),
        ('cus_3', 3, 'Hof', '2026-11-03');
    create table spend (spend_id varchar, spend_date date, amount decimal(18, 2));
    insert into spend values ('s1', '2026-11-05', 20.00), ('s2', '2026-11-08', 30.00);
"""
NEW_WEEK = """
    update figures set as_of = '2026-11-15 23:00';
    insert into figures values ('2026-11-09', 'email', 99, 990.00, 0.9, 'new', '2026-11-15 23:00');
    insert into customers values ('cus_9', 1, 'Kiel', '2026-11-10');
    insert into spend values ('s3', '2026-11-09', 40.00);
"""
Told = tuple[Any, ...]


def chain(folder: Path, changes: Mapping[str, str], previous: str = PREVIOUS) -> list[State]:
    """A database per cause, each with the changes of its cause and of all before it."""
    states, script = [], previous
    for number, (cause, change) in enumerate({"": "", **changes}.items()):
        script += change + ";"
        file = folder / f"state_{number}.duckdb"
        with duckdb.connect(str(file)) as connection:
            connection.execute(script)
        states.append(State(cause, file, "main"))
    return states


def written(states: list[State]) -> duckdb.DuckDBPyConnection:
    """A connection with the table of these states."""
    connection = duckdb.connect()
    restatements.create(connection, "restatements")
    tables = told_tables(connection, states, TABLES, SCOPE)
    restatements.write(connection, "restatements", states, tables, SCOPE)
    return connection


def cells(states: list[State], columns: str) -> list[Told]:
    """Columns of the rows of single cells, in their order."""
    with written(states) as connection:
        return connection.execute(f"select {columns} from restatements where week is not null").fetchall()


def counts(states: list[State]) -> list[Told]:
    """The rows that count."""
    with written(states) as connection:
        return connection.execute(
            "select table_name, column_name, cause, cells, rows_added, rows_removed from restatements "
            "where week is null"
        ).fetchall()


CELL = "table_name, week::varchar, key, column_name, value_before, value_after, delta"
STEP = "cause, cause_value_before, cause_value_after, cause_delta"


def test_the_new_week_alone_restates_nothing(tmp_path: Path) -> None:
    with written(chain(tmp_path, {"new_week": NEW_WEEK})) as connection:
        assert connection.execute("from restatements").fetchall() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("orders = orders + 2", ("orders", "10", "12", Decimal(2))),
        ("revenue = revenue - 0.10", ("revenue", "100.10", "100.00", Decimal("-0.10"))),
        ("rate = 0.3", ("rate", "0.25", "0.3", Decimal("0.05"))),
        ("rate = null", ("rate", "0.25", None, Decimal("-0.25"))),
        ("rate = 'inf'", ("rate", "0.25", "inf", None)),
        ("rate = 1e300", ("rate", "0.25", "1e+300", None)),
        ("note = 'busy'", ("note", "calm", "busy", None)),
        ("note = '3'", ("note", "calm", "3", None)),
        ("note = null", ("note", "calm", None, None)),
    ],
)
def test_one_cell_of_each_kind(tmp_path: Path, change: str, told: Told) -> None:
    moved = f"update figures set {change} where week = '2026-10-26' and channel = 'email'"
    states = chain(tmp_path, {"late_data": moved, "new_week": NEW_WEEK})
    column, before, after, delta = told
    assert cells(states, f"{CELL}, {STEP}, previous_release_id, is_new_row, is_gone, cells") == [
        ("figures", "2026-10-26", '{"channel":"email"}', column, before, after, delta,
         "late_data", before, after, delta, "2026-11-09-before00", False, False, 1)
    ]  # fmt: skip


def test_causes_of_one_cell_chain_and_add_up(tmp_path: Path) -> None:
    here = "where week = '2026-10-26' and channel is null"
    states = chain(
        tmp_path,
        {
            "late_data": f"update figures set revenue = revenue + 5.55 {here}",
            "corrected_delivery": "update figures set note = note",
            "refund": f"update figures set revenue = revenue - 7.77 {here}",
            "new_week": f"{NEW_WEEK}; update figures set revenue = revenue + 0.01 {here}",
        },
    )
    assert cells(states, f"key, value_before, value_after, delta, cause_position, {STEP}") == [
        ('{"channel":null}', "40.00", "37.79", Decimal("-2.21"), 1, "late_data", "40.00", "45.55", Decimal("5.55")),
        ('{"channel":null}', "40.00", "37.79", Decimal("-2.21"), 3, "refund", "45.55", "37.78", Decimal("-7.77")),
        ('{"channel":null}', "40.00", "37.79", Decimal("-2.21"), 4, "new_week", "37.78", "37.79", Decimal("0.01")),
    ]


def test_what_moved_and_came_back_is_not_restated(tmp_path: Path) -> None:
    states = chain(
        tmp_path,
        {
            "late_data": "update figures set orders = orders + 1; delete from figures where week = '2026-11-02'",
            "refund": "update figures set orders = orders - 1; "
            "insert into figures values ('2026-11-02', 'email', 7, 70.70, null, 'calm', '2026-11-08 23:00')",
        },
    )
    assert cells(states, "column_name") == []


def test_rows_that_came_and_went_in_a_closed_week(tmp_path: Path) -> None:
    states = chain(
        tmp_path,
        {
            "late_data": "insert into figures values ('2026-11-02', 'ads', 3, 30.00, 0.5, null, null)",
            "identity_change": "delete from figures where channel is null",
            "new_week": NEW_WEEK,
        },
    )
    assert cells(states, f"{CELL}, cause, is_new_row, is_gone") == [
        ("figures", "2026-10-26", '{"channel":null}', *told, "identity_change", False, True)
        for told in (
            ("*", "row", None, None),
            ("orders", "4", None, Decimal(-4)),
            ("rate", "0.1", None, Decimal("-0.1")),
            ("revenue", "40.00", None, Decimal(-40)),
        )
    ] + [
        ("figures", "2026-11-02", '{"channel":"ads"}', *told, "late_data", True, False)
        for told in (
            ("*", None, "row", None),
            ("orders", None, "3", Decimal(3)),
            ("rate", None, "0.5", Decimal("0.5")),
            ("revenue", None, "30.00", Decimal(30)),
        )
    ]


def test_days_of_closed_weeks_belong_to_their_week(tmp_path: Path) -> None:
    states = chain(
        tmp_path,
        {"corrected_delivery": "update spend set amount = amount + 100", "new_week": NEW_WEEK},
    )
    assert cells(states, f"{CELL}, cause") == [
        ("spend", "2026-11-02", '{"spend_id":"s1"}', "amount", "20.00", "120.00", Decimal(100), "corrected_delivery"),
        ("spend", "2026-11-02", '{"spend_id":"s2"}', "amount", "30.00", "130.00", Decimal(100), "corrected_delivery"),
    ]


def test_a_row_that_moves_out_of_the_closed_weeks_is_gone(tmp_path: Path) -> None:
    moved = "update spend set spend_date = '2026-11-09' where spend_id = 's1'"
    back = "update spend set spend_date = '2026-11-04', amount = 25 where spend_id = 's1'"
    columns = "column_name, value_before, value_after, cause, cause_value_before, cause_value_after, week::varchar"
    assert cells(chain(tmp_path, {"corrected_delivery": moved, "new_week": back}), columns) == [
        ("amount", "20.00", "25.00", "corrected_delivery", "20.00", None, "2026-11-02"),
        ("amount", "20.00", "25.00", "new_week", None, "25.00", "2026-11-02"),
        ("spend_date", "2026-11-05", "2026-11-04", "corrected_delivery", "2026-11-05", None, "2026-11-02"),
        ("spend_date", "2026-11-05", "2026-11-04", "new_week", None, "2026-11-04", "2026-11-02"),
    ]


def test_other_tables_are_counted_by_column_and_cause(tmp_path: Path) -> None:
    states = chain(
        tmp_path,
        {
            "identity_change": "delete from customers where customer_id = 'cus_2'; "
            "update customers set orders = 3 where customer_id = 'cus_1'",
            "refund": "update customers set orders = orders - 1",
            "new_week": f"{NEW_WEEK}; update customers set city = 'Gera' where customer_id = 'cus_1'",
        },
    )
    assert counts(states) == [
        ("customers", "*", "identity_change", 0, 0, 1),
        ("customers", "city", "new_week", 1, 0, 0),
        ("customers", "orders", "identity_change", 1, 0, 0),
        ("customers", "orders", "refund", 2, 0, 0),
    ]


def test_a_chain_that_was_not_split_says_so(tmp_path: Path) -> None:
    moved = f"{NEW_WEEK}; update figures set orders = 11 where orders = 10"
    assert cells(chain(tmp_path, {NOT_SPLIT: moved}), f"cause, delta, {STEP}") == [
        ("not_split", Decimal(1), "not_split", "10", "11", Decimal(1))
    ]


def test_no_value_of_what_an_erasure_touched_is_told(tmp_path: Path) -> None:
    states = chain(
        tmp_path,
        {
            "late_data": "update figures set orders = orders + 1, revenue = revenue + 1 where channel = 'email'",
            "new_week": NEW_WEEK,
            "erasure": "update figures set orders = orders - 2 where orders = 11; "
            "delete from customers where customer_id = 'cus_3'; delete from figures where channel is null",
        },
    )
    assert cells(states, "week::varchar, column_name, value_before, value_after, cause") == [
        ("2026-10-26", "revenue", "100.10", "101.10", "late_data"),
        ("2026-11-02", "orders", "7", "8", "late_data"),
        ("2026-11-02", "revenue", "70.70", "71.70", "late_data"),
    ]
    assert counts(states) == [
        ("customers", "*", "erasure", 0, 0, 1),
        ("figures", "*", "erasure", 0, 0, 1),
        ("figures", "orders", "late_data", 1, 0, 0),
        ("figures", "orders", "erasure", 2, 0, 0),
        ("figures", "rate", "erasure", 1, 0, 0),
        ("figures", "revenue", "erasure", 1, 0, 0),
    ]


def test_columns_and_tables_that_came_and_went_are_counted(tmp_path: Path) -> None:
    states = chain(
        tmp_path,
        {
            "rule_or_configuration_change": "alter table figures add column margin double; "
            "update figures set margin = 0.5 where channel = 'email'; alter table figures drop column note; "
            "alter table figures alter revenue type double; drop table spend; create table wishes as select 1 as wish",
            "late_data": "update figures set margin = 0.7, orders = 11 where orders = 10",
        },
    )
    assert cells(states, "column_name, value_before, value_after, cause") == [("orders", "10", "11", "late_data")]
    assert counts(states) == [
        ("figures", "margin", "rule_or_configuration_change", 2, 0, 0),
        ("figures", "note", "rule_or_configuration_change", 2, 0, 0),
        ("spend", "*", "rule_or_configuration_change", 0, 0, 2),
        ("wishes", "*", "rule_or_configuration_change", 0, 1, 0),
    ]


def test_rows_that_no_key_tells_apart_are_counted_whole(tmp_path: Path) -> None:
    repeated = "insert into figures from figures where week = '2026-10-26' and channel = 'email'"
    states = chain(tmp_path, {"late_data": repeated, "refund": "update figures set orders = 8 where orders = 10"})
    assert counts(states) == [("figures", "*", "late_data", 0, 1, 0), ("figures", "*", "refund", 0, 2, 2)]


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    changes = {
        "late_data": "update figures set orders = orders + 1, note = 'late'",
        "refund": "update figures set revenue = revenue - 1; update spend set amount = amount / 2",
        "new_week": NEW_WEEK,
    }
    straight = chain(tmp_path, changes)
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    for number, state in enumerate(straight):
        with duckdb.connect(str(shuffled / state.database.name)) as connection:
            connection.execute(f"attach '{state.database}' as s (read_only)")
            for table in TABLES:
                connection.execute(
                    f"create table {table} as from s.{table} order by hash({table}::varchar || {number})"
                )
    again = [State(state.cause, shuffled / state.database.name, "main") for state in straight]
    with written(straight) as one, written(again) as two:
        told = one.execute("from restatements").fetchall()
        assert told == two.execute("from restatements").fetchall()
        assert len(told) > 10


# --- the law ------------------------------------------------------------------------------------------------------

SEVERAL = {
    "late_data": "update figures set orders = orders + 1, rate = 0.1 + coalesce(rate, 0); "
    "insert into figures values ('2026-11-02', 'ads', 3, 30.00, 0.5, null, null)",
    "refund": "update figures set revenue = revenue - 1, orders = orders - 2 where channel = 'email'; "
    "update spend set amount = amount / 3",
    "new_week": NEW_WEEK,
}


def broken(states: list[State], damage: str) -> list[str]:
    """What the law says of the table after some damage."""
    with duckdb.connect() as connection:
        restatements.create(connection, "restatements")
        tables = told_tables(connection, states, TABLES, SCOPE)
        restatements.write(connection, "restatements", states, tables, SCOPE)
        connection.execute(damage)
        return problems(connection, "restatements", states, tables)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("select 1", []),
        ("update restatements set cause_delta = cause_delta + 0.01 where cause = 'refund' and table_name = 'figures'",
         ["the steps of 4 cells of figures do not add up"]),
        ("delete from restatements where cause = 'refund' and column_name = 'orders'",
         ["the steps of 2 cells of figures do not add up"]),
        ("update restatements set value_after = '0', cause_value_after = '0', cause_delta = -20, delta = -20 "
         "where key = '{\"spend_id\":\"s1\"}'", ["1 cells of spend are not what the two releases hold"]),
        ("update restatements set week = week + 7 where table_name = 'figures' and week = '2026-11-02'",
         ["7 cells of figures are not what the two releases hold"]),
        ("delete from restatements where table_name = 'spend'", ["2 cells of spend differ and 0 are told"]),
        ("delete from restatements where is_new_row and column_name = '*'",
         ["12 cells of figures differ and 11 are told"]),
    ],
)  # fmt: skip
def test_the_law_holds_and_every_damage_breaks_it(tmp_path: Path, damage: str, said: list[str]) -> None:
    assert broken(chain(tmp_path, SEVERAL), damage) == [f"restatements: {problem}" for problem in said]


def test_the_law_lets_an_erasure_keep_its_values_to_itself(tmp_path: Path) -> None:
    states = chain(tmp_path, {**SEVERAL, "erasure": "update figures set orders = orders - 1 where channel = 'email'"})
    assert broken(states, "select 1") == []
    assert broken(states, "update restatements set value_before = 'x' where column_name = 'rate'") != []


# --- in a release -------------------------------------------------------------------------------------------------


def released(home: Path, query: str) -> list[Told]:
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_release_tells_what_it_says_otherwise_than_the_one_before(home: Path, publish_week: Publish) -> None:
    first = publish_week(0)
    assert released(home, "select count(*) from restatements") == [(0,)]
    moved = "update marts.kpi_scorecard set actual = actual + 0.5 where kpi = 'journey_conversion'"
    second = publish_changed(home, [moved, "delete from marts.credits where model = 'linear'"], days=7)
    assert released(home, "select distinct previous_release_id from restatements") == [(first.release_id,)]
    told = (
        "select table_name, column_name, cause, count(*), sum(delta), sum(rows_removed) from restatements group by all"
    )
    removed = first.tables["credits"] - second.tables["credits"]
    assert removed > 0
    assert released(home, told + " order by all") == [
        ("credits", "*", "not_split", 1, None, removed),
        ("kpi_scorecard", "actual", "not_split", 2, Decimal(1), 0),
    ]
    assert read_manifest(home)["tables"]["restatements"]["rows"] == 3
    assert {one.table for one in differences(home)} == {"credits", "kpi_scorecard", "release", "restatements"}


def test_states_split_what_changed_and_must_lead_from_the_served_release(home: Path, publish_week: Publish) -> None:
    first = publish_week(0)
    between = home / "between.duckdb"
    shutil.copyfile(first.folder / "journey.duckdb", between)
    with duckdb.connect(str(between)) as connection:
        connection.execute("update kpi_scorecard set actual = actual + 0.75 where kpi = 'journey_conversion'")
    states = [
        State("", first.folder / "journey.duckdb", "main"),
        State("late_data", between, "main"),
        State("refund", home / "changed0" / "warehouse.duckdb", "marts"),
    ]
    moved = ["update marts.kpi_scorecard set actual = actual + 0.5 where kpi = 'journey_conversion'"]
    publish_changed(home, moved, days=7, states=states)
    told = "select distinct cause, delta, cause_delta from restatements order by cause"
    assert released(home, told) == [
        ("late_data", Decimal("0.5"), Decimal("0.75")),
        ("refund", Decimal("0.5"), Decimal("-0.25")),
    ]
    with pytest.raises(ReleaseRefused, match="do not lead from 2026-11-23-changed0"):
        publish_changed(home, moved, candidate_id="changed1", days=14, states=states)


def test_the_same_candidate_again_and_a_backfill_restate_nothing(home: Path, publish_week: Publish) -> None:
    publish_week(1)
    changed = publish_changed(home, ["update marts.experience set score = 0"], days=14)
    before = released(home, "from restatements")
    assert len(before) > 0
    shutil.rmtree(home / "changed0")
    assert publish_changed(home, ["update marts.experience set score = 0"], days=14) == changed
    assert released(home, "from restatements") == before
    backfill = publish_week(0)
    assert not backfill.is_current
    assert backfill.tables["restatements"] == 0


def test_a_served_release_that_cannot_be_read_is_named(home: Path, publish_week: Publish) -> None:
    file = publish_week(0).folder / "journey.duckdb"
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:8192])
    with pytest.raises(ReleaseDamaged, match=r"2026-11-16-00000000[\s\S]*journey.duckdb"):
        publish_week(1)


def test_times_of_rows_are_columns_of_their_tables() -> None:
    marts = yaml.safe_load((DBT_PROJECT / "models" / "marts" / "_marts.yml").read_text(encoding="utf-8"))["models"]
    columns = {model["name"].removeprefix("mart_"): {c["name"] for c in model["columns"]} for model in marts}
    times = restated_tables.TIMES | restated_tables.DAYS
    assert times.keys() <= MART_KEYS.keys()
    for table, time in times.items():
        assert {*re.findall("[a-z_]+", time)} - {"cast", "as", "integer"} <= columns[table], table


def test_the_command_line_tells_tables_and_cells(
    home: Path, publish_week: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNEY_HOME", str(home))
    first = publish_week(0)
    moved = [
        "update marts.kpi_scorecard set actual = actual + 0.5 where kpi = 'journey_conversion' and target_set = 'mvp'",
        "delete from marts.kpi_scorecard where kpi <> 'journey_conversion'",
        "delete from marts.credits where model = 'linear'",
    ]
    publish_changed(home, moved, days=7)

    def told(*arguments: str, code: int = 0) -> list[str]:
        result = CliRunner().invoke(app, ["release", "restatements", *arguments, "--home", str(home)])
        assert result.exit_code == code, result.output
        return result.output.splitlines()

    assert told(first.release_id) == ["nothing in weeks already reported changed"]
    ((gone,),) = released(home, "select count(*) from restatements where column_name = '*' and is_gone")
    tables = [re.sub(" +", " ", line) for line in told()]
    assert re.fullmatch(r"credits not_split 0 cells, 0 rows added, [1-9][\d,]* rows removed", tables[0])
    assert re.fullmatch(rf"kpi_scorecard not_split [\d,]+ cells, 0 rows added, {gone} rows removed", tables[1])
    lines = told("--week", "2026-11-09", "--limit", "9999")
    (cell,) = [line for line in lines if ": actual " in line and "-> -" not in line]
    assert cell.startswith('kpi_scorecard 2026-11-09 {"target_set":"mvp","kpi":"journey_conversion"}: actual ')
    assert cell.endswith(" by not_split")
    assert told("--cause", "refund") == ["no such cell changed"]
    assert told("--table", "kpi_scorecard", "--limit", "1")[-1] == "and more; --limit shows more than 1"
    rows = [json.loads(line) for line in told("--json", "--table", "credits")]
    assert [(row["column_name"], row["cause"], row["week"]) for row in rows] == [("*", "not_split", None)]
    assert "no release 'x'" in told("x", code=1)[0]
