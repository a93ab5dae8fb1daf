"""The truth bench: every attribution model on markets whose truth is known.

Holds the walk over scenarios and seeds. `warehouse` runs the project's own SQL on a market, `models` asks every model,
`scores` holds the answers against the truth, `page` writes what came out. Add here what the walk needs. Must not be
here: a model, a score.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from journey_pipeline.truth_bench import models, scores
from journey_pipeline.truth_bench.models import CALIBRATED, TARGETS, CalibratedModel
from journey_pipeline.truth_bench.warehouse import compiled, tables_of
from journey_pipeline.world.scenarios import LEAST_CUSTOMERS, SCENARIOS, Shape, require_scenarios, simulate_market

SEEDS = (11, 12, 13)
CUSTOMERS, DAYS = 80_000, 70
# Coverage of what a model says on average needs many markets, and small ones do.
COVERED_SCENARIO, COVERED_SEEDS, COVERED_CUSTOMERS = "harvest", range(201, 221), 10_000

MARKET_COLUMNS = ["scenario", "seed", "customers", "days", "conversions", "truth", "joint"]

__all__ = ["COVERED_SEEDS", "CUSTOMERS", "DAYS", "MARKET_COLUMNS", "SEEDS", "Result", "run"]


@dataclass(frozen=True)
class Result:
    """What the bench found: a row per market and model, the answers behind it, one row per model, and coverage.

    `markets` has MARKET_COLUMNS, `truth` summed over bought channels one by one, `joint` all at once; `own` is
    `own_coverage` of the many small markets, empty when they were not asked for.
    """

    markets: pd.DataFrame
    answers: pd.DataFrame
    scores: pd.DataFrame
    summary: pd.DataFrame
    own: pd.DataFrame


def run(
    scenarios: Iterable[str] = tuple(SCENARIOS),
    seeds: Iterable[int] = SEEDS,
    customers: int = CUSTOMERS,
    days: int = DAYS,
    shape: Shape | None = None,
    calibrated: Mapping[str, CalibratedModel] = CALIBRATED,
    *,
    with_coverage: bool = True,
    say: Callable[[str], object] = str,
) -> Result:
    """Ask every model about every scenario and seed. `say` is called with a line before each market.

    Raises ValueError for an unknown scenario or nobody in the market, RuntimeError when dbt refuses to compile.
    """
    drawn, wanted = list(seeds), list(scenarios)
    require_scenarios(wanted)
    smallest = simulate_market(COVERED_SCENARIO, LEAST_CUSTOMERS, 1, 0, shape)
    steps = compiled(TARGETS, tables_of(smallest))
    markets, said, scored = [], [], []
    for scenario in wanted:
        for seed in drawn:
            say(f"{scenario}, seed {seed}")
            market = simulate_market(scenario, customers, days, seed, shape)
            found = models.answers(market, steps, calibrated)
            total = float(market.truth["incremental_conversions"].sum())
            markets.append((scenario, seed, customers, days, len(market.conversions), total, market.joint))
            said.append(found.assign(scenario=scenario, seed=seed))
            scored.append(scores.score(market, found))
    answers, rows = pd.concat(said, ignore_index=True), pd.concat(scored, ignore_index=True)
    small = []
    for seed in COVERED_SEEDS if with_coverage else ():
        say(f"coverage, {COVERED_SCENARIO}, seed {seed}")
        market = simulate_market(COVERED_SCENARIO, COVERED_CUSTOMERS, days, seed, shape)
        small.append(models.answers(market, steps, {}).assign(scenario=COVERED_SCENARIO, seed=seed))
    bought = smallest.truth["channel"].tolist()
    return Result(
        pd.DataFrame(markets, columns=MARKET_COLUMNS),
        answers,
        rows,
        scores.summary(rows, scores.stability(answers, bought)),
        scores.own_coverage(pd.concat(small)) if small else pd.DataFrame(columns=[*scores.KEY, "inside", "asked"]),
    )
