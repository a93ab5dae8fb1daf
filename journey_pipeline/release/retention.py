"""Which releases may go, and their removal: by number and age, never one that somebody may still need.

Add here when something else depends on an old release. Must not be here: what a release holds, settings.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from journey_pipeline.fault_points import point
from journey_pipeline.release import manifest as manifests
from journey_pipeline.release.candidate import DATABASE
from journey_pipeline.release.facts import Release, ReleaseError
from journey_pipeline.release.history import list_releases
from journey_pipeline.release.pointer import current_id, exclusive, release_folder, sync

REMOVING = ".removing-"


def expired(home: Path, now: datetime, *, keep_releases: int, keep_days: int) -> list[Release]:
    """Releases that are neither among the newest `keep_releases` nor younger than `keep_days`, oldest first.

    The served release and the one `rollback` would go back to are never among them, nor is one whose database a
    reader holds open.

    Args:
        home: the folder that holds all state.
        now: the time to tell ages by, with a time zone.
        keep_releases: how many of the newest stay whatever their age.
        keep_days: days after its publishing for which a release stays, however many there are.

    Raises:
        ReleaseDamaged: a manifest cannot be read.
    """
    served = current_id(home)
    needed = {served}
    if served is not None:
        needed.add(manifests.read(release_folder(home, served))["previous_release_id"])
    since = now - timedelta(days=keep_days)
    surplus = list_releases(home)[keep_releases:]
    return [
        one
        for one in reversed(surplus)
        if one.release_id not in needed and one.published_at < since and not is_read(one.folder)
    ]


def collect(home: Path, now: datetime, *, keep_releases: int, keep_days: int) -> list[str]:
    """Remove what is `expired`; returns the ids of the releases that went.

    Each is put out of sight by one rename before its files go, so that a listing never meets half a release; what a
    crash leaves behind is removed by the next call.

    Raises:
        ReleaseError: another process publishes, rolls back or collects at this moment.
        ReleaseDamaged: a manifest cannot be read.
    """
    with exclusive(home) as root:
        for leftover in root.glob(f"{REMOVING}*"):
            shutil.rmtree(leftover)
        gone = [one.release_id for one in expired(home, now, keep_releases=keep_releases, keep_days=keep_days)]
        for name in gone:
            hidden = root / f"{REMOVING}{name}"
            (root / name).rename(hidden)
            sync(root)
            point("expired_hidden")
            shutil.rmtree(hidden)
            point("expired_removed")
    return gone


def remove(home: Path, names: Sequence[str]) -> None:
    """Remove releases because of what they hold, whoever reads them: a reader keeps what it has open, and no name.

    Raises:
        ReleaseError: another process publishes, rolls back or collects at this moment, or one of them is served.
    """
    with exclusive(home) as root:
        if current_id(home) in names:
            raise ReleaseError(f"{current_id(home)} is served; publish or roll back to another release first")
        for name in names:
            hidden = root / f"{REMOVING}{name}"
            (root / name).rename(hidden)
            sync(root)
            shutil.rmtree(hidden)


def is_read(folder: Path) -> bool:
    """Whether another process has the release's database open: DuckDB's readers hold a shared lock on the file."""
    handle = os.open(folder / DATABASE, os.O_RDWR)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
