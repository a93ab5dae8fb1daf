"""Bytes of a delivered file, made safe to parse: copied, hashed, unpacked, decoded.

Holds everything that happens before a parser sees a file. Add here when files arrive in a new wrapping or
encoding. Must not be here: headers, records, contracts, DuckDB.
"""

from __future__ import annotations

import codecs
import errno
import gzip
import hashlib
import os
import stat
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from journey_pipeline.ingest.archives import opened, require_no_bomb
from journey_pipeline.ingest.faults import Fault, IngestError

A_LINK, ANOTHER_KIND = "a link", "neither a file nor a folder"
CHUNK = 4 * 1024 * 1024
# DuckDB drops a record larger than its CSV buffer without a word, so records are bounded well below it.
MAX_RECORD_BYTES = 8 * 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True)
class Staged:
    """A private copy of the delivered bytes, named by their SHA-256."""

    path: Path
    sha256: str
    size: int


@dataclass
class TextScan:
    """Structural facts of a decoded text, gathered while it is written."""

    counts_quotes: bool = True
    newlines: int = 0
    quotes: int = 0
    record_ends: int = 0
    ends_with_newline: bool = True
    size: int = 0
    _open_line: int = 0
    _inside_quotes: int = 0

    def feed(self, chunk: bytes) -> None:
        """Count one chunk of UTF-8 text whose line ends are LF. Raises E_NUL and E_RECORD_TOO_LONG."""
        if not chunk:
            return
        if (place := chunk.find(b"\0")) >= 0:
            line = self.newlines + chunk.count(b"\n", 0, place) + 1
            fix = "export the file again; a text file holds no NUL bytes"
            raise IngestError(Fault("E_NUL", fix, "text", "NUL byte", line=line))
        newlines = _count(chunk, b"\n")
        self._bound_lines(chunk)
        quotes = _count(chunk, b'"') if self.counts_quotes else 0
        if quotes or self._inside_quotes:
            self.record_ends += self._line_ends_outside_quotes(chunk)
        else:
            self.record_ends += newlines
        self.quotes += quotes
        self.newlines += newlines
        self.size += len(chunk)
        self.ends_with_newline = chunk.endswith(b"\n")

    def _line_ends_outside_quotes(self, chunk: bytes) -> int:
        """Only the marks matter, and they are few beside the text: their order tells which line ends are open."""
        codes = np.frombuffer(chunk, dtype=np.uint8)
        marks = codes[(codes == ord('"')) | (codes == ord("\n"))]
        inside = (np.cumsum(marks == ord('"'), dtype=np.int64) + self._inside_quotes) & 1
        self._inside_quotes = int(inside[-1]) if len(inside) else self._inside_quotes
        return int(np.count_nonzero((marks == ord("\n")) & (inside == 0)))

    def _bound_lines(self, chunk: bytes) -> None:
        """A line over the limit is longer than any chunk, so it leaves a chunk without a line end or begins in one."""
        first = chunk.find(b"\n")
        length = self._open_line + (first if first >= 0 else len(chunk))
        if length > MAX_RECORD_BYTES:
            raise IngestError(record_too_long(self.newlines + 1))
        self._open_line = len(chunk) - chunk.rfind(b"\n") - 1 if first >= 0 else length


def _count(chunk: bytes, mark: bytes) -> int:
    """How often a byte occurs; `bytes.count` takes twice as long, and ten times when it never does."""
    if mark not in chunk:
        return 0
    return int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == ord(mark)))


def record_too_long(line: int, record: int | None = None) -> Fault:
    """The fault of a record over the limit."""
    return Fault(
        "E_RECORD_TOO_LONG",
        "check that the file has line ends and that no quote is left open",
        f"at most {MAX_RECORD_BYTES} bytes per record",
        "a longer record",
        record=record,
        line=line,
    )


def open_regular(path: Path) -> int:
    """A file descriptor on a regular file, never through a symbolic link. Raises E_PATH otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise IngestError(path_fault(A_LINK if error.errno == errno.ELOOP else os.strerror(error.errno or 0))) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise IngestError(path_fault(ANOTHER_KIND))
    return descriptor


def path_fault(found: str) -> Fault:
    """The fault of what lies in the inbox and is no file."""
    return Fault("E_PATH", "put the file itself into the inbox, readable, not a link to it", "a regular file", found)


def stage(path: Path, folder: Path, members: Sequence[str] = ()) -> Staged:
    """Copy a file, or the member of an archive that `members` lead to, into `folder` under its SHA-256 name.

    Raises E_PATH for anything but a readable regular file, E_CHANGED when the file changes meanwhile, E_ZIP and E_BOMB.
    """
    descriptor = open_regular(path)
    partial = folder / f"{os.getpid()}.part"
    with os.fdopen(descriptor, "rb") as source:
        before = os.fstat(source.fileno())
        digest = hashlib.sha256()
        with private_file(partial) as target, opened(source, members) as content:
            while chunk := content.read(CHUNK):
                digest.update(chunk)
                target.write(chunk)
            size = target.tell()
        after = os.fstat(source.fileno())
    grown = not members and size != after.st_size
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or grown:
        partial.unlink()
        raise IngestError(
            Fault(
                "E_CHANGED",
                "write to a .part name and rename when done",
                "a finished file",
                "it changed while read",
            )
        )
    final = folder / digest.hexdigest()
    partial.replace(final)
    return Staged(final, digest.hexdigest(), size)


def private_file(path: Path):  # type: ignore[no-untyped-def]  # the io type depends on the mode
    """A new binary file that only its owner may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def content_head(staged: Staged, name: str, plain_gz: bool = False, size: int = 4096) -> bytes:
    """The first bytes after unpacking, to tell what the content is.

    Raises E_GZIP, also for a name that says gzip over bytes that are not, unless `plain_gz`.
    """
    with staged.path.open("rb") as raw:
        head = raw.read(size)
    if not head.startswith(b"\x1f\x8b"):
        if name.lower().endswith(".gz") and not plain_gz:
            raise IngestError(_gzip_fault("no gzip header"))
        return head
    return next(_unpacked(staged), b"")[:size]


