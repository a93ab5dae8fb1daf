"""Markets with a planted problem: what changes for whom in which weeks, and what that truly does.

Holds the changes as data and what follows from one: of the purchases that came by a channel in its weeks, most cannot
begin to use what they bought, ask for help more often, and like it less. Visits and purchases stay what they were, so
that the market with the change and the one without differ by the change alone.
Add here: another plant, or something else that a change may do after a purchase.
Must not be here: who buys (`behaviour`), what a vendor writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import duckdb
import numpy as np
from numpy.typing import NDArray

from journey_pipeline.world.behaviour import APP, BUY, DELIVERY_DAYS, Decisions
from journey_pipeline.world.clock import Ints, stream
from journey_pipeline.world.commerce import Columns
from journey_pipeline.world.parameters import CHANNEL_CODE, CHANNELS, PARAMETERS, Parameters
from journey_pipeline.world.sessions import CODE, Events, Sessions
from journey_pipeline.world.tables import load

DAY = 86_400
STUCK_DAYS = 21  # by then people find out by themselves
HELPED_DAYS = 3  # a ticket about an order is opened by then
JOURNEY_GAP_DAYS, REENTRY_DAYS = 90, 30  # as the truth's stages have it
NEVER = 10_000
FIRST_USE, CONTACT, QUALITY = "first_use", "contact", "quality"

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Change:
    """What is different for purchases that came by `channel` in weeks [from_week, until_week), the first week being 0.

    `what` is `first_use`: `factor` is the share of them who can use it as before; `contact`: the chance to ask for help
    is multiplied; `quality`: how good it feels is multiplied, which answers and refunds follow. `until_week` is the
    week in which an action mends it.
    """

    name: str
    from_week: int
    until_week: int
    channel: str
    what: str
    factor: float


@dataclass(frozen=True)
class Plant:
    """A market to generate: its numbers, and what changes in it."""

    parameters: Parameters = PARAMETERS
    changes: tuple[Change, ...] = ()


def _broken(channel: str, from_week: int, until_week: int, **factors: float) -> tuple[Change, ...]:
    """One problem of a channel's purchases: a change for each thing it does."""
    name = "broken_onboarding"
    return tuple(Change(name, from_week, until_week, channel, what, factor) for what, factor in factors.items())


# A shop whose lamps are set up in an app once bought. The default market's channels have three purchases a week each,
# and no week of three tells anything: this one sells to more people of as many, so that a channel has some forty.
BUSY = replace(
    PARAMETERS,
    present_at_start=0.40,
    has_user_id=0.90,
    interest_hazard=0.015,
    purchase_hazard=0.060,
    rest_days=60,
    app_open_daily=0.20,
    app_days=21,
)

PLANTS = {
    # Nothing real moves from week to week.
    "quiet": Plant(replace(BUSY, season_amplitude=0.0, november_lift=0.0)),
    "broken_onboarding": Plant(BUSY, _broken("paid_search_generic", 12, 16, first_use=0.3, contact=4.0, quality=0.6)),
}


class UnknownPlant(ValueError):
    """A plant that nobody wrote."""


def plant_of(name: str | None) -> Plant:
    """The plant of that name, the plain market for None; raises UnknownPlant with the known names."""
    if name is None:
        return Plant()
    if name not in PLANTS:
        raise UnknownPlant(f"expected one of {', '.join(sorted(PLANTS))}, found {name!r}")
    return PLANTS[name]


@dataclass(frozen=True)
class Purchases:
    """One entry per order of a person, in the order of persons and time; `decision` points into `Decisions`.

    `entry` is the channel by which its journey began, `is_first` whether it is the first of that journey.
    """

    person: Ints
    session: Ints
    decision: Ints
    bought_at: Ints
    week: Ints
    entry: Ints
    is_first: Flags


# Journeys as the truth's stages have them, of the visits alone: a new one after 90 quiet days, or with the first visit
# of the shop 30 days after a purchase or a use.
_PURCHASES = f"""
with looked as (
    select *, lag(start) over history as previous,
        max(case when kind >= 3 or kind = {BUY} then start end) over (
            partition by person order by start, session rows between unbounded preceding and 1 preceding
        ) as late
    from visits where person >= 0 window history as (partition by person order by start, session)
),
returned as (select *, coalesce(kind < 3 and start >= late + {REENTRY_DAYS * DAY}, false) as is_return from looked),
counted as (
    select *, row_number() over (partition by person, late, is_return order by start, session) as return_number
    from returned
),
numbered as (
    select *, sum(case when start - previous > {JOURNEY_GAP_DAYS * DAY} or (is_return and return_number = 1)
        then 1 else 0 end) over (partition by person order by start, session) as journey
    from counted
),
told as (
    select *, first_value(channel) over (partition by person, journey order by start, session) as entry,
        sum(if(kind = {BUY}, 1, 0)) over (partition by person, journey order by start, session) as purchase
    from numbered
)
select person, session, decision, start as bought_at, day // 7 as week, entry, purchase = 1 as is_first
from told where kind = {BUY} order by person, bought_at, session
"""

# Uses while somebody is stuck: the latest end of all that began before.
_STUCK = """
with history as (
    select person, start as moment, session, null as free_at from visits where kind = $app
    union all select person, moment, null, free_at from broken
),
held as (
    select session, moment, max(free_at) over (
        partition by person order by moment, session nulls first rows unbounded preceding) as free_at
    from history
)
select session from held where session is not null and moment < free_at order by session
"""


