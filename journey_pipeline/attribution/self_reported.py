"""What customers say of how they heard of us, held against tracked credit of the same conversions.

Holds: the released table `self_reported_sources`. Add here: a column of it. Must not be here: which answer means which
channel (seed self_reported_channels), which conversion an answer speaks of (SQL in `journeys`), any I/O.

Neither side is the truth: people forget and simplify, and tracking does not see a podcast.
"""

import pandas as pd

from journey_pipeline.conversion import floats, ratio, require_unique, weeks, wilson_interval

KEY = ["week", "conversion_type", "channel"]


def self_reported_sources(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """One sorted row per cell: share of the answers with its Wilson interval, and share of the tracked credit.

    `cells` has the key, answers, respondents (conversions of the week and type with an answer) and tracked_credit of
    the same conversions.
    """
    require_unique(cells, KEY, "self_reported_cells")
    answers, respondents = floats(cells["answers"]), floats(cells["respondents"])
    low, high = wilson_interval(answers, respondents)
    table = cells.assign(
        week=weeks(cells["week"]),
        self_reported_share=ratio(answers, respondents),
        ci_low=low,
        ci_high=high,
        tracked_share=ratio(floats(cells["tracked_credit"]), respondents),
        is_small_sample=respondents < min_n,
    )
    return table.drop(columns="tracked_credit").sort_values(KEY, ignore_index=True)
