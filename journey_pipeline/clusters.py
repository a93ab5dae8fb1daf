"""Groups of customers that nobody defined: k-means on behaviour, released only where the groups hold together.

Holds: scaling, the choice of k by silhouette, stability by bootstrap, names that stay from week to week, and the
tables `cluster_quality` and `cluster_profiles`.
Add here: a feature (one line in FEATURES).
Must not be here: reading features or writing who is where (`defs/clusters.py`); rules (`segment_rules.py`).

Sources: Rousseeuw 1987 for the silhouette; Hennig 2007 for the stability of single clusters, the mean over bootstrap
samples of the largest Jaccard similarity; Kuhn's Hungarian method for matching clusters of two weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linear_sum_assignment

Points = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

# Columns of the feature row, all of them 0 or more.
FEATURES = (
    "orders_in_year",
    "revenue_in_year",
    "days_since_last_activity",
    "active_days_28",
    "sessions_28",
    "channels_28",
    "product_views_28",
)
SEED = 20260105
SAMPLE = 20_000
MOST = 8
BOOTSTRAPS = 20
STABLE = 0.75
# Fewer customers make groups of a handful.
LEAST = 200
QUALITY_COLUMNS = ["k", "silhouette", "is_chosen", "lowest_stability", "sampled", "seed", "is_accepted", "reason"]


@dataclass(frozen=True)
class Clustering:
    """One fit: how features are scaled, the centres, what they are called, and how good it is."""

    median: Points
    spread: Points
    centres: Points
    numbers: Labels
    stability: Points
    quality: pd.DataFrame

    @property
    def is_accepted(self) -> bool:
        """Whether the groups may be released."""
        return bool(self.quality["is_accepted"].any())

    def label(self, features: Points) -> Labels:
        """Number of each row's nearest centre; 0 for everybody where the groups do not hold together."""
        if not self.is_accepted:
            return np.zeros(len(features), dtype=np.int64)
        return self.numbers[nearest(scaled(features, self.median, self.spread), self.centres)]

    def profile(self) -> pd.DataFrame:
        """One row per cluster and feature: the centre in the feature's own unit, and the cluster's stability."""
        rows = [
            (number, FEATURES[j], float(np.expm1(centre[j] * self.spread[j] + self.median[j])), float(stability))
            for number, centre, stability in zip(self.numbers, self.centres, self.stability, strict=True)
            for j in range(len(FEATURES))
        ]
        columns = ["cluster_number", "feature", "centre", "stability"]
        return pd.DataFrame(rows if self.is_accepted else [], columns=columns)


def scaled(features: Points, median: Points, spread: Points) -> Points:
    """log(1 + x) less the median, by the interquartile range."""
    return (np.log1p(np.clip(features, 0, None)) - median) / spread


def nearest(points: Points, centres: Points) -> Labels:
    """Index of the nearest centre; the squared length of the point itself is the same for all."""
    return np.asarray(np.argmin((centres**2).sum(axis=1) - 2 * points @ centres.T, axis=1), dtype=np.int64)


def fit(sample: Points, before: Clustering | None = None) -> Clustering:
    """Cluster a sample; names follow those of `before` where centres match, else the order of the centres."""
    logs = np.log1p(np.clip(sample, 0, None))
    width = len(FEATURES)
    if len(sample) < LEAST:
        nothing = np.zeros((0, width))
        quality = _quality([], 0, np.zeros(0), len(sample), f"fewer than {LEAST} customers with anything to compare")
        return Clustering(np.zeros(width), np.ones(width), nothing, np.zeros(0, np.int64), np.zeros(0), quality)
    median = np.median(logs, axis=0)
    low, high = np.quantile(logs, [0.25, 0.75], axis=0)
    # What is 0 for most has no range; what is left of it counts as it is.
    spread = np.where(high - low > 0, high - low, 1.0)
    points = (logs - median) / spread
    fits = {k: _k_means(points, k, SEED) for k in range(2, MOST + 1)}
    found = silhouettes(points, [nearest(points, centres) for centres in fits.values()])
    best = max(zip(found, fits, strict=True), key=lambda one: (one[0], -one[1]))[1]
    stability = _stability(points, fits[best])
    quality = _quality(list(zip(fits, found, strict=True)), best, stability, len(sample), None)
    order = np.lexsort(fits[best].T[::-1])[::-1]
    centres, stability = fits[best][order], stability[order]
    fitted = Clustering(median, spread, centres, np.arange(1, best + 1), stability, quality)
    return fitted if before is None or not before.is_accepted else _renamed(fitted, before)


