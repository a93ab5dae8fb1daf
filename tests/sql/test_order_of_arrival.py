"""However a delivery is cut, shuffled, repeated or packed, the events are the same."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator

import duckdb
import pytest

from journey_pipeline.ingest import Contract, load_contracts, scan

from .conftest import SAMPLES, Rows, Warehouse

# Where a record came from is not what it says.
LINEAGE = {"source_file_id", "source_row_number"}


def rearranged(contract: Contract, content: bytes, dice: random.Random) -> Iterator[bytes]:
    """The same records in parts: a file of one record per line, shuffled and cut in two."""
    header, lines = [], content.splitlines(keepends=True)
    if "csv" in contract.ingest.format.type and contract.ingest.format.header:
        header, lines = lines[:1], lines[1:]
    dice.shuffle(lines)
    middle = len(lines) // 2
    for part in (lines[:middle], lines[middle:]):
        if part:
            yield b"".join([*header, *part])


def may_be_cut(contract: Contract, name: str, content: bytes) -> bool:
    """Whether a line is a record, and parts of a delivery are deliveries of their own."""
    layout = contract.ingest.format
    is_plain = content[:2] not in (b"\x1f\x8b", b"PK") and not content.startswith((b"\xff\xfe", b"PAR1"))
    has_frame = layout.max_preamble_lines or layout.metadata_rows or layout.footer_lines or contract.ingest.rows.drop
    one_per_line = "jsonl" in layout.type or "lines" in layout.type or b'"' not in content
    replaces = contract.ingest.delivery.mode in ("replace_window", "snapshot_full")
    return is_plain and one_per_line and not has_frame and not replaces and not name.endswith((".zip", ".gz"))


@pytest.fixture(scope="module")
def disordered(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """All samples: files cut in two and shuffled where a line is a record, the others packed, every file twice."""
    built = Warehouse(tmp_path_factory.mktemp("disorder"))
    inbox, dice = built.folder / "disorder" / "inbox", random.Random(7)
    contracts = load_contracts()
    cut = 0
    for file in scan(SAMPLES, contracts):
        source = SAMPLES / file.name
        if file.contract is None or not source.is_file():
            continue
        contract, content = contracts[file.contract], source.read_bytes()
        target = inbox / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if may_be_cut(contract, file.name, content):
            cut += 1
            for number, part in enumerate(rearranged(contract, content, dice)):
                folder = target.parent / f"part {number}"
                folder.mkdir(exist_ok=True)
                (folder / target.name).write_bytes(part)
        else:
            with zipfile.ZipFile(target.with_name(f"{target.name}.zip"), "w") as archive:
                archive.writestr(target.name, content)
            (target.parent / "again").mkdir(exist_ok=True)
            (target.parent / "again" / target.name).write_bytes(content)
    for archive in SAMPLES.rglob("*.[zZ][iI][pP]"):
        copy = inbox / archive.relative_to(SAMPLES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(archive.read_bytes())
    assert cut > 15
    held = [str(outcome.fault) for outcome in built.land("disorder") if outcome.fault]
    assert held == []
    words = ("path:seeds", "path:models/staging", "path:models/events")
    built.dbt("build", "--select", *words, "--exclude", "resource_type:test")
    return built


def test_shuffled_split_repeated_and_packed_deliveries_give_the_same_events(
    disordered: Warehouse, warehouse: Warehouse, rows: Rows
) -> None:
    tables = [
        name for (name,) in rows("select table_name from duckdb_tables() where schema_name = 'events' order by 1")
    ]
    assert len(tables) >= 9
    different: dict[str, object] = {}
    with duckdb.connect() as both:
        both.execute("set TimeZone = 'UTC'")
        for alias, built in (("tidy", warehouse), ("disorder", disordered)):
            both.execute(f"attach '{built.path}' as {alias} (read_only)")
        for table in tables:
            given = both.execute(f"select * from tidy.events.{table} limit 0").description or []
            columns = ", ".join(f'"{column[0]}"' for column in given if column[0] not in LINEAGE)
            one, other = (f"select {columns} from {alias}.events.{table}" for alias in ("tidy", "disorder"))
            found = both.execute(
                f"select count(*) from (({one} except all {other}) union all ({other} except all {one}))"
            ).fetchall()
            if found != [(0,)]:
                sample = f"select source, count(*) from ({one} except all {other}) group by all order by 1"
                different[table] = (found, both.execute(sample).fetchall() if "source" in columns else None)
    assert different == {}
