"""The next experiment: how many people it needs, how long that takes, and what a given number would find. Pure.

Holds the sample size of two means with unequal shares, by the normal approximation (Chow, Shao, Wang 2008, "Sample size
calculations in clinical research", section 3.2). Must not be here: reading a release (`release_numbers`), drawing lots
(`lots`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import norm


@dataclass(frozen=True)
class Plan:
    """What an experiment needs: people in all and per arm, weeks to assign them and until the last window is over."""

    people: int
    control: int
    treated: int
    weeks_to_assign: int
    weeks: int
    power: float


def people_needed(
    variance: float, smallest_effect: float, share: float = 0.5, alpha: float = 0.05, power: float = 0.8
) -> int:
    """People in both arms that find `smallest_effect` with this power, `share` of them treated.

    variance: of the metric between people, the same in both arms.
    """
    z = norm.isf(alpha / 2) + norm.ppf(power)
    return math.ceil(z**2 * variance / (share * (1 - share) * smallest_effect**2))


def power_of(people: int, variance: float, smallest_effect: float, share: float = 0.5, alpha: float = 0.05) -> float:
    """The chance that so many people show an effect of this size, in either direction."""
    error = math.sqrt(variance / (share * (1 - share) * people))
    critical = norm.isf(alpha / 2)
    return float(norm.sf(critical - smallest_effect / error) + norm.cdf(-critical - smallest_effect / error))


def plan(
    variance: float,
    smallest_effect: float,
    window_days: int,
    now: int,
    per_week: float,
    *,
    share: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
    people: int | None = None,
) -> Plan:
    """What is needed for `smallest_effect`, or what `people` would find of it.

    `now` people can be assigned at once and `per_week` more come every week; the last one's window has to end. Raises
    ValueError where nothing varies or nobody comes.
    """
    if not variance > 0:
        raise ValueError("nothing varies in this metric among these people: choose another metric, window or segment")
    needed = people or people_needed(variance, smallest_effect, share, alpha, power)
    short = max(needed - now, 0)
    if short and not per_week > 0:
        raise ValueError(f"{needed:,} people are needed, {now:,} are there and none come: ask for a larger effect")
    to_assign = math.ceil(short / per_week) if short else 0
    treated = round(needed * share)
    reached = power_of(needed, variance, smallest_effect, share, alpha)
    weeks = to_assign + math.ceil(window_days / 7)
    return Plan(needed, needed - treated, treated, to_assign, weeks, reached)
