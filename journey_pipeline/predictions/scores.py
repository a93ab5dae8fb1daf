"""The scores of a batch of customers, target by target and outcome by outcome.

Holds how shares of outcomes become what is published. Must not be here: fitting, any I/O.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.predictions import values
from journey_pipeline.predictions.backtest import Trained
from journey_pipeline.predictions.targets import TIME_BINS, Target
from journey_pipeline.predictions.values import TrainedValue

Floats = NDArray[np.float64]

NO_CONSENT = "no consent to profiling"


def scored(trained: Trained | TrainedValue, batch: pd.DataFrame) -> Iterator[tuple[str | None, pd.DataFrame]]:
    """Outcome, and customer_id, value, low, high, reason of the members of the target's population in the batch;
    nothing of a target that does not score. Who did not agree comes first, without outcome and value."""
    target = trained.target
    if trained.name is None:
        return
    members = batch[target.population(batch)]
    agreed = members["is_consented"].to_numpy(bool)
    yield None, _frame(members["customer_id"][~agreed], np.nan, reason=NO_CONSENT)
    asked = members[agreed]
    if not len(asked):
        return
    who = asked["customer_id"]
    if isinstance(trained, TrainedValue):
        told = values.scored(trained, asked)
        yield "revenue", _frame(who, told["value"].to_numpy(), told["low"].to_numpy(), told["high"].to_numpy())
    elif trained.model is not None:
        yield from _of_outcomes(target, who, trained.model.probabilities(asked))


def _of_outcomes(target: Target, who: pd.Series[str], shares: Floats) -> Iterator[tuple[str, pd.DataFrame]]:
    if target.kind == "time":
        low, median, high = (days_until(shares, share) for share in (0.25, 0.5, 0.75))
        late = [f"later than {TIME_BINS[-1]} days" if unknown else None for unknown in np.isnan(median)]
        yield "median_days", _frame(who, median, low, high, late)
        yield f"mean_days_of_{TIME_BINS[-1]}", _frame(who, mean_days(shares))
    else:
        for place, outcome in enumerate(target.outcomes):
            if outcome != "no":
                yield outcome, _frame(who, shares[:, place])


def days_until(shares: Floats, share: float) -> Floats:
    """The day by which a share of customers like these has bought, evenly within a bin; missing when it is later."""
    reached = np.column_stack([np.zeros(len(shares)), np.cumsum(shares[:, :-1], axis=1)])
    edges = np.array([0, *TIME_BINS], np.float64)
    place = np.minimum((reached < share).sum(1), len(edges) - 1)
    rows = np.arange(len(shares))
    before, after = reached[rows, place - 1], reached[rows, place]
    within = (share - before) / np.where(after > before, after - before, 1)
    return np.where(after >= share, edges[place - 1] + within * (edges[place] - edges[place - 1]), np.nan)


def mean_days(shares: Floats) -> Floats:
    """Mean of the days until the next purchase, or until the last bin ends if that comes first."""
    edges = np.array([0, *TIME_BINS], np.float64)
    middle = np.append((edges[1:] + edges[:-1]) / 2, edges[-1])
    return np.asarray(shares @ middle)


def _frame(who: pd.Series[str], value: Floats | float, low: Floats | float = np.nan, high: Floats | float = np.nan,
           reason: object = None) -> pd.DataFrame:  # fmt: skip
    columns = {"customer_id": who.to_numpy(), "value": value, "low": low, "high": high, "reason": reason}
    return pd.DataFrame(columns).astype({"reason": object})
