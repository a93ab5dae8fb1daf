"""Holds files against their contracts without loading anything.

Holds `check`, for `journey check`. Add here when a check without a lake must say more.
Must not be here: the ledger; parsing rules.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from journey_pipeline.ingest.archives import is_archive, members
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.inbox import contract_of, is_companion, unknown_file
from journey_pipeline.ingest.isolation import isolated
from journey_pipeline.ingest.parsing import BadCell, HeldFileError
from journey_pipeline.ingest.stage import stage


@dataclass(frozen=True)
class CheckResult:
    """What `land` would do with one file, found out without loading it."""

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


def check(
    paths: Sequence[Path], contracts: Mapping[str, Contract], contract_id: str | None = None
) -> list[CheckResult]:
    """Hold files, or all files below folders, against their contracts and load nothing.

    The contract is found by the path's tail, so a file need not lie in an inbox; `contract_id` overrides.
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
        """A file, or every file of a folder that is not hidden."""
        files = sorted(item for item in path.rglob("*") if not item.is_dir()) if path.is_dir() else [path]
        for file in files:
            if file == path or not any(part.startswith(".") for part in file.relative_to(path).parts):
                yield from self.delivered(file)

    def delivered(self, path: Path) -> list[CheckResult]:
        """One file, or all files of an archive but for those that hold nothing of their own."""
        if not is_archive(path.name):
            return [self.checked(path, path, ())]
        try:
            inside = [(path.joinpath(*names), names) for names, _ in members(path)]
        except IngestError as error:
            return [CheckResult(path, None, False, fault=error.fault.within(file=path.name))]
        return [
            self.checked(path, shown, names)
            for shown, names in inside
            if self.contract(shown) or not is_companion(shown, self.contracts)
        ]

    def contract(self, path: Path) -> Contract | None:
        return self.chosen or contract_of(path, self.contracts)

    def checked(self, source: Path, path: Path, names: tuple[str, ...]) -> CheckResult:
        """The verdict on one file, or on the member of `source` that `names` lead to."""
        contract = self.contract(path)
        if contract is None:
            return CheckResult(path, None, False, fault=unknown_file(self.contracts, []).within(file=path.name))
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            folder = Path(scratch)
            try:
                staged = stage(source, folder, names)
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
        )
