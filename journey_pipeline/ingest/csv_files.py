"""CSV: find the header by name, hand the rest to DuckDB in strict mode, explain what it refuses.

Holds all knowledge of delimited text. Add here when a vendor writes CSV in a new way.
Must not be here: cell rules, encodings, other formats.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import IO

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.body import Body
from journey_pipeline.ingest.columns import Assignment, assign, displayed, filled, missing_column, require, warnings_of
from journey_pipeline.ingest.contract import Column, Contract
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.lines import Lines
from journey_pipeline.ingest.stage import (
    MAX_RECORD_BYTES,
    Staged,
    TextScan,
    detected_encoding,
    is_plain_utf8,
    plain_chunks,
    private_file,
    record_too_long,
    text_chunks,
)

HEADER_WINDOW_BYTES = 1024 * 1024
# The longest footer known, a report's name, copyright and filters, is under 2 KiB.
FOOTER_WINDOW_BYTES = 64 * 1024


@dataclass(frozen=True)
class Header:
    """Where the header is: `lines` physical lines and `end` bytes up to and with it.

    `lines_in_file` of them, and `end`, are still in the file that is read; none where the body was written out alone.
    """

    names: list[str]
    delimiter: str
    lines: int
    end: int
    preamble: str
    lines_in_file: int


def read_csv(contract: Contract, staged: Staged, head: bytes, folder: Path) -> Body:
    """Prepare a CSV file. Raises the structural faults of header and bytes."""
    layout = contract.ingest.format
    # Plain text that ends where its data ends is read where it lies; anything else is written out clean first.
    as_it_is = (
        layout.footer_lines is None
        and not layout.strip_nul
        and is_plain_utf8(staged)
        and detected_encoding(head, layout.encodings) == "utf-8"
    )
    chunks = (
        plain_chunks(staged, layout.encodings) if as_it_is else text_chunks(staged, layout.encodings, layout.strip_nul)
    )
    start = b""
    for chunk in chunks:
        start += chunk
        if len(start) >= HEADER_WINDOW_BYTES:
            break
    if not start.strip():
        raise IngestError(Fault("E_EMPTY_FILE", "export the file again", "a header and records", "no content"))
    TextScan().feed(start)
    text = start.decode("utf-8", "ignore")
    header = _with_metadata(contract, find_header(contract, text), text) if layout.header else _no_header(contract)
    assignment = assign(contract, header.names)
    require(contract, header.names, assignment)
    footer = Footer(layout.footer_lines, header.delimiter)
    body = chain([start[header.end :]], chunks)
    if as_it_is:
        path, above = staged.path, header
        scan = _scanned(body, header.lines, layout.header, None)
    else:
        path, above = folder / f"{staged.sha256}.csv", replace(header, lines_in_file=0, end=0)
        with private_file(path) as target:
            scan = _scanned(footer.cut(body) if layout.footer_lines else body, header.lines, layout.header, target)
    reading = _Reading(path, above) if layout.header else Lines(path)
    told = "\n".join(part for part in (header.preamble, footer.text) if part)
    return Body(
        select=_select(contract, above, assignment, path, told),
        columns=filled(contract, assignment),
        records=scan.newlines + (not scan.ends_with_newline) if not scan.quotes else _quoted_records(scan),
        recount=reading.count,
        diagnose=reading.diagnose,
        lines_of=reading.lines_of,
        encoding=detected_encoding(head, layout.encodings),
        delimiter=header.delimiter or None,
        preamble=told or None,
        footer_lines=footer.lines,
        warnings=warnings_of(contract, header.names, assignment),
        is_text=True,
    )


def _no_header(contract: Contract) -> Header:
    """Positional text: the columns of the contract in order. Plain lines have no delimiter at all."""
    is_plain = "lines" in contract.ingest.format.type
    return Header(contract.delivered_columns, "" if is_plain else contract.ingest.format.delimiters[0], 0, 0, "", 0)


def _with_metadata(contract: Contract, header: Header, start: str) -> Header:
    """The header with the rows below it that are not data either. Raises E_METADATA_ROWS."""
    layout = contract.ingest.format
    if not layout.metadata_rows:
        return header
    rest = start.encode("utf-8")[header.end :].decode("utf-8")
    lines = [line + "\n" for line in rest.split("\n")]
    reader = csv.reader(iter(lines), delimiter=header.delimiter)
    rows = [row for _, row in zip(range(layout.metadata_rows), reader, strict=False)]
    text = "".join(lines[: reader.line_num])
    if len(rows) < layout.metadata_rows or (layout.metadata_match and not re.search(layout.metadata_match, text)):
        raise IngestError(
            Fault(
                "E_METADATA_ROWS",
                "export again in the vendor's own layout, with all its header rows",
                f"{layout.metadata_rows} rows of question texts and ids below the header",
                "other rows",
                line=header.lines + 1,
            )
        )
    return Header(
        header.names,
        header.delimiter,
        header.lines + reader.line_num,
        header.end + len(text.encode("utf-8")),
        "\n".join(part for part in (header.preamble, text.rstrip("\n")) if part),
        header.lines + reader.line_num,
    )


class Footer:
    """The lines after the last blank line of a file, when they are few and have one cell each: not data.

    `lines` and `text` are known once the chunks of `cut` are spent.
    """

    def __init__(self, expected: tuple[int, int] | None, delimiter: str) -> None:
        self.expected = expected
        self.delimiter = delimiter
        self.lines = 0
        self.text = ""

    def cut(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks without the footer. Raises E_DROPPED_COUNT when there are fewer or more lines than expected."""
        least, most = self.expected or (0, 0)
        held = b""
        for chunk in chunks:
            held += chunk
            if len(held) > FOOTER_WINDOW_BYTES:
                yield held[:-FOOTER_WINDOW_BYTES]
                held = held[-FOOTER_WINDOW_BYTES:]
        data, blank, tail = held.rstrip(b"\n").rpartition(b"\n\n")
        cells = [row for row in csv.reader(tail.decode("utf-8", "ignore").split("\n"), delimiter=self.delimiter) if row]
        if blank and cells and all(len(row) == 1 for row in cells):
            self.lines, self.text = len(cells), tail.decode("utf-8", "ignore")
            held = data.rstrip(b"\n") + b"\n"
        if not least <= self.lines <= most:
            expected = f"{least} to {most} lines after a blank line at the end"
            fix = "export the whole report again; a missing footer may mean that it was cut"
            raise IngestError(Fault("E_DROPPED_COUNT", fix, expected, f"{self.lines}"))
        yield held


