"""Visits become web sessions with a device and a start, and sessions become events on the clock.

Add an event here when a session can hold it. Must not be here: who visits (behaviour), how a vendor writes
it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journey_pipeline.world.behaviour import ADVOCATE, APP, BROWSE, BUY, COMMUNITY, DEAL, Visits
from journey_pipeline.world.clock import Calendar, Ints, stream
from journey_pipeline.world.parameters import CHANNEL_CODE, Parameters
from journey_pipeline.world.people import ALL_DENIED, People

BOT, INTERNAL = 6, 7

# Position in the list is the order inside a session; page_view may repeat.
EVENTS = ("session_start", "first_visit", "page_view", "login", "app_open", "view_item", "add_to_cart",
          "begin_checkout", "generate_lead", "purchase", "feature_used", "post_created", "share",
          "refer_friend")  # fmt: skip
CODE = {name: code for code, name in enumerate(EVENTS)}
PACE_SECONDS, LONGEST_STEP_SECONDS = 25.0, 400
LONGEST_SESSION_SECONDS = 2200
RELOAD_SECONDS = 40
BOT_PACE_SECONDS = 2
EARLIEST_CLOSING_HOUR = 9


@dataclass(frozen=True)
class Sessions:
    """One entry per session, ordered by (day, start, person); `number` counts the sessions of a device."""

    person: Ints
    day: Ints
    channel: Ints
    kind: Ints
    decision: Ints
    device: Ints
    start: Ints
    number: Ints
    is_logged_in: NDArray[np.bool_]
    is_interested: NDArray[np.bool_]


@dataclass(frozen=True)
class Events:
    """One entry per event, ordered by (day, microsecond, session, order); `session` indexes `Sessions`.

    `is_reload` marks the second purchase hit of a reloaded page; `is_tracked` is false for hits that never
    reach the analytics property but did happen.
    """

    session: Ints
    code: Ints
    page: Ints
    microsecond: Ints
    day: Ints
    order: Ints
    is_reload: NDArray[np.bool_]
    is_tracked: NDArray[np.bool_]


def make_sessions(
    seed: int, visits: Visits, people: People, calendar: Calendar, rates: Parameters, defects: bool
) -> Sessions:
    """Give every visit a device and a time of the day; a closing visit is the last of its person's day.

    With `defects`, machines that hit every two seconds and the shop's own test visits are added; both have
    person -1 (machine) or -2 (test) and devices after the last device of a person.
    """
    draw = stream(seed, "sessions")
    count = len(visits.person)
    hours = np.array(rates.hours) / sum(rates.hours)
    second = draw.choice(24, count, p=hours) * 3600 + draw.integers(0, 3600, count)
    closing = (visits.kind == BUY) | (visits.kind == DEAL)
    second[closing] = np.maximum(second[closing], EARLIEST_CLOSING_HOUR * 3600 + second[closing] % 3600)
    key = visits.person * calendar.days + visits.day
    closing_key, at = np.unique(key[closing], return_index=True)
    closing_second = second[closing][at]
    place = np.searchsorted(closing_key, key)
    same = np.zeros(count, bool)
    inside = place < len(closing_key)
    same[inside] = closing_key[place[inside]] == key[inside]
    before = same & ~closing & np.isin(visits.kind, (BROWSE,))
    opening = 6 * 3600
    latest = closing_second[place[before]] - LONGEST_SESSION_SECONDS
    second[before] = opening + (draw.random(int(before.sum())) * (latest - opening)).astype(np.int64)

    person, kind = visits.person, visits.kind
    spare = np.minimum(
        (draw.random(count) * people.device_count[person]).astype(np.int64), people.device_count[person] - 1
    )
    main = draw.random(count) < rates.on_main_device
    device = np.where(main, people.main_device[person], people.first_device[person] + spare)
    # The first person's own device stays private to the pair: the second person's first device is never used.
    device = np.where((spare == 0) & ~main, people.main_device[person], device)
    on_shared = people.shares_device[person] & (device == people.main_device[person])
    knows = people.has_user_id[person]
    casual = draw.random(count) < rates.casual_login
    logged = knows & (closing | np.isin(kind, (APP, COMMUNITY)) | on_shared | casual)
    logged &= ~((kind == BUY) & ~on_shared & (draw.random(count) < rates.guest_order))
    columns = [person, visits.day, visits.channel, kind, visits.decision, device,
               calendar.instant(visits.day, second), logged, visits.is_interested]  # fmt: skip
    if defects:
        columns = _add_machines(draw, columns, len(people.device_number), people.count, calendar, rates)
    order = np.lexsort((columns[3], columns[2], columns[0], columns[6], columns[1]))
    person, day, channel, kind, decision, device, start, logged, interested = (c[order] for c in columns)
    return Sessions(person, day, channel, kind, decision, device, start, _count_within(device), logged, interested)


def _add_machines(
    draw: np.random.Generator,
    columns: list[NDArray[Any]],
    devices: int,
    people: int,
    calendar: Calendar,
    rates: Parameters,
) -> list[NDArray[Any]]:
    """Append one session per bot and two test visits a month; every one is direct."""
    bots = max(1, people // rates.bot_per_customers)
    tests = np.arange(3, calendar.days, 14, dtype=np.int64)
    day = np.concatenate([draw.integers(0, calendar.days, bots), tests])
    count = len(day)
    second = np.concatenate([np.full(bots, 7200, np.int64), np.full(len(tests), 11 * 3600, np.int64)])
    is_bot = np.arange(count) < bots
    added = [
        np.where(is_bot, -1, -2),
        day,
        np.full(count, CHANNEL_CODE["direct"]),
        np.where(is_bot, BOT, INTERNAL),
        np.full(count, -1),
        devices + np.where(is_bot, np.arange(count), bots),
        calendar.instant(day, second),
        np.zeros(count, bool),
        np.zeros(count, bool),
    ]
    return [np.concatenate([old, new]) for old, new in zip(columns, added, strict=True)]


def _count_within(group: Ints) -> Ints:
    """1, 2, 3 ... within each group, in the given order."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    first = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    sizes = np.diff(np.append(first, len(ordered)))
    numbers = np.empty(len(group), np.int64)
    numbers[order] = np.arange(len(ordered)) - np.repeat(first, sizes) + 1
    return numbers


