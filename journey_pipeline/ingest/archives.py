"""Zip archives, also inside each other: what they hold, and one member as a stream. Names are data, never paths.

Holds the limits on everything that unpacks. Add here when exports arrive in another kind of archive.
Must not be here: writing files, contracts, gzip (it holds one nameless stream and is unpacked in `stage.py`).
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from journey_pipeline.ingest.faults import Fault, IngestError

MAX_UNPACKED_BYTES = 64 * 1024**3
# GA4 JSON packs 15 to 60 times; a bomb packs several hundred times.
MAX_RATIO = 200
RATIO_FLOOR_BYTES = 64 * 1024 * 1024
MAX_MEMBERS = 10_000
# The deepest delivery known is a zip of one zip per day.
MAX_DEPTH = 2
_WORKBOOK = "[Content_Types].xml"


def is_archive(name: str) -> bool:
    """Whether a name promises a zip."""
    return name.lower().endswith(".zip")


def require_no_bomb(unpacked: int, packed: int) -> None:
    """Raises E_BOMB when `unpacked` bytes are more than any honest file of `packed` bytes holds."""
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > RATIO_FLOOR_BYTES and unpacked > MAX_RATIO * max(packed, 1)):
        limit = f"at most {MAX_RATIO} times its size and {MAX_UNPACKED_BYTES} bytes unpacked"
        raise IngestError(Fault("E_BOMB", "split the export into smaller files", limit, "more"))


def members(path: Path) -> list[tuple[tuple[str, ...], int]]:
    """Files of an archive as (names that lead to it, unpacked size), those of inner archives in their place.

    Raises E_ZIP, E_ZIP_PATH and E_BOMB; an Excel workbook, which is a zip too, is refused with E_NOT_CSV.
    """
    try:
        with path.open("rb") as source:
            return _listed(source, ())
    except OSError:
        raise IngestError(_zip_fault("bytes that cannot be read")) from None


def _listed(source: IO[bytes], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], int]]:
    found: list[tuple[tuple[str, ...], int]] = []
    with _archive(source) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        _require_sound(entries)
        for entry in entries:
            names = (*above, entry.filename)
            if not is_archive(entry.filename):
                found.append((names, entry.file_size))
            elif len(names) >= MAX_DEPTH:
                raise IngestError(_zip_fault("archives nested too deeply"))
            else:
                with _member(archive, entry.filename) as inner:
                    found += _listed(inner, names)
    if len(found) > MAX_MEMBERS:
        raise IngestError(_too_many())
    return found


@contextmanager
def opened(source: IO[bytes], names: Sequence[str]) -> Iterator[IO[bytes]]:
    """The stream of the member that `names` lead to, its checksum verified at its end; without names, `source`."""
    with ExitStack() as stack:
        stream = source
        for name in names:
            archive = stack.enter_context(_archive(stream))
            stream = stack.enter_context(_member(archive, name))
        yield stream


@contextmanager
def _archive(source: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise IngestError(_zip_fault("no readable table of contents")) from None
    with archive:
        yield archive


@contextmanager
def _member(archive: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    try:
        with archive.open(name) as stream:
            yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise IngestError(_zip_fault("damaged or cut content")) from None
    except (RuntimeError, NotImplementedError):
        raise IngestError(_zip_fault("a password, or a compression that is not deflate")) from None
    except KeyError:
        raise IngestError(_zip_fault("a member that is listed and not there")) from None


def _require_sound(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_MEMBERS:
        raise IngestError(_too_many())
    require_no_bomb(sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if entry.filename == _WORKBOOK:
            raise IngestError(Fault("E_NOT_CSV", "export as CSV instead", "a zip of exports", "an Excel workbook"))
        if entry.filename.startswith("/") or ".." in parts or stat.S_ISLNK(entry.external_attr >> 16):
            raise IngestError(
                Fault(
                    "E_ZIP_PATH", "pack plain files again", "names that stay inside", "a link or a name that leads out"
                )
            )
    if len({entry.filename for entry in entries}) != len(entries):
        raise IngestError(_zip_fault("one name twice"))


def nothing_inside() -> Fault:
    """The fault of an archive without a file of its own."""
    return _zip_fault("nothing in it")


def _zip_fault(found: str) -> Fault:
    return Fault("E_ZIP", "download the archive again, or deliver its files unpacked", "a whole zip archive", found)


def _too_many() -> Fault:
    return Fault("E_BOMB", "deliver the files unpacked", f"at most {MAX_MEMBERS} files in an archive", "more")
