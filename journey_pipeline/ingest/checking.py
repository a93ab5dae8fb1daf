"""Holds files against their contracts without loading anything.

Holds `check`, for `journey check`. Add here when a check without a lake must say more.
Must not be here: the ledger; parsing rules.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import parser
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.inbox import contract_of, unknown_file
from journey_pipeline.ingest.parsing import BadCell, HeldFileError, parse
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
    results = []
    for path in paths:
        below = sorted(item for item in path.rglob("*") if not item.is_dir()) if path.is_dir() else [path]
        for item in below:
            if item == path or not any(part.startswith(".") for part in item.relative_to(path).parts):
                results.append(_checked(item, chosen or contract_of(item, contracts), contracts))
    return results


def _checked(path: Path, contract: Contract | None, contracts: Mapping[str, Contract]) -> CheckResult:
    if contract is None:
        return CheckResult(path, None, False, fault=unknown_file(contracts, []).within(file=path.name))
    with tempfile.TemporaryDirectory(prefix="journey-check-") as scratch:
        folder = Path(scratch)
        try:
            staged = stage(path, folder)
            with ExitStack() as stack:
                connect = cache(lambda: stack.enter_context(parser(folder)))
                parsed = parse(contract, staged, path.name, folder, folder / "accepted.parquet", connect)
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
