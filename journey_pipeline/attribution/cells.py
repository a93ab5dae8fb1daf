"""What an attribution model reads and returns, and the arithmetic every one of them shares.

Holds: the types of the fitted models, the allocation that sums to its total, the interval of summed credit.
Add here: something two models need.
Never here: a model (its own module), the released table (`table`), any I/O.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Z95, Floats, Numbers, floats, ratio

# One row per distinct path of one week and conversion type.
# Columns: path (channels joined by '>'), conversions, value, nulls (journeys that did not convert).
PathCells = pd.DataFrame

UNATTRIBUTED = "unattributed"
BUCKETS = 100


@dataclass(frozen=True)
class Credits:
    """Credit of a model fitted on path counts.

    `by_channel` has columns channel, credit (conversions), value (currency of the cells), sorted by channel;
    both sum to what the paths held. `null_share` is the share of journeys that did not convert (NaN without
    journeys): below 0.5 a removal effect mostly measures presence, and the caller should warn.
    """

    by_channel: pd.DataFrame
    null_share: float


FittedModel = Callable[[PathCells], Credits]


def has_channels(paths: PathCells) -> pd.Series:
    """Whether a path names a channel; a conversion without an eligible touch does not."""
    path = paths["path"].fillna("").astype(str).str.strip()
    return (path != "") & (path != UNATTRIBUTED)


def null_share(paths: PathCells) -> float:
    """Share of the journeys with a channel that did not convert; NaN when there is none."""
    used = paths[has_channels(paths)]
    nulls = float(floats(used["nulls"]).sum())
    return float(ratio(nulls, nulls + float(floats(used["conversions"]).sum())))


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


def jackknife_interval(
    total: Numbers, sum_of_squares: Numbers, buckets: int = BUCKETS, z: float = Z95
) -> tuple[Floats, Floats]:
    """Delete-a-group jackknife interval of a total of non-negative customer-level credit, cut at 0 below.

    Customers are hashed into G buckets with sums T_g; T is their sum and S = sum of T_g^2 (empty buckets
    count as 0, so S needs only the buckets that occur). The replicate without bucket g, scaled back to the
    whole, is t_g = (T - T_g) G / (G - 1). Their mean is T and t_g - T = (T - G T_g) / (G - 1), hence
        se^2 = (G - 1)/G * sum (t_g - T)^2
             = (G - 1)/G * (G^2 S - G T^2) / (G - 1)^2
             = G/(G - 1) * (S - T^2 / G).
    One group-by with T and S is all the jackknife needs. It holds sampling error only, not causal bias.
    Source: Tukey 1958; Chamandy et al. 2012 for hashing customers to buckets.
    """
    t, squares = np.asarray(total, float), np.asarray(sum_of_squares, float)
    variance = buckets / (buckets - 1) * np.clip(squares - t**2 / buckets, 0, None)
    half = z * np.sqrt(variance)
    return np.clip(t - half, 0, None), np.clip(t + half, 0, None)
