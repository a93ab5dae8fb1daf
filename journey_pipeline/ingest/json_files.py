"""JSON lines: one object per line, top-level keys matched to columns, nested values kept as JSON text.

Holds all knowledge of JSON deliveries. Add here when a vendor writes JSON in a new way.
Must not be here: cell rules, the meaning of nested values.

Text and whole numbers keep their exact text. A decimal number keeps its value up to 17 significant digits,
which is all a JSON writer that works with doubles can say; trailing zeros are not kept (4860.00 -> 4860.0).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.body import Body
from journey_pipeline.ingest.columns import Assignment, duplicate_column, filled, require, safe_name, warnings_of
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.lines import Lines
from journey_pipeline.ingest.stage import Staged, TextScan, is_plain_utf8, plain_chunks, private_file, text_chunks


def read_json(contract: Contract, staged: Staged, folder: Path, connection: duckdb.DuckDBPyConnection) -> Body:
    """Prepare a JSON lines file. Raises E_JSON with the line, E_MISSING_COLUMN, E_DUPLICATE_COLUMN."""
    path, scan = _decoded(staged, folder)
    lines = _Lines(path)
    if scan.size < 4096 and not path.read_bytes().strip():
        raise IngestError(Fault("E_EMPTY_FILE", "export the file again", "one JSON object per line", "no content"))
    keys = _keys_of(path, lines, connection)
    assignment, by_column = _assigned(contract, keys)
    require(contract, keys, assignment)
    return Body(
        select=_select(contract, keys, assignment, by_column, path),
        columns=filled(contract, assignment),
        records=scan.newlines + (not scan.ends_with_newline),
        recount=lines.count,
        diagnose=lines.diagnose,
        lines_of=lines.lines_of,
        encoding="utf-8",
        warnings=warnings_of(contract, keys, assignment),
        is_text=True,
    )


def _decoded(staged: Staged, folder: Path) -> tuple[Path, TextScan]:
    """The file as plain UTF-8 text: the staged copy itself when it is that already."""
    scan = TextScan(counts_quotes=False)
    if is_plain_utf8(staged):
        for chunk in plain_chunks(staged, ["utf-8"]):
            scan.feed(chunk)
        return staged.path, scan
    path = folder / f"{staged.sha256}.jsonl"
    with private_file(path) as target:
        for chunk in text_chunks(staged, ["utf-8"]):
            scan.feed(chunk)
            target.write(chunk)
    return path, scan


def _keys_of(path: Path, lines: _Lines, connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Distinct top-level keys, in order of first appearance. Raises E_JSON for a line that is no object."""
    kinds = f"select json_type(json) as kind, json_keys(json) as keys from {_objects(path)}"
    try:
        shapes = engine.rows(connection, f"select kind, keys from ({kinds}) group by all")
    except duckdb.Error:
        raise IngestError(lines.diagnose() or json_fault(None, None, "malformed JSON")) from None
    if any(kind != "OBJECT" or len(set(keys)) != len(keys) for kind, keys in shapes):
        raise IngestError(_first_misshapen(connection, kinds, lines))
    return sorted({key for _, keys in shapes for key in keys})


def _first_misshapen(connection: duckdb.DuckDBPyConnection, kinds: str, lines: _Lines) -> Fault:
    kind, first = engine.rows(
        connection,
        f"select kind, number from (select *, row_number() over () as number from ({kinds})) "
        "where kind <> 'OBJECT' or len(list_distinct(keys)) <> len(keys) order by number limit 1",
    )[0]
    found = "a key given twice in one object" if kind == "OBJECT" else f"a JSON {kind.lower()}"
    return json_fault(first, lines.lines_of([first]).get(first), found)


def _assigned(contract: Contract, keys: list[str]) -> tuple[Assignment, dict[str, list[str]]]:
    known: dict[str, int] = {}
    unknown: list[int] = []
    by_column: dict[str, list[str]] = {}
    for position, key in enumerate(keys):
        claimant = next((column.name for column in contract.columns if column.claims(key)), None)
        if claimant is None:
            unknown.append(position)
        elif claimant in known:
            raise IngestError(duplicate_column(key, known[claimant], position))
        else:
            known[claimant] = position
            by_column[claimant] = [key]
    return Assignment(known, unknown), by_column


def _objects(path: Path) -> str:
    return f"read_ndjson_objects({engine.file(path)}, hive_partitioning = false, compression = 'uncompressed')"


def _select(
    contract: Contract, keys: list[str], assignment: Assignment, by_column: dict[str, list[str]], path: Path
) -> str:
    wanted = {keys[position]: "VARCHAR" for position in assignment.known.values()}
    columns = [
        f"struct_extract(object, {engine.text(by_column[name][0])}) as {engine.name(name)}"
        if name in by_column
        else f"null::varchar as {engine.name(name)}"
        for name in contract.column_names
    ]
    unknown = [keys[position] for position in assignment.unknown]
    pairs = ", ".join(f"{engine.text(key)}, json_extract(json, {engine.json_path(key)})" for key in unknown)
    extra = f"nullif(json_merge_patch('{{}}', json_object({pairs}))::varchar, '{{}}')" if unknown else "null::varchar"
    structure = engine.text(json.dumps(wanted, ensure_ascii=False))
    return f"""
        select {", ".join(columns)}, {extra} as _extra
        from (select json, json_transform(json, {structure}) as object
              from {_objects(path)})
    """


def json_fault(record: int | None, line: int | None, found: str) -> Fault:
    """The fault of a line that is not a JSON object."""
    fix = "deliver newline-delimited JSON: one complete object per line"
    return Fault("E_JSON", fix, "one JSON object per line", found, record=record, line=line)


class _Lines(Lines):
    """JSON lines, which know what is wrong with them."""

    def diagnose(self) -> Fault | None:
        """The first line that is no JSON object."""
        for record, (number, line) in enumerate(self.numbered(), start=1):
            try:
                content = json.loads(line)
            except json.JSONDecodeError as error:
                return json_fault(record, number, _reason(line, error))
            except RecursionError:
                return json_fault(record, number, "nested too deeply")
            if not isinstance(content, dict):
                return json_fault(record, number, f"a JSON {type(content).__name__}")
        return None


def _reason(line: str, error: json.JSONDecodeError) -> str:
    if re.match(r"\s*<", line):
        return "HTML"
    return f"malformed JSON at character {error.pos + 1} ({safe_name(error.msg)})"
