"""One delivered file against one contract: bytes in, a Parquet file of judged records and a verdict out.

Holds the order of the checks. Add here when a new check sees the whole file.
Must not be here: the ledger, folders of the lake, several files at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.body import Body
from journey_pipeline.ingest.contract import Column, Contract
from journey_pipeline.ingest.csv_files import read_csv
from journey_pipeline.ingest.faults import Fault, IngestError, shape_sql
from journey_pipeline.ingest.json_files import read_json
from journey_pipeline.ingest.parquet_files import read_parquet
from journey_pipeline.ingest.periods import format_of_period
from journey_pipeline.ingest.rules import cleaned, dropped, in_utc, misses_of_formats, rewritten, rules_of, written
from journey_pipeline.ingest.stage import Staged, content_head

OFFENDERS_NAMED = 20
OFFENDERS_KEPT = 1000
# What a record in the lake is: only accepted ones are seen to the right, but none is lost.
ACCEPTED, QUARANTINED, DROPPED = "accepted", "quarantined", "dropped"
# The empty line of a person who was erased (`suppression`).
ERASED = "erased"

OTHER_TOTAL = "the totals row gives another sum"


@dataclass(frozen=True)
class BadCell:
    """A cell that breaks a rule, as it may be shown."""

    record: int
    line: int | None
    column: str
    rule: str
    expected: str
    found_shape: str


@dataclass(frozen=True)
class Parsed:
    """Verdict on an accepted file. `records = accepted + quarantined + dropped + erased`. Times are UTC, naive.

    `columns` are those of the contract that the written file has.
    """

    records: int
    accepted: int
    quarantined: int
    dropped: int
    columns: list[str]
    bad_cells: list[BadCell] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    period_start: datetime | None = None
    period_end: datetime | None = None
    exported_at: datetime | None = None
    encoding: str | None = None
    delimiter: str | None = None
    preamble: str | None = None
    erased: int = 0


class HeldFileError(IngestError):
    """A file held back for its cells; `bad_cells` are the first of them, `counts` all that were found."""

    def __init__(self, fault: Fault, bad_cells: list[BadCell], records: int, quarantined: int, dropped: int) -> None:
        super().__init__(fault)
        self.bad_cells = bad_cells
        self.records, self.quarantined, self.dropped = records, quarantined, dropped


def parse(
    contract: Contract,
    staged: Staged,
    name: str,
    folder: Path,
    target: Path,
    connect: Callable[[], duckdb.DuckDBPyConnection],
) -> Parsed:
    """Parse a staged file and write its records to `target`, each with its `_verdict`.

    `name` is the delivered name (for its suffix), `folder` a private scratch folder that also holds `target`;
    `connect` gives a parser connection (`engine.parser`) that may touch the folder, and is called late.
    Raises IngestError; `target` is then to be thrown away.
    """
    if staged.size == 0:
        raise IngestError(Fault("E_EMPTY_FILE", "export the file again", "content", "no bytes"))
    head = content_head(staged, name, contract.ingest.format.plain_gz)
    if not head:
        raise IngestError(Fault("E_EMPTY_FILE", "export the file again", "content", "no bytes once unpacked"))
    kind = _kind(contract, head, name)
    if kind in ("csv", "lines"):
        body = read_csv(contract, staged, head, folder)
    elif kind == "jsonl":
        body = read_json(contract, staged, folder, connect())
    else:
        body = read_parquet(contract, staged)
    connection = connect()
    source = _cleaned(connection, contract, body)
    _write(connection, body, source, target, _verdict(contract, dropped(contract)))
    body.checked()
    return _judge(connection, contract, body, target)


def judge_again(contract: Contract, earlier: Path, target: Path, connection: duckdb.DuckDBPyConnection) -> Parsed:
    """Hold the records of a file that was parsed before against the rules of today, and write them to `target`.

    For a file that is no longer in the inbox: its records are all in the lake, also those that broke a rule.
    """
    source = f"read_parquet({engine.file(earlier)})"
    there = {row[0] for row in engine.rows(connection, f"describe select * from {source}")}
    columns = ", ".join(
        engine.name(name) if name in there else f"null::varchar as {engine.name(name)}"
        for name in contract.column_names
    )
    records = engine.rows(connection, f"select count(*) from {source}")[0][0]
    body = Body(
        f"select {columns}, _extra, _verdict as _was from {source}",
        [name for name in contract.column_names if name in there],
        records,
        lambda: records,
        lambda: None,
        lambda _: {},
    )
    today = _verdict(contract, f"_was = '{DROPPED}'")
    verdict = f"case when _was = '{ERASED}' then _was else {today} end"
    _write(connection, body, f"({body.select})", target, verdict)
    return _judge(connection, contract, body, target)


def _kind(contract: Contract, head: bytes, name: str) -> str:
    """csv, lines, jsonl or parquet, told by content. Raises E_NOT_CSV, E_JSON or E_PARQUET."""
    allowed = contract.ingest.format.type
    if "lines" in allowed and head.lstrip()[:1] != b"<":
        return "lines"
    if head.startswith(b"PAR1") and "parquet" in allowed:
        return "parquet"
    if name.lower().endswith(".parquet") and "parquet" in allowed:
        raise IngestError(Fault("E_PARQUET", "deliver the file again", "a Parquet file", "no Parquet header"))
    kind = "csv" if "csv" in allowed else "jsonl"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    found = next((label for mark, label in _FOREIGN if start.startswith(mark)), None)
    if kind == "csv" and found is None and start[:1] in (b"{", b"["):
        found = "JSON"
    if found:
        code = "E_NOT_CSV" if kind == "csv" else "E_JSON"
        expected = "delimited text" if kind == "csv" else "one JSON object per line"
        raise IngestError(Fault(code, "download the export again; this is something else", expected, found))
    return kind


_FOREIGN = ((b"<", "HTML or XML"), (b"pk\x03\x04", "a zip archive"), (b"%pdf", "PDF"), (b"par1", "Parquet"))


def _cleaned(connection: duckdb.DuckDBPyConnection, contract: Contract, body: Body) -> str:
    """The records as a relation: cleaned cells, dates in ISO, `_extra`."""
    style = contract.ingest.clean.style(body.delimiter)
    columns = ", ".join(
        f"{cleaned(contract, column, style)} as {engine.name(column.name)}" for column in contract.columns
    )
    source = f"(select {columns}, _extra from ({body.select}))"
    rewrites = []
    for columns_alike in _dated_alike(contract):
        chosen = _format(connection, contract, body, source, columns_alike)
        rewrites += [f"{rewritten(column, chosen)} as {engine.name(column.name)}" for column in columns_alike]
    return f"(select * replace ({', '.join(rewrites)}) from {source})" if rewrites else source


def _dated_alike(contract: Contract) -> list[list[Column]]:
    """The columns that have one format a file, together with those that may be written in the same formats."""
    groups: dict[tuple[str, ...], list[Column]] = {}
    for column in contract.columns:
        if column.custom.oneFormatPerFile:
            groups.setdefault(tuple(column.logicalTypeOptions.format or []), []).append(column)
    return list(groups.values())


def _format(
    connection: duckdb.DuckDBPyConnection, contract: Contract, body: Body, source: str, columns: list[Column]
) -> str:
    """The first declared format that all cells of these columns follow. Raises E_DATE_ORDER when there is none.

    11/1/2026 says by itself neither its day nor its month; a later row of the same file usually does, or the column
    beside it.
    """
    formats = columns[0].logicalTypeOptions.format or []
    tests = [f"min(_row_number) filter (where {miss})" for c in columns for miss in misses_of_formats(contract, c)]
    numbered = f"(select *, row_number() over () as _row_number from {source})"
    first_misses = _run(connection, f"select {', '.join(tests)} from {numbered}", body).fetchall()[0]
    # Of each format the first cell that does not follow it: (record, column).
    broken = [
        min(((miss, n) for n, miss in enumerate(first_misses[k :: len(formats)]) if miss is not None), default=None)
        for k in range(len(formats))
    ]
    if fitting := [one for one, miss in zip(formats, broken, strict=True) if miss is None]:
        return format_of_period(connection, contract, columns[0], fitting, source, body.lines_of)
    record, number = max(miss for miss in broken if miss is not None)
    misses = " and ".join(misses_of_formats(contract, columns[number]))
    test = f"select count(*) from {numbered} where _row_number = {record} and {misses}"
    is_no_date = bool(engine.rows(connection, test)[0][0])
    raise IngestError(
        Fault(
            "E_DATE_ORDER",
            "correct that date, or export again in one of these formats"
            if is_no_date
            else "export again with one date format",
            f"every cell like {' or every cell like '.join(formats)}",
            "no date in any of these formats" if is_no_date else "a mixture, first broken here",
            record=record,
            line=body.lines_of([record]).get(record),
            column=columns[number].name,
        )
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    body: Body,
    source: str,
    target: Path,
    verdict: str,
) -> None:
    """All records in the order of the file, each with its verdict, as Parquet; columns the file lacks are left out.

    Raises the diagnosed fault when the parser refuses.
    """
    columns = "".join(f"{engine.name(name)}, " for name in body.columns)
    _run(
        connection,
        f"""
        copy (select {columns}_extra, {verdict} as _verdict from {source})
        to {engine.text(str(target))} (format parquet, compression zstd, compression_level 1)
        """,
        body,
    )


def _run(connection: duckdb.DuckDBPyConnection, sql: str, body: Body) -> duckdb.DuckDBPyConnection:
    """Run a statement that reads the delivered file. Raises the diagnosed fault when the parser refuses it."""
    try:
        return connection.execute(sql)
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error:
        # The engine's own message quotes the row, so it goes no further than here.
        fallback = Fault("E_CSV", "open the file in a text editor near its end", "well formed records", "a broken one")
        raise IngestError(body.diagnose() or fallback) from None


def _verdict(contract: Contract, dropped_rows: str) -> str:
    holds = " and ".join(rule.holds for rule in rules_of(contract)) or "true"
    return f"case when {dropped_rows} then '{DROPPED}' when {holds} then '{ACCEPTED}' else '{QUARANTINED}' end"


def _judge(connection: duckdb.DuckDBPyConnection, contract: Contract, body: Body, target: Path) -> Parsed:
    absent = "".join(
        f", null::varchar as {engine.name(name)}" for name in contract.column_names if name not in body.columns
    )
    # The lake keeps records in the order of their file, so their place is their number.
    source = f"(select *, file_row_number + 1 as _row_number{absent} from read_parquet({engine.file(target)}))"
    counts = dict(engine.rows(connection, f"select _verdict, count(*) from {source} group by _verdict"))
    accepted, quarantined, dropped_rows, erased = (
        int(counts.get(v, 0)) for v in (ACCEPTED, QUARANTINED, DROPPED, ERASED)
    )
    records = accepted + quarantined + dropped_rows + erased
    _require_all_records(body, records)
    _require_rows(contract, records, dropped_rows)
    kept = f"(select * from {source} where _verdict not in ('{DROPPED}', '{ERASED}'))"
    kept = kept if dropped_rows or erased else source
    _require_unique(connection, contract, body, kept, accepted + quarantined)
    bad_cells = _bad_cells(connection, contract, body, source) if quarantined else []
    _require_few(contract, bad_cells, records, quarantined, dropped_rows + erased)
    warnings = body.warnings + _control_total_warnings(connection, contract, source)
    if accepted < contract.ingest.limits.min_rows and not contract.ingest.limits.may_be_empty:
        expected = f"at least {contract.ingest.limits.min_rows} rows"
        raise IngestError(Fault("E_ROW_COUNT", "export a longer period", expected, f"{accepted} rows"))
    start, end, exported = _times(connection, contract, f"(select * from {source} where _verdict = '{ACCEPTED}')")
    return Parsed(
        records + body.footer_lines,
        accepted,
        quarantined,
        dropped_rows + body.footer_lines,
        body.columns,
        bad_cells,
        warnings,
        start,
        end,
        exported,
        body.encoding,
        body.delimiter,
        body.preamble,
        erased,
    )


def _times(
    connection: duckdb.DuckDBPyConnection, contract: Contract, source: str
) -> tuple[datetime | None, datetime | None, datetime | None]:
    """First, last and newest time of the records. A zone is costly, so it is applied to these three alone."""
    time = contract.ingest.time
    if time is None:
        return None, None, None
    at = written(time)
    latest = [written(time, column) for column in contract.ingest.delivery.exported_at.columns] or [at]
    newest = f"greatest({', '.join(latest)})" if len(latest) > 1 else latest[0]
    placed = ", ".join(in_utc(time, found) for found in ("start_at", "end_at", "newest_at"))
    start, end, exported = engine.rows(
        connection,
        f"select {placed} from (select min({at}) as start_at, max({at}) as end_at, max({newest}) as newest_at "
        f"from {source})",
    )[0]
    return start, end, exported


def _require_all_records(body: Body, records: int) -> None:
    if records == body.records or records == body.recount():
        return
    raise IngestError(body.diagnose() or _reconcile(f"{body.recount()} records", f"{records} parsed"))


def _reconcile(expected: str, found: str) -> Fault:
    return Fault("E_RECONCILE", "report this file: records were lost while reading", expected, found)


def _require_rows(contract: Contract, records: int, dropped_rows: int) -> None:
    if records == 0 and not contract.ingest.limits.may_be_empty:
        raise IngestError(Fault("E_HEADER_ONLY", "export a period that has records", "records", "a header only"))
    low, high = contract.ingest.rows.expect_dropped
    if records and not low <= dropped_rows <= high:
        raise IngestError(
            Fault(
                "E_DROPPED_COUNT",
                "export the whole report again; a missing totals row may mean that it was cut",
                f"{low} to {high} totals rows" if low != high else f"{low} totals rows",
                f"{dropped_rows}",
            )
        )


def _require_unique(
    connection: duckdb.DuckDBPyConnection, contract: Contract, body: Body, kept: str, records: int
) -> None:
    unique: list[set[str]] = []
    for key in contract.unique_keys:
        columns = [*key.given, *key.optional]
        if any(known <= set(columns) for known in unique):
            continue
        names = ", ".join(engine.name(column) for column in columns)
        given = " and ".join(f"{engine.name(column)} is not null" for column in key.given)
        # As many hashes as rows prove that no key comes twice, for far less than the keys themselves.
        rows, hashes = engine.rows(
            connection, f"select count(*), count(distinct hash({names})) from {kept} where {given}"
        )[0]
        if rows == hashes == records:
            unique.append(set(columns))
        if rows == hashes:
            continue
        repeats = engine.rows(
            connection,
            f"select min(_row_number), list_sort(list(_row_number))[2] from {kept} where {given} "
            f"group by {names} having count(*) > 1 order by 2 limit 1",
        )
        if repeats:
            first, second = repeats[0]
            raise IngestError(
                Fault(
                    "E_DUPLICATE_KEY",
                    "remove the repeated record, or export again without joined columns",
                    "each key once in a file",
                    f"the key of record {first} again",
                    record=second,
                    line=body.lines_of([second]).get(second),
                    column=", ".join(key.given),
                )
            )


def _bad_cells(connection: duckdb.DuckDBPyConnection, contract: Contract, body: Body, source: str) -> list[BadCell]:
    """The first cells of each rule that quarantined records break, in the order of the file."""
    bad = f"(select * from {source} where _verdict = '{QUARANTINED}')"
    rules = rules_of(contract)
    counters = ", ".join(f"count(*) filter (where not {rule.holds})" for rule in rules)
    counts = engine.rows(connection, f"select {counters} from {bad}")[0]
    found = []
    for rule in (rule for rule, count in zip(rules, counts, strict=True) if count):
        shown = f"coalesce({rule.shown or shape_sql(rule.value)}, 'no value')"
        offenders = engine.rows(
            connection,
            f"select _row_number, {shown} from {bad} where not {rule.holds} order by 1 limit {OFFENDERS_KEPT}",
        )
        found += [(int(number), rule, masked) for number, masked in offenders]
    found.sort(key=lambda item: (item[0], item[1].column, item[1].name))
    lines = body.lines_of({number for number, _, _ in found})
    return [
        BadCell(number, lines.get(number), rule.column, rule.name, rule.expected, masked)
        for number, rule, masked in found
    ]


def _require_few(contract: Contract, bad: list[BadCell], records: int, quarantined: int, dropped_rows: int) -> None:
    limit = contract.ingest.limits.max_quarantine_share
    if not quarantined or quarantined <= limit * (records - dropped_rows):
        return
    first = bad[0]
    others = ", ".join(
        f"record {cell.record} {cell.column}" + (f" (line {cell.line})" if cell.line else "")
        for cell in bad[1:OFFENDERS_NAMED]
    )
    fault = Fault(
        "E_VALUE" if limit == 0 else "E_TOO_MANY_QUARANTINED",
        "correct the cells at the source and export again"
        + (f"; also {others}" if others else "")
        + ("" if limit == 0 else f"; {quarantined} rows are bad, the contract tolerates a share of {limit:g}"),
        first.expected,
        first.found_shape,
        record=first.record,
        line=first.line,
        column=first.column,
    )
    raise HeldFileError(fault, bad, records, quarantined, dropped_rows)


def _control_total_warnings(connection: duckdb.DuckDBPyConnection, contract: Contract, source: str) -> list[str]:
    """Columns whose sum differs from the file's own totals row.

    Not a fault: whether the totals row counts rows that a filter hides is unconfirmed.
    """
    totals = contract.ingest.rows.control_totals
    warnings = []
    for column in totals.sums if totals else []:
        cell = f"try_cast({engine.name(column)} as decimal(38, 9))"
        is_total = f"{engine.name(totals.column)} = {engine.text(totals.equals)}" if totals else "false"
        said, summed = engine.rows(
            connection,
            f"select max({cell}) filter (where {is_total}), "
            f"sum({cell}) filter (where _verdict <> '{DROPPED}') from {source}",
        )[0]
        if said is not None and summed is not None and said != summed:
            warnings.append(f"{OTHER_TOTAL} of {column} than the rows")
    return warnings
