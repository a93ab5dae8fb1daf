"""Questions to the paths of journeys: a pattern of activities as a regular expression, and the journeys that match it.

Holds: the pattern language, its errors, the count of what matches in a release, and a customer's timeline.
Add here: a word of the language, or what is told of the journeys that match.
Never here: what a path is (SQL in `journeys`), printing (`cli`).

A pattern is read from left to right, its steps apart by `>`:

    website/view_item > website/add_to_cart        one right after the other
    email/* > * > commerce/order_placed            anything in between, also nothing
    website/add_to_cart > !support/* > END         no contact with support between the two

`*` inside an activity stands for any text. START and END are the ends of a journey; END is known only of a journey that
has ended and whose path is not cut. A pattern may match anywhere in a path.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

START, END, CUT = "START", "END", "..."
_ANYTHING = "(?:[^>]*>)*"
_SEPARATOR = " > "


class PatternError(ValueError):
    """A pattern cannot be read; the text says where, what was expected and what is nearest."""


@dataclass(frozen=True)
class _Step:
    text: str
    place: int  # the first character, from 1

    @property
    def is_absence(self) -> bool:
        return self.text.startswith("!")

    def __str__(self) -> str:
        return f"{self.text!r} (character {self.place})"


def as_text(path: str, has_ended: bool) -> str:
    """A released path as the text that patterns are held against: every step closed by `>`, its ends named."""
    steps = path.split(_SEPARATOR) if path else []
    ends = [END] if has_ended and steps[-1:] != [CUT] else []
    return ">".join([START, *steps, *ends]) + ">"


def translate(pattern: str, known: Iterable[str]) -> re.Pattern[str]:
    """The regular expression of a pattern over `as_text`.

    Raises:
        PatternError: a step is empty, names no activity of `known`, or stands where it cannot.
    """
    steps = list(_steps(pattern))
    _refuse_misplaced(steps)
    activities = sorted({*known, START, END})
    parts: list[str] = []
    forbidden: list[str] = []
    for step in steps:
        if step.is_absence:
            forbidden.append(_expression(_Step(step.text[1:].strip(), step.place + 1), activities))
            continue
        if forbidden:
            parts.append(f"(?:(?!(?:{'|'.join(forbidden)})>)[^>]*>)*")
            forbidden = []
        parts.append(_ANYTHING if step.text == "*" else _expression(step, activities) + ">")
    return re.compile("(?:^|(?<=>))" + "".join(parts))


def _refuse_misplaced(steps: list[_Step]) -> None:
    for step in (steps[0], steps[-1]):
        if step.is_absence:
            raise PatternError(f"{step} stands at an end; it needs an activity on both sides, START and END serve")
    for pair in pairwise(steps):
        absent = [step for step in pair if step.is_absence]
        if absent and "*" in (pair[0].text, pair[1].text):
            raise PatternError(f"{absent[0]} stands beside *; leave out *, ! alone lets anything else pass")


def _steps(pattern: str) -> Iterator[_Step]:
    place = 1
    for part in pattern.split(">"):
        text = part.strip()
        at = place + len(part) - len(part.lstrip())
        if not text:
            raise PatternError(
                f"nothing stands at character {place} of {pattern!r}; expected an activity, * or !activity"
            )
        yield _Step(text, at)
        place += len(part) + 1


def _expression(step: _Step, activities: list[str]) -> str:
    """One activity, `*` in it for any text. Every activity it could mean must exist."""
    expression = "[^>]*".join(re.escape(text) for text in step.text.split("*"))
    if any(re.fullmatch(expression, activity) for activity in activities):
        return expression
    nearest = difflib.get_close_matches(step.text, activities, n=1, cutoff=0.0)
    raise PatternError(f"no journey has the activity {step}; nearest known: {nearest[0]!r}")


# The cohorts a journey is in, as `find` takes them: `new` is a kind of customer and a segment.
_COHORTS = "['all', outcome, customer_type, 'segment:' || segment_at_entry]"


@dataclass(frozen=True)
class Found:
    """What matches a pattern. The rate is over mature journeys, whose window has passed; None where there are none."""

    journeys: int
    of_journeys: int
    converting: int
    mature: int
    interval: tuple[float, float] | None
    cut: int  # journeys whose long path is cut: what they did later cannot match
    examples: list[tuple[str, str]] = field(default_factory=list)

    @property
    def share(self) -> float | None:
        """Of the journeys asked about."""
        return self.journeys / self.of_journeys if self.of_journeys else None

    @property
    def rate(self) -> float | None:
        """Of the mature journeys that match, those that reached purchase within the window."""
        return self.converting / self.mature if self.mature else None


def find(
    connection: duckdb.DuckDBPyConnection,
    pattern: str,
    week: date | None = None,
    cohort: str = "all",
    examples: int = 5,
) -> Found:
    """Hold a pattern against the paths of a release.

    Args:
        connection: the released database.
        pattern: see the module.
        week: only journeys that entered in this week (its Monday).
        cohort: all, a cohort of outcome or customer type, or `segment:` and a segment at entry.
        examples: how many journeys to name, by their ids, one a path, the most frequent paths first.

    Raises:
        PatternError: the pattern cannot be read, or the cohort is not known.
    """
    from journey_pipeline.conversion import wilson_interval

    cohorts = f"(select *, unnest({_COHORTS}) as cohort from journey_paths)"
    names = [row[0] for row in connection.execute(f"select distinct cohort from {cohorts} order by 1").fetchall()]
    if cohort not in names:
        raise PatternError(f"no journey is in a cohort {cohort!r}; known: {', '.join(names)}")
    rows = connection.execute(
        f"""
        select long_path, has_ended, count(*), count(*) filter (where is_mature),
            count(*) filter (where is_mature and is_converting), min(journey_id)
        from {cohorts} where cohort = ? and (? is null or week = ?)
        group by long_path, has_ended order by count(*) desc, long_path, has_ended
        """,
        [cohort, week, week],
    ).fetchall()
    known = connection.execute(
        "select distinct family || '/' || interaction_type from journey_map where touches > 0"
    ).fetchall()
    expression = translate(pattern, [activity for (activity,) in known])
    matching = [row for row in rows if expression.search(as_text(row[0], row[1]))]
    mature, converting = sum(row[3] for row in matching), sum(row[4] for row in matching)
    low, high = wilson_interval(converting, mature)
    return Found(
        journeys=sum(row[2] for row in matching),
        of_journeys=sum(row[2] for row in rows),
        converting=converting,
        mature=mature,
        interval=(float(low), float(high)) if mature else None,
        cut=sum(row[2] for row in rows if row[0].endswith(CUT)),
        examples=[(row[5], row[0]) for row in matching[:examples]],
    )


@dataclass(frozen=True)
class Event:
    """One line of a customer's timeline."""

    occurred_at: datetime
    kind: str
    journey_id: str | None
    stage: str | None
    what: str
    channel: str | None
    amount: float | None
    score: float | None


def timeline(connection: duckdb.DuckDBPyConnection, customer_id: str) -> list[Event]:
    """Everything a release knows of one customer, in order; empty for a customer it does not know."""
    rows = connection.execute(
        """
        select occurred_at, kind, journey_id, stage, what, channel, amount::double, score
        from customer_timeline where customer_id = ? order by occurred_at, kind, what, event_id
        """,
        [customer_id],
    ).fetchall()
    return [Event(*row) for row in rows]
