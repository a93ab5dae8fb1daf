"""The law of the restatements: every chain leads from what was published to what will be, and none is missing.

Holds what is asked of the written table before it is published, by queries of their own. Add here when the table makes
one more promise. Must not be here: the writing of the table.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from journey_pipeline.release.digest import quoted
from journey_pipeline.release.restated_tables import ROW, Table, text
from journey_pipeline.release.states import State

_CELL = "table_name, week, key, column_name"
# A cell whose steps do not lead from one value to the other, or do not add up.
_BROKEN = """
    with steps as (
        select *, lag(cause_value_after) over cell as value_found, row_number() over cell as place,
            row_number() over (partition by {cell} order by cause_position desc) as place_from_last,
            sum(cause_delta) over (partition by {cell}) as total
        from {relation}
        where key is not null
        window cell as (partition by {cell} order by cause_position)
    )
    select table_name, count(distinct struct_pack(week, key, column_name))
    from steps
    where cause_value_before is distinct from case when place = 1 then value_before else value_found end
        or place_from_last = 1 and cause_value_after is distinct from value_after
        or cause_value_before is not distinct from cause_value_after
        or value_before is not distinct from value_after
        or total is distinct from delta
    group by table_name
"""


def problems(
    connection: duckdb.DuckDBPyConnection, relation: str, states: Sequence[State], tables: Sequence[Table]
) -> list[str]:
    """Why the table may not be published; empty when it may.

    Args:
        connection: the one the table was written by.
        relation: the written table.
        states: the previous release first, the candidate last.
        tables: what `told_tables` says of these states.
    """
    broken = connection.execute(_BROKEN.format(relation=relation, cell=_CELL) + " order by table_name").fetchall()
    found = [f"the steps of {count} cells of {name} do not add up" for name, count in broken]
    # What an erasure touched is counted and not told.
    may_miss = any(state.cause == "erasure" for state in states)
    for table in tables:
        if not table.is_told_by_cell:
            continue
        if wrong := _number(connection, _wrong(relation, table)):
            found.append(f"{wrong} cells of {table.name} are not what the two releases hold")
        told = _number(connection, _told(relation, table))
        moved = _number(connection, _moved(table))
        if told > moved or (told < moved and not may_miss):
            found.append(f"{moved} cells of {table.name} differ and {told} are told")
    return [f"restatements: {problem}" for problem in found]


def _told(relation: str, table: Table) -> str:
    return f"""
        select count(*) from (
            select distinct {_CELL} from {relation} where key is not null and table_name = {text(table.name)}
        )
    """


def _moved(table: Table) -> str:
    """How many cells the two releases hold otherwise, the rows themselves included."""
    differs = " + ".join(
        f"count(*) filter (where a.{quoted(name)} is distinct from b.{quoted(name)})"
        for name in ("_present", *table.columns)
    )
    matched = " and ".join(f"a.{quoted(name)} is not distinct from b.{quoted(name)}" for name in table.key)
    return f"select {differs} from {table.sides[-1]} as a full join {table.sides[0]} as b on {matched}"


def _wrong(relation: str, table: Table) -> str:
    """Told cells whose first and last value are not those of the two releases."""
    return f"""
        select count(*)
        from (
            select distinct week, key, column_name, value_before, value_after
            from {relation} where key is not null and table_name = {text(table.name)}
        ) as told
        left join {_keyed(table, 0)} as b on told.key = b._key and ({_same_week(table, "b")})
        left join {_keyed(table, -1)} as a on told.key = a._key and ({_same_week(table, "a")})
        where told.value_before is distinct from {_value(table, "b")}
            or told.value_after is distinct from {_value(table, "a")}
    """


def _keyed(table: Table, state: int) -> str:
    shown = [name for name in table.key if name != "week"]
    pairs = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in shown)
    key = f"cast(to_json(struct_pack({pairs})) as varchar)" if shown else "'{}'"
    return f"(select *, {key} as _key from {table.sides[state]})"


def _same_week(table: Table, side: str) -> str:
    return f"told.week = date_trunc('week', {side}.week)" if "week" in table.key else "true"


def _value(table: Table, side: str) -> str:
    cells = " ".join(f"when {text(name)} then cast({side}.{quoted(name)} as varchar)" for name in table.columns)
    return f"case told.column_name when '{ROW}' then case when {side}._present then 'row' end {cells} end"


def _number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    ((number,),) = connection.execute(query).fetchall()
    return int(number)
