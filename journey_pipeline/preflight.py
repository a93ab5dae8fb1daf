"""Is there room for a run? Disk space and memory, asked before anything is written.

Holds the estimate of what a run needs and the reading of what there is. Add here when a run comes to need something
else of its machine. Must not be here: what the run does with it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from journey_pipeline.fault_points import point
from journey_pipeline.settings import Settings

# A warehouse is some twelve times the files it was built from, and may be that size once more while tables are replaced
# and sorts spill; a release is a quarter of it (measured: 16 MB of files, 196 MB, 48 MB).
WAREHOUSE_PER_INBOX_BYTE = 12
WORKING_COPIES = 2
RELEASE_SHARE = 0.25
# The states since the last release: three warehouses at a time, and the marts of each (measured: a fifth).
STATES_COPIES = 4
LEAST_DISK = 500_000_000
# What the process holds beside DuckDB's own limit: Python, dbt's manifest, Dagster.
PROCESS_BYTES = 700_000_000
_UNITS = {"MB": 1_000_000, "GB": 1_000_000_000}


class NoRoom(Exception):
    """The machine cannot hold this run; the text has the need, what there is, and the setting."""


def require_room(settings: Settings, free_disk: int | None = None, free_memory: int | None = None) -> None:
    """Raise when a run of this home would not fit.

    Args:
        settings: the home and its memory limit.
        free_disk: bytes to be had on the home's disk; asked of the system when None.
        free_memory: bytes of memory to be had; asked of the system when None, and not judged where it does not say.

    Raises:
        NoRoom: too little disk or memory, for the estimate above.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    need = needed_disk(settings)
    have = shutil.disk_usage(settings.home).free if free_disk is None else free_disk
    if have < need:
        raise NoRoom(
            f"too little disk space: this run needs about {size_text(need)} beside what the home holds, there "
            f"are {size_text(have)}; free some, let old releases go (`keep_releases`, `keep_days`), or move the home "
            "(`home`)"
        )
    limit = _bytes(settings.memory_limit) + PROCESS_BYTES
    memory = available_memory() if free_memory is None else free_memory
    if memory is not None and memory < limit:
        raise NoRoom(
            f"too little memory: this run may use {size_text(limit)} (memory_limit {settings.memory_limit} and the "
            f"process itself), there are {size_text(memory)}; lower `memory_limit` in journey.toml, or end something "
            "else"
        )
    point("room_checked")


def needed_disk(settings: Settings) -> int:
    """Bytes a run may add to the home: the warehouse as it will be and what replacing it takes, and a release."""
    warehouse = settings.warehouse.stat().st_size if settings.warehouse.exists() else 0
    delivered = max(_folder(settings.inbox_folder), _folder(settings.lake))  # what was loaded may lie in both
    grown = max(warehouse, WAREHOUSE_PER_INBOX_BYTE * delivered)
    states = STATES_COPIES * grown if settings.split_restatements and (settings.home / "published").exists() else 0
    return int(max(LEAST_DISK, WORKING_COPIES * grown - warehouse + RELEASE_SHARE * grown + states))


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes of memory a new process may have: what the kernel calls available, within the limit of its control group.

    None where the system does not tell (no `/proc`). `root` is where the kernel's files lie.
    """
    found = re.search(r"^MemAvailable:\s+(\d+) kB", _text(root / "proc/meminfo"), re.M)
    if found is None:
        return None
    available = int(found.group(1)) * 1024
    group = root / "sys/fs/cgroup"
    limit, used = (_text(group / f"memory.{name}").strip() for name in ("max", "current"))
    if limit.isdigit() and used.isdigit():
        # Files the kernel has read and may forget count as used, and are to be had.
        cached = re.search(r"^inactive_file (\d+)$", _text(group / "memory.stat"), re.M)
        available = min(available, int(limit) - int(used) + (int(cached.group(1)) if cached else 0))
    return available


def _folder(folder: Path) -> int:
    if not folder.is_dir():
        return 0
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def _bytes(text: str) -> int:
    return int(float(text[:-2]) * _UNITS[text[-2:]])


def size_text(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"