def _quoted_records(scan: TextScan) -> int:
    return scan.record_ends + (not scan.ends_with_newline)


def _scanned(chunks: Iterable[bytes], header_lines: int, counts_quotes: bool, target: IO[bytes] | None) -> TextScan:
    """Facts of the body, which is written to `target` meanwhile if there is one."""
    scan = TextScan(counts_quotes=counts_quotes)
    for chunk in chunks:
        try:
            scan.feed(chunk)
        except IngestError as error:
            line = error.fault.line or 0
            raise IngestError(_moved(error.fault, line + header_lines)) from None
        if target is not None:
            target.write(chunk)
    return scan


def _moved(fault: Fault, line: int) -> Fault:
    return Fault(fault.code, fault.fix, fault.expected, fault.found, record=fault.record, line=line)


def find_header(contract: Contract, start: str) -> Header:
    """The first row that holds every header the contract looks for, with any of its delimiters.

    Raises E_MISSING_COLUMN when a row is the header but for some names, E_NO_HEADER when none looks like one.
    """
    wanted = _wanted(contract)
    best: tuple[int, list[str]] = (0, [])
    for delimiter in contract.ingest.format.delimiters:
        for header in _candidates(start, delimiter, contract.ingest.format.max_preamble_lines):
            claimed = [column for column in wanted if any(column.claims(cell) for cell in header.names)]
            if len(claimed) == len(wanted):
                return header
            known = sum(any(column.claims(cell) for column in contract.columns) for cell in header.names)
            if known > best[0]:
                best = (known, header.names)
    known, names = best
    if known >= 2 and known * 2 >= len(names):
        missing = next(column for column in wanted if not any(column.claims(cell) for cell in names))
        unclaimed = [cell for cell in names if not any(column.claims(cell) for column in contract.columns)]
        raise IngestError(missing_column(missing, unclaimed))
    where = f"the first {contract.ingest.format.max_preamble_lines + 1} lines"
    raise IngestError(
        Fault(
            "E_NO_HEADER",
            "export with the header row, with " + _spoken(contract.ingest.format.delimiters) + " between the columns",
            f"a row in {where} with {', '.join(displayed(column) for column in wanted)}",
            "no such row",
            line=1,
        )
    )


def _wanted(contract: Contract) -> list[Column]:
    names = contract.ingest.format.header_match
    return [next(column for column in contract.columns if column.claims(name)) for name in names]


def _spoken(delimiters: list[str]) -> str:
    words = {"\t": "a tab", ",": "a comma", ";": "a semicolon"}
    return " or ".join(words.get(delimiter, delimiter) for delimiter in delimiters)


def _candidates(start: str, delimiter: str, preamble_lines: int) -> Iterator[Header]:
    lines = [line + "\n" for line in start.split("\n")]
    reader = csv.reader(iter(lines), delimiter=delimiter)
    before = 0
    while before <= preamble_lines:
        try:
            names = next(reader)
        except (StopIteration, csv.Error):
            return
        end = sum(len(line.encode("utf-8")) for line in lines[: reader.line_num])
        preamble = "".join(lines[:before]).rstrip("\n")
        plain = [name.replace("\ufeff", "") for name in names]
        yield Header(plain, delimiter, reader.line_num, end, preamble, reader.line_num)
        before = reader.line_num


