"""The period a report names above its header, against the dates of its rows.

Holds what that period settles: the order of day and month, and whether there is a row per day. Add here when a file
tells of itself what its rows can be held against.
Must not be here: finding the period in the file (`csv_files.py`), rules of single cells (`rules.py`).
"""

from __future__ import annotations

import duckdb

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.contract import Column, Contract
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.rules import dropped


def format_of_period(
    connection: duckdb.DuckDBPyConnection, contract: Contract, column: Column, fitting: list[str], source: str
) -> str:
    """The one of the fitting formats whose dates lie in the period the file names; the first when it names none.

    Raises E_DATE_ORDER when all read outside of it, E_NOT_DAILY when every row of a longer period is its first day.
    """
    if column.custom.reportPeriod is None:
        return fitting[0]
    start, end = (_day(each) for name in column.custom.reportPeriod for each in contract.columns if each.name == name)
    tests = []
    for one in fitting:
        at = f"cast(try_strptime({engine.name(column.name)}, {engine.text(one)}) as date)"
        tests += [f"bool_and({at} between {start} and {end})", f"bool_and({at} = {start} and {start} < {end})"]
    found = engine.rows(connection, f"select {', '.join(tests)} from {source} where not {dropped(contract)}")[0]
    inside, frozen = found[::2], found[1::2]
    if inside[0] is None:
        return fitting[0]
    if True not in inside:
        fix = "export again; the dates are not those of the period the file names"
        raise IngestError(Fault("E_DATE_ORDER", fix, "dates in that period", "dates outside", column=column.name))
    chosen = inside.index(True)
    if frozen[chosen]:
        fix = "export again with a row per day, or for one day only"
        expected, shown = "the days of the period", "its first day in every row"
        raise IngestError(Fault("E_NOT_DAILY", fix, expected, shown, column=column.name))
    return fitting[chosen]


def _day(column: Column) -> str:
    formats = engine.texts(column.logicalTypeOptions.format or ["%Y-%m-%d"])
    return f"cast(try_strptime({engine.name(column.name)}, [{formats}]) as date)"
