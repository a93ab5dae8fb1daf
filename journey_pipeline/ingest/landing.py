"""Takes delivered files into the lake, once each.

Holds `land`. Add here when a delivery has a new consequence.
Must not be here: parsing rules, the SQL of ledger or warehouse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.inbox import InboxFile
from journey_pipeline.ingest.isolation import isolated
from journey_pipeline.ingest.lake import Lake
from journey_pipeline.ingest.parsing import Parsed
from journey_pipeline.ingest.stage import Staged, stage
from journey_pipeline.ingest.verdicts import (
    UNMATCHED,
    FileOutcome,
    judged_files,
    known_contents,
    outcomes,
    record_deliveries,
    write_held,
    write_loaded,
)


def land(
    contract: Contract | None,
    files: Sequence[InboxFile],
    lake: Lake,
    loaded_at: datetime,
    resources: Resources = Resources(),  # noqa: B008 - frozen
) -> list[FileOutcome]:
    """Take the files of one contract into the lake; `None` stands for the files that fit no contract.

    `files` is the whole result of `scan` or the contract's part of it: deliveries of the contract that are
    not among them are marked as gone from the inbox. A file that this version of the contract has parsed
    costs one stat; new bytes cost one parse. Nothing is raised for a bad file, its outcome says so.
    """
    lake.prepare()
    contract_id = contract.id if contract else UNMATCHED
    mine = [file for file in files if (file.contract or UNMATCHED) == contract_id]
    known = known_contents(lake, contract_id)
    judged = judged_files(lake, contract)
    delivered: list[tuple[InboxFile, str]] = []
    fresh: set[str] = set()
    parse = partial(isolated(resources).parse, lake.staging_path.absolute())
    for file in mine:
        sha256 = known.get((file.name, file.size, file.mtime_ns, file.ctime_ns))
        if sha256 is None or sha256 not in judged:
            sha256 = _take(contract, file, lake, loaded_at, parse, judged)
            fresh |= {sha256} - judged
            judged.add(sha256)
        delivered.append((file, sha256))
    with lake.ledger() as ledger:
        record_deliveries(ledger, contract, contract_id, delivered, loaded_at)
        return outcomes(ledger, contract_id, delivered, fresh)


def _take(
    contract: Contract | None,
    file: InboxFile,
    lake: Lake,
    loaded_at: datetime,
    parse: Callable[[Contract, Staged, str, Path, Path], Parsed],
    judged: set[str],
) -> str:
    """Content id of a delivered file, judged now unless these bytes were judged before."""
    with lake.staging() as folder:
        try:
            staged = stage(file.path, folder, file.members)
        except IngestError as error:
            return _refuse(contract, file, lake, loaded_at, file.fault or error.fault, None)
        if contract is None or file.fault is not None:
            fault = file.fault or Fault("E_UNKNOWN_FILE", "remove the file")
            return _refuse(contract, file, lake, loaded_at, fault, staged)
        if staged.sha256 in judged:
            return staged.sha256
        target = folder / "accepted.parquet"
        try:
            parsed = parse(contract, staged, file.name, folder, target)
        except IngestError as error:
            fault = error.fault.within(contract=contract.id, file=file.name, sha256=staged.sha256)
            lake.set_aside(staged.sha256, staged.path, fault)
            with lake.ledger() as ledger:
                write_held(ledger, contract.id, contract, staged.sha256, loaded_at, fault, error)
            return staged.sha256
        lake.keep_raw(contract.id, staged.sha256, target)
        with lake.ledger() as ledger:
            write_loaded(ledger, contract, staged, parsed, loaded_at)
        return staged.sha256


def _refuse(
    contract: Contract | None,
    file: InboxFile,
    lake: Lake,
    loaded_at: datetime,
    fault: Fault,
    staged: Staged | None,
) -> str:
    """Write down a file that is not read at all; without bytes its id is made from its path."""
    sha256 = staged.sha256 if staged else hashlib.sha256(f"path:{file.name}".encode()).hexdigest()
    complete = fault.within(contract=file.contract, file=file.name, sha256=staged.sha256 if staged else None)
    lake.set_aside(sha256, staged.path if staged else None, complete)
    with lake.ledger() as ledger:
        write_held(ledger, file.contract or UNMATCHED, contract, sha256, loaded_at, complete, None)
    return sha256