def _select(contract: Contract, header: Header, assignment: Assignment, path: Path, told: str) -> str:
    columns = [_value(contract, column, header, assignment, told) for column in contract.columns]
    if not contract.ingest.format.header:
        return f"select {', '.join(columns)}, {_wrong_width(header)} as _extra from ({_fields(header, path)})"
    spec = ", ".join(f"'c{position}': 'VARCHAR'" for position in range(len(header.names)))
    return f"""
        select {", ".join(columns)}, {_extra(header, assignment)} as _extra
        from read_csv({engine.file(path)}, columns = {{{spec}}}, header = false, skip = {header.lines_in_file},
            auto_detect = false,
            strict_mode = true, null_padding = false, hive_partitioning = false, compression = 'none',
            delim = {engine.text(header.delimiter)}, quote = '"', escape = '"', new_line = '\\n',
            max_line_size = {MAX_RECORD_BYTES}, buffer_size = {4 * MAX_RECORD_BYTES})
    """


def _value(contract: Contract, column: Column, header: Header, assignment: Assignment, told: str) -> str:
    position = assignment.known.get(column.name)
    if column.is_captured:
        value = _captured(column, header, assignment, told)
    elif position is None:
        value = None
    elif contract.ingest.format.header:
        value = f"c{position}"
    else:
        whole = f"len(fields) = {len(header.names)}"
        value = f"case when {whole} then nullif(fields[{position + 1}], '') end"
    return f"{value or 'null::varchar'} as {engine.name(column.name)}"


def _captured(column: Column, header: Header, assignment: Assignment, told: str) -> str | None:
    """A value told once for the whole file, by a header or by the lines around the data."""
    if (capture := column.custom.headerCapture) is not None:
        position = assignment.known.get(capture.column)
        found = re.search(capture.pattern, header.names[position]) if position is not None else None
    else:
        found = re.search(column.custom.preambleCapture or "", told)
    return engine.text(found.group(1)) if found else None


def _fields(header: Header, path: Path) -> str:
    """Lines cut at the delimiter, without any quoting."""
    fields = f"string_split(line, {engine.text(header.delimiter)})" if header.delimiter else "[line]"
    return f"""
        select {fields} as fields
        from read_csv({engine.file(path)}, columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false,
            strict_mode = true, null_padding = false, hive_partitioning = false, compression = 'none',
            delim = '\x01', quote = '', escape = '', new_line = '\\n',
            max_line_size = {MAX_RECORD_BYTES}, buffer_size = {4 * MAX_RECORD_BYTES})
    """


def _wrong_width(header: Header) -> str:
    return f"case when len(fields) <> {len(header.names)} then len(fields)::varchar end"


def _extra(header: Header, assignment: Assignment) -> str:
    if not assignment.unknown:
        return "null::varchar"
    cells = ", ".join(f"c{position}" for position in assignment.unknown)
    pairs = ", ".join(
        f"{engine.text(header.names[position].strip() or f'column_{position + 1}')}, c{position}"
        for position in assignment.unknown
    )
    return f"case when coalesce({cells}) is not null then json_object({pairs})::varchar end"


@dataclass(frozen=True)
class _Reading:
    """The slow second opinion on a body: Python's own CSV reader, used for counting and for faults only."""

    path: Path
    header: Header

    def _records(self, strict: bool) -> Iterator[tuple[int, list[str] | csv.Error]]:
        """First physical line of each record that is not blank, and its cells or why it has none."""
        csv.field_size_limit(2 * MAX_RECORD_BYTES)
        with self.path.open("rb") as file:
            file.seek(self.header.end)
            body = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
            reader = csv.reader(body, delimiter=self.header.delimiter, strict=strict)
            first = 1
            while True:
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield first + self.header.lines, error
                    return
                if cells:
                    yield first + self.header.lines, cells
                first = reader.line_num + 1

    def count(self) -> int:
        return sum(1 for _ in self._records(strict=False))

    def lines_of(self, numbers: Iterable[int]) -> dict[int, int]:
        wanted = set(numbers)
        found: dict[int, int] = {}
        for number, (line, _) in enumerate(self._records(strict=False), start=1):
            if number in wanted:
                found[number] = line
                if len(found) == len(wanted):
                    break
        return found

    def diagnose(self) -> Fault | None:
        """The first record that is not well formed: an open quote, a wrong width or an excess length."""
        width = len(self.header.names)
        for number, (line, cells) in enumerate(self._records(strict=True), start=1):
            if isinstance(cells, csv.Error):
                if "new-line character" in str(cells):
                    found = "a carriage return in a cell without quotes"
                    fix = "quote cells that hold line ends and export the file again"
                    return Fault("E_CSV", fix, "line ends only between records", found, number, line)
                return Fault(
                    "E_QUOTE",
                    "close the quote, or double it where it belongs to the text",
                    "every quote closed before the next delimiter",
                    "a quote that opens in this record is never properly closed",
                    record=number,
                    line=line,
                )
            if len(cells) != width:
                return Fault(
                    "E_RECORD_WIDTH",
                    "quote cells that hold the delimiter and export the file again",
                    f"{width} columns",
                    f"{len(cells)} columns",
                    record=number,
                    line=line,
                )
            if sum(len(cell) for cell in cells) > MAX_RECORD_BYTES:
                return record_too_long(line, number)
        return None
