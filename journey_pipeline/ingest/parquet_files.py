"""Parquet: checksums of pages verified by pyarrow, rows read by DuckDB, nested values written as JSON text.

Holds all knowledge of Parquet deliveries. Add here when a nested type needs another text.
Must not be here: cell rules; the Parquet files that we write ourselves.

Nested values are spelled as BigQuery spells them in JSON (whole numbers as strings, nulls left out), so that
one event is the same row whichever way it was delivered. A flipped bit on a page without a checksum stays
unseen: only the writer can add one.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.body import Body
from journey_pipeline.ingest.columns import assign, filled, require, warnings_of
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.stage import Staged

BATCH_ROWS = 32_768
_DAMAGED = "a page whose checksum or content is wrong"


def read_parquet(contract: Contract, staged: Staged) -> Body:
    """Prepare a Parquet file. Raises E_PARQUET, E_MISSING_COLUMN, E_DUPLICATE_COLUMN."""
    try:
        delivered = pq.ParquetFile(staged.path, page_checksum_verification=True)
        schema = delivered.schema_arrow
    except (pa.ArrowException, OSError):
        raise IngestError(parquet_fault("a damaged footer")) from None
    names = list(schema.names)
    assignment = assign(contract, names)
    require(contract, names, assignment)
    plain = ", ".join(f"c{position}" for position in range(len(names)))
    nested = {n for n in assignment.known.values() if pa.types.is_nested(schema.field(n).type)}
    # Written out once, below the stripping: an expression that a condition and its branches share is computed for each.
    written = ", ".join(_as_json(n, schema.field(n).type) if n in nested else f"c{n}" for n in range(len(names)))
    columns = [
        f"{_without_nulls(f'c{position}') if position in nested else f'c{position}::varchar'} as {engine.name(name)}"
        if (position := assignment.known.get(name)) is not None
        else f"null::varchar as {engine.name(name)}"
        for name in contract.column_names
    ]
    pairs = ", ".join(f"{engine.text(names[position])}, to_json(c{position})" for position in assignment.unknown)
    extra = (
        f"nullif(json_merge_patch('{{}}', json_object({pairs}))::varchar, '{{}}')"
        if assignment.unknown
        else "null::varchar"
    )
    records = int(delivered.metadata.num_rows)
    beside = ThreadPoolExecutor(1)
    verification = beside.submit(_verify, delivered)
    beside.shutdown(wait=False)
    return Body(
        select=f"select {', '.join(columns)}, {extra} as _extra "
        f"from (select {written} "
        f"from read_parquet({engine.file(staged.path)}, hive_partitioning = false) as delivered({plain}))",
        columns=filled(contract, assignment),
        records=records,
        recount=lambda: records,
        diagnose=lambda: parquet_fault(_DAMAGED),
        lines_of=_no_lines,
        warnings=warnings_of(contract, names, assignment),
        checked=verification.result,
    )


def parquet_fault(found: str) -> Fault:
    """The fault of a file that is not whole Parquet."""
    return Fault("E_PARQUET", "deliver the file again; this copy is damaged", "a whole Parquet file", found)


def _verify(delivered: pq.ParquetFile) -> None:
    """Read every page once, for DuckDB does not look at their checksums. Raises E_PARQUET."""
    try:
        for _ in delivered.iter_batches(batch_size=BATCH_ROWS, use_threads=False):
            pass
    except (pa.ArrowException, OSError):
        raise IngestError(parquet_fault(_DAMAGED)) from None


def _no_lines(_: Iterable[int]) -> dict[int, int]:
    return {}


def _as_json(position: int, kind: pa.DataType) -> str:
    column = f"c{position}"
    return f"case when {column} is not null then to_json({column}::{_json_type(kind)})::varchar end as {column}"


def _without_nulls(text: str) -> str:
    """JSON text without the members that are null."""
    stripped = text
    # The last quote of each pattern is not escaped and a colon follows it, so it closes a key, never a text.
    for pattern in (r',"[^"\\]*":null', r'"[^"\\]*":null,?'):
        stripped = f"regexp_replace({stripped}, '{pattern}', '', 'g')"
    return f"case when contains({text}, ':null') then {stripped} else {text} end"


def _json_type(kind: pa.DataType) -> str:
    """The DuckDB type whose JSON is spelled as in a BigQuery JSON export."""
    if pa.types.is_struct(kind):
        fields = (f"{engine.name(item.name)} {_json_type(item.type)}" for item in kind)
        return f"struct({', '.join(fields)})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"{_json_type(kind.value_type)}[]"
    if pa.types.is_floating(kind):
        return "double"
    return "boolean" if pa.types.is_boolean(kind) else "varchar"
