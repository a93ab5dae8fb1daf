"""Leave one out: how much more often a path converts than the same path without one of its channels.

Holds: this counterfactual gain on observed paths. Some tools call it Shapley; it is not a Shapley value.
Add here: a change to this rule.
Must not be here: a chain (`markov`), coalitions (`shapley`), any I/O.

Paths keep the first touch of each channel. With p(q) = conversions / journeys of path q, channel i of q gains
max(p(q) - p(q without i), 0); a shorter path that nobody walked, and the empty one, converts at 0. Conversions and
value of q go to its channels by their gain; where none gains, to the last of them.
Source: the method published as fractribution (Google, 2020).
"""

import numpy as np

from journey_pipeline.attribution.cells import Earned
from journey_pipeline.attribution.paths import Codes, Paths, sum_by
from journey_pipeline.conversion import Floats, ratio


def earned(paths: Paths) -> Earned:
    """Conversions and value of each path to its channels by what the path loses without them."""
    which, walked = _first_touch_paths(paths)
    conversions, value, journeys = (
        sum_by(which, len(walked), counts) for counts in (paths.conversions, paths.value, paths.journeys)
    )
    # The last row is the path that nobody walked.
    rate = np.vstack([np.nan_to_num(ratio(conversions, journeys)), np.zeros((1, conversions.shape[1]))])
    known = {path: row for row, path in enumerate(walked)}
    shorter = [known.get(path[:i] + path[i + 1 :], len(walked)) for path in walked for i in range(len(path))]
    lengths = np.array([len(path) for path in walked], np.int64)
    row = np.repeat(np.arange(len(walked)), lengths)
    gain = np.clip(rate[row] - rate[np.array(shorter, np.int64)], 0, None)
    share = _shares(gain, row, np.cumsum(lengths) - 1)
    channel = np.array([code for path in walked for code in path], np.int64)
    channels = len(paths.channels)
    return sum_by(channel, channels, share * conversions[row]), sum_by(channel, channels, share * value[row])


def _first_touch_paths(paths: Paths) -> tuple[Codes, list[tuple[int, ...]]]:
    """Which path each path becomes when it keeps the first touch of each channel, and those paths."""
    codes, path = paths.first_touches()
    ends = np.cumsum(np.bincount(path, minlength=len(paths.conversions)))
    steps = codes.tolist()
    found: dict[tuple[int, ...], int] = {}
    which = np.empty(len(ends), np.int64)
    begin = 0
    for row, end in enumerate(ends.tolist()):
        which[row] = found.setdefault(tuple(steps[begin:end]), len(found))
        begin = end
    return which, list(found)


def _shares(gain: Floats, row: Codes, last: Codes) -> Floats:
    """Gains of each path's steps as shares of one; where none gains, the last step has it all."""
    total = sum_by(row, len(last), gain)
    share = np.nan_to_num(ratio(gain, total[row]))
    share[last] = np.where(total > 0, share[last], 1.0)
    return share
