"""Erasing a person: from the lake, the inbox, the warehouse, the releases; with a proof, and so that nobody comes back.

Holds the order of the steps, each of which may be done twice. The list of suppressed people comes first: whatever dies
afterwards, no load brings the person back, and the same command goes on where it stopped. Add here when a home keeps
something else of a person. Must not be here: who the person is (`closure`), how a file is redacted (`ingest`) or read
(`scanning`), the rebuild (`running`).
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline import release
from journey_pipeline.ingest import Contract, Lake, Resources, engine, load_contracts, replay, suppress
from journey_pipeline.ingest.engine import parser
from journey_pipeline.ingest.suppression import CUT, Suppression, count
from journey_pipeline.privacy import requests, scanning
from journey_pipeline.privacy.closure import Identifier, Person, resolve
from journey_pipeline.privacy.requests import Request
from journey_pipeline.privacy.scanning import Needles
from journey_pipeline.settings import Settings

__all__ = ["Erasure", "Incomplete", "Plan", "erase", "pending", "plan"]

MASK = "[erased]"


class Incomplete(Exception):
    """The erasure cannot be proved yet; the text says what is left, and where, without a value."""


@dataclass(frozen=True)
class Plan:
    """What an erasure would do. Counts only: identifiers by kind, records by source object, files, releases."""

    kinds: Mapping[str, int]
    shared: Mapping[str, int]
    records: Mapping[str, Mapping[str, int]]
    inbox_files: int
    held_files: int
    releases: Sequence[str]


@dataclass(frozen=True)
class Erasure:
    """An erasure that is done."""

    request_id: str
    receipt: Path
    records: Mapping[str, int]
    releases: Sequence[str]


def pending(settings: Settings) -> Request | None:
    """The erasure of a home that was begun and has not ended, if any."""
    return requests.pending(Lake(settings.lake))


def plan(settings: Settings, asked: Sequence[Identifier]) -> Plan:
    """What `erase` would do; nothing is written but for scratch files of the lake. Raises Nobody."""
    contracts, lake = load_contracts(), Lake(settings.lake)
    person = resolve(settings, contracts, asked)
    needles = Needles.of(_request(person, datetime.now(UTC)).texts)
    records = count(lake, contracts, person.identifiers, person.others, _resources(settings))
    return Plan(
        person.kinds,
        person.shared,
        records,
        sum(1 for file in _inbox(settings) if scanning.places(file, needles)),
        sum(1 for file in _held(lake) if scanning.places(file, needles)),
        [name for name, folder in _releases(settings) if _is_in(folder, needles)],
    )


def erase(
    settings: Settings,
    asked: Sequence[Identifier],
    rebuild: Callable[[], str],
    now: Callable[[], datetime],
    fault: Callable[[str], None] = lambda _: None,
) -> Erasure:
    """Erase the person, or go on with the erasure that was begun; `asked` is then not asked again.

    Args:
        settings: the home; hold its lock.
        asked: identifiers of the person, kind and value.
        rebuild: runs everything anew and publishes; returns the id of the release. Raises when nothing was published.
        now: the clock, with a time zone.
        fault: called with the name of each step that is done; a test may raise or kill here.

    Raises:
        Nobody: no person can be named by what was asked.
        Incomplete: something still holds the person; run the command again when it is put right.
    """
    contracts, lake = load_contracts(), Lake(settings.lake)
    lake.prepare()
    request = requests.pending(lake)
    if request is None:
        request = _request(resolve(settings, contracts, asked), now())
        request.counts["records"] = {
            name: {**found}
            for name, found in count(
                lake, contracts, _pairs(request.identifiers), _pairs(request.others), _resources(settings)
            ).items()
        }
        requests.keep(lake, request)
    fault("pending")
    listed = suppress(lake, _pairs(request.identifiers), _pairs(request.others))
    fault("suppressed")
    needles = Needles.of(request.texts)
    replay(lake, contracts, _resources(settings))
    fault("redacted")
    _mask(lake, needles, request)
    _forget_identity(lake, request)
    _drop_held(lake, needles, request)
    fault("cleaned")
    for path in (settings.warehouse, settings.warehouse.with_name(settings.warehouse.name + ".wal")):
        path.unlink(missing_ok=True)
    shutil.rmtree(settings.home / "work", ignore_errors=True)
    fault("unbuilt")
    made = rebuild()
    fault("rebuilt")
    _drop_inbox(settings, lake, needles, request)
    removed = _drop_releases(settings, needles, listed)
    request.counts["releases"] = sorted({*request.counts.get("releases", []), *removed})
    requests.keep(lake, request)
    fault("removed")
    _vacuum(lake)
    left = _left(settings, lake, contracts, needles)
    if left:
        raise Incomplete("still there: " + "; ".join(left))
    receipt = requests.write_receipt(settings.home, lake, _receipt(settings, request, listed, made, now()))
    fault("proved")
    requests.close(lake)
    records = {name: sum(found.values()) for name, found in request.counts["records"].items()}
    return Erasure(request.request_id, receipt, records, request.counts["releases"])


def _request(person: Person, at: datetime) -> Request:
    return Request(
        requests.new_id(at),
        at.astimezone(UTC).isoformat(timespec="seconds"),
        [list(one) for one in person.identifiers],
        [list(one) for one in person.others],
        list(person.pseudonyms),
        person.kinds,
        dict(person.shared),
    )


def _pairs(found: Sequence[Sequence[str]]) -> list[Identifier]:
    return [(kind, value) for kind, value in found]


def _resources(settings: Settings) -> Resources:
    return Resources(settings.threads, settings.memory_limit)


def _inbox(settings: Settings) -> list[Path]:
    return list(scanning.files_below(settings.inbox_folder)) if settings.inbox_folder.is_dir() else []


def _held(lake: Lake) -> list[Path]:
    return [file for file in scanning.files_below(lake.root / "quarantine") if file.name == "bytes"]


def _releases(settings: Settings) -> list[tuple[str, Path]]:
    return [(one.release_id, one.folder) for one in release.list_releases(settings.home)]


def _is_in(folder: Path, needles: Needles) -> bool:
    return any(scanning.places(file, needles) for file in scanning.files_below(folder))


def _mask(lake: Lake, needles: Needles, request: Request) -> None:
    """Take the person's texts out of what other records say, in any column: a comment that quotes an address."""
    masked = request.counts.setdefault("masked_columns", 0)
    for file in sorted((lake.root / "raw").rglob("*.parquet")):
        columns = scanning.places(file, needles)
        if not columns:
            continue
        masked += len(columns)
        pattern = engine.text(f"(?i){needles.pattern}")
        cells = ", ".join(
            # Twice, for what stands between two of them belongs to the first.
            f"regexp_replace(regexp_replace({engine.name(name)}, {pattern}, '\\1{MASK}\\2', 'g'), {pattern}, "
            f"'\\1{MASK}\\2', 'g') as {engine.name(name)}"
            for name in columns
        )
        with lake.staging() as folder, parser(lake.root.absolute()) as connection:
            target = (folder / "records.parquet").absolute()
            connection.execute(
                f"copy (select * replace ({cells}) from read_parquet({engine.file(file.absolute())})) "
                f"to {engine.text(str(target))} (format parquet, compression zstd, compression_level 1)"
            )
            lake.keep_raw(file.parent.name, file.stem, target)
    request.counts["masked_columns"] = masked


