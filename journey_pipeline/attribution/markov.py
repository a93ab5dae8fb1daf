"""Markov removal effect: what the chain of channels loses when one channel is taken out.

Holds: the chain of order k over path counts, its exact absorption probabilities, removal effects and credit.
Add here: a change to this chain. Never here: another family of models, campaigns or spend (`table`), any I/O.

A state is the last k channels of a journey; journeys start in START and end in CONVERSION or NULL. With Q the
moves between states and r the moves into CONVERSION, h = (I - Q)^-1 r is the chance to convert from each
state. Removing channel c sends every move into a state that ends in c to NULL. The base rate equals
conversions / journeys at any order. Note that a channel seen only in journeys that did not convert can still
earn credit at low order, when it leads to a channel that converts for others: the chain joins the two.
Source: Anderl et al. 2016 (IJRM 33).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from journey_pipeline.attribution.cells import Credits, PathCells, allocate, has_channels, null_share
from journey_pipeline.conversion import Bools, Floats, floats

Codes = npt.NDArray[np.int64]

REMOVAL_COLUMNS = ["channel", "removal_effect", "raw_lost_conversions", "base"]

# Measured, 6,574 states, 20 channels: a factorisation per channel 28 s, all removals iterated at once 0.3 s.
MAX_DENSE_STATES = 500
MAX_ITERATIONS = 100_000
# A solve leaves noise near 1e-16; a channel nobody converts through must come out as exactly 0.
NOISE = 1e-12


@dataclass(frozen=True)
class _Chain:
    channels: list[str]
    last_channel: Codes  # per state: index of the channel it ends in
    moves: sparse.csr_array  # state x state probabilities
    start: Floats  # START -> state
    convert: Floats  # state -> CONVERSION
    conversions: float
    journeys: float


def _states(codes: Codes, opens: Bools, channel_count: int, order: int) -> Codes:
    """Number the state after each step: the last `order` channels of its journey, fewer near the start."""
    state = codes
    for _ in range(order - 1):
        before = np.where(opens, -1, np.roll(state, 1))
        state = np.unique((before + 1) * channel_count + codes, return_inverse=True)[1].astype(np.int64)
    return state


def _steps(paths: PathCells, collapse_repeats: bool) -> tuple[pd.DataFrame, pd.Series]:
    """Counts of each distinct path, and its channels in order (index: row of the path in the counts)."""
    used = paths[has_channels(paths)]
    counts = pd.DataFrame({name: floats(used[name]) for name in ("conversions", "nulls")})
    counts = counts.groupby(used["path"].astype(str).to_numpy()).sum()  # sorted: input order cannot matter
    counts = counts[counts.sum(axis=1) > 0].reset_index(names="path")
    steps = counts["path"].str.split(">").explode().str.strip()
    if (steps == "").any():
        raise ValueError(f"{int((steps == '').sum())} path steps name no channel; expected channels joined by '>'")
    if collapse_repeats:
        repeats = (steps == steps.shift()) & (steps.index == np.roll(steps.index, 1))
        steps = steps[~repeats]
    return counts, steps


def _chain(paths: PathCells, order: int, collapse_repeats: bool) -> _Chain:
    counts, steps = _steps(paths, collapse_repeats)
    journey = steps.index.to_numpy()
    codes, channels = pd.factorize(steps, sort=True)
    opens = np.append(True, journey[1:] != journey[:-1])[: len(journey)]
    closes = np.append(journey[1:] != journey[:-1], True)[: len(journey)]
    state = _states(codes.astype(np.int64), opens, len(channels), order)
    size = int(state.max(initial=-1)) + 1
    weight = counts[["conversions", "nulls"]].sum(axis=1).to_numpy()[journey]
    visits = np.bincount(state, weight, size)
    onward = np.flatnonzero(~closes)
    share = weight[onward] / visits[state[onward]]
    moves = sparse.coo_array((share, (state[onward], state[onward + 1])), shape=(size, size)).tocsr()
    last_channel = np.zeros(size, np.int64)
    last_channel[state] = codes
    journeys = float(counts[["conversions", "nulls"]].to_numpy().sum())
    converted = counts["conversions"].to_numpy()[journey[closes]]
    return _Chain(
        channels=[str(name) for name in channels],
        last_channel=last_channel,
        moves=moves,
        start=np.bincount(state[opens], weight[opens], size) / max(journeys, 1.0),
        convert=np.bincount(state[closes], converted, size) / visits,
        conversions=float(counts["conversions"].sum()),
        journeys=journeys,
    )


def _conversion_rates(chain: _Chain, keep: Floats) -> Floats:
    """Chance to convert from START under each column of `keep` (states x removals, 1 where allowed)."""
    size, removals = keep.shape
    if size <= MAX_DENSE_STATES:
        moves = chain.moves.toarray()
        solved = [np.linalg.solve(np.eye(size) - moves * keep[:, j], chain.convert) for j in range(removals)]
        return np.asarray(chain.start @ (np.column_stack(solved) * keep), float)
    reached = np.zeros_like(keep)
    for _ in range(MAX_ITERATIONS):
        following = chain.moves @ (reached * keep) + chain.convert[:, None]
        settled = np.abs(following - reached).max() < 1e-15
        reached = following
        if settled:
            break
    return np.asarray(chain.start @ (reached * keep), float)


def removal_effects(paths: PathCells, order: int = 1, collapse_repeats: bool = True) -> pd.DataFrame:
    """Removal effect of every channel of `paths` (columns path, conversions, nulls), sorted by channel.

    Returns channel, removal_effect (share of conversions the chain loses without it, 0 to 1),
    raw_lost_conversions (the same in conversions; overlapping, do not sum) and base (conversion rate of the
    chain). Empty when nothing converts. Raises ValueError for an order below 1, a path with a nameless step,
    or a chain whose base rate departs from conversions / journeys.
    """
    if order < 1:
        raise ValueError(f"order must be 1 or more, found {order}")
    chain = _chain(paths, order, collapse_repeats)
    if chain.conversions == 0:
        return pd.DataFrame(
            {name: pd.Series(dtype="object" if name == "channel" else float) for name in REMOVAL_COLUMNS}
        )
    index = np.arange(len(chain.channels))
    keep = np.column_stack([np.ones(len(chain.start)), (chain.last_channel[:, None] != index).astype(float)])
    rates = _conversion_rates(chain, keep)
    base, observed = float(rates[0]), chain.conversions / chain.journeys
    if abs(base - observed) > 1e-9 * observed:
        raise ValueError(f"chain of order {order} converts at {base!r}, the journeys at {observed!r}")
    effect = np.clip(1 - rates[1:] / base, 0, 1)
    effect[effect < NOISE] = 0.0
    columns = (chain.channels, effect, effect * chain.conversions, np.full(len(index), base))
    return pd.DataFrame(dict(zip(REMOVAL_COLUMNS, columns, strict=True)))


def credit(paths: PathCells, order: int = 1, collapse_repeats: bool = True) -> Credits:
    """Credit of each channel in proportion to its removal effect (`paths` also needs value).

    Credit sums exactly to the conversions of paths that name a channel, value to their value. No conversions
    give an empty frame. Works without nulls; `null_share` tells the caller.
    """
    effects = removal_effects(paths, order, collapse_repeats)
    channels = effects[["channel"]].assign(credit=0.0, value=0.0)
    if len(effects):
        weights = effects["removal_effect"].to_numpy()
        used = paths[has_channels(paths)]
        channels["credit"] = allocate(float(floats(used["conversions"]).sum()), weights)
        channels["value"] = allocate(float(np.nansum(floats(used["value"]))), weights)
    return Credits(channels, null_share(paths))
