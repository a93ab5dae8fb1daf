"""The period a report names above its header, against the dates of its rows.

Holds what that period settles: the order of day and month, and whether there is a row per day. Add here when a file
tells of itself what its rows can be held against.
Must not be here: finding the period in the file (`csv_files.py`), rules of single cells (`rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import duckdb

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.contract import Column, Contract
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.rules import dropped

# Physical lines of records, by number.
LinesOf = Callable[[Iterable[int]], dict[int, int]]


def format_of_period(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    column: Column,
    fitting: list[str],
    source: str,
    lines_of: LinesOf,
) -> str:
    """The one of the fitting formats whose dates lie in the period the file names; the first when it names none.

    Raises E_DATE_ORDER when all read outside of it, E_NOT_DAILY when every row of a longer period is its first day.
    """
    if column.custom.reportPeriod is None:
        return fitting[0]
    start, end = (_day(each) for name in column.custom.reportPeriod for each in contract.columns if each.name == name)
    tests = []
    for one in fitting:
        at = _read_as(column, one)
        tests += [f"bool_and({at} between {start} and {end})", f"bool_and({at} = {start} and {start} < {end})"]
    found = engine.rows(connection, f"select {', '.join(tests)} from {source} where not {dropped(contract)}")[0]
    inside, frozen = found[::2], found[1::2]
    if inside[0] is None:
        return fitting[0]
    if True not in inside:
        raise IngestError(_outside(connection, contract, column, source, (start, end), lines_of))
    chosen = inside.index(True)
    if frozen[chosen]:
        fix = "export again with a row per day, or for one day only"
        expected, shown = "the days of the period", "its first day in every row"
        raise IngestError(Fault("E_NOT_DAILY", fix, expected, shown, column=column.name))
    return fitting[chosen]


def _outside(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    column: Column,
    source: str,
    period: tuple[str, str],
    lines_of: LinesOf,
) -> Fault:
    """The first record outside of the period, read in the format that leaves the fewest outside.

    That may be a format that not all cells follow: one day first among many month first is the odd one.
    """
    formats = column.logicalTypeOptions.format or []
    start, end = period
    outside = [f"coalesce({_read_as(column, one)} not between {start} and {end}, true)" for one in formats]
    tests = [f"count(*) filter (where {test}), min(_row_number) filter (where {test})" for test in outside]
    numbered = f"(select *, row_number() over () as _row_number from {source})"
    *found, records, first_day, last_day = engine.rows(
        connection,
        f"select {', '.join(tests)}, count(*), min({start}), max({end}) from {numbered} "
        f"where {engine.name(column.name)} is not null and not {dropped(contract)}",
    )[0]
    number = min(range(len(formats)), key=lambda one: found[2 * one])
    count, record = found[2 * number : 2 * number + 2]
    return Fault(
        "E_DATE_ORDER",
        "correct the date, or export again; the lines above the header name another period",
        f"a day from {first_day} to {last_day}, the period of the preamble, like {formats[number]}",
        f"another, here and in {count - 1} more of {records} records" if count > 1 else "another, here alone",
        record=record,
        line=lines_of([record]).get(record),
        column=column.name,
    )


def _read_as(column: Column, form: str) -> str:
    return f"cast(try_strptime({engine.name(column.name)}, {engine.text(form)}) as date)"


def _day(column: Column) -> str:
    formats = engine.texts(column.logicalTypeOptions.format or ["%Y-%m-%d"])
    return f"cast(try_strptime({engine.name(column.name)}, [{formats}]) as date)"
