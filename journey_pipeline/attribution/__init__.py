"""Attribution: which channel earned which share of the conversions. Credit is not causation.

Holds: the registry of models fitted on path counts in Python, and the released table `attribution`. The rule
models (first, last, linear, ...) are SQL in `journeys` and arrive as `credit_cells`.
Add here: one line in MODELS. Never here: SQL rules, a platform's own conversion counts, a claim of cause.

Add a fitted model in one function and one line:

    # journey_pipeline/attribution/presence.py
    def credit(paths: PathCells) -> Credits:            # path, conversions, value, nulls of one week and type
        steps = paths.assign(channel=paths["path"].str.split(" > ")).explode("channel").drop_duplicates()
        touched = steps.groupby("channel")["conversions"].sum()
        shares = pd.DataFrame({"channel": touched.index})
        for column, total in (("credit", "conversions"), ("value", "value")):
            shares[column] = allocate(float(paths[total].sum()), touched.to_numpy(float))
        return Credits(shares, null_share(paths))

    MODELS = {"markov": markov.credit, "presence": presence.credit}     # below; nothing else changes
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from journey_pipeline.attribution import markov
from journey_pipeline.attribution.cells import Credits, FittedModel, PathCells
from journey_pipeline.attribution.table import attribution_table, null_shares

MODELS: dict[str, FittedModel] = {
    "markov": markov.credit,
}

__all__ = ["MODELS", "Credits", "FittedModel", "PathCells", "attribution", "null_shares"]


def attribution(
    credit_cells: pd.DataFrame,
    path_cells: pd.DataFrame,
    spend_cells: pd.DataFrame,
    rule_models: Sequence[str] = (),
    models: Mapping[str, FittedModel] = MODELS,
) -> pd.DataFrame:
    """Released table `attribution`: one sorted row per week, conversion_type, model, channel and campaign.

    Rule models: credit and value of `credit_cells` with a 95 % delete-a-group jackknife interval. Fitted
    models: one chain per week and conversion type, split over campaigns as the linear rule, interval null.
    `unattributed` rows stay in every model. Spend joins in full: spend without conversions stays (credit 0,
    value 0, return 0, cost per conversion null), credit without spend keeps spend null. Spend is repeated for
    each conversion type and model; with no conversion in the data it appears under `order` for each of
    `rule_models` (of `models` when that is empty).

    Laws: per week, type and model the credit sums to the conversions; per type and model the spend sums to
    the spend. Raises ValueError when a key repeats or the paths and the linear rule count different
    conversions.
    """
    return attribution_table(credit_cells, path_cells, spend_cells, rule_models, models)
