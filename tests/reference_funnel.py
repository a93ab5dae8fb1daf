"""Funnels told a second time, slowly and plainly: one customer, one event, one step after another.

Holds cycles, the four modes, optional and exclusion steps and the weekly cells, straight from their definitions in the
seeds' documentation. The SQL must say the same on any events. Must not be here: anything shared with the pipeline.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pandas as pd

GRACE = timedelta(seconds=2)


@dataclass(frozen=True)
class Step:
    number: int
    name: str
    window: timedelta | None = None
    is_optional: bool = False


@dataclass(frozen=True)
class Funnel:
    steps: Sequence[Step]
    exclusions: frozenset[int]
    whole: timedelta
    idle: timedelta
    entry_until: int
    terminal_from: int
    reentry: timedelta

    @property
    def numbers(self) -> list[int]:
        return [step.number for step in self.steps]

    def step(self, number: int) -> Step:
        return self.steps[number - 1]

    def anchor(self, number: int) -> int:
        """The nearest required step before this one."""
        return max(step.number for step in self.steps if step.number < number and not step.is_optional)


@dataclass(frozen=True, order=True)
class Event:
    at: datetime
    number: int
    event_id: str


@dataclass
class Journey:
    customer: str
    number: int
    events: list[Event] = field(default_factory=list)


def cycles(funnel: Funnel, customer: str, events: Sequence[Event]) -> list[Journey]:
    """Walk a customer's events and open a cycle wherever the definition says so."""
    journeys: list[Journey] = []
    last_at = last_terminal = None
    waits_for_return = False
    for event in sorted(events):
        is_step = event.number not in funnel.exclusions
        returns = (
            is_step
            and event.number <= funnel.entry_until
            and waits_for_return
            and event.at - last_terminal >= funnel.reentry  # type: ignore[operator]
        )
        if last_at is None or event.at - last_at > funnel.idle or returns:
            journeys.append(Journey(customer, len(journeys) + 1))
        if returns:
            waits_for_return = False  # the cycle after that terminal step has begun
        journeys[-1].events.append(event)
        last_at = event.at
        if is_step and event.number >= funnel.terminal_from:
            last_terminal, waits_for_return = event.at, True
    return journeys


Entries = dict[int, datetime]


def entries(funnel: Funnel, journey: Journey, mode: str) -> tuple[Entries, set[int]]:
    """When each step was entered, and which of the entries only a later step proves."""
    steps = [event for event in journey.events if event.number not in funnel.exclusions]
    if mode == "any_order":
        found = {n: min(e.at for e in steps if e.number == n) for n in {e.number for e in steps}}
    elif mode == "reached":
        found = _reached(funnel, steps)
    else:
        found = _in_sequence(funnel, journey, steps, is_strict=mode == "strict")
    if not found:
        return {}, set()
    begun = min(found.values())
    stops = [e.at for e in journey.events if e.number in funnel.exclusions and e.at >= begun]
    if stops:
        found = {n: at for n, at in found.items() if at <= min(stops) + GRACE}
    imputed = {n for n, at in found.items() if mode == "reached" and not any(e == (at, n) for e in _told(steps))}
    return found, imputed


def _told(steps: Sequence[Event]) -> Iterator[tuple[datetime, int]]:
    return ((event.at, event.number) for event in steps)


def _reached(funnel: Funnel, steps: Sequence[Event]) -> Entries:
    found: Entries = {}
    for step in funnel.steps:
        if step.is_optional:
            own = [e.at for e in steps if e.number == step.number]
            later = [e.at for e in steps if e.number > step.number]
            if own and (not later or min(own) <= min(later)):
                found[step.number] = min(own)
        else:
            proofs = [e.at for e in steps if e.number >= step.number]
            if proofs:
                found[step.number] = min(proofs)
    return found


def _in_sequence(funnel: Funnel, journey: Journey, steps: Sequence[Event], *, is_strict: bool) -> Entries:
    first = [e.at for e in steps if e.number == 1]
    if not first:
        return {}
    found: Entries = {1: min(first)}
    for step in funnel.steps[1:]:
        anchor = funnel.anchor(step.number)
        if anchor in found:
            candidates = [e.at for e in steps if e.number == step.number and e.at >= found[anchor] - GRACE]
            if candidates:
                found[step.number] = max(min(candidates), found[anchor])
    for step in reversed(funnel.steps):  # an optional step after a later one was skipped
        later = [at for n, at in found.items() if n > step.number]
        if step.is_optional and step.number in found and later and found[step.number] > min(later):
            del found[step.number]
    if not is_strict:
        return found
    kept: Entries = {1: found[1]}
    for number in sorted(found)[1:]:
        before = max(kept)
        if any(_in_between(event, before, kept[before], number, found[number]) for event in journey.events):
            break
        kept[number] = found[number]
    return kept


