"""How much the shares of the channels move from one week to the next, and whether that is more than chance.

Holds: the released table `attribution_stability`, for rule models and fitted ones alike.
Add here: another distance between two weeks.
Must not be here: credit itself (`table`), a reason for a change, any I/O.

Shares are those of the channels; conversions nobody touched are in none. The total variation distance of two weeks
is half the sum of the absolute changes of the shares. Its error is the delete-a-group jackknife over 20 buckets of
customers, each left out of both weeks. Absolute values of chance do not cancel out: two weeks of the same customers'
habits lie apart as well, by half the sum of sqrt(2 / pi) times the error of each share's change (`chance_distance`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from journey_pipeline.attribution.cells import FittedModel, null_share
from journey_pipeline.attribution.fitting import fits
from journey_pipeline.attribution.intervals import can_tell, effective_groups, replicated_error
from journey_pipeline.attribution.paths import FITTED_BUCKETS, UNATTRIBUTED, PathCells, has_channels
from journey_pipeline.conversion import Floats, floats, ratio, weeks

# A change is told when it is this many errors above what chance gives and this large at all. Measured on twelve
# channels that never change, 8 to 1,000 conversions a week: told in 0 to 4 of 100 weeks; were it held against its error
# alone, in 35.
WARN_ERRORS, WARN_DISTANCE = 3.0, 0.05
# With fewer journeys known not to have converted, a removal effect mostly measures presence.
LEAST_NULL_SHARE = 0.5

STABILITY_COLUMNS = [
    "week",
    "conversion_type",
    "model",
    "conversions",
    "channels",
    "total_variation_distance",
    "total_variation_error",
    "chance_distance",
    "rank_correlation",
    "largest_share_change",
    "largest_change_channel",
    "is_identified",
    "is_unsteady",
    "null_share",
    "has_few_nulls",
]

# Credit of one week, type and model: its channels and channels x fits, the first fit everybody's.
_Week = tuple[list[str], Floats]


def attribution_stability(
    credit_bucket_cells: pd.DataFrame, path_cells: PathCells, models: Mapping[str, FittedModel]
) -> pd.DataFrame:
    """One sorted row per week, conversion_type and model with credited channels, against the week before.

    `credit_bucket_cells` has week, conversion_type, model, channel, bucket (0..19), credit of the rule models.
    Distances are null where the week before credited no channel. `is_unsteady` warns: the distance is above 0.05
    and more than three of its errors above what chance gives; false where too few groups of customers stand behind
    either week (`is_identified`). `null_share` and `has_few_nulls` (below 0.5) hold for fitted models, which need
    journeys that did not convert.
    """
    found: dict[tuple[pd.Timestamp, str, str], _Week] = dict(_rule_weeks(credit_bucket_cells))
    for fit in fits(path_cells, models):
        found[(fit.week, fit.conversion_type, fit.model)] = (fit.paths.channels, fit.credit)
    silent = _null_shares(path_cells)
    rows = []
    for (week, kind, model), credited in found.items():
        before = found.get((week - pd.Timedelta(days=7), kind, model))
        nulls = silent.get((week, kind), np.nan) if model in models else np.nan
        rows.append((week, kind, model, *_compared(credited, before), nulls, nulls < LEAST_NULL_SHARE))
    table = pd.DataFrame(rows, columns=STABILITY_COLUMNS)
    return table.astype({"largest_change_channel": "object"}).sort_values(STABILITY_COLUMNS[:3], ignore_index=True)


def distances(before: pd.Series, after: pd.Series) -> tuple[float, float, float, str | None]:
    """Total variation distance, Spearman's rank correlation, largest change of a share and its channel.

    `before` and `after` hold credit by channel; a channel that one of them lacks has none there.
    """
    names = sorted(set(before.index) | set(after.index))
    both = [week.reindex(names, fill_value=0.0).to_numpy(float)[:, None] for week in (before, after)]
    return _distances(names, *both)


def _distances(names: list[str], before: Floats, after: Floats) -> tuple[float, float, float, str | None]:
    change = np.abs(_shares(after[:, 0]) - _shares(before[:, 0]))
    largest = int(np.argmax(change))
    middle = (len(names) + 1) / 2
    old, new = rankdata(before[:, 0]) - middle, rankdata(after[:, 0]) - middle
    together = float(ratio(old @ new, np.sqrt((old @ old) * (new @ new))))
    return float(change.sum() / 2), together, float(change[largest]), names[largest]


def _shares(credit: Floats) -> Floats:
    return ratio(credit, credit.sum(axis=0))


def _compared(week: _Week, before: _Week | None) -> tuple[Any, ...]:
    """From `conversions` to `is_unsteady` of the table's columns."""
    conversions, channels = float(week[1][:, 0].sum()), int((week[1][:, 0] > 0).sum())
    if before is None:
        return conversions, channels, *[np.nan] * 5, None, False, False
    names = sorted(set(week[0]) | set(before[0]))
    old, new = _on(names, before), _on(names, week)
    distance, together, change, channel = _distances(names, old, new)
    known, error, chance = _is_identified(old) and _is_identified(new), np.nan, np.nan
    if known:
        changes = _shares(new[:, 1:]) - _shares(old[:, 1:])
        error = float(replicated_error(np.abs(changes).sum(axis=0) / 2, of_total=False))
        chance = float(np.sqrt(2 / np.pi) * replicated_error(changes, of_total=False).sum() / 2)
    unsteady = known and distance > max(chance + WARN_ERRORS * error, WARN_DISTANCE)
    return conversions, channels, distance, error, chance, together, change, channel, known, unsteady


def _on(names: list[str], week: _Week) -> Floats:
    """Credit of a week on these channels."""
    found = np.zeros((len(names), week[1].shape[1]))
    found[np.searchsorted(names, week[0])] = week[1]
    return found


def _is_identified(credit: Floats) -> bool:
    groups = credit[:, 0].sum() - credit[:, 1:].sum(axis=0)
    return bool(can_tell(effective_groups(groups.sum(), (groups**2).sum())))


def _rule_weeks(cells: pd.DataFrame) -> Iterator[tuple[tuple[pd.Timestamp, str, str], _Week]]:
    """Credit of the rule models with every bucket left out in turn: rules are sums, so nothing is refitted."""
    used = cells[(cells["channel"] != UNATTRIBUTED) & (floats(cells["credit"]) != 0)]
    used = used.assign(week=weeks(used["week"]), credit=floats(used["credit"]))
    for (week, kind, model), rows in used.groupby(["week", "conversion_type", "model"]):
        channels, code = np.unique(rows["channel"].to_numpy(object), return_inverse=True)
        groups = np.zeros((len(channels), FITTED_BUCKETS))
        np.add.at(groups, (code, rows["bucket"].to_numpy(np.int64)), rows["credit"].to_numpy())
        whole = groups.sum(axis=1, keepdims=True)
        yield (week, str(kind), str(model)), (channels.tolist(), np.hstack([whole, whole - groups]))


def _null_shares(path_cells: PathCells) -> dict[tuple[pd.Timestamp, str], float]:
    used = path_cells[has_channels(path_cells)]
    groups = used.assign(week=weeks(used["week"])).groupby(["week", "conversion_type"])
    return {(pd.Timestamp(str(week)), str(kind)): null_share(cells) for (week, kind), cells in groups}
