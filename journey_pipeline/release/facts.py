"""The words of a release: what goes in, what comes out, and the four ways it can fail.

Add a field here when a release must carry one more fact. Must not be here: reading or writing of any kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

# What a release holds besides the marts. `restatements` tells of the release before as well, so it is not the same
# wherever a release is made again from the lake; neither it nor `release` is part of what has to be.
ADDED_TABLES = ("gate_results", "release", "restatements")


class ReleaseError(Exception):
    """A release operation that cannot go on; the message ends with the next step."""


class ReleaseRefused(ReleaseError):
    """The candidate may not be published.

    Attributes:
        reasons: one sentence per failing gate, missing gate or broken promise.
    """

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = reasons
        lines = "\n".join(f"  - {reason}" for reason in reasons)
        super().__init__(
            f"release refused, nothing was published ({len(reasons)} "
            f"reason{'' if len(reasons) == 1 else 's'}):\n{lines}\n"
            "Next: repair the data or the rule named above, then `journey run` again."
        )


class ReleaseNotFound(ReleaseError):
    """No such release."""


class ReleaseDamaged(ReleaseError):
    """A released file is not what its manifest says.

    Attributes:
        problems: one sentence per damaged file or table, the file named first.
    """

    def __init__(self, release_id: str, problems: list[str]) -> None:
        self.release_id = release_id
        self.problems = problems
        lines = "\n".join(f"  - {problem}" for problem in problems)
        super().__init__(
            f"release {release_id} is damaged:\n{lines}\n"
            "Next: `journey release rollback` to a good release, move this folder away, and publish the same "
            "candidate again."
        )


@dataclass(frozen=True)
class GateResult:
    """The verdict of one gate on the candidate that was released."""

    gate: str
    word: str
    asset: str
    passed: bool
    failing_rows: int = 0
    description: str = ""


@dataclass(frozen=True)
class ReleaseFacts:
    """Everything that names and reproduces a release.

    `as_of` (exclusive end of event time) and `known_at` (end of load time) carry a time zone. `tables` maps every
    released table to its primary key columns, which are also its row order; an empty key orders by all columns.
    """

    as_of: datetime
    known_at: datetime
    time_zone: str
    candidate_id: str
    configuration_hash: str
    code_version: str
    tables: Mapping[str, tuple[str, ...]]
    rule_versions: Mapping[str, str] = field(default_factory=dict)
    input_files: int = 0

    def __post_init__(self) -> None:
        for name in ("as_of", "known_at"):
            if getattr(self, name).tzinfo is None:
                raise ValueError(f"{name} needs a time zone: a naive time is a different release on another host")
        if len(self.candidate_id) < 8 or not self.candidate_id[:8].isalnum():
            raise ValueError("candidate_id must start with 8 letters or digits (it names the release folder)")

    @property
    def release_id(self) -> str:
        """`<as_of as a local ISO date>-<first 8 characters of the candidate id>`."""
        local = self.as_of.astimezone(ZoneInfo(self.time_zone)).date()
        return f"{local.isoformat()}-{self.candidate_id[:8].lower()}"


@dataclass(frozen=True)
class Release:
    """One published folder, as its manifest describes it.

    `tables` maps a table to its row count, `size_bytes` is the sum over the files the manifest lists, and
    `is_current` says whether `published` points here at the time of asking.
    """

    release_id: str
    folder: Path
    as_of: datetime
    known_at: datetime
    published_at: datetime
    candidate_id: str
    previous_release_id: str | None
    is_current: bool
    tables: Mapping[str, int]
    size_bytes: int
    gates_passed: int


def instant(value: datetime) -> str:
    """A UTC instant as text: `2026-11-16T00:00:00Z`, microseconds only when there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """The inverse of `instant`."""
    return datetime.fromisoformat(text)
