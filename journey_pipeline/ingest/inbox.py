"""What lies in the inbox and which contract each file belongs to.

Holds the walk and the glob matching. Add here when files must be recognised in a new way.
Must not be here: opening a file, but for the table of contents of an archive; anything that knows the lake.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path, PurePosixPath

from journey_pipeline.ingest.archives import is_archive, members
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.faults import Fault, IngestError


@dataclass(frozen=True)
class InboxFile:
    """One delivered file. `name` is relative to the inbox; `fault` is set when the file cannot be taken.

    A file inside an archive has the archive's `path` and the names that lead to it as `members`.
    """

    path: Path
    name: str
    contract: str | None
    size: int
    mtime_ns: int
    ctime_ns: int
    fault: Fault | None = None
    members: tuple[str, ...] = ()


def scan(inbox: Path, contracts: Mapping[str, Contract]) -> list[InboxFile]:
    """All files of the inbox, those inside archives included, each with its contract or the fault of having none.

    Sorted by name. Left out: hidden files and folders, `*.tmp`, `*.part`, a README at the top, and what a contract
    calls a companion.
    """
    found = [file for path in _walk(inbox) for file in delivered(path, _printable(path.relative_to(inbox)), contracts)]
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


def delivered(path: Path, name: str, contracts: Mapping[str, Contract]) -> list[InboxFile]:
    """The file at a path, or the files of the archive that lies there."""
    status = path.lstat()
    times = (status.st_mtime_ns, status.st_ctime_ns)
    if not stat.S_ISREG(status.st_mode):
        fault = Fault(
            "E_PATH", "put the file itself into the inbox, not a link to it", "a regular file", "another kind"
        )
        contract, _ = _contract(name, contracts)
        return [InboxFile(path, name, contract, status.st_size, *times, fault.within(file=name, contract=contract))]
    if not is_archive(name):
        return _matched(InboxFile(path, name, None, status.st_size, *times), contracts)
    try:
        inside = members(path)
    except IngestError as error:
        return [InboxFile(path, name, None, status.st_size, *times, error.fault.within(file=name))]
    found = [
        InboxFile(path, "/".join([name, *(_plain(part) for part in parts)]), None, size, *times, members=parts)
        for parts, size in inside
        if not PurePosixPath(parts[-1]).name.startswith(".") and not parts[-1].startswith("__MACOSX/")
    ]
    return [file for each in found for file in _matched(each, contracts)]


def _plain(name: str) -> str:
    """A member's name as text that any store takes and that stays on one line."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _matched(file: InboxFile, contracts: Mapping[str, Contract]) -> list[InboxFile]:
    """The file with its contract, or with the fault of having none; nothing for a companion."""
    contract, matching = _contract(file.name, contracts)
    if contract is not None:
        return [replace(file, contract=contract)]
    if not matching and any(_fits(c.ingest.companions, file.name) for c in contracts.values()):
        return []
    return [replace(file, fault=unknown_file(contracts, matching, file.name).within(file=file.name))]


def _contract(name: str, contracts: Mapping[str, Contract]) -> tuple[str | None, list[str]]:
    matching = [contract.id for contract in contracts.values() if matches(contract, name)]
    return (matching[0] if len(matching) == 1 else None), matching


def unknown_file(contracts: Mapping[str, Contract], matching: list[str], name: str = "") -> Fault:
    """The fault of a file that fits no contract, or more than one; the globs of its folder are told, if it has any."""
    globs = [pattern for contract in contracts.values() for pattern in contract.ingest.glob]
    folder = name.split("/")[0].casefold()
    near = [pattern for pattern in globs if pattern.split("/")[0].casefold() == folder]
    folders = sorted({pattern.split("/")[0] for pattern in globs})
    expected = f"one of: {'; '.join(near)}" if near else f"a folder named after its source: {', '.join(folders)}"
    found = f"a name that fits {' and '.join(matching)}" if matching else "a name that fits none"
    return Fault("E_UNKNOWN_FILE", "rename or remove the file, or add a contract for it", expected, found)


def matches(contract: Contract, name: str) -> bool:
    """Whether a path relative to the inbox fits a glob; `**` spans folders, case is ignored."""
    return _fits(contract.ingest.glob, name)


def _fits(globs: list[str], name: str) -> bool:
    return any(_pattern(glob).fullmatch(name) is not None for glob in globs)


def contract_of(path: Path, contracts: Mapping[str, Contract]) -> Contract | None:
    """The one contract whose glob fits a tail of the path, else whose last glob part fits the name most closely."""
    parts = path.absolute().parts[1:]
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        fitting = [contract for contract in contracts.values() if matches(contract, tail)]
        if len(fitting) == 1:
            return fitting[0]
    # How much of the name a glob spells out: `*.csv` fits everything and says nothing.
    spelled = {
        contract.id: max(
            (len(part.strip("*?")) for part in _names(contract) if _pattern(part).fullmatch(path.name)), default=0
        )
        for contract in contracts.values()
    }
    closest = [contract for contract in contracts.values() if spelled[contract.id] == max(spelled.values())]
    return closest[0] if len(closest) == 1 and max(spelled.values()) > len(path.suffix) else None


def _names(contract: Contract) -> list[str]:
    return [PurePosixPath(glob).name for glob in contract.ingest.glob]


def is_companion(path: Path, contracts: Mapping[str, Contract]) -> bool:
    """Whether a tail of the path is what some contract calls a companion."""
    parts = path.absolute().parts[1:]
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    return any(_fits(contract.ingest.companions, tail) for contract in contracts.values() for tail in tails)


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
