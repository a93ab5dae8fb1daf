"""Places of a run where a test may let it fail: `point("name")` in the code, the variable JOURNEY_FAULT outside.

`JOURNEY_FAULT=<name>:<kind>` acts when the run has done what the name says for the first time, `<name>@<n>:<kind>` for
the n-th time, `<n>:<kind>` at the n-th place of all. The kinds: `kill` ends the process as kill -9 does, `enospc` and
`eio` are the errors of a full and of a broken disk, `oom` is that of no memory, `list` writes the names as they are
reached to the file `<name>`. Without the variable a place costs one comparison.

Add a name here when a run comes to write something more, and call `point` after it is written. Must not be here: what
a fault does to the run.
"""

from __future__ import annotations

import errno
import os
import re
import signal
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "JOURNEY_FAULT"
ACTIONS = ("kill", "enospc", "eio", "oom", "list")

# In the order in which a run first comes to them; each stands for "this is done now".
POINTS = (
    # The start.
    "key_drafted",
    "key_kept",
    "room_checked",
    "lock_taken",
    "leftovers_cleared",
    "dead_runs_buried",
    # raw: the lake, then what the warehouse sees of it.
    "inbox_scanned",
    "lake_prepared",
    "lake_checked",
    "file_staged",
    "file_parsed",
    "file_set_aside",
    "raw_synced",
    "raw_kept",
    "verdicts_written",
    "deliveries_recorded",
    "raw_registered",
    "ledger_shown",
    "run_parameters_written",
    "raw_recorded",
    # Every gate, before and after its verdicts are written down.
    "gate_judged",
    "gate_recorded",
    # Each word of dbt; `model_begun` is where dbt turns to its next model or test.
    "dbt_begun",
    "model_begun",
    "dbt_ended",
    "word_recorded",
    # identity.
    "customers_resolved",
    "customers_written",
    "history_drafted",
    "history_kept",
    "identity_recorded",
    # measures.
    "signals_written",
    "clusters_written",
    "value_segments_written",
    "predictions_scored",
    "predictions_written",
    "uplift_written",
    "hazard_written",
    "measure_computed",
    "measure_written",
    "measure_recorded",
    # published.
    "candidate_green",
    "baselines_drafted",
    "baselines_frozen",
    "release_cleaned",
    "release_database",
    "release_tables",
    "release_report",
    "release_manifest",
    "release_sealed",
    "release_renamed",
    "release_linked",
    "release_switched",
    "expired_hidden",
    "expired_removed",
    "run_ended",
)


class UnknownFault(ValueError):
    """JOURNEY_FAULT asks for a place or a kind of fault that there is not."""


@dataclass
class _Asked:
    """One fault that was asked for, and how often its place was reached."""

    place: str
    number: int
    action: str
    reached: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, name: str) -> None:
        """Count this place, and fail if it is the one."""
        with self.lock:
            self.reached[name] += 1
            is_here = name == self.place if self.place else True
            count = self.reached[name] if self.place else self.reached.total()
        if self.action == "list":
            with Path(self.place).open("a", encoding="utf-8") as stream:
                stream.write(f"{name}\n")
        elif is_here and count == self.number:
            _fail(self.action)


def asked(text: str) -> _Asked:
    """What a value of the variable asks for. Raises UnknownFault with what it may be."""
    place, _, action = text.rpartition(":")
    found = re.fullmatch(r"(?:([a-z_]+)(?:@([1-9]\d*))?|([1-9]\d*))", place)
    if action == "list" and place:
        return _Asked(place, 1, action)
    if action not in ACTIONS or found is None or (found[1] and found[1] not in POINTS):
        raise UnknownFault(
            f"{VARIABLE}={text}: expected <place>:<kind>, such as raw_kept:kill, raw_kept@2:kill or 7:kill; "
            f"kinds are {', '.join(ACTIONS)}, places are {', '.join(POINTS)}"
        )
    return _Asked(found[1] or "", int(found[2] or found[3] or 1), action)


_armed: _Asked | None = None


def arm_from_environment() -> None:
    """Let this process fail as the variable says, if it is set; the first who asks settles it."""
    if _armed is None and VARIABLE in os.environ:
        arm(os.environ[VARIABLE])


def arm(text: str | None) -> None:
    """Let this process fail as a value of the variable says; None lets it live."""
    global _armed
    _armed = asked(text) if text else None


def point(name: str) -> None:
    """A place of POINTS is reached."""
    if _armed is not None:
        if name not in POINTS:
            raise UnknownFault(f"{name} is no place of a run; add it to POINTS")
        _armed.act(name)


def _fail(action: str) -> None:
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "oom":
        raise MemoryError
    number = errno.ENOSPC if action == "enospc" else errno.EIO
    raise OSError(number, os.strerror(number))