def _k_means(points: Points, k: int, seed: int) -> Points:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    # One thread: sums of more than one depend on who is first.
    with threadpool_limits(1):
        return np.asarray(KMeans(k, n_init=8, random_state=seed).fit(points).cluster_centers_, dtype=np.float64)


def silhouettes(points: Points, labelings: list[Labels], batch: int = 1000) -> list[float]:
    """Mean silhouette of each labelling of the same points; distances are computed once, a batch of rows at a time."""
    hot = [np.eye(int(labels.max()) + 1, dtype=np.float32)[labels] for labels in labelings]
    sizes = [one.sum(axis=0) for one in hot]
    rows = points.astype(np.float32)
    lengths = (rows**2).sum(axis=1)
    sums = np.zeros(len(labelings))
    for start in range(0, len(rows), batch):
        part = rows[start : start + batch]
        squares = lengths[start : start + batch, None] + lengths - 2 * part @ rows.T
        distances = np.sqrt(np.clip(squares, 0, None))
        for index, (labels, one) in enumerate(zip(labelings, hot, strict=True)):
            totals, own = distances @ one, labels[start : start + batch]
            place = np.arange(len(part))
            inside = totals[place, own] / np.maximum(sizes[index][own] - 1, 1)
            others = totals / np.maximum(sizes[index], 1)
            others[:, sizes[index] == 0] = np.inf
            others[place, own] = np.inf
            outside = others.min(axis=1)
            largest = np.maximum(inside, outside)
            width = np.divide(outside - inside, largest, out=np.zeros_like(largest), where=largest > 0)
            sums[index] += float(np.where(sizes[index][own] > 1, width, 0).sum(dtype=np.float64))
    return [float(total / len(rows)) for total in sums]


def _stability(points: Points, centres: Points) -> Points:
    """Of each cluster the mean, over bootstrap samples, of the largest Jaccard similarity to a cluster found there."""
    random = np.random.default_rng(SEED)
    labels, k = nearest(points, centres), len(centres)
    found = np.zeros((BOOTSTRAPS, k))
    for index in range(BOOTSTRAPS):
        drawn = random.integers(0, len(points), len(points))
        seen = np.unique(drawn)
        again = nearest(points[seen], _k_means(points[drawn], k, SEED + index + 1))
        both = np.zeros((k, k))
        np.add.at(both, (labels[seen], again), 1)
        union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
        found[index] = (both / np.maximum(union, 1)).max(axis=1)
    return np.asarray(found.mean(axis=0))


def _quality(
    scores: list[tuple[int, float]], best: int, stability: Points, sampled: int, reason: str | None
) -> pd.DataFrame:
    lowest = float(stability.min()) if len(stability) else np.nan
    if reason is None and lowest < STABLE:
        reason = f"a cluster comes back in samples with a Jaccard similarity of {lowest:.2f} only, below {STABLE}"
    rows = [
        (k, score, k == best, lowest if k == best else np.nan, sampled, SEED, k == best and reason is None,
         reason if k == best else None)
        for k, score in scores
    ]  # fmt: skip
    nothing = [(0, np.nan, True, np.nan, sampled, SEED, False, reason)]
    return pd.DataFrame(rows or nothing, columns=QUALITY_COLUMNS)


def _renamed(fitted: Clustering, before: Clustering) -> Clustering:
    """The same clusters under the names of those a week before that lie nearest; what is left over is named anew."""
    logs = fitted.centres * fitted.spread + fitted.median
    earlier = before.centres * before.spread + before.median
    gaps = (logs[:, None, :] - earlier[None, :, :]) / before.spread
    rows, columns = linear_sum_assignment((gaps**2).sum(axis=2))
    numbers = np.zeros(len(logs), dtype=np.int64)
    numbers[rows] = before.numbers[columns]
    free = iter(range(int(before.numbers.max()) + 1, int(before.numbers.max()) + 1 + len(logs)))
    numbers = np.array([number or next(free) for number in numbers], dtype=np.int64)
    return Clustering(fitted.median, fitted.spread, fitted.centres, numbers, fitted.stability, fitted.quality)
