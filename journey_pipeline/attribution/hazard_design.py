"""The columns of the hazard model: base, intent, and what touches of each channel still weigh on a person-day.

Holds: the feature matrix filled from person-days and stocks, and which columns each stage of the fit reads.
Add here: a covariate or a half-life. Must not be here: the fit (`hazard`), its stages in order (`hazard_model`).

One matrix of float32 serves every stage: 2,000,000 person-days x 80 columns are 640 MB. Stocks of touches arrive as a
stream of frames, so that only a batch of them is in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from journey_pipeline.attribution.hazard import Features, Integers, exposure
from journey_pipeline.conversion import Floats, floats

# Days. What video or social begin may end in a purchase weeks later; a search does within days.
PUSH_HALF_LIVES = (4, 12, 24)
PULL_HALF_LIVES = (1, 4, 12)
VISIT_HALF_LIVES = (2, 10)
# Every further visit says more of intent, and past this many nothing.
COUNTED_AT_MOST = 6
# Of who has been known for less than four weeks, nobody can say how much they are reached.
LEAST_KNOWN_DAYS = 28
SIGNAL = "product_view"

BASE = ("prior_conversions", "value_tier", "value_tier_squared", "is_subscribed", "is_business")
CALENDAR = ("calendar", "calendar_squared", *(f"weekday_{day}" for day in range(1, 7)))


@dataclass(frozen=True)
class Term:
    """One column: `group` says what it is for, `channel` and `half_life_days` what it counts."""

    group: str
    name: str
    channel: str | None = None
    half_life_days: int | None = None


@dataclass(frozen=True)
class Days:
    """The person-days of one conversion type in the order of `person_day`, arrays of one length."""

    events: Floats
    buckets: Integers
    customers: Integers
    is_population: np.ndarray  # an even sample of all days
    weights: Floats
    is_followed: np.ndarray  # nothing of the days after is missing, and none of them holds a conversion


@dataclass(frozen=True)
class Design:
    """`matrix` (person-days x terms), and what touched a day at all."""

    days: Days
    terms: tuple[Term, ...]
    matrix: Features
    followed_by_visit: Floats
    touched_today: Mapping[str, np.ndarray]
    touched: Mapping[str, np.ndarray]
    views_only: frozenset[str]  # channels whose exposures are told
    channels: tuple[str, ...]

    def columns(self, *groups: str) -> Integers:
        """Places of the terms of these groups, in the order of the matrix."""
        return np.array([place for place, term in enumerate(self.terms) if term.group in groups], np.int64)


def _days(days: pd.DataFrame) -> Days:
    return Days(
        events=days["is_event"].to_numpy(float),
        buckets=days["bucket"].to_numpy(np.int64),
        customers=days["customer_number"].to_numpy(np.int64),
        is_population=days["is_population"].to_numpy(bool),
        weights=floats(days["weight"]),
        is_followed=(days["is_followed"] & ~days["converts_soon"] & ~days["is_event"]).to_numpy(bool),
    )


def _terms(roles: Mapping[str, str], exposed: frozenset[str]) -> tuple[Term, ...]:
    """Every column. A push channel whose exposures are told counts them; one with clicks only is weighed as pull."""
    terms = [Term("calendar", name) for name in CALENDAR] + [Term("base", name) for name in BASE]
    for channel, role in roles.items():
        if role == "push" and channel in exposed:
            terms += [Term("push", "stock", channel, half_life) for half_life in PUSH_HALF_LIVES]
            terms += [Term("delivered", "delivered", channel)]
        else:
            group = "pull" if role in ("push", "pull") else "own"
            terms += [Term(group, "stock", channel, half_life) for half_life in PULL_HALF_LIVES]
    terms += [Term("signal", "product_views", None, half_life) for half_life in VISIT_HALF_LIVES]
    terms += [Term("signal", "visits", None, half_life) for half_life in VISIT_HALF_LIVES]
    terms += [replace(t, group="count") for t in terms if t.group in ("pull", "own", "signal")]
    return (*terms, Term("visited", "visited_within_7_days"))


def _fill_days(matrix: Features, terms: tuple[Term, ...], days: pd.DataFrame) -> None:
    position, weekday = floats(days["calendar_position"]), days["weekday"].to_numpy()
    tier = floats(days["value_tier"])
    values = {
        "calendar": position,
        "calendar_squared": position**2,
        "value_tier_squared": tier**2,
        **{name: floats(days[name]) for name in BASE if name != "value_tier_squared"},
    }
    for place, term in enumerate(terms):
        if term.name.startswith("weekday_"):
            matrix[:, place] = weekday == int(term.name.removeprefix("weekday_"))
        elif term.name in values:
            matrix[:, place] = values[term.name]


def design(
    days: pd.DataFrame,
    stocks: Iterable[pd.DataFrame],
    deliveries: pd.DataFrame,
    kinds: pd.DataFrame,
    roles: Mapping[str, str],
) -> Design:
    """Matrix of one conversion type.

    `days` holds hazard_days in the order of person_day, `stocks` hazard_stocks in batches, each (person_day, channel,
    touch_type) once and in a fixed order; `deliveries` hazard_deliveries; `kinds` has the channel and touch_type that
    occur; `roles` a role for every channel. Raises ValueError where person_day does not count the rows.
    """
    if not (days["person_day"].to_numpy() == np.arange(len(days))).all():
        raise ValueError("hazard_days: expected person_day to count the rows from 0 in order; sort them by it")
    exposed = frozenset(kinds.loc[kinds["touch_type"] == "view", "channel"])
    named = {channel: roles[channel] for channel in sorted(set(kinds["channel"]) - {SIGNAL})}
    terms = _terms(named, exposed)
    matrix = np.zeros((len(days), len(terms)), np.float32)
    _fill_days(matrix, terms, days)
    today = {channel: np.zeros(len(days), bool) for channel in named}
    touched = {channel: np.zeros(len(days), bool) for channel in named}
    followed = np.zeros(len(days), bool)
    for batch in stocks:
        for (channel, kind), rows in batch.groupby(["channel", "touch_type"], sort=True):
            _add(matrix, terms, str(channel), str(kind), rows)
            days_of = rows["person_day"].to_numpy()
            if channel != SIGNAL:
                today[str(channel)][days_of] |= rows["today"].to_numpy() > 0
                touched[str(channel)][days_of] |= rows["stock_1"].to_numpy() > 0
                if kind == "click" and named[str(channel)] in ("earned", "navigational"):
                    followed[days_of] |= rows["next_days"].to_numpy() > 0
    _fill_deliveries(matrix, terms, days, deliveries)
    for column, term in enumerate(terms):
        if term.group == "count":
            counted = matrix[:, terms.index(next(t for t in terms if t.group != "count" and _same(t, term)))]
            np.minimum(counted, COUNTED_AT_MOST, out=matrix[:, column])
    for column, term in enumerate(terms):
        if term.half_life_days is not None and term.group != "count":
            matrix[:, column] = exposure(matrix[:, column].astype(float))
    channels = tuple(named)
    return Design(_days(days), terms, matrix, followed.astype(float), today, touched, exposed, channels)


def _same(left: Term, right: Term) -> bool:
    """Whether two terms count the same touches."""
    return replace(left, group="") == replace(right, group="")


def _fill_deliveries(matrix: Features, terms: tuple[Term, ...], days: pd.DataFrame, deliveries: pd.DataFrame) -> None:
    """Root of the exposures of four weeks: the root of a count varies alike for rare and for frequent exposures."""
    customers = days["customer_number"].to_numpy()
    months = np.maximum(floats(days["known_days"]), LEAST_KNOWN_DAYS) / 28
    for column, term in enumerate(terms):
        if term.group == "delivered":
            told = deliveries[deliveries["channel"] == term.channel]
            touches = np.zeros(int(customers.max(initial=-1)) + 1)
            touches[told["customer_number"].to_numpy()] = floats(told["touches"])
            matrix[:, column] = np.sqrt(touches[customers] / months)


def _add(
    matrix: Features,
    terms: tuple[Term, ...],
    channel: str,
    kind: str,
    rows: pd.DataFrame,
) -> None:
    """Add the stocks of one channel and touch type to the columns that count them."""
    place, today = rows["person_day"].to_numpy(), rows["today"].to_numpy(float)
    for column, term in enumerate(terms):
        stock = floats(rows[f"stock_{term.half_life_days}"]) if term.half_life_days else today
        if term.group == "count":
            continue
        if term.name == "stock" and term.channel == channel:
            # A click is what a view led to: counted beside it, it would take the view's credit.
            if term.group == "push" and kind != "view":
                continue
            # How the decided come on the day itself is part of the decision.
            matrix[place, column] += stock - (today if term.group == "own" else 0.0)
        elif (term.name == "product_views" and channel == SIGNAL) or (term.name == "visits" and kind == "click"):
            matrix[place, column] += stock - today
        elif term.group == "visited" and kind == "click":
            matrix[place, column] = np.maximum(matrix[place, column], rows["last_7_days"].to_numpy() > 0)
