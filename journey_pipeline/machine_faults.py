"""What a full disk, a broken one and too little memory say, in words that tell what to do.

Holds how such an error is known by its text, whoever raised it: Python, DuckDB, SQLite or dbt. Add here when the
machine can fail a run in another way. Must not be here: whether there is room before a run begins (`preflight`).
"""

from __future__ import annotations

import re
import shutil

from journey_pipeline.preflight import needed_disk, size_text
from journey_pipeline.settings import Settings

# DuckDB calls a full spill folder "out of memory", so room is looked for first.
_NO_SPACE = re.compile(
    r"No space left on device|Errno 28\b|disk is full|Disk quota exceeded|Errno 122\b|File too large|Errno 27\b"
    r"|max_temp_directory_size",
    re.I,
)
_NO_MEMORY = re.compile(
    r"MemoryError|Out of Memory|OutOfMemory|bad_alloc|Cannot allocate memory|Errno 12\b|E_MEMORY", re.I
)
_BROKEN_DISK = re.compile(r"Input/output error|Errno 5\b|disk I/O error", re.I)

# A phrase by which the same fault is known again, without what the message says of paths and values.
_SIGNS = {_NO_SPACE: "No space left on device", _NO_MEMORY: "Out of Memory", _BROKEN_DISK: "Input/output error"}


def sign(text: str) -> str | None:
    """The kind of fault of the machine that a message tells of, in a phrase that holds no value; None for others."""
    return next((phrase for pattern, phrase in _SIGNS.items() if pattern.search(text)), None)


def in_words(text: str, settings: Settings) -> str | None:
    """What an error of the machine means and what to do; None for an error of another kind."""
    if _NO_SPACE.search(text):
        have = shutil.disk_usage(settings.home).free if settings.home.exists() else 0
        return (
            f"E_NO_SPACE: the disk is full: a run of this home needs about {size_text(needed_disk(settings))} beside "
            f"what the home holds, there are {size_text(have)} now; free some, let old releases go (`keep_releases`, "
            "`keep_days`) or move the home (`home`), then `journey run` again"
        )
    if _NO_MEMORY.search(text):
        return (
            f"E_MEMORY: memory ran out at memory_limit {settings.memory_limit}; raise `memory_limit` in journey.toml "
            "where the machine has more, else lower `threads`, then `journey run` again"
        )
    if _BROKEN_DISK.search(text):
        return (
            "E_IO: the disk gave an input/output error; look at the system's log for a failing disk or mount, "
            "then `journey run` again; `journey release verify` holds the published files against their manifest"
        )
    return None
