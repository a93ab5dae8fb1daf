"""What people write about: comments by theme, in counts.

Holds: the released table `comment_themes`. Add here another statistic of themes.
Must not be here: which comment has which theme (SQL in `journeys`, by the seed `comment_themes`), the text of a
comment, any I/O.

Whether a comment is negative is what its author scored, not what a list of words makes of it.
"""

import numpy as np
import pandas as pd

from journey_pipeline.conversion import floats, ratio, require_unique, weeks

KEY = ["week", "weeks", "family", "instrument", "theme"]
CELL = ["week", "family", "instrument", "theme"]
QUARTER_WEEKS = 13
# Fewer comments than these could be told apart by whoever wrote one.
MIN_COMMENTS = 5
WHOLE, WORDLESS = "all", "none"


def comment_themes(cells: pd.DataFrame) -> pd.DataFrame:
    """Released table `comment_themes` from `comment_theme_cells`: each week, and the thirteen weeks up to it.

    One comment may have several themes: shares are of the answers with words, and may add up to more than 1. Theme
    `all` counts every such answer once, `none` those without words (of all answers). A cell of fewer than five is
    withheld.
    """
    require_unique(cells, CELL, "comment_theme_cells")
    cells = cells.assign(week=weeks(cells["week"]))
    table = pd.concat([_over(cells, 1), _over(cells, QUARTER_WEEKS)], ignore_index=True)
    of = ["week", "weeks", "family", "instrument"]
    totals = table[table["theme"] == WHOLE].set_index(of)["answers"]
    wordless = table[table["theme"] == WORDLESS].set_index(of)["answers"]
    place = pd.MultiIndex.from_frame(table[of])
    table["all_answers"] = floats(totals.reindex(place)).astype(int)
    without = np.nan_to_num(floats(wordless.reindex(place)))
    table["with_words"] = (floats(table["all_answers"]) - without).astype(int)
    is_whole = (table["theme"] == WHOLE).to_numpy()
    # The whole is told of answers with words, as the themes are.
    for name in ("answers", "bad_answers", "score_share_sum"):
        blank = table[table["theme"] == WORDLESS].set_index(of)[name]
        table[name] = floats(table[name]) - np.where(is_whole, np.nan_to_num(floats(blank.reindex(place))), 0)
    answers = floats(table["answers"])
    base = np.where(table["theme"] == WORDLESS, floats(table["all_answers"]), floats(table["with_words"]))
    table["is_withheld"] = answers < MIN_COMMENTS
    shown = ~table["is_withheld"].to_numpy()
    table["comments"] = np.where(shown, answers, np.nan)
    table["share"] = np.where(shown, ratio(answers, base), np.nan)
    table["negative_share"] = np.where(shown, ratio(floats(table["bad_answers"]), answers), np.nan)
    table["mean_score_share"] = np.where(shown, ratio(floats(table["score_share_sum"]), answers), np.nan)
    return table[table["answers"] > 0].sort_values(KEY, ignore_index=True)


def _over(cells: pd.DataFrame, span: int) -> pd.DataFrame:
    """Each cell summed over `span` weeks up to every week that has answers of the same kind."""
    counts = ["answers", "bad_answers", "score_share_sum"]
    ends = cells[["week", "family", "instrument"]].drop_duplicates().rename(columns={"week": "end"})
    placed = ends.merge(cells, on=["family", "instrument"])
    placed = placed[(placed["week"] <= placed["end"]) & (placed["week"] > placed["end"] - pd.Timedelta(weeks=span))]
    sums = placed.groupby(["end", "family", "instrument", "theme"], as_index=False)[counts].sum()
    return sums.rename(columns={"end": "week"}).assign(weeks=span)
