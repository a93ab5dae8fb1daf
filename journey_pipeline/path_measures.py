"""Paths in numbers: counts of paths, activities, deviations and touches in, rates with their intervals out.

Holds: the released tables `top_paths`, `path_contrast`, `conformance` and `journey_map`.
Add here: a statistic of paths that is formed from small counts.
Never here: what a path is and who belongs to which cohort (SQL in `journeys`), the pattern language (`paths`), any I/O.

Nothing here says what caused a conversion: who is about to buy looks at more things.
"""

from datetime import datetime

import numpy as np
import pandas as pd

from journey_pipeline.conversion import floats, is_mature, lift_interval, ratio, require_unique, weeks, wilson_interval

TOP_PATHS_KEY = ["cohort_set", "cohort", "path"]
CONFORMANCE_KEY = ["week", "design", "finding"]
JOURNEY_MAP_KEY = ["week", "stage", "family", "interaction_type"]


def top_paths(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `top_paths` from `top_path_cells`: each path's share of its cohort and how often it converts.

    The rate is formed over mature journeys only; NaN, and small, where there are none.
    """
    require_unique(cells, TOP_PATHS_KEY, "top_path_cells")
    table = cells.reset_index(drop=True)
    journeys, mature = floats(table["journeys"]), floats(table["mature_journeys"])
    whole = table.groupby(["cohort_set", "cohort"])["journeys"].transform("sum")
    table["share"] = ratio(journeys, floats(whole))
    table["conversion_rate"] = ratio(floats(table["converting_journeys"]), mature)
    table["ci_low"], table["ci_high"] = wilson_interval(floats(table["converting_journeys"]), mature)
    table["is_small_sample"] = mature < min_n
    return table.sort_values(["cohort_set", "cohort", "path_rank"], ignore_index=True)


def path_contrast(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `path_contrast` from `path_contrast_cells`: how much more often those who convert had an activity.

    `share_ratio` is the share among converting journeys over the share among the others, with its log interval (Katz
    et al. 1978); half a journey is added to both sides where one has none. An association, never an effect.
    """
    require_unique(cells, ["activity"], "path_contrast_cells")
    table = cells.reset_index(drop=True)
    k1, n1 = floats(table["converting_with"]), floats(table["converting_journeys"])
    k0, n0 = floats(table["others_with"]), floats(table["other_journeys"])
    table["converting_share"], table["others_share"] = ratio(k1, n1), ratio(k0, n0)
    change, low, high, continuity = lift_interval(k0, n0, k1, n1)
    table["share_ratio"], table["ci_low"], table["ci_high"] = 1 + change, 1 + low, 1 + high
    table["is_continuity_corrected"] = continuity > 0
    table["is_small_sample"] = np.minimum(n0, n1) < min_n
    return table.sort_values("activity", ignore_index=True)


def conformance(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `conformance` from `conformance_cells`: the share of journeys with each finding."""
    require_unique(cells, CONFORMANCE_KEY, "conformance_cells")
    table = cells.assign(week=weeks(cells["week"])).reset_index(drop=True)
    found, journeys = floats(table["found"]), floats(table["journeys"])
    table["share"] = ratio(found, journeys)
    table["ci_low"], table["ci_high"] = wilson_interval(found, journeys)
    table["is_small_sample"] = journeys < min_n
    return table.sort_values(CONFORMANCE_KEY, ignore_index=True)


def journey_map(cells: pd.DataFrame, as_of: datetime, min_n: int = 30) -> pd.DataFrame:
    """Released table `journey_map` from `journey_map_cells`: what happened, what followed and how it felt.

    The conversion is undefined (NaN) in the last stage and before any journey, which have no next stage; it is mature
    when the whole week has had the window. `as_of` as in `conversion.is_mature`.
    """
    require_unique(cells, JOURNEY_MAP_KEY, "journey_map_cells")
    table = cells.assign(week=weeks(cells["week"])).reset_index(drop=True)
    window, answers = floats(table["window_seconds"]), floats(table["answers"])
    leads_on = np.isfinite(window)
    journeys = np.where(leads_on, floats(table["journeys"]), 0)
    converted = np.where(leads_on, floats(table["converted"]), 0)
    table["converted"] = np.where(leads_on, converted, np.nan)
    table["conversion_rate"] = ratio(converted, journeys)
    table["ci_low"], table["ci_high"] = wilson_interval(converted, journeys)
    table["is_mature"] = is_mature(table["week"], np.nan_to_num(window), as_of)
    table["is_small_sample"] = journeys < min_n
    table["sentiment"] = ratio(floats(table["score_share_sum"]), answers)
    table["pained_share"] = ratio(floats(table["pained_answers"]), answers)
    return table.sort_values(JOURNEY_MAP_KEY, ignore_index=True)
