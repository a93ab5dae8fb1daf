"""The fitted models over all weeks: one fit per week and conversion type, with its replicates.

Holds: the walk over the path cells, and what a fit says of every channel.
Add here: what every fitted model needs from its weeks.
Must not be here: a model (its own module), campaigns and spend (`table`, `spend`), any I/O.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from journey_pipeline.attribution.cells import FittedModel
from journey_pipeline.attribution.intervals import effective_groups, replicated_error
from journey_pipeline.attribution.paths import PathCells, Paths, has_channels, parse
from journey_pipeline.conversion import Floats, weeks

CHANNEL_COLUMNS = [
    "week",
    "conversion_type",
    "model",
    "channel",
    "credit",
    "value",
    "credit_error",
    "value_error",
    "groups",
]


@dataclass(frozen=True)
class Fit:
    """One model on the paths of one week and conversion type; credit and value are channels x fits."""

    week: pd.Timestamp
    conversion_type: str
    model: str
    paths: Paths
    credit: Floats
    value: Floats


def fits(path_cells: PathCells, models: Mapping[str, FittedModel]) -> Iterator[Fit]:
    """Fit every model where a journey with a channel converted, in the order of week, type and model."""
    used = path_cells[has_channels(path_cells)]
    used = used.assign(week=weeks(used["week"]))
    for (week, kind), cells in used.groupby(["week", "conversion_type"]):
        paths = parse(cells)
        if paths.conversions[:, 0].sum() > 0:
            for name, model in models.items():
                yield Fit(pd.Timestamp(str(week)), str(kind), name, paths, *model.fit(paths))


def fitted_channels(path_cells: PathCells, models: Mapping[str, FittedModel]) -> pd.DataFrame:
    """Credit of every fitted model by week, type and channel, with jackknife errors (columns: CHANNEL_COLUMNS).

    `groups` is the effective number of customer groups whose conversions touched the channel; 0 without buckets.
    """
    parts = []
    for fit in fits(path_cells, models):
        counts = fit.paths.conversions
        touching = fit.paths.touched @ (counts[:, :1] - counts[:, 1:])
        columns = (
            fit.week,
            fit.conversion_type,
            fit.model,
            fit.paths.channels,
            fit.credit[:, 0],
            fit.value[:, 0],
            replicated_error(fit.credit[:, 1:]),
            replicated_error(fit.value[:, 1:]),
            effective_groups(touching.sum(axis=1), (touching**2).sum(axis=1)),
        )
        parts.append(pd.DataFrame(dict(zip(CHANNEL_COLUMNS, columns, strict=True))))
    if not parts:
        return pd.DataFrame(columns=CHANNEL_COLUMNS)
    return pd.concat(parts, ignore_index=True)
