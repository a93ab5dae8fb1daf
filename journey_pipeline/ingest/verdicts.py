"""What the ledger says about deliveries: written by `land`, read back as outcomes.

Holds the statements on the ledger's tables that loading needs. Add here when an outcome must remember more.
Must not be here: reading files; the schema itself (`lake.py`); what the warehouse sees (`tables.py`).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import texts
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.inbox import InboxFile, export_time
from journey_pipeline.ingest.lake import FOREVER, STANDING_DELIVERIES, Lake, stored_time, time_text
from journey_pipeline.ingest.parsing import BadCell, HeldFileError, Parsed
from journey_pipeline.ingest.stage import Staged

UNMATCHED = ""
# Faults that say nothing of a file itself.
OF_THE_MACHINE = ("E_MEMORY", "E_PARSER_CRASH", "E_PARSER_TIMEOUT")


@dataclass(frozen=True)
class FileOutcome:
    """What became of one delivered path in this load. `records = accepted + quarantined + dropped + erased`."""

    file_id: str
    contract: str | None
    name: str
    outcome: Literal["loaded", "duplicate", "quarantined"]
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    dropped: int = 0
    is_new: bool = False
    warnings: tuple[str, ...] = ()
    fault: Fault | None = None
    erased: int = 0


def known_contents(lake: Lake, contract_id: str) -> dict[tuple[str, int, int, int], str]:
    """Content id by (path, size, mtime, ctime) of everything the contract was ever delivered."""
    with lake.ledger() as ledger:
        return {
            (row["path"], row["size"], row["mtime_ns"], row["ctime_ns"]): str(row["sha256"])
            for row in ledger.execute("select * from deliveries where contract = ?", (contract_id,))
        }


def judged_files(lake: Lake, contract: Contract | None) -> set[str]:
    """Content ids that this version of the contract has a verdict on, with the rows to show for it.

    A file that the machine could not parse is asked again: another memory limit may do.
    """
    contract_id, version = (contract.id, contract.version) if contract else (UNMATCHED, UNMATCHED)
    with lake.ledger() as ledger:
        verdicts = ledger.execute(
            "select sha256, outcome from files where contract = ? and contract_version = ? "
            f"and coalesce(json_extract(fault, '$.code'), '') not in ({texts(OF_THE_MACHINE)})",
            (contract_id, version),
        ).fetchall()
    return {
        str(row["sha256"])
        for row in verdicts
        if row["outcome"] == "quarantined" or lake.raw_path(contract_id, row["sha256"]).exists()
    }


def outdated(lake: Lake, contract: Contract) -> list[str]:
    """Content ids of loaded files that hold records set aside by another version of the contract."""
    with lake.ledger() as ledger:
        rows = ledger.execute(
            "select sha256 from files where contract = ? and contract_version <> ? and outcome = 'loaded' "
            "and quarantined > 0 order by sha256",
            (contract.id, contract.version),
        ).fetchall()
    return [str(row["sha256"]) for row in rows]


def write_judged_again(contract: Contract, sha256: str, parsed: Parsed, ledger: sqlite3.Connection) -> None:
    """Write down the new verdict on records that lay in the lake."""
    ledger.execute(
        "update files set contract_version = ?, accepted = ?, quarantined = ?, dropped = ?, columns = ? "
        "where contract = ? and sha256 = ?",
        (
            contract.version,
            parsed.accepted,
            parsed.quarantined,
            parsed.dropped,
            json.dumps(parsed.columns),
            contract.id,
            sha256,
        ),
    )
    _write_bad_cells(ledger, contract.id, sha256, parsed.bad_cells)


def write_loaded(
    contract: Contract,
    staged: Staged,
    parsed: Parsed,
    digest: str,
    loaded_at: datetime,
    list_number: int,
    ledger: sqlite3.Connection,
) -> None:
    """Write down an accepted file, and the SHA-256 of the Parquet file that keeps its rows.

    `list_number` is that of the suppression list it was held against.
    """
    earlier = ledger.execute(
        "select loaded_at from files where contract = ? and sha256 = ? and outcome = 'loaded'",
        (contract.id, staged.sha256),
    ).fetchall()
    ledger.execute(
        "insert or replace into files values (?, ?, ?, 'loaded', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
        (
            contract.id,
            staged.sha256,
            contract.version,
            # Bytes parsed again by a newer contract were known since they first came.
            earlier[0]["loaded_at"] if earlier else time_text(loaded_at),
            parsed.records,
            parsed.accepted,
            parsed.quarantined,
            parsed.dropped,
            json.dumps(parsed.columns),
            time_text(parsed.period_start),
            time_text(parsed.period_end),
            time_text(parsed.exported_at),
            parsed.encoding,
            parsed.delimiter,
            parsed.preamble,
            json.dumps(parsed.warnings),
        ),
    )
    _write_bad_cells(ledger, contract.id, staged.sha256, parsed.bad_cells)
    ledger.execute("delete from raw_files where contract = ? and sha256 = ?", (contract.id, staged.sha256))
    ledger.execute("insert into raw_files values (?, ?, ?)", (contract.id, staged.sha256, digest))
    ledger.execute(
        "insert or replace into redactions values (?, ?, ?, ?)",
        (contract.id, staged.sha256, parsed.erased, list_number),
    )


def write_held(
    contract_id: str,
    contract: Contract | None,
    sha256: str,
    loaded_at: datetime,
    fault: Fault,
    error: IngestError | None,
    ledger: sqlite3.Connection,
) -> None:
    """Write down a file that gives no row, with the cells that hold it when it was read."""
    held = error if isinstance(error, HeldFileError) else None
    # A held file gives no row: whatever is not a dropped row counts as quarantined.
    records, dropped = (held.records, held.dropped) if held else (0, 0)
    ledger.execute(
        "insert or replace into files values (?, ?, ?, 'quarantined', ?, ?, 0, ?, ?, '[]', "
        "null, null, null, null, null, null, '[]', ?)",
        (
            contract_id,
            sha256,
            contract.version if contract else UNMATCHED,
            time_text(loaded_at),
            records,
            records - dropped,
            dropped,
            json.dumps(fault.as_dict(), ensure_ascii=False),
        ),
    )
    _write_bad_cells(ledger, contract_id, sha256, held.bad_cells if held else [])


def _write_bad_cells(ledger: sqlite3.Connection, contract_id: str, sha256: str, cells: Iterable[BadCell]) -> None:
    ledger.execute("delete from bad_cells where contract = ? and sha256 = ?", (contract_id, sha256))
    ledger.executemany(
        "insert into bad_cells values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                contract_id,
                sha256,
                cell.record,
                cell.line,
                cell.column,
                cell.rule,
                cell.expected,
                cell.found_shape,
            )
            for cell in cells
        ],
    )


def record_deliveries(
    ledger: sqlite3.Connection,
    contract: Contract | None,
    contract_id: str,
    delivered: Iterable[tuple[InboxFile, str]],
    loaded_at: datetime,
) -> None:
    """Write down what the inbox holds now of this contract, and that all else is gone from it."""
    contents = {
        row["sha256"]: stored_time(row["exported_at"])
        for row in ledger.execute("select sha256, exported_at from files where contract = ?", (contract_id,))
    }
    ledger.execute("update deliveries set in_inbox = 0 where contract = ?", (contract_id,))
    holders = dict(
        ledger.execute(
            "select path, sha256 from placements where contract = ? group by path having number = max(number)",
            (contract_id,),
        ).fetchall()
    )
    ledger.executemany(
        "insert into placements (contract, path, sha256, placed_at) values (?, ?, ?, ?)",
        [
            (contract_id, file.name, sha256, time_text(loaded_at))
            for file, sha256 in delivered
            if holders.get(file.name) != sha256
        ],
    )
    ledger.executemany(
        "insert into deliveries values (?, ?, ?, ?, ?, ?, ?, ?, 1) "
        "on conflict (contract, path, sha256) do update set "
        "in_inbox = 1, exported_at = excluded.exported_at, size = excluded.size, "
        "mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns",
        [
            (
                contract_id,
                file.name,
                sha256,
                file.size,
                file.mtime_ns,
                file.ctime_ns,
                time_text(loaded_at),
                time_text(export_time(contract, file.name, contents.get(sha256))) if contract else None,
            )
            for file, sha256 in delivered
        ],
    )


def outcomes(
    ledger: sqlite3.Connection, contract_id: str, delivered: Sequence[tuple[InboxFile, str]], fresh: set[str]
) -> list[FileOutcome]:
    """What became of each delivery, given all deliveries so far."""
    verdicts = {
        row["sha256"]: row
        for row in ledger.execute(
            "select files.*, coalesce(erased, 0) as erased from files left join redactions "
            "on redactions.contract = files.contract and redactions.sha256 = files.sha256 where files.contract = ?",
            (contract_id,),
        )
    }
    first: dict[str, str] = {}
    for row in ledger.execute(
        f"select sha256, min(path) as path from ({STANDING_DELIVERIES}) where contract = :contract group by sha256",
        {"contract": contract_id, "until": FOREVER},
    ):
        first[row["sha256"]] = row["path"]
    return [_outcome(file, verdicts[sha256], first[sha256], sha256 in fresh) for file, sha256 in delivered]


def _outcome(file: InboxFile, verdict: sqlite3.Row, first_path: str, is_new: bool) -> FileOutcome:
    if verdict["outcome"] == "loaded" and file.name != first_path:
        return FileOutcome(verdict["sha256"], file.contract, file.name, "duplicate", is_new=is_new)
    # Equal bytes share a verdict, but each path is told its own name.
    fault = Fault(**{**json.loads(verdict["fault"]), "file": file.name}) if verdict["fault"] else None
    return FileOutcome(
        verdict["sha256"],
        file.contract,
        file.name,
        verdict["outcome"],
        verdict["records"],
        verdict["accepted"],
        verdict["quarantined"],
        verdict["dropped"],
        is_new,
        tuple(json.loads(verdict["warnings"])),
        fault,
        verdict["erased"],
    )
