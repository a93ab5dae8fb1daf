"""Are the Parquet files of the lake still what was written? Every run asks before it reads one.

Parquet has no checksum that DuckDB looks at: a flipped bit gives wrong rows without a word. So the ledger knows the
SHA-256 of each file. Add here when the lake holds another kind of file that a later run reads. Must not be here:
parsing the delivered file again (`landing`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from journey_pipeline.fault_points import point
from journey_pipeline.ingest.faults import safe_path
from journey_pipeline.ingest.lake import Lake

# One core hashes a gigabyte a second where the disk gives it, and hashing lets go of Python's lock.
READERS = 2


@dataclass(frozen=True)
class RawFile:
    """One file of the lake: the accepted rows of a content, under the name it was first delivered by."""

    contract: str
    sha256: str
    name: str


class LakeDamaged(Exception):
    """Files of the lake are not what was written; the text names each, and what to do."""


def damaged_files(lake: Lake, contracts: Collection[str]) -> list[RawFile]:
    """The files of these contracts whose bytes are missing or others than the ledger knows, by contract and name.

    A file that an earlier version wrote, of which the ledger knows nothing, is taken as it is and known from now on.
    """
    lake.prepare()
    with lake.ledger() as ledger:
        rows = ledger.execute(
            "select files.contract as contract, files.sha256 as sha256, min(path) as path from files "
            "left join deliveries on deliveries.contract = files.contract and deliveries.sha256 = files.sha256 "
            "where outcome = 'loaded' group by files.contract, files.sha256 order by 1, 3, 2"
        ).fetchall()
        known: dict[tuple[str, str], set[str]] = {}
        for row in ledger.execute("select * from raw_files"):
            known.setdefault((row["contract"], row["sha256"]), set()).add(row["parquet_sha256"])
    files = [RawFile(row["contract"], row["sha256"], row["path"] or "") for row in rows if row["contract"] in contracts]
    found = dict(zip(files, _digests(lake, files), strict=True))
    new = [
        (one.contract, one.sha256, digest)
        for one, digest in found.items()
        if digest is not None and (one.contract, one.sha256) not in known
    ]
    if new:
        with lake.ledger() as ledger:
            ledger.executemany("insert into raw_files values (?, ?, ?)", new)
    point("lake_checked")
    return [
        one
        for one, digest in found.items()
        if digest is None or digest not in known.get((one.contract, one.sha256), {digest})
    ]


def require_intact(lake: Lake, suspects: Collection[RawFile]) -> None:
    """Raise when one of these is still not what was written; the inbox had the others, and they were parsed again.

    Raises:
        LakeDamaged: names each by its delivered file, contract and place in the lake.
    """
    contracts = {one.contract for one in suspects}
    if not (left := [one for one in damaged_files(lake, contracts) if one in suspects] if suspects else []):
        return
    places = "; ".join(
        f"{safe_path(one.name)} ({one.contract}, {lake.raw_path(one.contract, one.sha256).relative_to(lake.root)})"
        for one in left
    )
    raise LakeDamaged(
        f"E_LAKE_DAMAGED: expected the bytes that were written, found others or none: {places}; put the delivered file "
        "back into the inbox, or its Parquet file back from a backup, then run again"
    )


def _digests(lake: Lake, files: Iterable[RawFile]) -> list[str | None]:
    def digest(one: RawFile) -> str | None:
        try:
            with lake.raw_path(one.contract, one.sha256).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            return None

    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(digest, files))
