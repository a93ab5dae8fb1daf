"""What is predicted, of whom, from what, and what each prediction must not be used for.

Holds the registry of targets and the list of features. Add a target as one entry of TARGETS: its label is a column of
`prediction_labels`. Must not be here: how anything is fitted (`learners`, `baselines`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

# Read by name, so that whatever else comes to stand in the table teaches nothing.
FEATURES = (
    "known_days", "seen_days_ago",
    "active_days_7", "active_days_28", "active_days_90", "visits_7", "visits_28", "visits_90",
    "product_views_7", "product_views_28", "product_views_90", "carts_7", "carts_28", "carts_90",
    "mails_read_28", "mails_read_90", "product_uses_28", "product_uses_90", "support_contacts_90",
    "sales_contacts_28", "sales_contacts_90", "recommendations_90",
    "order_days", "orders_90", "orders_180", "revenue_90", "revenue_180", "order_value", "last_order_days_ago",
    "first_order_days_ago",
    "answers", "last_answer", "is_subscribed",
    "stage_number", "journey_number", "journey_age_days", "journey_silent_days", "journey_events",
)  # fmt: skip
# Columns of declared attributes begin so.
ATTRIBUTE = "attribute_"

# Who bought within these days can still be lost; whoever did not is dormant already, as the lifecycle has it.
ACTIVE_DAYS = 180
# Days within which a purchase may fall; what is later is `later`.
TIME_BINS = (7, 14, 30, 90)


@dataclass(frozen=True)
class Cells:
    """Groups of customers whose rate is the baseline: how a row is grouped, and how strongly a small group is drawn
    to the rate of all (rows it counts as; `is_even` draws it to equal shares instead)."""

    of: Callable[[pd.DataFrame], NDArray[np.int64]]
    strength: float
    words: str
    is_even: bool = False


@dataclass(frozen=True)
class Target:
    """One thing to predict. `kind`: yes or no (binary), one of `outcomes` (classes), days (time), money (value)."""

    name: str
    kind: str
    horizon: int
    label: str
    population: Callable[[pd.DataFrame], Mask]
    baseline: Cells
    definition: str
    not_for: str
    outcomes: tuple[str, ...] = ("no", "yes")
    population_words: str = "Everybody seen within a year."


def _everybody(rows: pd.DataFrame) -> Mask:
    return np.ones(len(rows), bool)


def _bought_lately(rows: pd.DataFrame) -> Mask:
    return (rows["last_order_days_ago"] <= ACTIVE_DAYS).fillna(False).to_numpy(bool)


def _bought(rows: pd.DataFrame) -> Mask:
    return (rows["order_days"] > 0).fillna(False).to_numpy(bool)


def _on_a_journey(rows: pd.DataFrame) -> Mask:
    return np.asarray(rows["stage_number"].notna())


def _before_purchase(rows: pd.DataFrame) -> Mask:
    return (rows["stage_number"] < 3).fillna(False).to_numpy(bool)


def _bands(values: pd.Series[Any], edges: tuple[float, ...]) -> NDArray[np.int64]:
    """The band of each value, 0 below the first edge; a missing value is in the last band of all."""
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, side="left")).astype(np.int64)


def recency_and_frequency(rows: pd.DataFrame) -> NDArray[np.int64]:
    """Days since the last purchase by days with a purchase."""
    return _bands(rows["last_order_days_ago"], (30, 90, 180, 365)) * 8 + _bands(rows["order_days"], (0, 1, 2, 4))


def _all_alike(rows: pd.DataFrame) -> NDArray[np.int64]:
    return np.zeros(len(rows), np.int64)


def _stage(rows: pd.DataFrame) -> NDArray[np.int64]:
    return rows["stage_number"].fillna(0).to_numpy(np.int64)


def _stage_and_age(rows: pd.DataFrame) -> NDArray[np.int64]:
    return _stage(rows) * 8 + _bands(rows["journey_age_days"], (3, 7, 14, 28))


_RFM_CELLS = Cells(recency_and_frequency, 10, "Rate of customers of the same recency and frequency of purchases.")
_NOT_A_REASON = (
    "Not for prices, credit, or refusing anybody a service; it says who is likely to, not whom a message would move."
)


def _purchase(days: int) -> Target:
    return Target(
        name=f"purchase_{days}",
        kind="binary",
        horizon=days,
        label=f"purchase_{days}",
        population=_everybody,
        baseline=_RFM_CELLS,
        definition=f"Buys (an order or a won deal) within {days} days.",
        not_for=_NOT_A_REASON,
    )


TARGETS: tuple[Target, ...] = (
    _purchase(30),
    _purchase(60),
    _purchase(90),
    Target(
        name="purchase_timing",
        kind="time",
        horizon=90,
        label="days_to_order_90",
        population=_everybody,
        baseline=Cells(recency_and_frequency, 10, "Lag curve of customers of the same recency and frequency."),
        definition="Days until the next purchase: quartiles, and the mean of the next 90 days.",
        not_for=_NOT_A_REASON,
        outcomes=(*(f"day_{edge}" for edge in TIME_BINS), "later"),
    ),
    Target(
        name="churn_90",
        kind="binary",
        horizon=90,
        label="churned_90",
        population=_bought_lately,
        baseline=Cells(_all_alike, 0, "Rate of the customers of earlier quarters."),
        definition="An active customer does not buy in the next 90 days.",
        not_for=_NOT_A_REASON,
        population_words="Who bought in the last 180 days.",
    ),
    Target(
        name="value_365",
        kind="value",
        horizon=365,
        label="value_365",
        population=_bought,
        baseline=Cells(_all_alike, 0, "Repeat purchases a day so far, times the mean order so far."),
        definition="Net revenue of the next twelve months, by the margin in force, discounted by 10 % a year.",
        not_for=_NOT_A_REASON,
        population_words="Who has bought.",
    ),
    Target(
        name="next_stage",
        kind="classes",
        horizon=30,
        label="next_stage_30",
        population=_on_a_journey,
        baseline=Cells(_stage, 3, "Laplace rates of journeys in the same stage.", is_even=True),
        definition="What an open journey does within 30 days: reaches a further stage, goes on, or falls silent.",
        not_for=_NOT_A_REASON,
        outcomes=("next", "stay", "exit"),
        population_words="Who is on a journey that is open.",
    ),
    Target(
        name="journey_conversion",
        kind="binary",
        horizon=30,
        label="journey_converts_30",
        population=_before_purchase,
        baseline=Cells(_stage_and_age, 10, "Rate of open journeys of the same stage and age."),
        definition="An open journey before its purchase reaches it within 30 days.",
        not_for=_NOT_A_REASON,
        population_words="Who is on a journey that is open and has not bought on it.",
    ),
    Target(
        name="low_satisfaction",
        kind="binary",
        horizon=90,
        label="low_score_90",
        population=_everybody,
        baseline=Cells(recency_and_frequency, 20, "Rate of answers of the same recency and frequency, drawn to all."),
        definition="Would answer a survey within 90 days with 2 of 5 or less, or as a detractor.",
        not_for=_NOT_A_REASON + " It is learnt from those who answered, and says nothing of why.",
        population_words="Everybody seen within a year, as if they answered.",
    ),
)


def feature_names(columns: list[str]) -> list[str]:
    """The features among the columns of a table: those of FEATURES and the declared attributes."""
    return [*FEATURES, *sorted(name for name in columns if name.startswith(ATTRIBUTE))]


def labels(target: Target, rows: pd.DataFrame) -> NDArray[np.int64]:
    """Codes into `outcomes` of the rows of a population; -1 where the window was not seen to its end."""
    told = rows[target.label]
    if target.kind == "time":
        days = told.to_numpy(np.float64, na_value=np.inf)
        return np.searchsorted(TIME_BINS, days, side="left").astype(np.int64)
    if target.kind == "classes":
        return pd.Categorical(told, categories=list(target.outcomes)).codes.astype(np.int64)
    return told.fillna(-1).to_numpy(np.int64)
