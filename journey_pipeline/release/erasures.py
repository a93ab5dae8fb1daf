"""Releases and erased people: which of them are known to hold nobody who was erased.

Holds `suppression/cleared.json` of a home: of each release the number of the suppression list when it was found
without anybody on it, or was built without them. A release that somebody put back from a copy has a lower number or
none, and is neither verified nor served. Must not be here: looking into a release (`privacy`), the list itself
(`ingest.suppression`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from journey_pipeline.ingest import Lake, suppression
from journey_pipeline.release.facts import ReleaseError
from journey_pipeline.release.pointer import release_ids

FILE_NAME = "cleared.json"


def clear(home: Path, names: Iterable[str], number: int) -> None:
    """Write down that these releases hold nobody of the list of this number; releases that are gone are forgotten."""
    there = set(release_ids(home))
    cleared = {name: told for name, told in _read(home).items() if name in there}
    cleared |= dict.fromkeys(names, number)
    file = _file(home)
    partial = file.with_suffix(".part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(cleared, out, indent=2, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def clear_new(home: Path, name: str) -> None:
    """The same of a release that was just built from a lake without the people of the list, if there is a list."""
    if (listed := suppression(Lake(home / "lake"))) is not None:
        clear(home, [name], listed.number)


def is_clear(home: Path, name: str) -> bool:
    """Whether a release is known to hold nobody who was erased."""
    listed = suppression(Lake(home / "lake"))
    return listed is None or _read(home).get(name, 0) >= listed.number


def require_clear(home: Path, name: str) -> None:
    """Raise ReleaseError when a release may hold somebody who was erased."""
    if not is_clear(home, name):
        raise ReleaseError(
            f"release {name} was made before somebody was erased and may hold them; it is not served any more. "
            "Next: delete its folder, also where it was copied from."
        )


def _file(home: Path) -> Path:
    return Lake(home / "lake").suppression_path / FILE_NAME


def _read(home: Path) -> dict[str, int]:
    file = _file(home)
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}
