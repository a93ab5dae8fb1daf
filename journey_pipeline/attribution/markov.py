"""Markov removal effect: what the chain of channels loses when one channel is taken out.

Holds: the chain of order k over path counts, its exact absorption probabilities, removal effects and credit.
Add here: a change to this chain.
Must not be here: another family of models, campaigns or spend (`table`), any I/O.

A state is the last k channels of a journey; journeys start in START and end in CONVERSION or NULL. With Q the
moves between states and r the moves into CONVERSION, h = (I - Q)^-1 r is the chance to convert from each
state. Removing channel c sends every move into a state that ends in c to NULL. The base rate equals
conversions / journeys at any order. Note that a channel seen only in journeys that did not convert can still
earn credit at low order, when it leads to a channel that converts for others: the chain joins the two.
Source: Anderl et al. 2016 (IJRM 33).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from journey_pipeline.attribution.cells import Credits, Earned, FittedModel, in_proportion
from journey_pipeline.attribution.paths import Codes, PathCells, Paths, parse, sum_by
from journey_pipeline.conversion import Bools, Floats, ratio

REMOVAL_COLUMNS = ["channel", "removal_effect", "raw_lost_conversions", "base"]
# Beyond four channels a state is nearly the path itself and a removal effect the share of conversions touched.
MAX_ORDER = 4

# Measured, 6,574 states, 20 channels: a factorisation per channel 28 s, all removals iterated at once 0.3 s.
MAX_DENSE_STATES = 500
MAX_ITERATIONS = 100_000
# A solve leaves noise near 1e-16; a channel nobody converts through must come out as exactly 0.
NOISE = 1e-12


@dataclass(frozen=True)
class _Chain:
    """Chains of the same states, one per fit (second axis)."""

    last_channel: Codes  # per state: the channel it ends in
    moves_from: Codes  # per move between states
    moves_to: Codes
    moves: Floats  # moves x fits: probability
    start: Floats  # states x fits: START -> state
    convert: Floats  # states x fits: state -> CONVERSION


def _states(codes: Codes, opens: Bools, channel_count: int, order: int) -> Codes:
    """Number the state after each step: the last `order` channels of its journey, fewer near the start."""
    state = codes
    for _ in range(order - 1):
        before = np.where(opens, -1, np.roll(state, 1))
        state = np.unique((before + 1) * channel_count + codes, return_inverse=True)[1].astype(np.int64)
    return state


def _chain(paths: Paths, order: int) -> _Chain:
    codes, path = paths.codes, paths.path
    changes = path[1:] != path[:-1]
    opens, closes = np.append(True, changes)[: len(path)], np.append(changes, True)[: len(path)]
    state = _states(codes, opens, len(paths.channels), order)
    size = int(state.max(initial=-1)) + 1
    visits = sum_by(state, size, paths.journeys, path)
    onward = np.flatnonzero(~closes)
    pairs, pair = np.unique(state[onward] * size + state[onward + 1], return_inverse=True)
    moves_from, moves_to = np.divmod(pairs, max(size, 1))
    moved = sum_by(pair.astype(np.int64), len(pairs), paths.journeys, path[onward])
    last_channel = np.zeros(size, np.int64)
    last_channel[state] = codes
    # A state that a replicate never visits has no moves: 0, not a division by 0.
    return _Chain(
        last_channel=last_channel,
        moves_from=moves_from,
        moves_to=moves_to,
        moves=np.nan_to_num(ratio(moved, visits[moves_from])),
        start=np.nan_to_num(ratio(sum_by(state[opens], size, paths.journeys, path[opens]), paths.journeys.sum(axis=0))),
        convert=np.nan_to_num(ratio(sum_by(state[closes], size, paths.conversions, path[closes]), visits)),
    )


def _solved_rates(chain: _Chain, channels: int) -> Floats:
    """Chance to convert from START, whole and without each channel, (1 + channels) x fits, by one inverse per fit.

    With N = (I - Q)^-1, R the states that end in the channel and K the others, the inverse of what is left is
    N_KK - N_KR N_RR^-1 N_RK (Schur complement), so no removal needs a factorisation of its own.
    """
    size, fits = chain.start.shape
    rest = np.tile(np.eye(size), (fits, 1, 1))
    rest[:, chain.moves_from, chain.moves_to] -= chain.moves.T
    inverse = np.linalg.inv(rest)
    start, convert = chain.start.T[:, None, :], chain.convert.T[:, :, None]
    rates = np.empty((1 + channels, fits))
    rates[0] = (start @ inverse @ convert)[:, 0, 0]
    for channel in range(channels):
        gone = chain.last_channel == channel
        begin, end = np.where(gone, 0.0, start), np.where(gone[:, None], 0.0, convert)
        inflow, outcome = begin @ inverse, inverse @ end
        within = inverse[:, gone][:, :, gone]
        detour = inflow[:, :, gone] @ np.linalg.solve(within, outcome[:, gone])
        rates[1 + channel] = (inflow @ end - detour)[:, 0, 0]
    return rates


def _iterated_rates(chain: _Chain, channels: int) -> Floats:
    """The same for many states: all removals of one fit at once, followed step by step until nothing moves."""
    size, fits = chain.start.shape
    removed = np.arange(-1, channels)
    keep = (chain.last_channel[:, None] != removed).astype(float)
    rates = np.empty((1 + channels, fits))
    reached = np.zeros_like(keep)  # of the fit before: it is close to the next one's
    for fit in range(fits):
        moves = sparse.coo_array((chain.moves[:, fit], (chain.moves_from, chain.moves_to)), shape=(size, size)).tocsr()
        convert = chain.convert[:, fit, None]
        for _ in range(MAX_ITERATIONS):
            following = moves @ (reached * keep) + convert
            moved = np.abs(following - reached).max(initial=0.0)
            reached = following
            if moved < 1e-15:
                break
        rates[:, fit] = chain.start[:, fit] @ (reached * keep)
    return rates


def _effects(paths: Paths, order: int) -> tuple[Floats, Floats]:
    """Removal effects, channels x fits, and the base rate of each fit."""
    if order not in range(1, MAX_ORDER + 1):
        raise ValueError(f"order must be 1 to {MAX_ORDER}, found {order}")
    chain = _chain(paths, order)
    solve = _solved_rates if len(chain.start) <= MAX_DENSE_STATES else _iterated_rates
    rates = solve(chain, len(paths.channels))
    observed = np.nan_to_num(ratio(paths.conversions.sum(axis=0), paths.journeys.sum(axis=0)))
    apart = np.abs(rates[0] - observed) > 1e-9 * observed
    if apart.any():
        fit = int(np.argmax(apart))
        raise ValueError(f"chain of order {order} converts at {rates[0, fit]!r}, the journeys at {observed[fit]!r}")
    effects = np.clip(1 - np.where(rates[0] > 0, ratio(rates[1:], rates[0]), 1.0), 0, 1)
    effects[effects < NOISE] = 0.0
    return effects, observed


def earned(paths: Paths, order: int = 1) -> Earned:
    """Credit and value of each channel in proportion to its removal effect."""
    return in_proportion(paths, _effects(paths, order)[0])


def removal_effects(cells: PathCells, order: int = 1, collapse_repeats: bool = True) -> pd.DataFrame:
    """Removal effect of every channel of `cells` (columns path, conversions, nulls), sorted by channel.

    Returns channel, removal_effect (share of conversions the chain loses without it, 0 to 1),
    raw_lost_conversions (the same in conversions; overlapping, do not sum) and base (conversion rate of the
    chain). Empty when nothing converts. Raises ValueError for an order outside 1 to 4, a path with a nameless
    step, or a chain whose base rate departs from conversions / journeys.
    """
    paths = parse(cells, collapse_repeats)
    effects, base = _effects(paths, order)
    converting = paths.conversions[:, 0].sum()
    rows = len(paths.channels) if converting else 0
    columns = (paths.channels[:rows], effects[:rows, 0], effects[:rows, 0] * converting, np.full(rows, base[0]))
    return pd.DataFrame(dict(zip(REMOVAL_COLUMNS, columns, strict=True)))


def credit(cells: PathCells, order: int = 1) -> Credits:
    """Credit of one week and conversion type by a chain of this order; see `FittedModel`."""
    return FittedModel(lambda paths: earned(paths, order))(cells)
