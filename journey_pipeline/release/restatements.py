"""`restatements`: what a release says otherwise of weeks that were already reported, and why.

Holds the released table, from the states that lead from the previous release to the candidate. Add here when another
kind of table is told cell by cell. Must not be here: how a state is built (`states`), or whether the table is right
(`restatement_law`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from journey_pipeline.release.digest import quoted
from journey_pipeline.release.facts import ReleaseRefused
from journey_pipeline.release.restated_tables import ROW, Scope, Table, text, told_tables
from journey_pipeline.release.restatement_law import problems
from journey_pipeline.release.states import State

TABLE = "restatements"
# The one cause of a chain that was not split.
NOT_SPLIT = "not_split"
_ERASURE = "erasure"
_COLUMNS = """
    previous_release_id varchar, table_name varchar, week date, key varchar, column_name varchar,
    value_before varchar, value_after varchar, delta decimal(38, 15), is_new_row boolean, is_gone boolean,
    cause varchar, cause_position integer, cause_value_before varchar, cause_value_after varchar,
    cause_delta decimal(38, 15), cells bigint, rows_added bigint, rows_removed bigint
"""
# Wide enough for money and shares, and so that a difference of two of them still fits.
_NUMBER = "decimal(38, 15)"
_LARGEST = "1e22"


def restate(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    *,
    states: Sequence[State] = (),
    tables: Mapping[str, tuple[str, ...]] | None = None,
    scope: Scope | None = None,
) -> None:
    """Make the table of what the last state says otherwise than the first; empty where nothing was released before.

    Args:
        connection: may write `relation` and attach the databases of the states.
        relation: the table to make.
        states: the previous release first, the candidate last.
        tables: every released table and its key.
        scope: the previous release.

    Raises:
        ReleaseRefused: what was written is not what the states hold.
        duckdb.Error: a state cannot be read.
    """
    create(connection, relation)
    if scope is None:
        return
    told = told_tables(connection, states, tables or {}, scope)
    write(connection, relation, states, told, scope)
    if reasons := problems(connection, relation, states, told):
        raise ReleaseRefused(reasons)


def create(connection: duckdb.DuckDBPyConnection, relation: str) -> None:
    """The table without a row."""
    connection.execute(f"create table {relation} ({_COLUMNS})")


def write(
    connection: duckdb.DuckDBPyConnection, relation: str, states: Sequence[State], tables: Sequence[Table], scope: Scope
) -> None:
    """Fill `relation` with every difference of the last state from the first, by the causes in between.

    A cell of a weekly table has one row per cause that moved it. The causes chain: what one leaves is what the next
    one finds, and `cause_delta` adds up to `delta` exactly, both read from the published text as DECIMAL(38, 15),
    where nothing counts as zero. Of other tables each cause counts cells and rows. What an erasure touched is
    counted as well, whatever else moved it: no value of such a cell is told.

    Args:
        connection: the one that `told_tables` attached the states to.
        relation: the table made by `create`.
        states: the previous release first, the candidate last.
        tables: what `told_tables` says of these states.
        scope: the previous release.
    """
    for table in tables:
        if table.is_told_by_cell:
            connection.execute(_cells(relation, table, states, scope))
        if not table.is_told_by_cell or table.partial:
            connection.execute(_counts(relation, table, states, scope))


def _cells(relation: str, table: Table, states: Sequence[State], scope: Scope) -> str:
    """One row per cell and cause; what an erasure touched as counts by column and cause."""
    steps = " union all by name ".join(
        _step(table, position, states[position].cause, table.sides[position - 1], side)
        for position, side in enumerate(table.sides)
        if position
    )
    numeric = ", ".join(text(column) for column, kind in table.columns.items() if is_number(kind)) or "''"
    facts = f"{text(scope.previous_release_id)} as previous_release_id, {text(table.name)} as table_name"
    return f"""
        insert into {relation} by name
        with steps as ({steps}),
        chains as (
            select *,
                first_value(cause_value_before) over cell as value_before,
                last_value(cause_value_after) over cell as value_after,
                last_value(day) over cell as last_day,
                bool_or(cause = '{_ERASURE}') over cell as is_erased,
                column_name in ({numeric}) and bool_and({_is_readable("cause_value_before")}
                    and {_is_readable("cause_value_after")}) over cell as is_number
            from steps
            window cell as (partition by id, column_name order by cause_position
                rows between unbounded preceding and unbounded following)
        ),
        moved as (
            select *,
                bool_or(column_name = '{ROW}' and value_before is null) over (partition by id) as is_new_row,
                bool_or(column_name = '{ROW}' and value_after is null) over (partition by id) as is_gone
            from chains
            where value_before is distinct from value_after
        ),
        told as (
            select {facts}, cast(date_trunc('week', last_day) as date) as week, key, column_name, value_before,
                value_after, case when is_number then {_difference("value_before", "value_after")} end as delta,
                is_new_row, is_gone, cause, cause_position, cause_value_before, cause_value_after,
                case when is_number then {_difference("cause_value_before", "cause_value_after")} end as cause_delta,
                1 as cells, 0 as rows_added, 0 as rows_removed
            from moved
            where not is_erased
        ),
        counted as (
            select {facts}, column_name, cause, cause_position,
                count(*) filter (where column_name <> '{ROW}') as cells,
                count(*) filter (where column_name = '{ROW}' and cause_value_before is null) as rows_added,
                count(*) filter (where column_name = '{ROW}' and cause_value_after is null) as rows_removed
            from moved
            where is_erased
            group by column_name, cause, cause_position
        )
        from told union all by name from counted
        order by week nulls last, key, column_name, cause_position
    """


def _step(table: Table, position: int, cause: str, before: str | None, after: str | None) -> str:
    """Every cell of a weekly table that one cause moved."""
    cells = [f"case when b._present is distinct from a._present then {_cell(ROW, *map(_row, 'ba'))} end"]
    cells += [
        f"case when b.{quoted(column)} is distinct from a.{quoted(column)} then "
        f"{_cell(column, *(f'cast({side}.{quoted(column)} as varchar)' for side in 'ba'))} end"
        for column in table.columns
    ]
    shown = [column for column in table.key if column != "week"]
    return f"""
        select {text(cause)} as cause, {position} as cause_position, id, key, day, cell.name as column_name,
            cell.was as cause_value_before, cell.now as cause_value_after
        from (
            select {_packed(table.key)} as id, {_packed(shown)} as key, coalesce(a._day, b._day) as day,
                unnest([{", ".join(cells)}]) as cell
            from {before} as b full join {after} as a on {_matched(table.key)}
        )
        where cell is not null
    """


def _counts(relation: str, table: Table, states: Sequence[State], scope: Scope) -> str:
    """One row per column and cause: how many cells changed; of the row itself how many came and went.

    Of a table that is told by cell only the columns that not every state has.
    """
    steps = " union all by name ".join(
        _counted(table, position, states[position].cause) for position in range(1, len(states))
    )
    return f"""
        insert into {relation} by name
        select {text(scope.previous_release_id)} as previous_release_id, {text(table.name)} as table_name, cause,
            cause_position, told.*
        from (select cause, cause_position, unnest(counts) as told from ({steps}))
        where told.cells + told.rows_added + told.rows_removed > 0
        order by told.column_name, cause_position
    """


def _counted(table: Table, position: int, cause: str) -> str:
    before, after = table.sides[position - 1 : position + 1]
    counts = []
    if not table.is_told_by_cell:
        counts.append(_count(ROW, "false", _only("a", "b"), _only("b", "a")))
    if before is None or after is None or not table.is_keyed:
        joined = _unmatched(table, before, after)
    else:
        joined = f"{before} as b full join {after} as a on {_matched(table.key)}"
        counts += [_count(name, condition) for name, condition in _changes(table, position)]
    packed = ", ".join(counts)
    return f"select {text(cause)} as cause, {position} as cause_position, [{packed}] as counts from {joined}"


def _changes(table: Table, position: int) -> Iterator[tuple[str, str]]:
    """Columns whose cells are counted, with the condition under which one changed, came or went."""
    if not table.is_told_by_cell:
        for name in table.columns:
            yield name, f"b._present and a._present and b.{quoted(name)} is distinct from a.{quoted(name)}"
    for name, present in table.partial.items():
        if (position in present) != (position - 1 in present):
            yield name, f"{'a' if position in present else 'b'}.{quoted(name)} is not null"


def _unmatched(table: Table, before: str | None, after: str | None) -> str:
    """Rows that only one state has, compared whole: there is no key that tells which was which before."""
    names = ", ".join(map(quoted, table.shared))
    nothing = "(select true as _present where false)"
    if before is None or after is None:
        sides = [side or nothing for side in (before, after)]
    else:
        sides = [
            f"(select true as _present from (select {names} from {one} except all select {names} from {other}))"
            for one, other in ((before, after), (after, before))
        ]
    return f"{sides[0]} as b full join {sides[1]} as a on false"


def is_number(kind: str) -> bool:
    """Whether the difference of two values of this type has a meaning."""
    return kind.startswith("DECIMAL") or kind.endswith("INT") or kind in {"INTEGER", "UINTEGER", "DOUBLE", "FLOAT"}


def _difference(before: str, after: str) -> str:
    return f"{_number(after)} - {_number(before)}"


def _number(text: str) -> str:
    return f"coalesce(try_cast({text} as {_NUMBER}), 0)"


def _is_readable(text: str) -> str:
    return f"({text} is null or coalesce(abs(try_cast({text} as {_NUMBER})) < {_LARGEST}, false))"


def _packed(key: Sequence[str]) -> str:
    if not key:
        return "'{}'"
    pairs = ", ".join(f"{quoted(column)} := coalesce(a.{quoted(column)}, b.{quoted(column)})" for column in key)
    return f"cast(to_json(struct_pack({pairs})) as varchar)"


def _matched(key: Sequence[str]) -> str:
    return " and ".join(f"b.{quoted(column)} is not distinct from a.{quoted(column)}" for column in key)


def _cell(name: str, was: str, now: str) -> str:
    return f"struct_pack(name := {text(name)}, was := {was}, now := {now})"


def _row(side: str) -> str:
    return f"case when {side}._present then 'row' end"


def _only(side: str, other: str) -> str:
    return f"{side}._present and {other}._present is null"


def _count(name: str, cells: str, added: str = "false", removed: str = "false") -> str:
    numbers = zip(("cells", "rows_added", "rows_removed"), (cells, added, removed), strict=True)
    filtered = ", ".join(f"{number} := count(*) filter (where {condition})" for number, condition in numbers)
    return f"struct_pack(column_name := {text(name)}, {filtered})"
