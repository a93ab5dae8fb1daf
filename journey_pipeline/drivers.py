"""What of the journey before goes with satisfaction and with buying: associations, never effects.

Holds: the stratified difference of two shares and the released table `experience_drivers`.
Add here: another measure of association of counts.
Never here: which part of a journey is read (SQL in `journeys`), what an experiment found, any I/O.

Sources: Newcombe 1998 (method 10) for the raw difference; Mantel and Haenszel 1959 and Greenland and Robins 1985 for
the difference over strata, with the variance of Sato 1989; Benjamini and Hochberg 1995 over the levels of one outcome.
"""

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from journey_pipeline.conversion import Z95, Numbers, compare_rates, floats, ratio, require_unique

EXPERIENCE_DRIVERS_KEY = ["outcome", "driver", "level"]
EXPERIENCE_DRIVERS_COLUMNS = [
    *EXPERIENCE_DRIVERS_KEY,
    "n",
    "share",
    "others_n",
    "others_share",
    "difference",
    "ci_low",
    "ci_high",
    "q_value",
    "adjusted_difference",
    "adjusted_ci_low",
    "adjusted_ci_high",
    "strata",
    "is_small_sample",
    "note",
]
CAVEAT = "An association, not an effect: who has the one may differ from the others in ways not measured here"


def stratified_difference(
    k1: Numbers, n1: Numbers, k0: Numbers, n0: Numbers, z: float = Z95
) -> tuple[float, float, float, int]:
    """Difference k1/n1 - k0/n0 over strata (Mantel and Haenszel), its interval (Sato), and the strata that compare.

    A stratum in which one of the two groups is empty compares nothing and is left out. NaN where none is left.
    """
    a, m, b, o = (np.asarray(part, float) for part in (k1, n1, k0, n0))
    both = (m > 0) & (o > 0)
    a, m, b, o = a[both], m[both], b[both], o[both]
    if not len(a):
        return np.nan, np.nan, np.nan, 0
    total = m + o
    weight = np.sum(m * o / total)
    difference = float(np.sum((a * o - b * m) / total) / weight)
    p = np.sum((m**2 * b - o**2 * a + m * o * (o - m) / 2) / total**2)
    q = np.sum((a * (o - b) + b * (m - a)) / (2 * total))
    error = float(np.sqrt(max(difference * p + q, 0)) / weight)
    return difference, max(difference - z * error, -1.0), min(difference + z * error, 1.0), len(a)


def experience_drivers(cells: pd.DataFrame, min_n: int = 30) -> pd.DataFrame:
    """Released table `experience_drivers` from `driver_cells`: each level of a driver against its other levels.

    Levels of fewer than `min_n` units, or whose others are fewer, have no q-value and no adjusted interval; a driver
    with one level compares nothing and is left out. Raises ValueError when a key repeats or successes exceed the units.
    """
    require_unique(cells, [*EXPERIENCE_DRIVERS_KEY, "stratum"], "driver_cells")
    given = cells.assign(n=floats(cells["n"]), successes=floats(cells["successes"]))
    given = given.sort_values([*EXPERIENCE_DRIVERS_KEY, "stratum"], ignore_index=True)
    rows = [
        _level(str(outcome), str(driver), str(level), group)
        for (outcome, driver), group in given.groupby(["outcome", "driver"], sort=True)
        for level in sorted(set(group["level"]))
    ]
    names = [
        *EXPERIENCE_DRIVERS_KEY,
        "successes",
        "n",
        "others_successes",
        "others_n",
        *EXPERIENCE_DRIVERS_COLUMNS[11:15],
    ]
    table = pd.DataFrame(rows, columns=names)
    raw = compare_rates(table["others_successes"], table["others_n"], table["successes"], table["n"])
    table["share"] = ratio(table["successes"], table["n"])
    table["others_share"] = ratio(table["others_successes"], table["others_n"])
    for name in ("difference", "ci_low", "ci_high"):
        table[name] = raw[name.replace("ci", "difference")]
    table["is_small_sample"] = np.minimum(floats(table["n"]), floats(table["others_n"])) < min_n
    p = raw["p_value"].where(~table["is_small_sample"]).dropna()
    adjusted = p.groupby(table.loc[p.index, "outcome"]).transform(lambda one: false_discovery_control(one.to_numpy()))
    table["q_value"] = adjusted.reindex(table.index).astype("float64")
    # The normal interval over strata promises too much where there are few.
    table.loc[table["is_small_sample"], ["adjusted_ci_low", "adjusted_ci_high"]] = np.nan
    table["note"] = CAVEAT
    return pd.DataFrame(table.loc[floats(table["others_n"]) > 0, EXPERIENCE_DRIVERS_COLUMNS]).reset_index(drop=True)


def _level(outcome: str, driver: str, level: str, cells: pd.DataFrame) -> list[object]:
    """Counts of one level and of the others, and their difference within strata."""
    is_level = cells["level"] == level
    sums = [
        cells[part].groupby("stratum")[["successes", "n"]].sum().reindex(sorted(set(cells["stratum"])), fill_value=0)
        for part in (is_level, ~is_level)
    ]
    totals = [float(part[name].sum()) for part in sums for name in ("successes", "n")]
    (one, others) = sums
    found = stratified_difference(one["successes"], one["n"], others["successes"], others["n"])
    return [outcome, driver, level, *totals, *found]