def make_events(seed: int, sessions: Sessions, rates: Parameters) -> Events:
    """Lay the events of each session on the clock: exponential pauses, at most the length of a session."""
    draw = stream(seed, "events")
    count = len(sessions.person)
    rows, codes, pages = [], [], []

    def add(chosen: NDArray[np.bool_], name: str, page: int = 0) -> None:
        where = np.flatnonzero(chosen)
        rows.append(where)
        codes.append(np.full(len(where), CODE[name]))
        pages.append(np.full(len(where), page))

    def chance(limit: float) -> NDArray[np.bool_]:
        return draw.random(count) < limit

    kind, interested = sessions.kind, sessions.is_interested
    human = kind != BOT
    shop = (kind == BROWSE) | (kind == BUY) | (kind == DEAL)
    closes = (kind == BUY) | (kind == DEAL)
    add(human | ~human, "session_start")
    add(sessions.number == 1, "first_visit")
    passing, curious, decided = rates.more_pages
    depth = draw.poisson(np.where(closes, decided, np.where(interested, curious, passing)))
    views = np.where(shop, 1 + np.minimum(depth, 6), np.where(kind == APP, 0, 1))
    for page in range(7):
        add(human & (views > page), "page_view", page)
    add(sessions.is_logged_in, "login")
    add(kind == APP, "app_open")
    viewed = shop & (closes | (interested & chance(rates.view_interested)) | chance(rates.view_passing))
    carted = viewed & ((kind == BUY) | ((kind == BROWSE) & interested & chance(rates.cart_interested)))
    add(viewed, "view_item")
    add(carted, "add_to_cart")
    add((kind == BUY) | (carted & chance(rates.checkout_of_cart)), "begin_checkout")
    add((kind == DEAL) | ((kind == BROWSE) & interested & chance(rates.lead_visit)), "generate_lead")
    add((kind == BUY) | (kind == INTERNAL), "purchase")
    uses = draw.poisson(rates.features_used, count)
    for use in range(3):
        add((kind == APP) & (uses > use), "feature_used", use)
    add((kind == COMMUNITY) & chance(rates.community_post), "post_created")
    befriends = chance(rates.refer_not_share)
    add((kind == ADVOCATE) & ~befriends, "share")
    add((kind == ADVOCATE) & befriends, "refer_friend")
    return _schedule(draw, sessions, np.concatenate(rows), np.concatenate(codes), np.concatenate(pages), rates)


