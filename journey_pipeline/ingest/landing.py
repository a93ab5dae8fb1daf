"""Takes delivered files into the lake, once each.

Holds `land`. Add here when a delivery has a new consequence.
Must not be here: parsing rules, the SQL of ledger or warehouse.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from queue import SimpleQueue

from journey_pipeline.fault_points import point
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources, parser
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.inbox import InboxFile
from journey_pipeline.ingest.intact import RawFile
from journey_pipeline.ingest.isolation import Isolated, isolated
from journey_pipeline.ingest.lake import Lake
from journey_pipeline.ingest.parsing import ACCEPTED, DROPPED, QUARANTINED, Parsed, judge_again
from journey_pipeline.ingest.stage import Staged, stage
from journey_pipeline.ingest.suppression import CUT, Suppression, suppression
from journey_pipeline.ingest.verdicts import (
    UNMATCHED,
    FileOutcome,
    judged_files,
    known_contents,
    outcomes,
    outdated,
    record_deliveries,
    write_held,
    write_judged_again,
    write_loaded,
)

# Below this many files a second parser costs more to start than it saves; above this size one needs all the memory.
MANY_FILES = 50
SMALL_FILE_BYTES = 16 * 1024 * 1024
# A verdict is a transaction with a sync to disk. What a killed load had not written down is read again.
LEDGER_BATCH = 200


def land(
    contract: Contract | None,
    files: Sequence[InboxFile],
    lake: Lake,
    loaded_at: datetime,
    resources: Resources = Resources(),  # noqa: B008 - frozen
    damaged: Collection[RawFile] = (),
) -> list[FileOutcome]:
    """Take the files of one contract into the lake; `None` stands for the files that fit no contract.

    `files` is the whole result of `scan` or the contract's part of it: deliveries of the contract that are
    not among them are marked as gone from the inbox. A file that this version of the contract has parsed
    costs one stat; new bytes cost one parse. Nothing is raised for a bad file, its outcome says so. What the lake
    holds `damaged` is parsed again where the inbox still has it.
    """
    lake.prepare()
    contract_id = contract.id if contract else UNMATCHED
    mine = [file for file in files if (file.contract or UNMATCHED) == contract_id]
    known = known_contents(lake, contract_id)
    if not mine and not known:
        return []
    judged = judged_files(lake, contract) - {one.sha256 for one in damaged if one.contract == contract_id}
    contents = {file: known.get((file.name, file.size, file.mtime_ns, file.ctime_ns)) for file in mine}
    unread = [file for file in mine if contents[file] not in judged]
    landing = _Landing(contract, lake, loaded_at, frozenset(judged), suppression(lake))
    for batch in _batches(landing.read_all(unread, resources)):
        with lake.ledger() as ledger:
            for file, verdict in batch:
                contents[file] = verdict.sha256
                verdict.write(ledger)
        point("verdicts_written")
    delivered = [(file, sha256) for file, sha256 in contents.items() if sha256 is not None]
    if contract is not None:
        unreadable = {one.sha256 for one in damaged if one.contract == contract_id}
        _judge_again(contract, lake, unreadable | {sha256 for _, sha256 in delivered})
    with lake.ledger() as ledger:
        record_deliveries(ledger, contract, contract_id, delivered, loaded_at)
        found = outcomes(ledger, contract_id, delivered, {sha256 for _, sha256 in delivered} - judged)
    point("deliveries_recorded")
    return found


def _batches(
    verdicts: Iterator[tuple[InboxFile, _Verdict]],
) -> Iterator[list[tuple[InboxFile, _Verdict]]]:
    while batch := list(islice(verdicts, LEDGER_BATCH)):
        yield batch


@dataclass(frozen=True)
class _Verdict:
    """What was found of one file: its content id, and how to write that down."""

    sha256: str
    write: Callable[[sqlite3.Connection], None]


@dataclass(frozen=True)
class _Landing:
    contract: Contract | None
    lake: Lake
    loaded_at: datetime
    judged: frozenset[str]
    listed: Suppression | None

    def read_all(self, files: Sequence[InboxFile], resources: Resources) -> Iterator[tuple[InboxFile, _Verdict]]:
        """Each file with its verdict. Many small files are read two at a time, for there are two cores."""
        if len(files) < MANY_FILES or max(file.size for file in files) > SMALL_FILE_BYTES:
            for file in files:
                yield file, self.read(file, isolated(resources))
            return
        lanes: SimpleQueue[Isolated] = SimpleQueue()
        for lane in range(2):
            lanes.put(isolated(resources, lane))

        def read(file: InboxFile) -> _Verdict:
            lane = lanes.get()
            try:
                return self.read(file, lane)
            finally:
                lanes.put(lane)

        with ThreadPoolExecutor(2) as pool:
            yield from zip(files, pool.map(read, files), strict=True)

    def read(self, file: InboxFile, parser: Isolated) -> _Verdict:
        """The verdict on one file; bytes that were judged before keep theirs."""
        with self.lake.staging() as folder:
            try:
                staged = stage(file.path, folder, file.members)
            except IngestError as error:
                return self.refused(file, file.fault or error.fault, None)
            point("file_staged")
            if self.contract is None or file.fault is not None:
                return self.refused(file, file.fault or Fault("E_UNKNOWN_FILE", "remove the file"), staged)
            if staged.sha256 in self.judged:
                return _Verdict(staged.sha256, lambda _: None)
            target = folder / "records.parquet"
            try:
                root = self.lake.staging_path.absolute()
                parsed = parser.parse(root, self.contract, staged, file.name, folder, target)
            except IngestError as error:
                return self.held(self.contract, file, staged, error)
            point("file_parsed")
            parsed, target, number = self.without_erased(self.contract, parsed, target)
            digest = self.lake.keep_raw(self.contract.id, staged.sha256, target)
            write = partial(write_loaded, self.contract, staged, parsed, digest, self.loaded_at, number)
            return _Verdict(staged.sha256, write)

    def without_erased(self, contract: Contract, parsed: Parsed, target: Path) -> tuple[Parsed, Path, int]:
        """The file before it is kept, without the records of people who were erased."""
        if self.listed is None:
            return parsed, target, 0
        clean = target.with_suffix(".redacted")
        with self.listed.engine(self.lake, Resources()) as connection:
            gone = self.listed.redact(connection, contract, target.absolute(), clean.absolute())
        if not gone:
            return parsed, target, self.listed.number
        left = replace(
            parsed,
            accepted=parsed.accepted - gone.get(ACCEPTED, 0),
            quarantined=parsed.quarantined - gone.get(QUARANTINED, 0),
            dropped=parsed.dropped - gone.get(DROPPED, 0),
            erased=sum(count for verdict, count in gone.items() if verdict != CUT),
        )
        return left, clean, self.listed.number

    def held(self, contract: Contract, file: InboxFile, staged: Staged, error: IngestError) -> _Verdict:
        """A file that was read and gives no row."""
        fault = error.fault.within(contract=contract.id, file=file.name, sha256=staged.sha256)
        self.lake.set_aside(staged.sha256, staged.path, fault)
        write = partial(write_held, contract.id, contract, staged.sha256, self.loaded_at, fault, error)
        return _Verdict(staged.sha256, write)

    def refused(self, file: InboxFile, fault: Fault, staged: Staged | None) -> _Verdict:
        """A file that is not read at all; without bytes its id is made from its path."""
        sha256 = staged.sha256 if staged else hashlib.sha256(f"path:{file.name}".encode()).hexdigest()
        complete = fault.within(contract=file.contract, file=file.name, sha256=staged.sha256 if staged else None)
        self.lake.set_aside(sha256, staged.path if staged else None, complete)
        contract_id = file.contract or UNMATCHED
        return _Verdict(sha256, partial(write_held, contract_id, self.contract, sha256, self.loaded_at, complete, None))


def _judge_again(contract: Contract, lake: Lake, delivered: set[str]) -> None:
    """Hold the quarantined records of files that left the inbox against the contract as it is now."""
    for sha256 in outdated(lake, contract):
        if sha256 in delivered:
            continue
        with lake.staging() as folder, parser(lake.root.absolute()) as connection:
            kept, target = lake.raw_path(contract.id, sha256), folder / "records.parquet"
            try:
                parsed = judge_again(contract, kept.absolute(), target.absolute(), connection)
            except IngestError:
                # Still too much of it is wrong: what was accepted stays, and the next version may try.
                continue
            lake.keep_raw(contract.id, sha256, target)
        with lake.ledger() as ledger:
            write_judged_again(contract, sha256, parsed, ledger)
