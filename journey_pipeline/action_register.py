"""The register of actions that people edit: the seed `actions`, read and checked line by line.

Holds the reader, what every column may hold, and the metrics an action may name. Add a column here and in the seed.
Must not be here: what an action brought (`effects`), which actions are proposed (`actions`).

What only the data can tell, whether a member occurs, is a gate (`laws_of_governance`).
"""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from journey_pipeline.settings import DBT_PROJECT

FILE = Path("seeds") / "actions.csv"
HEADER = [
    "action_id",
    "opportunity",
    "kpi",
    "metric",
    "breakdown",
    "member",
    "hypothesis",
    "owner",
    "due_on",
    "started_on",
    "ended_on",
    "decision",
    "status",
    "experiment_id",
    "expected_low",
    "expected_high",
    "effort",
]
# May be left out: when it was proposed, and the first day that the weeks before the start are taken from.
OPTIONAL = ["proposed_on", "compare_from"]
STATUSES = ("proposed", "planned", "running", "done", "dropped")
DECISIONS = ("approved", "rejected", "postponed")
# Steps of pain points that are no move of a funnel; friction is `<signal> in <stage>`.
OTHER_METRICS = ("onboarding", "support_contact", "unresolved_support")
MAIN_FUNNEL = "journey"
_DATES = ("due_on", "started_on", "ended_on", *OPTIONAL)
_NUMBERS = ("expected_low", "expected_high", "effort")
_ID = re.compile(r"[a-z0-9][a-z0-9_-]*")


class ActionError(ValueError):
    """A line of the register cannot be used; the text says where, what was expected, what was found."""


@dataclass(frozen=True)
class Known:
    """What the other seeds declare."""

    owners: tuple[str, ...]
    kpis: tuple[str, ...]
    metrics: tuple[str, ...]
    breakdowns: tuple[str, ...]
    stages: tuple[str, ...]

    def is_friction(self, metric: str) -> bool:
        """Whether a metric is visits of a stage without a signal of friction."""
        signal, _, stage = metric.partition(" in ")
        return bool(signal) and stage in self.stages


def load(project: Path = DBT_PROJECT) -> list[dict[str, Any]]:
    """Every registered action with its `line`; empty cells are None, dates are dates, numbers floats.

    Raises ActionError for the first line that cannot be used.
    """
    known = declared(project)
    with (project / FILE).open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restkey="more")
        given = list(reader.fieldnames or [])
        if [name for name in given if name not in OPTIONAL] != HEADER:
            raise _refusal(1, "(all)", ",".join(HEADER), ",".join(given))
        actions = [_action(reader.line_num, row, known) for row in reader]
    seen: set[str] = set()
    for action in actions:
        if action["action_id"] in seen:
            raise _refusal(action["line"], "action_id", "an id of its own", action["action_id"])
        seen.add(action["action_id"])
    return actions


def declared(project: Path = DBT_PROJECT) -> Known:
    """Roles, KPIs, metrics and breakdowns that an action may name."""
    kpis = tuple(row["kpi"] for row in _rows(project, "kpis"))
    return Known(
        owners=tuple(row["role"] for row in _rows(project, "governance_roles")),
        kpis=kpis,
        metrics=(*funnel_metrics(project), *OTHER_METRICS, *kpis),
        breakdowns=tuple(row["breakdown"] for row in _rows(project, "breakdowns") if row["breakdown"] != "all"),
        stages=tuple(row["stage"] for row in _rows(project, "stages") if row["funnel"] == MAIN_FUNNEL),
    )


def funnel_metrics(project: Path = DBT_PROJECT) -> list[str]:
    """Steps of every funnel as `from>to`, other funnels than the main one with their name before."""
    found = []
    steps = [row for row in _rows(project, "stages") if row["is_exclusion"] != "true"]
    for funnel in dict.fromkeys(row["funnel"] for row in steps):
        mine = sorted((row for row in steps if row["funnel"] == funnel), key=lambda row: int(row["stage_number"]))
        prefix = "" if funnel == MAIN_FUNNEL else f"{funnel}:"
        for place, step in enumerate(mine[1:], 1):
            required = [row["stage"] for row in mine[:place] if row["is_optional"] != "true"]
            found += [f"{prefix}{start}>{step['stage']}" for start in dict.fromkeys((*required[-1:], *required[:1]))]
    return found