@dataclass(frozen=True)
class _Life:
    """What became of the purchases under some changes: their decisions, and the visits in which nothing would open."""

    decisions: Decisions
    stuck: Ints


def purchases_of(sessions: Sessions) -> Purchases:
    """The orders people made, each with the way its journey began."""
    with duckdb.connect(config={"threads": 1}) as con:
        load(con, "visits", _visits(sessions))
        found = {name: np.asarray(values, np.int64) for name, values in con.execute(_PURCHASES).fetchnumpy().items()}
    return Purchases(**found | {"is_first": found["is_first"].astype(bool)})


def plant_changes(
    changes: Sequence[Change], seed: int, sessions: Sessions, events: Events, decisions: Decisions, rates: Parameters
) -> tuple[Events, Decisions, Columns]:
    """Events and decisions as the changes leave them, and what they truly did (empty without changes).

    Nothing else is drawn anew: without a change, and before its first week, both come back as they are.
    """
    if not changes:
        return events, decisions, {}
    purchases = purchases_of(sessions)
    never_mended = [replace(change, until_week=NEVER) for change in changes]
    lives = {
        name: _live(these, seed, sessions, purchases, decisions, rates)
        for name, these in (("", changes), ("_unchanged", ()), ("_unmended", never_mended))
    }
    opens = np.isin(events.code, (CODE["app_open"], CODE["feature_used"]))
    kept = ~(opens & np.isin(events.session, lives[""].stuck))
    left = Events(*(getattr(events, column.name)[kept] for column in fields(Events)))
    return left, lives[""].decisions, _truth(sessions, purchases, decisions, lives)


def _live(
    changes: Sequence[Change], seed: int, sessions: Sessions, purchases: Purchases, decisions: Decisions,
    rates: Parameters,
) -> _Life:  # fmt: skip
    """The purchases under these changes. The same draws decide in every life, whatever changes."""
    size, of = len(decisions.person), purchases.decision
    ticket, quality, broken = decisions.has_ticket.copy(), decisions.quality.copy(), np.zeros(size, bool)
    for change in changes:
        meant = np.zeros(size, bool)
        meant[of] = (purchases.entry == CHANNEL_CODE[change.channel]) & (purchases.week >= change.from_week)
        meant[of] &= purchases.week < change.until_week
        draw = stream(seed, "change", change.what).random(size)
        if change.what == FIRST_USE:
            broken |= meant & (draw >= change.factor)
        elif change.what == CONTACT:
            ticket |= meant & (draw < (change.factor - 1) * rates.ticket_base)
        else:
            quality = np.where(meant, quality * change.factor, quality)
    changed = replace(decisions, has_ticket=ticket, quality=quality)
    # Support gets it to work: by the time its latest answer is there.
    helped = (DELIVERY_DAYS + decisions.late_days + HELPED_DAYS) * DAY + (decisions.wait_hours * 3600).astype(np.int64)
    stuck_for = np.where(ticket & ~decisions.is_cancelled, np.minimum(helped, STUCK_DAYS * DAY), STUCK_DAYS * DAY)
    hit = broken[of]
    with duckdb.connect(config={"threads": 1}) as con:
        load(con, "visits", _visits(sessions))
        at = purchases.bought_at[hit]
        load(con, "broken", {"person": purchases.person[hit], "moment": at, "free_at": at + stuck_for[of][hit]})
        stuck = np.asarray(con.execute(_STUCK, {"app": APP}).fetchnumpy()["session"], np.int64)
    return _Life(changed, stuck)


def _truth(sessions: Sessions, purchases: Purchases, decisions: Decisions, lives: dict[str, _Life]) -> Columns:
    """Per week and channel of entry: first purchases of journeys, and those whose app opened within so many days."""
    counted = purchases.is_first & ~decisions.is_cancelled[purchases.decision]
    week, entry = purchases.week[counted], purchases.entry[counted]
    cell, at = np.unique(week * len(CHANNELS) + entry, return_inverse=True)
    truth: Columns = {
        "week": cell // len(CHANNELS),
        "channel": np.array([channel.name for channel in CHANNELS])[cell % len(CHANNELS)],
        "purchases": np.bincount(at),
    }
    for name, life in lives.items():
        for days in (7, 14):
            used = _used(sessions, purchases, life.stuck, days)[counted]
            truth[f"activated_{days}{name}"] = np.bincount(at, used).astype(np.int64)
    return truth


def _used(sessions: Sessions, purchases: Purchases, stuck: Ints, days: int) -> Flags:
    """Whether the app opened within so many days of each purchase."""
    opens = np.setdiff1d(np.flatnonzero(sessions.kind == APP), stuck)
    # One number line for all persons: no instant of one reaches into the next one's.
    step = int(sessions.start.max(initial=0)) + 2 * days * DAY
    line = np.sort(sessions.person[opens] * step + sessions.start[opens])
    bought = purchases.person * step + purchases.bought_at
    return np.searchsorted(line, bought + days * DAY) > np.searchsorted(line, bought, side="right")


def _visits(sessions: Sessions) -> Columns:
    names = ("person", "day", "channel", "kind", "decision", "start")
    return {"session": np.arange(len(sessions.person))} | {name: getattr(sessions, name) for name in names}