def _schedule(
    draw: np.random.Generator, sessions: Sessions, session: Ints, code: Ints, page: Ints, rates: Parameters
) -> Events:
    """Put the events of each session in order and give each its microsecond."""
    place = np.lexsort((page, code, session))
    session, code, page = session[place], code[place], page[place]
    pause = np.minimum(draw.exponential(PACE_SECONDS, len(session)) + 2, LONGEST_STEP_SECONDS)
    pause[code == CODE["first_visit"]] = 0
    first = np.diff(session, prepend=-1) != 0
    pause[first] = 0
    running = np.cumsum(pause)
    offset = running - np.repeat(running[first], np.diff(np.append(np.flatnonzero(first), len(session))))
    offset = np.minimum(offset, LONGEST_SESSION_SECONDS - 100 + (offset % 60))
    base = sessions.start * 1_000_000 + draw.integers(0, 1_000_000, len(sessions.start))
    moment = base[session] + (offset * 1000).astype(np.int64) * 1000
    tracked = np.ones(len(session), bool)
    bought = (code == CODE["purchase"]) & (sessions.kind[session] == BUY)
    tracked[bought & (draw.random(len(session)) < rates.purchase_untracked)] = False
    reloaded = np.flatnonzero(bought & tracked & (draw.random(len(session)) < rates.purchase_reloaded))
    bots = np.repeat(np.flatnonzero(sessions.kind == BOT), rates.bot_hits)
    hit = np.tile(np.arange(rates.bot_hits), int((sessions.kind == BOT).sum()))
    session = np.concatenate([session, session[reloaded], bots])
    code = np.concatenate([code, code[reloaded], np.full(len(bots), CODE["page_view"])])
    page = np.concatenate([page, page[reloaded], hit])
    again = moment[reloaded] + RELOAD_SECONDS * 1_000_000 + 180_000
    moment = np.concatenate([moment, again, base[bots] + (hit + 1) * BOT_PACE_SECONDS * 1_000_000])
    reload = np.zeros(len(session), bool)
    reload[len(tracked) : len(tracked) + len(reloaded)] = True
    tracked = np.concatenate([tracked, np.ones(len(session) - len(tracked), bool)])
    day = sessions.day[session]
    final = np.lexsort((page, code, session, moment, day))
    session, code, page, moment, day = session[final], code[final], page[final], moment[final], day[final]
    return Events(session, code, page, moment, day, np.arange(len(session)), reload[final], tracked[final])


def first_seen(sessions: Sessions, devices: int) -> Ints:
    """First session start per device in UTC epoch seconds, 0 for a device never used; shape (devices,)."""
    seen = np.full(devices, np.iinfo(np.int64).max)
    np.minimum.at(seen, sessions.device, sessions.start)
    seen[seen == np.iinfo(np.int64).max] = 0
    return seen


def is_anonymous(sessions: Sessions, people: People) -> NDArray[np.bool_]:
    """Sessions of people who denied analytics: their rows carry no identifier."""
    inside = sessions.person >= 0
    denied = np.zeros(len(sessions.person), bool)
    denied[inside] = people.consent[sessions.person[inside]] == ALL_DENIED
    return denied