def text_chunks(staged: Staged, encodings: list[str], strip_nul: bool = False) -> Iterator[bytes]:
    """The content as UTF-8 chunks with LF line ends and no byte order mark, without NUL bytes where so wished.

    Raises E_GZIP, E_BOMB, or E_ENCODING with the line when no allowed encoding fits.
    """
    chunks = _chunks(staged)
    first = next(chunks, b"")
    encoding, skip = _encoding_of(first, encodings)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    newlines = _Newlines()
    lines = 0
    pending = first[skip:]
    while True:
        following = next(chunks, None)
        try:
            text = decoder.decode(pending, final=following is None)
        except UnicodeDecodeError as error:
            good = pending[: error.start].decode(encoding, "replace") if error.start <= len(pending) else ""
            raise IngestError(_encoding_fault(encodings, lines + good.count("\n") + 1)) from None
        lines += text.count("\n")
        if strip_nul:
            text = text.replace("\0", "")
        yield newlines.normalised(text.encode("utf-8"), last=following is None)
        if following is None:
            return
        pending = following


def is_plain_utf8(staged: Staged) -> bool:
    """Whether the staged bytes are neither packed nor marked as another encoding, and hold no carriage return."""
    with staged.path.open("rb") as raw:
        chunk = raw.read(CHUNK)
        if chunk.startswith((b"\x1f\x8b", *(mark for mark, _ in _BOMS))):
            return False
        while chunk:
            if b"\r" in chunk:
                return False
            chunk = raw.read(CHUNK)
    return True


def plain_chunks(staged: Staged, encodings: list[str]) -> Iterator[bytes]:
    """The bytes of plain UTF-8 text as they are. Raises E_ENCODING with the line where they are not."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with staged.path.open("rb") as raw:
        while chunk := raw.read(CHUNK):
            _require_text(decoder, chunk, False, raw, encodings)
            yield chunk
        _require_text(decoder, b"", True, raw, encodings)


def _require_text(
    decoder: codecs.IncrementalDecoder, chunk: bytes, final: bool, raw: IO[bytes], encodings: list[str]
) -> None:
    begun = len(decoder.getstate()[0])
    if chunk.isascii() and not begun and not final:
        return
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError as error:
        end = raw.tell() - len(chunk) - begun + error.start
        raw.seek(0)
        raise IngestError(_encoding_fault(encodings, raw.read(end).count(b"\n") + 1)) from None


def detected_encoding(head: bytes, encodings: list[str]) -> str:
    """Name of the encoding the content is read with, for the record."""
    return _encoding_of(head, encodings)[0]


def _encoding_of(head: bytes, encodings: list[str]) -> tuple[str, int]:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    fallback = [name for name in encodings if name not in ("utf-16", "utf-8", "utf-8-sig")]
    if fallback:
        try:
            codecs.getincrementaldecoder("utf-8")("strict").decode(head)
        except UnicodeDecodeError:
            return fallback[0], 0
    return "utf-8", 0


class _Newlines:
    """Turns CRLF into LF, and CR into LF in a file that has no LF at all near its start."""

    def __init__(self) -> None:
        self.held = b""
        self.only_returns: bool | None = None

    def normalised(self, chunk: bytes, last: bool) -> bytes:
        chunk = self.held + chunk
        self.held = b""
        if self.only_returns is None and chunk:
            self.only_returns = b"\n" not in chunk and b"\r" in chunk.rstrip(b"\r")
        if self.only_returns:
            return chunk.replace(b"\r", b"\n")
        if chunk.endswith(b"\r") and not last:
            chunk, self.held = chunk[:-1], b"\r"
        return chunk.replace(b"\r\n", b"\n")


def _encoding_fault(encodings: list[str], line: int) -> Fault:
    return Fault(
        "E_ENCODING",
        "export as UTF-8, or declare the file's encoding in the contract",
        " or ".join(encodings),
        "bytes that are not valid text",
        line=line,
    )


def _gzip_fault(found: str) -> Fault:
    return Fault("E_GZIP", "deliver the file again; this copy is damaged", "one whole gzip file", found)


def _chunks(staged: Staged) -> Iterator[bytes]:
    with staged.path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not packed:
            while chunk := raw.read(CHUNK):
                yield chunk
            return
    yield from _unpacked(staged)


def _unpacked(staged: Staged) -> Iterator[bytes]:
    """All gzip members, with length and CRC checked by the gzip module at the end of each."""
    total = 0
    with gzip.open(staged.path, "rb") as packed:
        while True:
            try:
                chunk = packed.read(CHUNK)
            except EOFError:
                raise IngestError(_gzip_fault("it ends too early")) from None
            except gzip.BadGzipFile as error:
                found = "the checksum does not match" if "CRC" in str(error) else "bytes that are not gzip"
                raise IngestError(_gzip_fault(found)) from None
            except zlib.error:
                raise IngestError(_gzip_fault("damaged compressed data")) from None
            if not chunk:
                return
            total += len(chunk)
            require_no_bomb(total, staged.size)
            yield chunk
