"""The naive answer every model has to beat: the rate of customers who look alike.

Holds rates of cells. Add here: another baseline that a row's cell does not tell. Must not be here: which cells
(`targets`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from journey_pipeline.predictions.targets import Cells

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class CellRates:
    """Shares of each outcome by cell, shape (cells, outcomes); a cell nobody was in has the share of all."""

    cells: Cells
    known: Ints
    shares: Floats
    overall: Floats

    def probabilities(self, rows: pd.DataFrame) -> Floats:
        """Shape (rows, outcomes)."""
        asked = self.cells.of(rows)
        place = np.minimum(np.searchsorted(self.known, asked), len(self.known) - 1)
        return np.where((self.known[place] == asked)[:, None], self.shares[place], self.overall)


def cell_rates(cells: Cells, rows: pd.DataFrame, labels: Ints, outcomes: int) -> CellRates:
    """Shares of outcomes by cell, (n + strength * share of all) / (N + strength).

    One more row of each outcome keeps the share of all off 0 and 1. `is_even` draws to 1 / outcomes instead, which with
    a strength of as many rows is Laplace's rule of succession.
    """
    known, place = np.unique(cells.of(rows), return_inverse=True)
    counts = np.zeros((len(known), outcomes))
    np.add.at(counts, (place, labels), 1.0)
    overall = (counts.sum(0) + 1) / (counts.sum() + outcomes)
    towards = np.full(outcomes, 1 / outcomes) if cells.is_even else overall
    strength = cells.strength if len(known) > 1 or cells.is_even else np.inf
    if np.isinf(strength):
        shares = np.broadcast_to(towards, counts.shape)
    else:
        shares = (counts + strength * towards) / (counts.sum(1, keepdims=True) + strength)
    return CellRates(cells, known, shares, towards if cells.is_even else overall)
