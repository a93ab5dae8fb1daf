"""Markets made to judge attribution by: five ways the same channels can meet the same people, with what each causes.

Holds the small causal model of those markets, the frames a model may read, and the truth it is held against. Every
bought channel is blocked in a world of its own on the same random draws, as `behaviour` does it for the file market.
Add a scenario here when it breaks an estimator in a new way. Must not be here: an estimator, a score, a vendor's file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.world.clock import Ints, stream
from journey_pipeline.world.parameters import Channel

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

START = pd.Timestamp("2026-01-05")  # a Monday
# A day's touches come before its decision: what is seen today may decide today.
TOUCHED_FROM, TOUCHED_UNTIL, DECIDED_UNTIL = 6 * 3600, 18 * 3600, 23 * 3600
CLOSED_WITHIN = 1200  # seconds between the visit that closes a purchase and the purchase
HOLDOUT = 0.2
LEAST_CUSTOMERS = 100  # fewer do not make two groups of a holdout
TESTED = ("paid_search_brand", "paid_search_generic", "paid_video", "retargeting")
_NEVER = -10_000

CHANNELS: tuple[Channel, ...] = (
    Channel("paid_video", "push", 0.018, interest_effect=2.2, half_life_days=8.0, click_through_rate=0.03),
    Channel("display", "push", 0.040, interest_effect=0.7, half_life_days=3.0, click_through_rate=0.02),
    Channel("paid_social", "push", 0.020, interest_effect=1.7, half_life_days=5.0, click_through_rate=0.10),
    Channel("email", "push", 0.120, purchase_effect=1.0, half_life_days=3.0, click_through_rate=0.15),
    Channel("paid_search_generic", "pull", 0.080, purchase_effect=0.9, half_life_days=4.0, click_through_rate=1.0),
    Channel("retargeting", "pull", 0.120, purchase_effect=0.25, half_life_days=2.0, click_through_rate=0.06),
    Channel("paid_search_brand", "navigational", 0.0012, closing_share=0.30, click_through_rate=1.0),
    Channel("affiliates", "navigational", 0.0006, closing_share=0.16, click_through_rate=1.0),
    Channel("organic_search", "earned", 0.100, closing_share=0.24, click_through_rate=1.0),
    Channel("direct", "earned", 0.060, closing_share=0.30, click_through_rate=1.0),
)


@dataclass(frozen=True)
class Shape:
    """Every number of a scenario market. Hazards and rates are per day; a user may give others (`market_shape`).

    A channel's `daily_visit` holds for everybody when it is push or navigational, for people in the market when it is
    pull or earned, for recent visitors when it is called retargeting. An effect multiplies a hazard by
    `1 + effect * stock / (1 + stock)`. `lost_if_blocked` is the share of the plans using the channel it really saves.
    """

    channels: tuple[Channel, ...] = CHANNELS
    tier_shares: tuple[float, ...] = (0.50, 0.35, 0.15)  # the one trait everybody can see
    subscribed: float = 0.30
    interest_hazard: float = 0.0014
    interest_tier: float = 0.45
    interest_propensity: float = 0.60  # nobody sees it
    interest_at_start: float = 0.02
    lose_interest: float = 1 / 12
    purchase_hazard: float = 0.030
    purchase_propensity: float = 0.25
    target_tier: float = 0.30  # how much delivery of push follows the tier
    target_propensity: float = 0.35
    idle_pull: float = 0.03  # searches of people who are not in the market, as a share of those who are
    idle_earned: float = 0.12  # visits of the same
    retarget_days: int = 5
    email_days: tuple[int, ...] = (1, 3)  # Tuesday, Thursday
    by_chance: bool = False  # whatever is not push comes by chance, at this rate, and no visit closes a purchase
    chance_rate: float = 0.020
    closing_seen: float = 0.85  # the rest comes back by another device or a bookmark, and leaves no touch
    mean_value: float = 60.0
    block: int = 4096  # people per block: the state of one block fits the processor cache


def _with(shape: Shape, **changes: dict[str, float]) -> Shape:
    """The shape with other numbers in some channels."""
    return replace(shape, channels=tuple(replace(c, **changes.get(c.name, {})) for c in shape.channels))  # type: ignore[arg-type]


def _weaker(shape: Shape, factor: float) -> Shape:
    effects = {
        c.name: {"interest_effect": c.interest_effect * factor, "purchase_effect": c.purchase_effect * factor}
        for c in shape.channels
    }
    return _with(replace(shape, interest_hazard=shape.interest_hazard * 1.45), **effects)


# What sets each scenario apart from the whole market, `harvest`.
SCENARIOS: dict[str, Callable[[Shape], Shape]] = {
    "random": lambda shape: replace(shape, by_chance=True, target_tier=0.0, target_propensity=0.0),
    "observed": lambda shape: replace(shape, by_chance=True, target_tier=0.8, target_propensity=0.0),
    "harvest": lambda shape: shape,
    "brand_real": lambda shape: _with(shape, paid_search_brand={"lost_if_blocked": 0.3}),
    "weak": lambda shape: _weaker(shape, 0.3),
}


@dataclass(frozen=True)
class Market:
    """What a model may read (touches, conversions, customers, roles, experiments), and the truth.

    `touches`: customer_id, touchpoint_id, touched_at, channel, campaign, touch_type. `conversions`: conversion_id,
    customer_id, occurred_at, value. `customers`: customer_id, value_tier, is_subscribed: what everybody can see.
    `roles`: channel, role. `truth`: one row per bought channel, incremental_conversions: what would be missing without
    it. `joint` is what would be missing without all of them. `experiments`: one row per holdout, most useful first, as
    the seed of that name has them.
    """

    scenario: str
    seed: int
    days: int
    touches: pd.DataFrame
    conversions: pd.DataFrame
    customers: pd.DataFrame
    roles: pd.DataFrame
    truth: pd.DataFrame
    joint: float
    experiments: pd.DataFrame


def simulate_market(
    scenario: str, customers: int = 80_000, days: int = 70, seed: int = 11, shape: Shape | None = None
) -> Market:
    """Let `customers` people live `days` days in a scenario, and again without each bought channel.

    The same arguments give the same market. Raises ValueError for an unknown scenario, too few customers or days.
    """
    require_scenarios([scenario])
    if customers < LEAST_CUSTOMERS or days < 1:
        least = f"customers must be at least {LEAST_CUSTOMERS} and days at least 1"
        raise ValueError(f"{least}, found {customers} and {days}")
    rates = SCENARIOS[scenario](shape or Shape())
    blocks = [_Block(rates, seed, start, customers) for start in range(0, customers, rates.block)]
    for block in blocks:
        block.live(days)
    bought = np.concatenate([block.bought for block in blocks], axis=1)
    conversions, closings = _conversions(blocks, seed, rates)
    roles = pd.DataFrame([(c.name, c.role) for c in rates.channels], columns=["channel", "role"])
    totals, paid = bought.sum(axis=1, dtype=np.int64), roles["role"] != "earned"
    lost = (totals[0] - totals[1:-1]).astype(float)
    return Market(
        scenario=scenario,
        seed=seed,
        days=days,
        touches=_touches(blocks, closings, seed, rates),
        conversions=conversions.drop(columns="second"),
        customers=pd.concat([block.seen_traits() for block in blocks], ignore_index=True),
        roles=roles,
        truth=roles.loc[paid, ["channel"]].reset_index(drop=True).assign(incremental_conversions=lost),
        joint=float(totals[0] - totals[-1]),
        experiments=_experiments(bought, seed, days, roles.loc[paid, "channel"].tolist()),
    )


def require_scenarios(names: Iterable[str]) -> None:
    """Raise ValueError with the known names for a scenario that nobody wrote."""
    for name in names:
        if name not in SCENARIOS:
            raise ValueError(f"no scenario is called {name!r}; choose from {', '.join(SCENARIOS)}")


class _Block:
    """People [start, start + block) in every world: 0 as it was, then without each bought channel, then without all.

    State arrays are (worlds, people in block). Push delivery looks at nothing that happens, so its stock is kept once
    for all worlds and taken out of the worlds that block it where it acts.
    """

    def __init__(self, rates: Shape, seed: int, start: int, customers: int) -> None:
        self.rates, self.start = rates, start
        self.size = size = min(rates.block, customers - start)
        self.draw = draw = stream(seed, "scenario", start // rates.block)
        self.tier = draw.choice(len(rates.tier_shares), size, p=rates.tier_shares).astype(np.int64)
        self.propensity = draw.standard_normal(size, dtype=np.float32)
        centred = self.tier - np.average(np.arange(len(rates.tier_shares)), weights=rates.tier_shares)
        self.targeted = np.exp(rates.target_tier * centred + rates.target_propensity * self.propensity)
        self.subscribed = draw.random(size) < rates.subscribed * self.targeted
        self.appetite = np.exp(rates.interest_tier * centred + rates.interest_propensity * self.propensity)
        self.decisive = np.exp(rates.purchase_propensity * self.propensity).astype(np.float32)
        paid = [code for code, channel in enumerate(rates.channels) if channel.role != "earned"]
        off = np.zeros((len(paid) + 2, len(rates.channels)), bool)
        off[np.arange(1, len(paid) + 1), paid] = True
        off[-1, paid] = True
        self.on = ~off
        shape = (len(off), size)
        self.interested = np.broadcast_to(draw.random(size) < rates.interest_at_start, shape).copy()
        self.visited_on = np.full(shape, _NEVER, np.int32)
        self.bought = np.zeros(shape, np.int16)
        self.stock = {code: np.zeros(shape if self._follows(code) else (1, size), np.float32) for code in paid}
        self.touched: list[tuple[Ints, Ints, Ints, Flags]] = []  # person, day, channel, is_click
        self.decided: list[tuple[Ints, Ints, Ints]] = []  # person, day, channel that closed it or -1

    def _follows(self, code: int) -> bool:
        """Whether a channel's touches depend on what people do, and so differ between worlds."""
        return not self.rates.by_chance and self.rates.channels[code].role in ("pull", "earned")

    def live(self, days: int) -> None:
        """Advance every day: interest, visits, decisions."""
        for day in range(days):
            enter, leave = self.draw.random((2, self.size), dtype=np.float32)
            hazard = (self.rates.interest_hazard * self.appetite).astype(np.float32) * self._effect("interest_effect")
            self.interested = (self.interested & (leave >= self.rates.lose_interest)) | (enter < hazard)
            self._visit(day)
            self._decide(day)

    def _effect(self, kind: str) -> Floats:
        """One plus the saturated effects of the stocks on a hazard."""
        total = np.ones_like(self.interested, np.float32)
        for code, stock in self.stock.items():
            strength = np.float32(getattr(self.rates.channels[code], kind))
            if strength:
                total += strength * self.on[:, code, None] * (stock / (1 + stock))
        return total

    def _limit(self, code: int, day: int) -> NDArray[np.floating]:
        """Chance of a touch today, shape (people,) or (worlds, people)."""
        rates, channel = self.rates, self.rates.channels[code]
        if channel.name == "email":
            return np.float32(channel.daily_visit * 7 / len(rates.email_days) * (day % 7 in rates.email_days)) * (
                self.subscribed
            )
        if channel.role == "push":
            return channel.daily_visit * self.targeted
        if rates.by_chance:
            return rates.chance_rate * self.targeted
        if channel.role == "navigational":
            return np.full(self.size, channel.daily_visit)
        if channel.name == "retargeting":
            return np.float32(channel.daily_visit) * (day - self.visited_on <= rates.retarget_days)
        idle = rates.idle_pull if channel.role == "pull" else rates.idle_earned
        return np.where(self.interested, channel.daily_visit, channel.daily_visit * idle)

    def _visit(self, day: int) -> None:
        """Touches of the day and what they leave in the stocks; one draw decides a touch and whether it is a click."""
        chance = self.draw.random((len(self.rates.channels), self.size), dtype=np.float32)
        visits = np.zeros_like(self.interested)
        for code, channel in enumerate(self.rates.channels):
            limit = self._limit(code, day)
            seen = np.atleast_2d(chance[code] < limit)
            clicked = np.atleast_2d(chance[code] < limit * channel.click_through_rate)
            visits |= clicked & self.on[:, code, None]
            if code in self.stock:
                self.stock[code] = self.stock[code] * np.float32(0.5 ** (1 / channel.half_life_days)) + seen
            who = np.flatnonzero(seen[0])
            self.touched.append((who + self.start, np.full(len(who), day), np.full(len(who), code), clicked[0, who]))
        self.visited_on[visits] = day

    def _decide(self, day: int) -> None:
        """Who buys, and by which way they come to do it. A plan that is lost is not made again tomorrow."""
        rates, channels = self.rates, self.rates.channels
        decide, way, keep, notice = self.draw.random((4, self.size), dtype=np.float32)
        hazard = np.float32(rates.purchase_hazard) * self.decisive * self._effect("purchase_effect")
        plans = self.interested & (decide < hazard)
        closing = np.array([c.closing_share for c in channels])
        route = np.minimum(np.searchsorted(np.cumsum(closing / closing.sum()), way), len(channels) - 1)
        lost = keep < np.array([c.lost_if_blocked for c in channels])[route]
        buys = plans & (self.on[:, route] | ~lost | rates.by_chance)
        self.bought += buys
        self.interested &= ~plans
        self.visited_on[buys] = day
        who = np.flatnonzero(buys[0])
        is_seen = (notice[who] < rates.closing_seen) & (not rates.by_chance)
        way_back = np.where(is_seen, route[who], -1)
        self.decided.append((who + self.start, np.full(len(who), day), way_back))

    def seen_traits(self) -> pd.DataFrame:
        """What everybody can see of these people."""
        return pd.DataFrame(
            {
                "customer_id": _names("c", self.start + np.arange(self.size)),
                "value_tier": self.tier,
                "is_subscribed": self.subscribed,
            }
        )


