"""The lake: where parsed files lie and the ledger that knows every delivery.

Holds paths, file modes and the SQLite ledger. Add here when the ledger must remember something new.
Must not be here: parsing, contracts' rules, DuckDB.

Ledger tables: `files` (one verdict per contract and content), `deliveries` (one row per path and content,
with whether the inbox still has it in that form), `placements` (each time a path came to hold another content),
`bad_cells` (cells that broke a rule, as shapes), `raw_files` (SHA-256 of the Parquet file of a content), `redactions`
(of each file: how many records of erased people it lost, and the suppression list it was last held against).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from journey_pipeline.fault_points import point
from journey_pipeline.ingest.faults import Fault

_SCHEMA = """
create table if not exists files (
    contract text not null, sha256 text not null, contract_version text not null, outcome text not null,
    loaded_at text not null, records integer not null, accepted integer not null,
    quarantined integer not null, dropped integer not null, columns text not null,
    period_start text, period_end text, exported_at text,
    encoding text, delimiter text, preamble text, warnings text not null, fault text,
    primary key (contract, sha256));
create table if not exists deliveries (
    contract text not null, path text not null, sha256 text not null, size integer not null,
    mtime_ns integer not null, ctime_ns integer not null, delivered_at text not null, exported_at text,
    in_inbox integer not null, primary key (contract, path, sha256));
create table if not exists placements (
    number integer primary key, contract text not null, path text not null, sha256 text not null,
    placed_at text not null);
create index if not exists placements_of_path on placements (contract, path, number);
create table if not exists bad_cells (
    contract text not null, sha256 text not null, record integer, line integer, column_name text,
    rule text not null, expected text, found_shape text);
create index if not exists bad_cells_of_file on bad_cells (contract, sha256);
create table if not exists raw_files (
    contract text not null, sha256 text not null, parquet_sha256 text not null,
    primary key (contract, sha256, parquet_sha256));
create table if not exists redactions (
    contract text not null, sha256 text not null, erased integer not null, list_number integer not null,
    primary key (contract, sha256));
"""

FOREVER = "9999"

# A file put in place of another of the same name and the same export time is its correction: the other counts no
# more, as if it had never come. Without that, only the hash would say which of two undated exports is meant.
# `:until` is a load time; a held file corrects nothing.
STANDING_DELIVERIES = """
    select deliveries.*
    from deliveries
    left join placements
        on placements.number = (
            select max(number) from placements as later
            where later.contract = deliveries.contract and later.path = deliveries.path and later.placed_at <= :until)
    left join deliveries as holder
        on holder.contract = placements.contract and holder.path = placements.path
        and holder.sha256 = placements.sha256
    left join files as held on held.contract = holder.contract and held.sha256 = holder.sha256
    where deliveries.delivered_at <= :until
        and not coalesce(
            holder.sha256 <> deliveries.sha256 and held.outcome = 'loaded'
            and holder.exported_at is deliveries.exported_at, 0)
"""


@dataclass(frozen=True)
class Lake:
    """The folder that is all the state: `raw/<contract>/<sha256>.parquet`, `quarantine/`, `ledger.sqlite`."""

    root: Path

    def prepare(self) -> None:
        """Create folders and ledger, private to the owner; clear what a killed load left. Safe to repeat."""
        for folder in (self.root, self.root / "raw", self.root / "quarantine", self.staging_path):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.ledger_path.exists():
            os.close(os.open(self.ledger_path, os.O_RDWR | os.O_CREAT, 0o600))
        with self.ledger() as ledger:
            ledger.executescript(_SCHEMA)
        for folder in self.staging_path.iterdir():
            if not _is_alive(folder.name.split("-")[0]):
                shutil.rmtree(folder, ignore_errors=True)
        point("lake_prepared")

    @property
    def ledger_path(self) -> Path:
        """The SQLite file."""
        return self.root / "ledger.sqlite"

    @property
    def staging_path(self) -> Path:
        """Where files are parsed; empty between loads."""
        return self.root / "staging"

    @property
    def suppression_path(self) -> Path:
        """Where the list of erased people lies: beside the lake, so that an old copy of the lake brings back nobody."""
        return self.root.parent / "suppression"

    def raw_path(self, contract: str, sha256: str) -> Path:
        """Where the accepted rows of a file lie."""
        return self.root / "raw" / contract / f"{sha256}.parquet"

    @contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the ledger."""
        connection = sqlite3.connect(self.ledger_path, timeout=60)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = on")
            with connection:
                yield connection
        finally:
            connection.close()

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A private scratch folder, removed afterwards whatever happens."""
        folder = self.staging_path / f"{os.getpid()}-{os.urandom(4).hex()}"
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def keep_raw(self, contract: str, sha256: str, parsed: Path) -> str:
        """Move a parsed file to its place, durably; returns the SHA-256 of what lies there now.

        Of a file that takes another's place the ledger knows it from here on; of a new one, its verdict tells it.
        """
        target = self.raw_path(contract, sha256)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        parsed.chmod(0o600)
        with parsed.open("rb") as content:
            os.fsync(content.fileno())
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        is_other = target.exists()
        if is_other:
            # Known before it takes the other's place: whoever dies between the two leaves one of two known files.
            with self.ledger() as ledger:
                ledger.execute("insert or ignore into raw_files values (?, ?, ?)", (contract, sha256, digest))
        point("raw_synced")
        parsed.replace(target)
        if is_other:
            with self.ledger() as ledger:
                ledger.execute(
                    "delete from raw_files where contract = ? and sha256 = ? and parquet_sha256 <> ?",
                    (contract, sha256, digest),
                )
        point("raw_kept")
        return digest

    def set_aside(self, sha256: str, content: Path | None, fault: Fault) -> None:
        """Keep the bytes of a held file whole, with the reason in words that hold no personal value."""
        folder = self.root / "quarantine" / sha256
        folder.mkdir(mode=0o700, exist_ok=True)
        if content is not None and content.exists():
            shutil.copyfile(content, folder / "bytes")
            (folder / "bytes").chmod(0o600)
        reason = folder / "reason.json"
        with os.fdopen(os.open(reason, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
            json.dump({**fault.as_dict(), "message": str(fault)}, out, ensure_ascii=False, indent=2)
        point("file_set_aside")


def _is_alive(process_id: str) -> bool:
    """Whether the process that named a scratch folder still runs; anything that is no process id does not."""
    if not process_id.isdigit():
        return False
    try:
        os.kill(int(process_id), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def known_at(lake: Lake) -> datetime | None:
    """The latest load time in the ledger, naive UTC; None when nothing was ever delivered."""
    if not lake.ledger_path.exists():
        return None
    with lake.ledger() as ledger:
        latest = ledger.execute(
            "select max(at) from (select delivered_at as at from deliveries union all select placed_at from placements)"
        ).fetchall()[0][0]
    return stored_time(latest)


def first_load(lake: Lake) -> datetime | None:
    """When the first file was loaded, naive UTC; None when none ever was."""
    if not lake.ledger_path.exists():
        return None
    with lake.ledger() as ledger:
        return stored_time(ledger.execute("select min(loaded_at) from files where outcome = 'loaded'").fetchall()[0][0])


def utc(moment: datetime) -> datetime:
    """The moment in UTC without a zone, as the warehouse keeps it; a naive moment is taken as UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def time_text(moment: datetime | None) -> str | None:
    """A moment as the ledger writes it: text that sorts as the times do."""
    return utc(moment).isoformat(sep=" ", timespec="microseconds") if moment else None


def stored_time(text: Any) -> datetime | None:
    """A moment as read from the ledger."""
    return datetime.fromisoformat(text) if text else None
