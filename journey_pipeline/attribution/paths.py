"""Paths to conversion, read once into arrays for every model and every replicate.

Holds: the columns of a path cell, its text taken apart, its counts with and without each bucket of customers.
Add here: another view of the paths that two models need.
Must not be here: a model, an interval, how a path is made (that is SQL in `journeys`), any I/O.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from journey_pipeline.conversion import Floats, floats

# One row per distinct path of one week and conversion type, and per bucket where customers are in buckets.
# Columns: path (channels joined by '>'), conversions, value, nulls (journeys that did not convert), bucket.
PathCells = pd.DataFrame
Codes = npt.NDArray[np.int64]

UNATTRIBUTED = "unattributed"
# Replicates refit a model, so customers are in fewer buckets than those of sums (100).
FITTED_BUCKETS = 20
_END = "\n"
_COUNTS = ("conversions", "value", "nulls")


@dataclass(frozen=True)
class Paths:
    """Distinct paths of one week and conversion type.

    Steps stand path after path. Counts are paths x fits: the first column holds everybody, column 1 + b everybody
    but bucket b. Cells without buckets have the first column only.
    """

    channels: list[str]  # sorted
    codes: Codes  # per step: its channel
    path: Codes  # per step: its path, ascending
    conversions: Floats
    value: Floats
    nulls: Floats

    @property
    def journeys(self) -> Floats:
        """Journeys of each path, whether they converted or not."""
        return self.conversions + self.nulls

    @property
    def touched(self) -> sparse.csr_array:
        """1 where a channel (row) is on a path (column), however often."""
        steps = np.unique(self.codes * len(self.conversions) + self.path)
        where = np.divmod(steps, max(len(self.conversions), 1))
        return sparse.coo_array((np.ones(len(steps)), where), shape=(len(self.channels), len(self.conversions))).tocsr()

    def first_touches(self) -> tuple[Codes, Codes]:
        """Channel and path of each step that meets its channel for the first time, in order."""
        step = np.sort(np.unique(self.path * len(self.channels) + self.codes, return_index=True)[1])
        return self.codes[step], self.path[step]


def has_channels(paths: PathCells) -> pd.Series:
    """Whether a path names a channel; a conversion without an eligible touch does not."""
    path = paths["path"].fillna("").astype(str).str.strip()
    return (path != "") & (path != UNATTRIBUTED)


def parse(cells: PathCells, collapse_repeats: bool = True) -> Paths:
    """Read the cells of one week and conversion type.

    Sorted by path, so that the order of rows cannot matter; paths that nobody walked are left out. Raises
    ValueError for a path with a nameless step or a bucket outside 0..19.
    """
    used = cells[has_channels(cells)]
    names, row = np.unique(used["path"].astype(str).to_numpy(object), return_inverse=True)
    counts = _counts(used, row, len(names))
    walked = (counts["conversions"][:, 0] + counts["nulls"][:, 0]) > 0
    counts = {name: values[walked] for name, values in counts.items()}
    channels, codes, path = _steps(names[walked].tolist())
    if collapse_repeats:
        kept = np.append(True, (codes[1:] != codes[:-1]) | (path[1:] != path[:-1]))[: len(codes)]
        codes, path = codes[kept], path[kept]
    return Paths(channels, codes, path, **counts)


def sum_by(index: Codes, size: int, counts: Floats, of: Codes | None = None) -> Floats:
    """Sums of rows of `counts` by index, size x fits: of row i at index[i], or of row of[i]."""
    rows = np.arange(len(index)) if of is None else of
    gather = sparse.coo_array((np.ones(len(index)), (index, rows)), shape=(size, len(counts))).tocsr()
    return np.asarray(gather @ counts, float)


def _steps(names: list[str]) -> tuple[list[str], Codes, Codes]:
    """Take the paths apart: sorted channels, and of each step its channel and path."""
    if not names:
        return [], np.zeros(0, np.int64), np.zeros(0, np.int64)
    # One split for all paths, each with an end mark: a call per path would cost as much as the chain.
    told, spelled = pd.factorize(np.array("".join([f"{name}>{_END}>" for name in names]).split(">")[:-1], object))
    stripped = np.array([str(name).strip() if name != _END else _END for name in spelled], object)
    ends = (stripped == _END)[told]
    channels, of = np.unique(stripped[stripped != _END], return_inverse=True)
    code = np.zeros(len(stripped), np.int64)
    code[stripped != _END] = of
    codes, path = code[told[~ends]], np.cumsum(ends)[~ends]
    nameless = int((channels == "")[codes].sum())
    if nameless:
        raise ValueError(f"{nameless} path steps name no channel; expected channels joined by '>'")
    return channels.tolist(), codes, path


def _counts(used: PathCells, row: Codes, paths: int) -> dict[str, Floats]:
    """Counts of everybody and of everybody but one bucket, paths x fits."""
    has_value = "value" in used.columns
    columns = {name: floats(used[name]) if name != "value" or has_value else np.zeros(len(used)) for name in _COUNTS}
    columns["value"] = np.nan_to_num(columns["value"])
    if "bucket" not in used.columns:
        bucket, buckets = np.zeros(len(used), np.int64), 1
    else:
        bucket, buckets = used["bucket"].to_numpy(np.int64), FITTED_BUCKETS
        outside = int(((bucket < 0) | (bucket >= buckets)).sum())
        if outside:
            raise ValueError(
                f"{outside} path cells have a bucket outside 0..{buckets - 1}; take the hash modulo {buckets}"
            )
    # Values are summed in an order of their own: floating sums must not depend on the order of rows.
    order = np.lexsort((columns["value"], bucket, row))
    slot = (row * buckets + bucket)[order]
    found = {}
    for name, values in columns.items():
        by_bucket = np.bincount(slot, values[order], paths * buckets).reshape(paths, buckets)
        whole = by_bucket.sum(axis=1, keepdims=True)
        found[name] = np.hstack([whole, whole - by_bucket]) if buckets > 1 else whole
    return found
