"""One run at a time in a home: a lock that the kernel frees when its process dies, however it dies.

Holds the lock and what it says of who has it. Must not be here: what a run does.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from journey_pipeline import leftovers
from journey_pipeline.fault_points import point

FILE_NAME = "run.lock"
# Homes this process holds: a run that the command line starts asks once more where the graph begins.
_held: set[Path] = set()


class RunLocked(Exception):
    """Another run holds this home."""


@contextmanager
def run_lock(home: Path) -> Iterator[None]:
    """Hold a home for one run; within one process the lock of the first who asked serves all who ask inside it.

    Whoever takes it clears what dead runs left.

    Raises:
        RunLocked: another process holds the home; the text says which, where and since when.
    """
    home = home.resolve()
    if home in _held:
        yield
        return
    home.mkdir(parents=True, exist_ok=True)
    with (home / FILE_NAME).open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            holder = stream.read().strip() or "process unknown"
            raise RunLocked(f"another run holds this home ({holder}); wait for it to end, or end it") from None
        stream.truncate(0)
        stream.write(f"process {os.getpid()} on {socket.gethostname()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
        stream.flush()
        _held.add(home)
        try:
            point("lock_taken")
            # Only who takes the lock anew: whoever asks once more inside may have scratch files in use.
            leftovers.clear(home)
            yield
        finally:
            _held.discard(home)
