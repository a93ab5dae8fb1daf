"""Folders and the one pointer: where releases live, who may write, and the atomic switch of `published`.

Add here when the layout on disk changes. Must not be here: what a release contains.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from journey_pipeline.release.facts import ReleaseError, ReleaseNotFound

RELEASES = "releases"
PUBLISHED = "published"
BUILDING = ".building-"
FOLDER_MODE = 0o750
FILE_MODE = 0o640


def release_folder(home: Path, release_id: str) -> Path:
    """The folder of an existing release.

    Raises:
        ReleaseNotFound: there is none of that name.
    """
    folder = home / RELEASES / release_id
    if release_id not in release_ids(home):
        raise ReleaseNotFound(
            f"there is no release {release_id!r}. Next: `journey release list` names those there are."
        )
    return folder


def release_ids(home: Path) -> list[str]:
    """Names of the complete releases, sorted."""
    root = home / RELEASES
    if not root.is_dir():
        return []
    return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def current_id(home: Path) -> str | None:
    """The release `published` points at, or None when nothing was published yet."""
    pointer = home / PUBLISHED
    if not pointer.is_symlink():
        if pointer.exists():
            raise ReleaseError(
                f"`{PUBLISHED}` in the home is not a symbolic link. Next: move it away; the releases are "
                f"untouched under `{RELEASES}/`, then `journey release rollback <id>`."
            )
        return None
    return pointer.readlink().name


def served_id(home: Path) -> str:
    """The release `published` points at.

    Raises:
        ReleaseNotFound: nothing was published yet.
    """
    served = current_id(home)
    if served is None:
        raise ReleaseNotFound("nothing is published in this home yet. Next: `journey run` makes the first release.")
    return served


def point(home: Path, release_id: str) -> None:
    """Make `published` point at a release: old target or new target, never neither, also across a power cut."""
    make_link(home, release_id)
    switch_link(home)


def make_link(home: Path, release_id: str) -> None:
    """Prepare the new pointer beside the releases, under a name the next publish cleans away after a crash."""
    waiting = _waiting_link(home)
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(Path(RELEASES) / release_id, target_is_directory=True)


def switch_link(home: Path) -> None:
    """Put the prepared pointer in place. The link text is relative to the home, so the home can be moved."""
    _waiting_link(home).replace(home / PUBLISHED)
    sync(home)
    sync(home / RELEASES)


@contextmanager
def exclusive(home: Path) -> Iterator[Path]:
    """Hold the releases folder for writing; the kernel lets go when the process dies, even by kill -9.

    Raises:
        ReleaseError: another process publishes or rolls back at this moment.
    """
    root = home / RELEASES
    if not root.is_dir():
        root.mkdir(parents=True)
        root.chmod(FOLDER_MODE)
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReleaseError(
                f"another process is changing `{RELEASES}/` of this home. Next: wait for it to end, then try again."
            ) from None
        yield root
    finally:
        os.close(handle)


def sync(path: Path) -> None:
    """fsync one file or folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _waiting_link(home: Path) -> Path:
    return home / RELEASES / f"{BUILDING}pointer"
