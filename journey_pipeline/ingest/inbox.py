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

from journey_pipeline.ingest.archives import is_archive, members, nothing_inside
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.stage import A_LINK, ANOTHER_KIND, path_fault


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


# What operating systems leave in folders, besides hidden files.
_LITTER = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "$recycle.bin", "system volume information")
)


def scan(inbox: Path, contracts: Mapping[str, Contract]) -> list[InboxFile]:
    """All files of the inbox, those inside archives included, each with its contract or the fault of having none.

    Sorted by name. Left out: what operating systems put there, hidden files and folders included, unfinished files, a
    README at the top, and what a contract calls a companion.
    """
    found = []
    for path in walk(inbox):
        if not is_unfinished(path):
            for file in unpacked(path, _printable(path.relative_to(inbox))):
                found += matched(file, contracts)
    return sorted(found, key=lambda file: file.name)


def walk(folder: Path, *, is_inbox: bool = True) -> Iterator[Path]:
    """Files below a folder, and whatever else is no folder, by name; links are not followed."""
    for here_text, folders, names in os.walk(folder, followlinks=False):
        here = Path(here_text)
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not _is_litter(name) and name not in links)
        for name in sorted([*names, *links]):
            is_told = is_inbox and here == folder and name.upper().startswith("README")
            if not (_is_litter(name) or is_told):
                yield here / name


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.casefold() in _LITTER


def is_unfinished(path: Path) -> bool:
    """Whether a name says that the file is still being written: `*.part` or `*.tmp`."""
    return path.name.endswith((".tmp", ".part"))


def unfinished(inbox: Path) -> list[str]:
    """Names, relative to the inbox, of the files that a run leaves alone because they are unfinished."""
    return [_printable(path.relative_to(inbox)) for path in walk(inbox) if is_unfinished(path)]


def _printable(path: Path) -> str:
    """The path as text that any store takes; bytes that are not UTF-8 are spelled out."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def unpacked(path: Path, name: str) -> list[InboxFile]:
    """The file at a path, or the files of the archive that lies there; with its fault when it cannot be taken."""
    status = path.lstat()
    file = InboxFile(path, name, None, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if not stat.S_ISREG(status.st_mode):
        found = A_LINK if stat.S_ISLNK(status.st_mode) else ANOTHER_KIND
        return [replace(file, fault=path_fault(found).within(file=name))]
    if not is_archive(name):
        return [file]
    try:
        inside = [found for found in members(path) if not any(map(_is_litter, "/".join(found[0]).split("/")))]
        if not inside:
            raise IngestError(nothing_inside())
    except IngestError as error:
        return [replace(file, fault=error.fault.within(file=name))]
    return [
        replace(file, name="/".join([name, *(_plain(part) for part in parts)]), size=size, members=parts)
        for parts, size in inside
    ]


def _plain(name: str) -> str:
    """A member's name as text that any store takes and that stays on one line."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def matched(file: InboxFile, contracts: Mapping[str, Contract]) -> list[InboxFile]:
    """The file with its contract, or with the fault of having none; nothing for a companion."""
    matching = [contract.id for contract in contracts.values() if matches(contract, file.name)]
    contract = matching[0] if len(matching) == 1 else None
    if file.fault is not None:
        # Only a link can be known by its name; an archive belongs to no one contract.
        known = None if is_archive(file.name) else contract
        return [replace(file, contract=known, fault=file.fault.within(contract=known))]
    if contract is not None:
        return [replace(file, contract=contract)]
    if not matching and any(_fits(c.ingest.companions, file.name) for c in contracts.values()):
        return []
    return [replace(file, fault=unknown_file(contracts, matching, file.name).within(file=file.name))]


def unknown_file(contracts: Mapping[str, Contract], matching: list[str], name: str = "") -> Fault:
    """The fault of a file that fits no contract, or more than one; the globs of its folder are told, if it has any."""
    folder = name.split("/")[0].casefold()
    near = [pattern for pattern in _globs(contracts) if pattern.split("/")[0].casefold() == folder]
    found = f"a name that fits {' and '.join(matching)}" if matching else "a name that fits none"
    if near:
        fix = "rename or remove the file, or add a contract for it"
        return Fault("E_UNKNOWN_FILE", fix, f"one of: {'; '.join(near)}", found)
    fix = "put the file into the folder of its source in the inbox, remove it, or add a contract for it"
    folders = ", ".join(sorted(source_folders(contracts)))
    return Fault("E_UNKNOWN_FILE", fix, f"a folder named after its source: {folders}", found)


def _globs(contracts: Mapping[str, Contract]) -> list[str]:
    return [pattern for contract in contracts.values() for pattern in contract.ingest.glob]


def source_folders(contracts: Mapping[str, Contract]) -> set[str]:
    """The folders of an inbox that the contracts expect."""
    return {pattern.split("/")[0] for pattern in _globs(contracts)}


def name_in_inbox(path: Path, contracts: Mapping[str, Contract]) -> str | None:
    """The name a file has in its inbox, as far as its path tells; None when it lies in none."""
    parts = path.absolute().parts
    folders = [part.casefold() for part in parts[:-1]]
    known = {folder.casefold() for folder in source_folders(contracts)}
    starts = [place for place, folder in enumerate(folders) if folder == "inbox" or folder in known]
    if not starts:
        return None
    # The innermost inbox, and where none is called so, the innermost folder of a source.
    start = max((place + 1 for place in starts if folders[place] == "inbox"), default=starts[-1])
    return _printable(Path(*parts[start:]))


def matches(contract: Contract, name: str) -> bool:
    """Whether a path relative to the inbox fits a glob; `**` spans folders, case is ignored."""
    return _fits(contract.ingest.glob, name)


def _fits(globs: list[str], name: str) -> bool:
    return any(_pattern(glob).fullmatch(name) is not None for glob in globs)


def closest(name: str, contracts: Mapping[str, Contract]) -> Contract | None:
    """The one contract whose last glob part fits a file's name most closely."""
    # How much of the name a glob spells out: `*.csv` fits everything and says nothing.
    spelled = {
        contract.id: max(
            (len(part.strip("*?")) for part in _names(contract) if _pattern(part).fullmatch(name)), default=0
        )
        for contract in contracts.values()
    }
    fitting = [contract for contract in contracts.values() if spelled[contract.id] == max(spelled.values())]
    return fitting[0] if len(fitting) == 1 and max(spelled.values()) > len(PurePosixPath(name).suffix) else None


def _names(contract: Contract) -> list[str]:
    return [PurePosixPath(glob).name for glob in contract.ingest.glob]


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