def _forget_identity(lake: Lake, request: Request) -> None:
    """Take the person out of what earlier builds left; who shared an identifier keeps it, without a past."""
    gone = request.pseudonyms
    named = [text for text in request.texts if text.startswith("cus_")]
    statements = {
        "identifiers": "select * replace (if(list_contains($named::varchar[], customer_id), null, customer_id) "
        "as customer_id) from {file} where not list_contains($gone::varchar[], identifier_hash)",
        "changes": "select * from {file} where not list_contains($named::varchar[], from_customer_id) "
        "and not list_contains($named::varchar[], to_customer_id)",
    }
    for kind, sql in statements.items():
        for file in sorted((lake.root / "identity" / kind).glob("*.parquet")):
            partial = file.with_suffix(".part")
            values = {"gone": gone, "named": named} if kind == "identifiers" else {"named": named}
            query = sql.format(file=f"read_parquet({engine.file(file)})")
            with duckdb.connect() as connection:
                connection.execute(
                    f"copy ({query}) to {engine.text(str(partial))} (format parquet, compression zstd)", values
                )
            partial.chmod(0o600)
            partial.replace(file)


def _drop_held(lake: Lake, needles: Needles, request: Request) -> None:
    """Delete the bytes of held files that name the person; their reasons stay."""
    for file in _held(lake):
        if scanning.places(file, needles):
            file.unlink()
            request.counts["held_files"] = request.counts.get("held_files", 0) + 1


