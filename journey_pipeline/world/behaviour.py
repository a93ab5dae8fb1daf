"""The causal model: what people do each day, and what they would have done without a channel.

Every scenario (the factual one, then one per blocked channel, then all bought channels blocked) is advanced
side by side on the same random draws, so a difference between two scenarios is caused by the block alone. Add
a rule here when it changes who buys. Must not be here: sessions, clock times, anything a vendor writes.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journey_pipeline.world.clock import Calendar, Ints, stream
from journey_pipeline.world.parameters import BASKETS, BOUGHT, CHANNEL_CODE, CHANNELS, PRODUCTS, Parameters
from journey_pipeline.world.people import People

BROWSE, BUY, DEAL, APP, COMMUNITY, ADVOCATE = range(6)
FREE_SHIPPING_CENTS, SHIPPING_CENTS = 10_000, 490
DEAL_BASKETS = 12  # a business buys a dozen baskets at once
DELIVERY_DAYS = 2
LATE_SCALE_DAYS = 0.9  # mean of the days a parcel is late
WAIT_SCALE_HOURS, WAIT_LEAST_HOURS = 18.0, 2.0
IDLE_SHARE = 0.03  # pull and earned visits of people who are not interested
_NEVER = -10_000

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Visits:
    """One entry per visit of the factual scenario; `decision` points into `Decisions` or is -1."""

    person: Ints
    day: Ints
    channel: Ints
    kind: Ints
    is_interested: Flags
    decision: Ints


@dataclass(frozen=True)
class Decisions:
    """One entry per purchase decision of the factual scenario: an order, or a deal when `is_deal`."""

    person: Ints
    day: Ints
    is_deal: Flags
    basket: Ints
    is_discounted: Flags
    is_cancelled: Flags
    late_days: Ints
    has_ticket: Flags
    wait_hours: NDArray[np.float64]
    quality: NDArray[np.float64]
    is_won: Flags
    won_days: NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """Totals, arrays of shape (scenarios,): 0 factual, 1 + c channel c blocked, last all bought blocked."""

    orders: Ints
    order_cents: Ints
    deals: Ints
    deal_cents: Ints


def basket_cents() -> tuple[Ints, Ints]:
    """Goods value of each basket in cents, and its order total of shape (baskets, 2): plain, 10 % off."""
    goods = np.array([sum(PRODUCTS[p][2] * n for p, n in lines) for lines in BASKETS], dtype=np.int64)
    paid = np.stack([goods, goods - goods // 10], axis=1)
    return goods, paid + np.where(paid < FREE_SHIPPING_CENTS, SHIPPING_CENTS, 0)


def blocked_channels() -> Flags:
    """Which channel is off in which scenario, shape (scenarios, channels)."""
    single = np.eye(len(CHANNELS), dtype=bool)
    joint = np.array([[channel.name in BOUGHT for channel in CHANNELS]])
    return np.concatenate([np.zeros((1, len(CHANNELS)), bool), single, joint])


def simulate(
    seed: int, people: People, calendar: Calendar, rates: Parameters, report: Callable[[float], None],
    off: Flags | None = None,
) -> tuple[Visits, Decisions, Outcomes]:  # fmt: skip
    """Live through every day of the calendar, block of people by block of people.

    Blocks have their own random streams and a fixed size, so the result depends on the seed alone. `off` is which
    channel is off in which scenario, all of `blocked_channels` when None; the first scenario is the factual one, and
    what happens in it does not depend on the others.
    """
    off = blocked_channels() if off is None else off
    blocks = [_Block(seed, start, people, calendar, rates, off) for start in range(0, people.count, rates.block)]
    visits: list[Visits] = []
    decisions: list[Decisions] = []
    outcomes: list[Outcomes] = []
    taken = 0
    for number, block in enumerate(blocks):
        block.live()
        seen, decided = block.visits(taken), block.decisions()
        taken += len(decided.person)
        visits.append(seen)
        decisions.append(decided)
        outcomes.append(block.outcomes())
        report((number + 1) / len(blocks))
    return (
        Visits(*(np.concatenate([getattr(v, f.name) for v in visits]) for f in fields(Visits))),
        Decisions(*(np.concatenate([getattr(d, f.name) for d in decisions]) for f in fields(Decisions))),
        Outcomes(*(np.sum([getattr(o, f.name) for o in outcomes], axis=0) for f in fields(Outcomes))),
    )


class _Block:
    """People [start, start + block) in every scenario; state arrays are (scenarios, people in block)."""

    def __init__(
        self, seed: int, start: int, people: People, calendar: Calendar, rates: Parameters, off: Flags
    ) -> None:
        stop = min(start + rates.block, people.count)
        self.draw = stream(seed, "behaviour", start // rates.block)
        self.start, self.size, self.calendar, self.rates = start, stop - start, calendar, rates
        self.off = off
        part = slice(start, stop)
        self.arrival, self.business = people.arrival_day[part], people.is_business[part]
        self.has_user, self.taste = people.has_user_id[part], people.taste[part]
        propensity, tier = people.propensity[part], people.tier[part]
        self.appetite = np.exp(rates.interest_tier * tier + rates.interest_propensity * propensity).astype(np.float32)
        self.decisive = np.exp(rates.purchase_propensity * propensity).astype(np.float32)
        self.targeted = np.exp(rates.social_targeting * propensity).astype(np.float32)
        self.spender = (1 / (1 + 0.4 * tier)).astype(np.float32)
        self.member = self.draw.random(self.size) < rates.community_member
        shape = (len(self.off), self.size)
        self.interested = np.broadcast_to(self.draw.random(self.size) < rates.interest_on_arrival, shape).copy()
        self.subscribed = np.broadcast_to(people.is_subscribed[part], shape).copy()
        self.quality = np.full(shape, 0.5, np.float32)
        self.bought_on = np.full(shape, _NEVER, np.int32)
        self.rest_until = np.zeros(shape, np.int32)
        self.visited_on = np.full(shape, _NEVER, np.int32)
        self.stock = {
            code: np.zeros(shape, np.float32)
            for code, c in enumerate(CHANNELS)
            if c.interest_effect or c.purchase_effect
        }
        self.totals = np.zeros((4, shape[0]), np.int64)
        self.seen: list[tuple[NDArray[Any], ...]] = []
        self.decided: list[tuple[NDArray[Any], ...]] = []

    def live(self) -> None:
        """Advance every day."""
        rates = self.rates
        season = self.calendar.season(rates.season_amplitude, rates.november_lift, rates.weekday_factor)
        for day in range(self.calendar.days):
            present = self.arrival <= day
            self._change_interest(day, present, float(season[day]))
            self._visit(day, present, float(season[day]))
            self._decide(day, present, float(season[day]))
            self._live_with_product(day)

    def _effect(self, kind: str) -> Floats:
        """One plus the saturated effects of all stocks on a hazard: x = stock / (1 + stock)."""
        total = np.ones_like(self.quality)
        for code, stock in self.stock.items():
            strength = getattr(CHANNELS[code], kind)
            if strength:
                total += np.float32(strength) * (stock / (1 + stock))
        return total

    def _change_interest(self, day: int, present: Flags, season: float) -> None:
        rates, enter, leave = self.rates, *self.draw.random((2, self.size), dtype=np.float32)
        again = np.where(
            self.bought_on > _NEVER,
            np.clip(rates.rebuy_base + rates.rebuy_quality * 2 * (self.quality - 0.5), 0.1, None),
            1,
        ).astype(np.float32)
        hazard = (rates.interest_hazard * season) * self.appetite * self._effect("interest_effect") * again
        entering = (enter < hazard) & present & (day >= self.rest_until)
        self.interested = (self.interested & (leave >= rates.lose_interest)) | entering

    def _visit(self, day: int, present: Flags, season: float) -> None:
        """Visits of the day by channel, and what they leave in the stocks."""
        rates, chance = self.rates, self.draw.random((len(CHANNELS), self.size), dtype=np.float32)
        factual = np.zeros((len(CHANNELS), self.size), bool)
        any_visit = np.zeros_like(self.interested)
        sends = self.calendar.day(day).weekday() in rates.email_send_days
        wanting = np.where(self.interested, np.float32(season), np.float32(IDLE_SHARE * season))
        for code, channel in enumerate(CHANNELS):
            limit: NDArray[np.floating[Any]] = np.float32(channel.daily_visit) * wanting
            if channel.name == "paid_video":
                limit = np.full_like(wanting, channel.daily_visit)
            elif channel.name == "paid_social":
                limit = np.broadcast_to(channel.daily_visit * self.targeted, wanting.shape)
            elif channel.name == "display":
                limit = channel.daily_visit * (day - self.visited_on <= rates.retarget_days)
            elif channel.name == "email":
                care = np.where(day - self.bought_on <= rates.care_email_days, rates.care_email_factor, 1)
                limit = (channel.daily_visit * sends) * care * self.subscribed
            elif channel.name == "paid_search_brand":
                limit = channel.daily_visit * ((self.bought_on > _NEVER) | self.interested)
            seen = (chance[code] < limit) & present & ~self.off[:, code, None]
            factual[code] = seen[0]
            any_visit |= seen
            if code in self.stock:
                keep = np.float32(0.5 ** (1 / channel.half_life_days))
                self.stock[code] = self.stock[code] * keep + seen
        self.visited_on[any_visit] = day
        codes, who = np.nonzero(factual)
        self._record(day, who, codes, BROWSE, self.interested[0, who], np.full(len(who), -1))

    def _decide(self, day: int, present: Flags, season: float) -> None:
        rates = self.rates
        u = self.draw.random((11, self.size), dtype=np.float32)
        hazard = (rates.purchase_hazard * season) * self.decisive * self._effect("purchase_effect")
        buys = (u[0] < np.where(self.interested, hazard, rates.idle_purchase)) & present & (day >= self.rest_until)
        route = np.searchsorted(np.cumsum([c.closing_share for c in CHANNELS]), u[1], side="right")
        route = np.minimum(route, len(CHANNELS) - 1)
        lost = u[2] < np.array([c.lost_if_blocked for c in CHANNELS])[route]
        buys &= ~(self.off[:, route] & lost)
        _, totals = basket_cents()
        basket = np.minimum((u[3] ** self.spender * len(BASKETS)).astype(np.int64), len(BASKETS) - 1)
        discounted, cancelled = u[4] < rates.discounted, u[5] < rates.cancelled
        cents = totals[basket, discounted.astype(np.int64)]
        late = np.floor(-np.log1p(-u[6]) * LATE_SCALE_DAYS).astype(np.int64)
        ticket = u[7] < rates.ticket_base + rates.ticket_per_late_day * late
        wait = WAIT_LEAST_HOURS - np.log1p(-u[8].astype(np.float64)) * WAIT_SCALE_HOURS
        score = rates.quality_base + rates.quality_taste * self.taste - rates.quality_per_late_day * late
        quality = 1 / (1 + np.exp(-(score - rates.quality_per_wait_hour * wait * ticket)))
        won, won_days = (
            u[9] < rates.deal_won,
            rates.deal_days[0] + u[10].astype(np.float64) * rates.deal_days[1],
        )
        counted = buys & np.where(self.business, won & (day + won_days < self.calendar.days - 1), ~cancelled)
        orders, deals = counted & ~self.business, counted & self.business
        self.totals += [
            orders.sum(1),
            (orders * cents).sum(1),
            deals.sum(1),
            (deals * cents).sum(1) * DEAL_BASKETS,
        ]
        self.bought_on[buys & ~self.business] = day
        self.quality = np.where(buys, quality.astype(np.float32), self.quality)
        self.rest_until[buys] = day + rates.rest_days
        self.interested &= ~buys
        self.subscribed |= buys & (u[4] >= 1 - rates.subscribe_on_purchase)
        who = np.flatnonzero(buys[0])
        first = sum(len(d[0]) for d in self.decided)
        self._record(day, who, route[who], np.where(self.business[who], DEAL, BUY), np.ones(len(who), bool),
                     first + np.arange(len(who)))  # fmt: skip
        columns = (self.business, basket, discounted, cancelled, late, ticket, wait, quality, won, won_days)
        self.decided.append((who + self.start, np.full(len(who), day), *(column[who] for column in columns)))

    def _live_with_product(self, day: int) -> None:
        """Product, community and advocacy visits of people who own something, factual scenario only."""
        rates, u = self.rates, self.draw.random((3, self.size), dtype=np.float32)
        owns = (self.bought_on[0] > _NEVER) & (day - self.bought_on[0] > DELIVERY_DAYS)
        uses = owns & self.has_user & (day - self.bought_on[0] <= rates.app_days)
        for kind, chosen in (
            (APP, uses & (u[0] < rates.app_open_daily * (0.4 + self.quality[0]))),
            (COMMUNITY, owns & self.member & self.has_user & (u[1] < rates.community_daily)),
            (ADVOCATE, owns & (u[2] < rates.advocacy_daily * np.clip(self.quality[0] - 0.5, 0, None) * 4)),
        ):
            who = np.flatnonzero(chosen)
            direct = np.full(len(who), CHANNEL_CODE["direct"])
            self._record(day, who, direct, kind, np.zeros(len(who), bool), np.full(len(who), -1))

    def _record(self, day: int, who: Ints, channel: Ints, kind: int | Ints, interested: Flags, decision: Ints) -> None:
        if len(who):
            full = np.broadcast_to(np.asarray(kind, np.int64), who.shape)
            self.seen.append((who + self.start, np.full(len(who), day), channel, full, interested, decision))

    def visits(self, taken: int) -> Visits:
        """The recorded visits; decisions are numbered from `taken`, the count of earlier blocks."""
        none = np.zeros(0, np.int64)
        seen = [*self.seen, (none, none, none, none, none.astype(bool), none)]
        joined = [np.concatenate(column) for column in zip(*seen, strict=True)]
        joined[5] = np.where(joined[5] >= 0, joined[5] + taken, -1)
        return Visits(*joined)

    def decisions(self) -> Decisions:
        """The recorded purchase decisions, in the order of days, then people."""
        return Decisions(*(np.concatenate(column) for column in zip(*self.decided, strict=True)))

    def outcomes(self) -> Outcomes:
        """Counted orders and deals per scenario."""
        return Outcomes(*self.totals)