def _rows(project: Path, seed: str) -> Iterable[dict[str, str]]:
    with (project / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _action(line: int, row: dict[str, Any], known: Known) -> dict[str, Any]:
    if "more" in row or None in row.values():
        raise _refusal(line, "(all)", "as many cells as the header, text with a comma in quotes", "another number")
    text = {name: row.get(name, "").strip() for name in (*HEADER, *OPTIONAL)}
    _named(line, text, known)
    action: dict[str, Any] = {name: value or None for name, value in text.items()} | {"line": line}
    action |= {name: _date(line, name, text[name]) for name in _DATES}
    action |= {name: _number(line, name, text[name]) for name in _NUMBERS}
    _ordered(line, action)
    return action


def _named(line: int, text: dict[str, str], known: Known) -> None:
    """Every cell that names something names what is there."""
    if not _ID.fullmatch(text["action_id"]):
        raise _refusal(line, "action_id", "lower-case letters, digits, _ and -", text["action_id"])
    if not text["opportunity"]:
        raise _refusal(line, "opportunity", "what can be won, in words", "nothing")
    choices = {
        "kpi": ("a KPI of the seed kpis, or nothing", known.kpis),
        "metric": ("a step of a funnel, another step or a KPI", known.metrics),
        "breakdown": ("a breakdown of the seed breakdowns, or nothing", known.breakdowns),
        "owner": ("a role of the seed governance_roles, or nothing", known.owners),
        "decision": ("approved, rejected, postponed, or nothing", DECISIONS),
        "status": ("proposed, planned, running, done or dropped", STATUSES),
    }
    for column, (expected, names) in choices.items():
        may_be_empty = column not in ("metric", "status")
        if column == "metric" and known.is_friction(text[column]):
            continue
        if text[column] not in names and not (may_be_empty and not text[column]):
            raise _refusal(line, column, expected, text[column], names)
    if bool(text["breakdown"]) != bool(text["member"]):
        column = "member" if text["breakdown"] else "breakdown"
        raise _refusal(line, column, "breakdown and member together, or neither", "one of them")
    if text["breakdown"] and text["metric"] in known.kpis:
        raise _refusal(line, "breakdown", f"nothing: the KPI {text['metric']} has no members", text["breakdown"])


def _ordered(line: int, action: dict[str, Any]) -> None:
    """Dates and numbers that depend on each other."""
    order = [("proposed_on", "due_on"), ("proposed_on", "started_on"), ("started_on", "ended_on")]
    for first, later in [*order, ("compare_from", "started_on")]:
        if action[first] and action[later] and action[first] > action[later]:
            raise _refusal(line, later, f"a day not before {first} {action[first]}", str(action[later]))
    if action["status"] in ("running", "done") and not action["started_on"]:
        raise _refusal(line, "started_on", f"a date, as the status is {action['status']}", "nothing")
    if action["ended_on"] and not action["started_on"]:
        raise _refusal(line, "started_on", "a date, as there is an end", "nothing")
    low, high = action["expected_low"], action["expected_high"]
    if (low is None) != (high is None):
        column = "expected_low" if low is None else "expected_high"
        raise _refusal(line, column, "both ends of what is expected, or neither", "nothing")
    if low is not None and high is not None and low > high:
        raise _refusal(line, "expected_high", f"at least expected_low {low:g}", f"{high:g}")
    if action["effort"] is not None and action["effort"] <= 0:
        raise _refusal(line, "effort", "person-days above 0, or nothing", f"{action['effort']:g}")


def _date(line: int, column: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise _refusal(line, column, "a date such as 2026-01-05, or nothing", text) from None


def _number(line: int, column: str, text: str) -> float | None:
    try:
        number = float(text) if text else None
    except ValueError:
        number = math.nan
    if number is not None and not math.isfinite(number):
        raise _refusal(line, column, "a number such as 0.05, or nothing", text)
    return number


def _refusal(line: int, column: str, expected: str, found: str, known: Iterable[str] = ()) -> ActionError:
    near = difflib.get_close_matches(found, list(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}" if known else ""
    return ActionError(f"{FILE.name}, line {line}, column {column}: expected {expected}, found {found!r}{hint}")
