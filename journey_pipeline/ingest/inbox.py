"""What lies in the inbox and which contract each file belongs to.

Holds the walk and the glob matching. Add here when files must be recognised in a new way.
Must not be here: opening a file; anything that knows the lake.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path, PurePosixPath

from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.faults import Fault


@dataclass(frozen=True)
class InboxFile:
    """One delivered path. `name` is relative to the inbox; `fault` is set when the file cannot be taken."""

    path: Path
    name: str
    contract: str | None
    size: int
    mtime_ns: int
    ctime_ns: int
    fault: Fault | None = None


def scan(inbox: Path, contracts: Mapping[str, Contract]) -> list[InboxFile]:
    """All files of the inbox, sorted by name, each with its contract or the fault of having none.

    Left out: hidden files and folders, `*.tmp`, `*.part`, and a README at the top.
    """
    found = [_delivered(path, _printable(path.relative_to(inbox)), contracts) for path in _walk(inbox)]
    return sorted(found, key=lambda file: file.name)


def _walk(inbox: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(inbox, followlinks=False):
        here = Path(folder)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in links)
        for name in sorted([*names, *links]):
            at_top = here == inbox and name.upper().startswith("README")
            if not (name.startswith(".") or name.endswith((".tmp", ".part")) or at_top):
                yield here / name


def _printable(path: Path) -> str:
    """The path as text that any store takes; bytes that are not UTF-8 are spelled out."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _delivered(path: Path, name: str, contracts: Mapping[str, Contract]) -> InboxFile:
    status = path.lstat()
    matching = [contract.id for contract in contracts.values() if matches(contract, name)]
    fault = None
    if not stat.S_ISREG(status.st_mode):
        fault = Fault(
            "E_PATH", "put the file itself into the inbox, not a link to it", "a regular file", "another kind"
        )
    elif len(matching) != 1:
        fault = unknown_file(contracts, matching)
    return InboxFile(
        path,
        name,
        matching[0] if len(matching) == 1 else None,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
        fault.within(file=name, contract=matching[0] if len(matching) == 1 else None) if fault else None,
    )


def unknown_file(contracts: Mapping[str, Contract], matching: list[str]) -> Fault:
    """The fault of a file that fits no contract, or more than one."""
    known = "; ".join(pattern for contract in contracts.values() for pattern in contract.ingest.glob)
    found = f"a name that fits {' and '.join(matching)}" if matching else "a name that fits none"
    return Fault("E_UNKNOWN_FILE", "rename or remove the file, or add a contract for it", f"one of: {known}", found)


def matches(contract: Contract, name: str) -> bool:
    """Whether a path relative to the inbox fits a glob; `**` spans folders, case is ignored."""
    return any(_pattern(glob).fullmatch(name) is not None for glob in contract.ingest.glob)


def contract_of(path: Path, contracts: Mapping[str, Contract]) -> Contract | None:
    """The one contract whose glob fits a tail of the path, else whose last glob part fits the name."""
    parts = path.absolute().parts[1:]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        fitting = [contract for contract in contracts.values() if matches(contract, tail)]
        if len(fitting) == 1:
            return fitting[0]
    named = [
        contract
        for contract in contracts.values()
        if any(_pattern(PurePosixPath(glob).name).fullmatch(path.name) for glob in contract.ingest.glob)
    ]
    return named[0] if len(named) == 1 else None


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    parts = []
    for part in re.split(r"(\*\*/|\*|\?)", glob):
        parts.append({"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part)))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def export_time(contract: Contract, name: str, content: datetime | None) -> datetime | None:
    """When a file was exported, naive UTC: what its path declares, but never before its latest content.

    A path may name the period instead of the export (`Campaign report 2026-11-01.csv`). A snapshot is taken
    at its word, for it may hold a date that somebody typed years ahead.
    """
    pattern = contract.ingest.delivery.exported_at.path_pattern
    found = [_declared(match) for match in re.finditer(pattern, name)] if pattern else []
    declared = max((moment for moment in found if moment), default=None)
    if declared and contract.ingest.delivery.mode == "snapshot_full":
        return declared
    return max((moment for moment in (declared, content) if moment), default=None)


def _declared(match: re.Match[str]) -> datetime | None:
    groups = match.groupdict()
    if milliseconds := groups.get("epoch_ms"):
        return datetime(1970, 1, 1) + timedelta(milliseconds=int(milliseconds))
    day = re.sub(r"\D", "", groups["date"])
    digits = ("20" + day if len(day) == 6 else day) + (groups.get("time") or "0000")
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M")
    except ValueError:
        return None