def _names(letter: str, numbers: Ints) -> list[str]:
    return [f"{letter}{number:07d}" for number in numbers]


def _instants(day: Ints, second: Ints) -> pd.DatetimeIndex:
    return START + pd.to_timedelta(day * 86_400 + second, unit="s")


def _conversions(blocks: list[_Block], seed: int, rates: Shape) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The conversions in the order of people and days, and the visit that closed each, of the factual world."""
    person, day, way = (np.concatenate(c) for c in zip(*(d for b in blocks for d in b.decided), strict=True))
    order = np.lexsort((day, person))
    person, day, way = person[order], day[order], way[order]
    draw = stream(seed, "scenario conversions")
    second = draw.integers(TOUCHED_UNTIL + CLOSED_WITHIN, DECIDED_UNTIL, len(person))
    before = draw.integers(30, CLOSED_WITHIN, len(person))
    value = np.round(draw.lognormal(np.log(rates.mean_value) - 0.18, 0.6, len(person)), 2)
    conversions = pd.DataFrame(
        {
            "conversion_id": _names("o", np.arange(len(person))),
            "customer_id": _names("c", person),
            "occurred_at": _instants(day, second),
            "value": value,
            "second": second,
        }
    )
    return conversions, pd.DataFrame({"person": person, "day": day, "channel": way, "second": second - before})


def _touches(blocks: list[_Block], closings: pd.DataFrame, seed: int, rates: Shape) -> pd.DataFrame:
    """Every touch of the factual world, numbered in the order of people and time."""
    person, day, channel, is_click = (
        np.concatenate(column) for column in zip(*(t for b in blocks for t in b.touched), strict=True)
    )
    order = np.lexsort((channel, day, person))
    second = stream(seed, "scenario touches").integers(TOUCHED_FROM, TOUCHED_UNTIL, len(order))
    touches = pd.DataFrame(
        {"person": person[order], "day": day[order], "channel": channel[order], "second": second}
    ).assign(is_click=is_click[order])
    touches = pd.concat([touches, closings[closings["channel"] >= 0].assign(is_click=True)], ignore_index=True)
    touches = touches.sort_values(["person", "day", "second", "channel"], ignore_index=True)
    names = np.array([c.name for c in rates.channels], dtype=object)
    return pd.DataFrame(
        {
            "customer_id": _names("c", touches["person"].to_numpy()),
            "touchpoint_id": _names("t", np.arange(len(touches))),
            "touched_at": _instants(touches["day"].to_numpy(), touches["second"].to_numpy()),
            "channel": names[touches["channel"].to_numpy()],
            "campaign": None,
            "touch_type": np.where(touches["is_click"], "click", "view"),
        }
    )


def _experiments(bought: NDArray[np.int16], seed: int, days: int, paid: list[str]) -> pd.DataFrame:
    """One holdout per tested channel: a fifth of the people, drawn by lot, live in the world that blocks it.

    Lift is the difference of the two groups' means times all people, its error that of a difference of two means: the
    truth is not looked at. People do not meet, so nobody else's life changes by the holdout.
    """
    rows = []
    for channel in [name for name in TESTED if name in paid]:
        held = stream(seed, "holdout", channel).random(bought.shape[1]) < HOLDOUT
        without, usual = bought[1 + paid.index(channel), held].astype(float), bought[0, ~held].astype(float)
        lift = usual.mean() - without.mean()
        error = np.sqrt(usual.var(ddof=1) / len(usual) + without.var(ddof=1) / len(without))
        rows.append((f"holdout_{channel}", channel, lift * bought.shape[1], error * bought.shape[1]))
    frame = pd.DataFrame(rows, columns=["experiment_id", "channel", "lift_conversions", "standard_error"])
    return frame.assign(
        conversion_type="order",
        started_on=START.date(),
        ended_on=(START + pd.Timedelta(days=days - 1)).date(),
        design="holdout of 20 % of the people",
        source="simulation",
    )
