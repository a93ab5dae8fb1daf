"""The quarterly review: one self-contained page per quarter, from the tables of one release.

Holds which weeks a quarter is read from, and its tables as text.
Add here when the review gains a table. Must not be here: new numbers, writing (`page`).

A week belongs to the quarter its Monday lies in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from journey_pipeline.report.actions import action_rows, as_text
from journey_pipeline.report.reading import Released, Row, spread
from journey_pipeline.report.scorecard import scorecard
from journey_pipeline.report.wording import day, lift, money, name, share

# Earlier quarters stand in the releases of their time.
_QUARTERS = 4
_MOVES = 8
_PAINS = 5

_MOVED = """
    select week, metric, rate0, rate1, change, rate_effect, rate_effect_low, rate_effect_high, mix_effect, is_simpson
    from change_explained
    where breakdown = 'entry_mix' and member = 'all' and week between ? and ?
        and (rate_effect_low > 0 or rate_effect_high < 0)
    order by abs(rate_effect) desc, week, metric limit ?
"""
_PAIN = """
    select rank, step, breakdown, member, value_at_stake from pain_points
    where week = (select max(week) from pain_points where week between ? and ?)
    order by rank limit ?
"""
_EXPERIMENTS = """
    select experiment_id, variant, metric, effect, ci_low, ci_high from experiments
    where effect is not null order by experiment_id, metric, variant
"""


@dataclass(frozen=True)
class Quarter:
    """One calendar quarter, with the last week that this release knows of it."""

    year: int
    number: int
    last_week: date

    @property
    def name(self) -> str:
        """`Q3 2026`, and whether it is still going on."""
        return f"Q{self.number} {self.year}" + ("" if self.is_over else " so far")

    @property
    def file(self) -> str:
        """Name of its page."""
        return f"review-{self.year}-Q{self.number}.html"

    @property
    def first_day(self) -> date:
        """First of its days."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        """Last of its days."""
        after = date(self.year + self.number // 4, 3 * self.number % 12 + 1, 1)
        return after - timedelta(days=1)

    @property
    def is_over(self) -> bool:
        """Whether the release knows every week that begins in it."""
        return self.last_week + timedelta(days=7) > self.last_day


def quarters(released: Released) -> list[Quarter]:
    """The last quarters that the scorecard has a week of, the newest first."""
    rows = released.rows(
        "kpi_scorecard",
        """
        select year(week) as year, quarter(week) as number, max(week) as last_week from kpi_scorecard
        group by all order by all desc limit ?
        """,
        [_QUARTERS],
    )
    return [Quarter(row["year"], row["number"], row["last_week"]) for row in rows]


def review(released: Released, quarter: Quarter, *, is_latest: bool) -> dict[str, Any]:
    """Everything of one quarter's page, as text."""
    mine = [row for row in action_rows(released) if _belongs(row, quarter, is_latest=is_latest)]
    told = [as_text(row, released.currency) for row in mine]
    span = [quarter.first_day, quarter.last_day]
    return {
        "quarter": quarter,
        "week": day(quarter.last_week),
        "goals": scorecard(released, quarter.last_week)["sets"],
        "moved": [_moved(row) for row in released.rows("change_explained", _MOVED, [*span, _MOVES])],
        "pains": [_pain(row, released.currency) for row in released.rows("pain_points", _PAIN, [*span, _PAINS])],
        "actions": told,
        "open": [text for text, row in zip(told, mine, strict=True) if _is_open(row)],
        "experiments": [_experiment(row) for row in released.rows("experiments", _EXPERIMENTS)],
        "owners": released.rows(
            "governance_roles", "select role, title, responsible_for, person from governance_roles order by role"
        ),
    }


def _belongs(row: Row, quarter: Quarter, *, is_latest: bool) -> bool:
    """Whether an action was about in the quarter; what has no day is shown with the latest one."""
    days = [row[name] for name in ("proposed_on", "started_on", "due_on") if row[name]]
    if not days:
        return is_latest
    last = row["ended_on"] or (max(days) if row["status"] in ("done", "dropped") else quarter.last_day)
    return bool(min(days) <= quarter.last_day and last >= quarter.first_day)


def _is_open(row: Row) -> bool:
    return row["decision"] is None and row["status"] in ("proposed", "planned")


def _moved(row: Row) -> dict[str, Any]:
    def by(value: float) -> str:
        return f"{lift(value).removesuffix('%')} points"

    return {
        "week": day(row["week"]),
        "metric": name_of(row["metric"]),
        "rates": f"{share(row['rate0'])} to {share(row['rate1'])}",
        "change": by(row["change"]),
        "rate_effect": by(row["rate_effect"]),
        "interval": spread(row["rate_effect_low"], row["rate_effect_high"], by),
        "mix_effect": by(row["mix_effect"]),
        "is_simpson": bool(row["is_simpson"]),
    }


def name_of(metric: str) -> str:
    """`journey:awareness->purchase` as `Awareness to purchase`."""
    funnel, _, step = metric.partition(":")
    words = step.replace("->", " to ").replace("_", " ").capitalize()
    return words if funnel == "journey" else f"{name(funnel)}: {words}"


def _pain(row: Row, currency: str) -> dict[str, Any]:
    member = "everybody" if row["breakdown"] == "all" else f"{name(row['breakdown'])}: {name(row['member'])}"
    return {"rank": row["rank"], "step": name(row["step"]), "member": member,
            "stake": money(row["value_at_stake"], currency)}  # fmt: skip


def _experiment(row: Row) -> dict[str, Any]:
    def form(value: float) -> str:
        return f"{value:+.4g}".replace("-", "−")

    return {
        "name": row["experiment_id"],
        "variant": row["variant"],
        "metric": name(row["metric"]),
        "effect": form(row["effect"]),
        "interval": spread(row["ci_low"], row["ci_high"], form),
    }
