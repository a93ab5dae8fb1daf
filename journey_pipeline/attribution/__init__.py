"""Attribution: which channel earned which share of the conversions. Credit is not causation.

Holds: the registry of models fitted on path counts in Python, and the released tables `attribution` and
`attribution_stability`. The rule models (first, last, linear, ...) are SQL in `journeys` and arrive as `credit_cells`.
Add here: one line in MODELS; docs/adding-an-attribution-model.md adds one step by step.
Must not be here: SQL rules, a platform's own conversion counts as credit, a claim of cause.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from journey_pipeline.attribution import leave_one_out, markov, shapley
from journey_pipeline.attribution.cells import Credits, Earned, FittedModel, in_proportion
from journey_pipeline.attribution.paths import PathCells, Paths
from journey_pipeline.attribution.self_reported import self_reported_sources
from journey_pipeline.attribution.stability import attribution_stability
from journey_pipeline.attribution.table import attribution_table, null_shares

MODELS: dict[str, FittedModel] = {
    "markov": FittedModel(markov.earned),
    "shapley": FittedModel(shapley.earned),
    "leave_one_out": FittedModel(leave_one_out.earned),
    # For parity with other tools only: see the module for what it gets wrong.
    "shapley_rate": FittedModel(shapley.rate_earned),
}

__all__ = [
    "MODELS",
    "Credits",
    "Earned",
    "FittedModel",
    "PathCells",
    "Paths",
    "attribution",
    "attribution_stability",
    "chosen_models",
    "in_proportion",
    "null_shares",
    "self_reported_sources",
]


def chosen_models(names: Sequence[str], markov_order: int = 1) -> dict[str, FittedModel]:
    """Models of the registry by name, `markov` with the order asked for; ValueError for a name nobody knows."""
    known = {**MODELS, "markov": FittedModel(partial(markov.earned, order=markov_order))}
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(f"no fitted model is called {', '.join(unknown)}; expected some of {', '.join(known)}")
    return {name: known[name] for name in names}


def attribution(
    credit_cells: pd.DataFrame,
    path_cells: pd.DataFrame,
    spend_cells: pd.DataFrame,
    hazard_rows: pd.DataFrame | None = None,
    *,
    rule_models: Sequence[str] = (),
    models: Mapping[str, FittedModel] = MODELS,
    min_n: int = 30,
) -> pd.DataFrame:
    """Released table `attribution`: one sorted row per week, conversion_type, model, channel and campaign.

    Rule models: credit and value of `credit_cells`. Fitted models: one fit per week and conversion type, split
    over campaigns as the linear rule. Both with a 95 % delete-a-group jackknife interval, null (is_identified
    false) where too few groups of customers stand behind the number or the paths are in no buckets. `hazard_rows`
    brings rows of its own making with the same columns, split over campaigns too where they name none. `unattributed`
    rows stay in every model.
    Spend joins in full: spend without conversions stays (credit 0, value 0, return 0, cost per conversion null),
    credit without spend keeps spend null, and `spend_note` says why a cost is null. Spend is repeated for each
    conversion type and model; with no conversion in the data it appears under `order` for each of `rule_models`
    (of `models` when that is empty).

    Laws: per week, type and model the credit sums to the conversions (but for models of influence); per type and
    model the spend sums to the spend. Raises ValueError when a key repeats or the paths and the linear rule count
    different conversions.
    """
    return attribution_table(credit_cells, path_cells, spend_cells, hazard_rows, rule_models, models, min_n)