def _in_between(event: Event, before: int, left: datetime, number: int, entered: datetime) -> bool:
    """Whether an event of another step lies between two entries; within the grace the order of the steps decides."""
    if event.number > number:
        return left < event.at < entered - GRACE
    if event.number < before:
        return left + GRACE < event.at < entered
    return False


def transitions(funnel: Funnel) -> list[tuple[int, int, timedelta]]:
    """Every step from its anchor, and the first step to each later one."""
    listed = []
    for step in funnel.steps[1:]:
        anchor = funnel.anchor(step.number)
        assert step.window is not None
        listed.append((anchor, step.number, step.window))
        if anchor > 1:
            listed.append((1, step.number, funnel.whole))
    return listed


def monday(at: datetime) -> datetime:
    return datetime(at.year, at.month, at.day) - timedelta(days=at.weekday())


def cells(funnel: Funnel, events: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Cells of all views and modes: week, view, mode, from_number, to_number, entered, converted, imputed, open.

    `events` has customer_id, stage_number, occurred_at and event_id, in UTC, the reporting zone.
    """
    journeys = []
    for customer, rows in events.groupby("customer_id"):
        told = [Event(r.occurred_at.to_pydatetime(), r.stage_number, r.event_id) for r in rows.itertuples()]
        journeys += cycles(funnel, str(customer), told)
    rows = []
    for mode in ("reached", "sequential", "strict", "any_order"):
        entered = [(journey, *entries(funnel, journey, mode)) for journey in journeys]
        for start, end, window in transitions(funnel):
            rows += _cohort(entered, start, end, window, as_of, mode)
            rows += _flow(entered, start, end, mode)
            if start == funnel.anchor(end):
                rows += _hazard(funnel, entered, start, end, as_of, mode)
    columns = ["week", "view", "mode", "from_number", "to_number", "entered", "converted", "imputed", "open", "median"]
    return pd.DataFrame(rows, columns=columns)


Told = Sequence[tuple[Journey, Entries, set[int]]]
Rows = list[tuple[object, ...]]


def _cohort(told: Told, start: int, end: int, window: timedelta, as_of: datetime, mode: str) -> Rows:
    weeks: dict[datetime, list[tuple[bool, bool, bool, float]]] = defaultdict(list)
    for _, found, imputed in told:
        if start in found:
            took = found[end] - found[start] if end in found else None
            is_converted = took is not None and took <= window
            is_open = not is_converted and as_of - found[start] < window
            is_imputed = start in imputed or end in imputed
            seconds = took.total_seconds() if took is not None else 0.0
            weeks[monday(found[start])].append((is_converted, is_imputed, is_open, seconds))
    rows: Rows = []
    for week, members in weeks.items():
        taken = sorted(seconds for is_converted, _, _, seconds in members if is_converted)
        middle = pd.Series(taken, dtype=float).median()
        counts = [sum(member[which] for member in members) for which in (0, 1, 2)]
        rows.append((week, "cohort", mode, start, end, len(members), *counts, middle))
    return rows


def _flow(told: Told, start: int, end: int, mode: str) -> Rows:
    weeks = {monday(found[n]) for _, found, _ in told for n in (start, end) if n in found}
    return [
        (
            week,
            "flow",
            mode,
            start,
            end,
            *(sum(n in found and monday(found[n]) == week for _, found, _ in told) for n in (start, end)),
            None,
            None,
            None,
        )
        for week in weeks
    ]


def _hazard(funnel: Funnel, told: Told, start: int, end: int, as_of: datetime, mode: str) -> Rows:
    rows: Rows = []
    begun = [monday(event.at) for journey, _, _ in told for event in journey.events]
    week = min(begun)
    while week + timedelta(days=7) <= as_of:
        after = week + timedelta(days=7)
        inside = moved = 0
        for journey, found, _ in told:
            if start not in found or (end in found and found[end] < found[start]):
                continue
            left = found.get(end, max(event.at for event in journey.events) + funnel.idle)
            inside += found[start] < after and left >= week
            moved += end in found and week <= found[end] < after
        if inside:
            rows.append((week, "hazard", mode, start, end, inside, moved, None, None, None))
        week = after
    return rows
