"""The designs of experiments, as people declare them: one line of a seed per experiment, held against what is known.

Holds: the reading and checking of `experiment_designs.csv`. Add here: a kind of metric (one line in KINDS, its facts in
the macro `experiment_facts`). Must not be here: what an experiment showed (`effects`), who was drawn (SQL).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from journey_pipeline.settings import DBT_PROJECT

DESIGNS = Path("seeds") / "experiment_designs.csv"
HEADER = [
    "experiment_id",
    "name",
    "variants",
    "control_variant",
    "metrics",
    "starts_on",
    "ends_on",
    "alpha",
    "owner",
    "is_holdout",
    "is_randomised",
]
# What a metric counts of a person, and whether it is a share of people. `<kind>_<days>`: within so many days.
KINDS = {
    "purchase": True,
    "orders": False,
    "revenue": False,
    "visits": False,
    "awareness": True,
    "consideration": True,
    "experience": True,
    "advocacy": True,
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_METRIC = re.compile(r"([a-z]+)_([1-9][0-9]{0,2})")
_MOST_ENTRIES = 20  # places the SQL looks at


class DesignError(ValueError):
    """A line of the designs cannot be used; the text says where, what was expected, what was found."""


@dataclass(frozen=True)
class Metric:
    """What is measured within `days` of the assignment; `smallest_effect` is the least worth finding, in its unit."""

    name: str
    kind: str
    days: int
    smallest_effect: float

    @property
    def is_share(self) -> bool:
        """Whether it is a share of people."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class Design:
    """One experiment. The first metric is the one it was made for."""

    experiment_id: str
    name: str
    shares: dict[str, float]
    control: str
    metrics: tuple[Metric, ...]
    starts_on: date
    ends_on: date
    alpha: float
    owner: str
    is_holdout: bool
    is_randomised: bool


def load_designs(project: Path = DBT_PROJECT) -> dict[str, Design]:
    """Every design by its id. Raises DesignError for the first line that cannot be used."""
    found: dict[str, Design] = {}
    with (project / DESIGNS).open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restkey="more")
        if reader.fieldnames != HEADER:
            raise DesignError(
                f"{DESIGNS.name}, line 1: expected {','.join(HEADER)}, found {','.join(reader.fieldnames or [])}"
            )
        for row in reader:
            line = _Line(reader.line_num, row)
            if "more" in row or None in row.values():
                raise line.refuse(
                    "(all)", f"{len(HEADER)} cells, text with a comma in quotes", "another number of them"
                )
            design = _design(line)
            if design.experiment_id in found:
                raise line.refuse("experiment_id", "an id of no line before", design.experiment_id)
            found[design.experiment_id] = design
    return found


@dataclass(frozen=True)
class _Line:
    number: int
    cells: dict[str, str]

    def refuse(self, column: str, expected: str, found: str) -> DesignError:
        return DesignError(f"{DESIGNS.name}, line {self.number}, column {column}: expected {expected}, found {found!r}")

    def name(self, column: str) -> str:
        if not _NAME.fullmatch(self.cells[column]):
            raise self.refuse(column, "lower-case letters, digits and _", self.cells[column])
        return self.cells[column]

    def number_of(self, column: str, text: str, low: float, high: float) -> float:
        try:
            value = float(text)
        except ValueError:
            value = low
        if not low < value < high:
            raise self.refuse(column, f"a number above {low:g} and below {high:g}", text)
        return value

    def day(self, column: str) -> date:
        try:
            return date.fromisoformat(self.cells[column])
        except ValueError:
            raise self.refuse(column, "a date such as 2026-01-05", self.cells[column]) from None

    def truth(self, column: str) -> bool:
        if self.cells[column] not in ("true", "false"):
            raise self.refuse(column, "true or false", self.cells[column])
        return self.cells[column] == "true"

    def listed(self, column: str, high: float) -> dict[str, float]:
        """`a=0.5 b=0.5` as numbers by name, at most as many as the SQL looks at."""
        entries: dict[str, float] = {}
        for entry in self.cells[column].split(" "):
            name, separator, number = entry.partition("=")
            if not separator or not _NAME.fullmatch(name) or name in entries or len(entries) == _MOST_ENTRIES:
                expected = f"up to {_MOST_ENTRIES} entries such as name=0.5, one space between them, no name twice"
                raise self.refuse(column, expected, self.cells[column])
            entries[name] = self.number_of(column, number, 0, high)
        return entries


def _design(line: _Line) -> Design:
    shares = line.listed("variants", 1)
    if len(shares) < 2 or abs(sum(shares.values()) - 1) > 1e-9:
        raise line.refuse("variants", "two variants or more whose shares add up to 1", line.cells["variants"])
    if line.cells["control_variant"] not in shares:
        raise line.refuse("control_variant", f"one of {', '.join(shares)}", line.cells["control_variant"])
    if not line.cells["owner"].strip():
        raise line.refuse("owner", "who answers for it", "")
    design = Design(
        experiment_id=line.name("experiment_id"),
        name=line.cells["name"],
        shares=shares,
        control=line.cells["control_variant"],
        metrics=tuple(_metric(line, name, effect) for name, effect in line.listed("metrics", 1e9).items()),
        starts_on=line.day("starts_on"),
        ends_on=line.day("ends_on"),
        alpha=line.number_of("alpha", line.cells["alpha"], 0, 0.5),
        owner=line.cells["owner"],
        is_holdout=line.truth("is_holdout"),
        is_randomised=line.truth("is_randomised"),
    )
    if design.ends_on < design.starts_on:
        raise line.refuse("ends_on", "a day not before starts_on", line.cells["ends_on"])
    return design


def metric_of(name: str) -> tuple[str, int]:
    """Kind and days of a metric's name. Raises ValueError for one that cannot be measured."""
    found = _METRIC.fullmatch(name)
    if found is None or found[1] not in KINDS:
        raise ValueError(f"expected <kind>_<days> with a kind of {', '.join(KINDS)}, found {name!r}")
    return found[1], int(found[2])


def _metric(line: _Line, name: str, smallest_effect: float) -> Metric:
    try:
        kind, days = metric_of(name)
    except ValueError as error:
        raise line.refuse("metrics", str(error).removeprefix("expected ").split(", found")[0], name) from None
    return Metric(name, kind, days, smallest_effect)
