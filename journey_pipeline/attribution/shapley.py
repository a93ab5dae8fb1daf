"""Shapley value: what a channel adds on average when channels join one by one, in every order.

Holds: two games over path counts, each with its characteristic function, and their exact or sampled values.
Add here: another characteristic function.
Must not be here: leaving a channel out of observed paths (`leave_one_out`), any I/O.

Set form (`earned`): v(S) = conversions of journeys that touched no channel outside S. Its Shapley value has a
closed form, exact for any number of channels: every conversion is split equally over its distinct channels.
Journeys that did not convert, order and frequency do not matter.
Rate form (`rate_earned`): v(S) = conversions / journeys of journeys that touched no channel outside S, v of
nobody = 0. Negative values count as 0 and the rest is scaled to the conversions. Offered for parity with other
tools only: a coalition of one channel that people use when they have decided has a huge rate.
Sources: Shapley 1953; Zhao, Mahboobi, Bagheri 2018; Castro, Gomez, Tejada 2009 for sampling permutations.
"""

import math

import numpy as np
import pandas as pd

from journey_pipeline.attribution.cells import Earned, in_proportion
from journey_pipeline.attribution.paths import Codes, PathCells, Paths, parse, sum_by
from journey_pipeline.conversion import Bools, Floats, ratio

# 2^12 coalitions cost milliseconds; beyond, permutations are sampled, half of them the other half backwards.
EXACT_CHANNELS = 12
PERMUTATIONS = 2_000
SEED = 1953
_AT_ONCE = 50

# Conversions and journeys, each sets of channels x fits.
Counts = tuple[Floats, Floats]


def earned(paths: Paths) -> Earned:
    """Set form: conversions and value of each path in equal parts to its distinct channels."""
    touched = paths.touched
    size = np.asarray(touched.sum(axis=0), float)[:, None]
    return touched @ (paths.conversions / size), touched @ (paths.value / size)


def rate_earned(paths: Paths) -> Earned:
    """Rate form: conversions and value in proportion to the rate values, negative ones as 0."""
    return in_proportion(paths, np.clip(_rate_values(paths)[0], 0, None))


def rate_values(cells: PathCells) -> pd.DataFrame:
    """Shapley value of each channel under the rate form, sorted by channel.

    Columns: channel, shapley_rate (sums to the conversion rate, may be negative), monte_carlo_se (standard error
    of the sampling of permutations; 0 where the value is exact, up to 12 channels).
    """
    paths = parse(cells)
    values, error = _rate_values(paths)
    return pd.DataFrame({"channel": paths.channels, "shapley_rate": values[:, 0], "monte_carlo_se": error})


def _rate_values(paths: Paths) -> tuple[Floats, Floats]:
    """Values, channels x fits, and the sampling error of the first fit's."""
    counts, sets = _by_channel_set(paths)
    if len(paths.channels) <= EXACT_CHANNELS:
        return _exact(counts, sets, len(paths.channels)), np.zeros(len(paths.channels))
    return _sampled(counts, sets)


def _by_channel_set(paths: Paths) -> tuple[Counts, Bools]:
    """Conversions and journeys (sets x fits) of each distinct set of channels, and the sets (sets x channels)."""
    sets, which = np.unique(paths.touched.T.toarray() > 0, axis=0, return_inverse=True)
    which = which.ravel().astype(np.int64)
    return (sum_by(which, len(sets), paths.conversions), sum_by(which, len(sets), paths.journeys)), sets


def _exact(counts: Counts, sets: Bools, channels: int) -> Floats:
    """All 2^C coalitions: sums over subsets one channel at a time (zeta transform), then marginals by size."""
    mask = (sets @ (1 << np.arange(channels))).astype(np.int64)
    sums = []
    for values in counts:
        table = np.zeros((1 << channels, values.shape[1]))
        table[mask] = values
        for channel in range(channels):
            pairs = table.reshape(-1, 2, 1 << channel, values.shape[1])
            pairs[:, 1] += pairs[:, 0]
        sums.append(table)
    rate = np.nan_to_num(ratio(*sums))
    size = np.bitwise_count(np.arange(1 << channels)).astype(int)
    share = np.array([1 / (channels * math.comb(channels - 1, s)) for s in range(channels)] or [0.0])
    found = np.empty((channels, rate.shape[1]))
    for channel in range(channels):
        pairs = rate.reshape(-1, 2, 1 << channel, rate.shape[1])
        without = size.reshape(-1, 2, 1 << channel)[:, 0]
        found[channel] = np.einsum("ab,abf->f", share[without], pairs[:, 1] - pairs[:, 0])
    return found


def _sampled(counts: Counts, sets: Bools) -> tuple[Floats, Floats]:
    """Marginals along seeded permutations and their reverse; all fits walk the same ones."""
    channels, draws = sets.shape[1], PERMUTATIONS // 2
    generator = np.random.default_rng(SEED)
    total, square = np.zeros((channels, counts[0].shape[1])), np.zeros(channels)
    for first in range(0, draws, _AT_ONCE):
        orders = np.array([generator.permutation(channels) for _ in range(min(_AT_ONCE, draws - first))])
        pairs = (_marginals(orders, sets, counts) + _marginals(orders[:, ::-1], sets, counts)) / 2
        total += pairs.sum(axis=0)
        square += (pairs[:, :, 0] ** 2).sum(axis=0)
    mean = total / draws
    return mean, np.sqrt(np.clip(square / draws - mean[:, 0] ** 2, 0, None) / (draws - 1))


def _marginals(orders: Codes, sets: Bools, counts: Counts) -> Floats:
    """What each channel adds to the rate when channels join in each of these orders, orders x channels x fits."""
    walks, channels = orders.shape
    place = np.argsort(orders, axis=1)
    # A set is inside the coalition from the step at which its last channel joins.
    complete = np.zeros((walks, len(sets)), np.int64)
    for channel in range(channels):
        np.maximum(complete, np.where(sets[:, channel], place[:, [channel]], 0), out=complete)
    step = (complete + channels * np.arange(walks)[:, None]).ravel()
    of = np.tile(np.arange(len(sets)), walks)
    conversions, journeys = (
        np.cumsum(sum_by(step, walks * channels, values, of).reshape(walks, channels, -1), axis=1) for values in counts
    )
    gain = np.diff(np.nan_to_num(ratio(conversions, journeys)), axis=1, prepend=0.0)
    return np.take_along_axis(gain, place[:, :, None], axis=1)
