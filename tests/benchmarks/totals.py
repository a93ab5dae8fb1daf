"""How often the total of lifetime value holds what was spent: `python -m tests.benchmarks.totals [seeds]`.

Simulated markets of several lengths, ends and seeds, twenty seeds by default. Each is valued by the project's own code
at a day, and lives on for a year after it. Told are the runs that have a total at all, how many of their intervals held
the next year's spend, and the same of the totals of earlier origins.
"""

from __future__ import annotations

import sys
from datetime import date

import numpy as np

from tests.predictions import buyers

# Weeks before the run and customers: as long as it is short, more of them, for two hundred repeat buyers.
MARKETS = ((40, 24_000), (60, 15_000), (78, 12_000), (104, 12_000), (110, 12_000), (156, 10_000), (212, 8_000))
# Ends of the year after the run, so that a run is in November, another in June.
ENDS = (date(2026, 11, 16), date(2026, 6, 15))


def main(seeds: int) -> None:
    """One line per market and end."""
    print(f"{'run':>10} {'weeks':>6} {'totals':>7} {'held':>5} {'high/low':>9} {'origins told':>13} {'held':>5}")
    for end in ENDS:
        for weeks, customers in MARKETS:
            held, widths, origins = [], [], []
            for seed in range(seeds):
                bought = buyers.purchases(seed, customers, weeks + 53, end)
                trained, actual = buyers.valued_at(bought, 7 * weeks, 200)
                if trained.total is not None:
                    held.append(trained.total.low <= actual <= trained.total.high)
                    widths.append(trained.total.high / trained.total.low)
                told = [one for one in trained.origins if not np.isnan(one.total.low)]
                origins += [one.total.low <= one.actual.sum() <= one.total.high for one in told]
            width = f"{np.median(widths):9.2f}" if widths else f"{'':9}"
            print(
                f"{end:%Y-%m} {weeks:9} {len(held):7} {sum(held):5} {width} {len(origins):13} {sum(origins):5}",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