def _drop_inbox(settings: Settings, lake: Lake, needles: Needles, request: Request) -> None:
    """Delete delivered files that name the person: what is not theirs is in the lake."""
    with lake.ledger() as ledger:
        known = {str(row["path"]) for row in ledger.execute("select distinct path from deliveries")}
    for file in _inbox(settings):
        name = file.relative_to(settings.inbox_folder).as_posix()
        is_known = name in known or any(path.startswith(f"{name}/") for path in known)
        if is_known and scanning.places(file, needles):
            file.unlink()
            request.counts["inbox_files"] = request.counts.get("inbox_files", 0) + 1


def _drop_releases(settings: Settings, needles: Needles, listed: Suppression) -> list[str]:
    """Delete the releases that hold the person; the others are noted as such, for one that is not may not be served."""
    held = [name for name, folder in _releases(settings) if _is_in(folder, needles)]
    served = release.current(settings.home)
    if served is not None and served.release_id in held:
        raise Incomplete(f"the published release {served.release_id} still holds the person; it was not replaced")
    release.remove(settings.home, held)
    release.clear(settings.home, [name for name, _ in _releases(settings)], listed.number)
    return held


def _vacuum(lake: Lake) -> None:
    """What SQLite deleted leaves its file."""
    with closing(sqlite3.connect(lake.ledger_path, timeout=60, isolation_level=None)) as ledger:
        ledger.execute("pragma wal_checkpoint(truncate)")
        ledger.execute("vacuum")


def _left(settings: Settings, lake: Lake, contracts: Mapping[str, Contract], needles: Needles) -> list[str]:
    """Where the person still is: file and column. The lake is also asked by kind, for what is too short to look for."""
    out = [settings.home / "truth", lake.suppression_path]
    found = []
    for file in [*scanning.files_below(settings.home, out), *_inbox_elsewhere(settings)]:
        where = scanning.places(file, needles)
        if where:
            found.append(f"{_shown(file, settings)}: {', '.join(where[:5])}")
    again = replay(lake, contracts, _resources(settings), everything=True)
    return found + [f"{name}: {records} records" for name, records in again.items()]


def _inbox_elsewhere(settings: Settings) -> list[Path]:
    return [] if settings.inbox_folder.is_relative_to(settings.home) else _inbox(settings)


def _shown(file: Path, settings: Settings) -> str:
    """A file's place in the home; of one in the inbox only the folder, for its name may tell who it is about."""
    if file.is_relative_to(settings.inbox_folder):
        return f"inbox/{file.relative_to(settings.inbox_folder).parts[0]}"
    return file.relative_to(settings.home).as_posix()


def _receipt(settings: Settings, request: Request, listed: Suppression, made: str, at: datetime) -> dict[str, Any]:
    records = request.counts["records"]
    manifest = release.read_manifest(settings.home, made)
    return {
        "request_id": request.request_id,
        "requested_at": request.requested_at,
        "finished_at": at.astimezone(UTC).isoformat(timespec="seconds"),
        "identifiers": request.kinds,
        "shared_identifiers_kept": request.shared,
        "records_erased": {name: sum(n for v, n in one.items() if v != CUT) for name, one in records.items()},
        "records_of_others_cut": {name: one[CUT] for name, one in records.items() if CUT in one},
        "columns_masked": request.counts.get("masked_columns", 0),
        "inbox_files_deleted": request.counts.get("inbox_files", 0),
        "held_files_deleted": request.counts.get("held_files", 0),
        "releases_deleted": request.counts.get("releases", []),
        "suppression_list": {"number": listed.number, "hashes": len(listed.hashes)},
        "release": {"id": made, "files": {name: one["sha256"] for name, one in manifest["files"].items()}},
        "scan": {"findings": 0},
    }
