"""What an attribution model reads and returns, and the arithmetic every one of them shares.

Holds: the path cells and their fields, what a fitted model is, the allocation that sums to its total.
Add here: something two models need.
Must not be here: a model (its own module), an interval (`intervals`), the released table (`table`), any I/O.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journey_pipeline.attribution.paths import PathCells, Paths, has_channels, parse
from journey_pipeline.conversion import Floats, floats, ratio

# Credit and value of every channel, each channels x fits: what a model makes of paths that name a channel.
Earned = tuple[Floats, Floats]


@dataclass(frozen=True)
class Credits:
    """Credit of a model fitted on path counts.

    `by_channel` has columns channel, credit (conversions), value (currency of the cells), sorted by channel;
    both sum to what the paths held. `null_share` is the share of journeys that did not convert (NaN without
    journeys): below 0.5 a removal effect mostly measures presence, and the caller should warn.
    """

    by_channel: pd.DataFrame
    null_share: float


@dataclass(frozen=True)
class FittedModel:
    """A model fitted on path counts: one function from the parsed paths to what every channel earned.

    The function answers for all columns of the counts at once (everybody, and everybody without one bucket of
    customers each), which is what makes an interval as cheap as a fit. Its answers sum to the conversions and
    their value but for rounding, which is taken out here; ValueError when they do not.
    """

    earned: Callable[[Paths], Earned]

    def fit(self, paths: Paths) -> Earned:
        """Credit and value, channels x fits; those of everybody (the first column) sum to the last digit."""
        credit, value = self.earned(paths)
        for parts, counts in ((credit, paths.conversions), (value, paths.value)):
            total, found = math.fsum(counts[:, 0]), math.fsum(parts[:, 0])
            if abs(found - total) > 1e-6 * max(1.0, abs(total)):
                raise ValueError(f"a fitted model credits {found!r} where the paths hold {total!r}; it must credit all")
            if found != 0:
                parts[:, 0] = allocate(total, parts[:, 0])
        return credit, value

    def __call__(self, cells: PathCells) -> Credits:
        """Credit of one week and conversion type; an empty frame when nothing converts."""
        paths, found = parse(cells), pd.DataFrame({"channel": pd.Series(dtype="str"), "credit": 0.0, "value": 0.0})
        if paths.conversions[:, 0].sum() > 0:
            credit, value = self.fit(paths)
            found = pd.DataFrame({"channel": paths.channels, "credit": credit[:, 0], "value": value[:, 0]})
        return Credits(found, null_share(cells))


def null_share(paths: PathCells) -> float:
    """Share of the journeys with a channel that did not convert; NaN when there is none."""
    used = paths[has_channels(paths)]
    nulls = float(floats(used["nulls"]).sum())
    return float(ratio(nulls, nulls + float(floats(used["conversions"]).sum())))


def in_proportion(paths: Paths, weights: Floats) -> Earned:
    """Share out the conversions and their value by `weights` (channels x fits, not negative)."""
    shares = np.nan_to_num(ratio(weights, weights.sum(axis=0)))
    return shares * paths.conversions.sum(axis=0), shares * paths.value.sum(axis=0)


def allocate(total: float, weights: Floats) -> Floats:
    """Share out `total` by `weights` (not negative, not all 0) so that the parts sum to it exactly.

    Rounding leaves a residual of a few units in the last place. It goes to the largest part, and what that
    part is too coarse to hold to the next, until the correctly rounded sum (`math.fsum`, which does not
    depend on the order of the parts) equals the total. A part of 0 stays 0.
    """
    parts = np.asarray(total * weights / math.fsum(weights), float)
    for part in np.argsort(-np.abs(parts), kind="stable"):
        if math.fsum(parts) == total or parts[part] == 0:
            break
        parts[part] += math.fsum([total, *-parts])
    return parts
