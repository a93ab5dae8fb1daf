"""Holds files against their contracts without loading anything.

Holds `check`, for `journey check`. Add here when a check without a lake must say more.
Must not be here: the ledger; parsing rules.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.inbox import (
    InboxFile,
    closest,
    is_unfinished,
    matched,
    name_in_inbox,
    unknown_file,
    unpacked,
    walk,
)
from journey_pipeline.ingest.isolation import isolated
from journey_pipeline.ingest.parsing import BadCell, HeldFileError
from journey_pipeline.ingest.stage import stage


@dataclass(frozen=True)
class CheckResult:
    """What `land` would do with one file, found out without loading it.

    `is_skipped` marks an unfinished file; `belongs` is the folder of the inbox for a file that lies in none.
    """

    path: Path
    contract: str | None
    is_accepted: bool
    records: int = 0
    accepted: int = 0
    quarantined: int = 0
    dropped: int = 0
    warnings: tuple[str, ...] = ()
    fault: Fault | None = None
    bad_cells: tuple[BadCell, ...] = ()
    is_skipped: bool = False
    belongs: str | None = None


def check(
    paths: Sequence[Path], contracts: Mapping[str, Contract], contract_id: str | None = None
) -> list[CheckResult]:
    """Hold files, or all files below folders, against their contracts and load nothing.

    A file that lies in no inbox is known by its name alone; `contract_id` overrides.
    Raises KeyError for a contract id that does not exist.
    """
    chosen = contracts[contract_id] if contract_id else None
    with tempfile.TemporaryDirectory(prefix="journey-check-") as scratch:
        checker = _Checker(contracts, chosen, Path(scratch))
        return [result for path in paths for result in checker.below(path)]


@dataclass(frozen=True)
class _Checker:
    contracts: Mapping[str, Contract]
    chosen: Contract | None
    folder: Path

    def below(self, path: Path) -> Iterator[CheckResult]:
        """A file, or every file of a folder that a run would take."""
        if not os.path.lexists(path):
            nothing = Fault("E_PATH", "check the path", "a file or a folder", "no such file or folder")
            yield CheckResult(path, None, False, fault=nothing.within(file=path.name))
        elif not path.is_dir():
            yield from self.delivered(path)
        else:
            is_inbox = name_in_inbox(path / "any", self.contracts) in (None, "any")
            for file in walk(path, is_inbox=is_inbox):
                yield from self.delivered(file)

    def delivered(self, path: Path) -> list[CheckResult]:
        """One file, or all files of an archive but for those that hold nothing of their own."""
        if is_unfinished(path):
            return [CheckResult(path, None, False, is_skipped=True)]
        name = name_in_inbox(path, self.contracts)
        return [
            self.checked(file, is_known=name is not None)
            for each in unpacked(path, name or path.name)
            for file in self.matched(each, is_known=name is not None)
        ]

    def matched(self, file: InboxFile, *, is_known: bool) -> list[InboxFile]:
        """The file with its contract; what lies in no inbox is told by its name alone."""
        if is_known and self.chosen is None:
            return matched(file, self.contracts)
        contract = self.chosen or closest(file.name.rsplit("/", 1)[-1], self.contracts)
        if file.fault is not None or contract is not None:
            return [replace(file, contract=contract.id if contract else None)]
        return [replace(file, fault=unknown_file(self.contracts, []).within(file=file.name))]

    def checked(self, file: InboxFile, *, is_known: bool) -> CheckResult:
        """The verdict on one file, or on a member of an archive."""
        path = file.path.joinpath(*file.members)
        if file.fault is not None:
            return CheckResult(path, file.contract, False, fault=file.fault)
        contract = self.chosen or self.contracts[file.contract or ""]
        belongs = None if is_known else sorted({glob.split("/")[0] for glob in contract.ingest.glob})[0]
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            folder = Path(scratch)
            try:
                staged = stage(file.path, folder, file.members)
                parsed = isolated(Resources()).parse(
                    self.folder, contract, staged, path.name, folder, folder / "accepted.parquet"
                )
            except IngestError as error:
                held = error if isinstance(error, HeldFileError) else None
                return CheckResult(
                    path,
                    contract.id,
                    False,
                    records=held.records if held else 0,
                    quarantined=held.quarantined if held else 0,
                    dropped=held.dropped if held else 0,
                    fault=error.fault.within(contract=contract.id, file=path.name),
                    bad_cells=tuple(held.bad_cells) if held else (),
                )
        return CheckResult(
            path,
            contract.id,
            True,
            parsed.records,
            parsed.accepted,
            parsed.quarantined,
            parsed.dropped,
            tuple(parsed.warnings),
            bad_cells=tuple(parsed.bad_cells),
            belongs=belongs,
        )
