"""The models the truth bench asks: every rule, every fitted model, and those that use experiments.

Holds how each is asked about a whole market and the one shape all answer in. Add a model that uses experiments as one
line of CALIBRATED; rules and fitted models come from their own registries. Must not be here: a model, a score.

An answer has one row per channel: model, experiments (how many it was shown), channel, credit, low, high (95 %, null
where the model states none), seconds (of processor time, the same in all rows of a model).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from journey_pipeline.attribution import MODELS, FittedModel, attribution, markov
from journey_pipeline.conversion import Z95
from journey_pipeline.truth_bench.hazard import hazard_credit
from journey_pipeline.truth_bench.warehouse import MarketWarehouse, Step
from journey_pipeline.world.scenarios import START, Market

# Fits a market once. What it returns is shown experiments (rows of Market.experiments, perhaps none) and answers with
# channel, credit, low, high.
CalibratedModel = Callable[[Market], Callable[[pd.DataFrame], pd.DataFrame]]

CALIBRATED: dict[str, CalibratedModel] = {"hazard": hazard_credit}

TARGETS = ("credits", "credit_cells", "path_cells")
SHOWN = (0, 2, 4)  # how many experiments a model of CALIBRATED is shown
# A run has one order of Markov chain (`markov_order`); here all are asked.
FITTED = {**MODELS, **{f"markov, order {n}": FittedModel(partial(markov.earned, order=n)) for n in (2, 3, 4)}}
# Released rules and path models count clicks. These are asked a second time with every view as a click, so that nobody
# wins by seeing more.
SEE_VIEWS = ("first", "last", "linear", "position", "time_decay", "markov", "shapley")
VIEWS = ", views as clicks"
ANSWER = ["model", "experiments", "channel", "credit", "low", "high", "seconds"]
_NO_SPEND = pd.DataFrame({"week": [], "channel": [], "campaign": [], "spend": []})


def answers(
    market: Market, steps: Sequence[Step], calibrated: Mapping[str, CalibratedModel] = CALIBRATED
) -> pd.DataFrame:
    """What every model says of a market (columns: ANSWER), influence left out: it adds up to more than there is."""
    viewed = pd.concat(_credited(replace(market, touches=market.touches.assign(touch_type="click")), steps))
    viewed = viewed[viewed["model"].isin(SEE_VIEWS)]
    parts = [*_credited(market, steps), viewed.assign(model=viewed["model"] + VIEWS), _holdouts(market)]
    for name, model in calibrated.items():
        parts += _shown(name, model, market)
    return pd.concat(parts, ignore_index=True)[ANSWER]


def _pooled(path_cells: pd.DataFrame) -> pd.DataFrame:
    """The paths of all weeks as those of one, where the conversions are."""
    numbers = ["conversions", "value", "nulls"]
    cells = path_cells.assign(week=START, **{name: path_cells[name].astype(float) for name in numbers})
    keys = [name for name in cells.columns if name not in numbers]
    return cells.groupby(keys, dropna=False)[numbers].sum().reset_index()


def _credited(market: Market, steps: Sequence[Step]) -> Iterator[pd.DataFrame]:
    """The rules, which SQL makes together, then each fitted model on its own."""
    with MarketWarehouse(market) as warehouse:
        started = time.process_time()
        warehouse.build(steps)
        built = time.process_time() - started
        credit_cells = warehouse.ask("select * from warehouse.journeys.credit_cells")
        path_cells = _pooled(warehouse.ask("select * from warehouse.journeys.path_cells"))
    if "is_influence" in credit_cells:
        credit_cells = credit_cells[~credit_cells["is_influence"].astype(bool)]
    yield _rows(attribution(credit_cells, path_cells, _NO_SPEND, models={}), built)
    for name, model in FITTED.items():
        yield _fitted(name, model, credit_cells, path_cells)


def _fitted(name: str, model: FittedModel, credit_cells: pd.DataFrame, path_cells: pd.DataFrame) -> pd.DataFrame:
    started = time.process_time()
    table = attribution(credit_cells, path_cells, _NO_SPEND, models={name: model})
    return _rows(table[table["model"] == name], time.process_time() - started)


def _rows(table: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Rows of the released table as answers; campaigns are one here, so that a channel is a row."""
    names = {"credit_ci_low": "low", "credit_ci_high": "high"}
    return table.rename(columns=names).assign(experiments=0, seconds=seconds)[ANSWER]


def _holdouts(market: Market) -> pd.DataFrame:
    """The holdouts alone: what they measured, and nothing of channels nobody tested."""
    tests = market.experiments
    half = Z95 * tests["standard_error"]
    return pd.DataFrame(
        {
            "model": "holdouts_alone",
            "experiments": len(tests),
            "channel": tests["channel"],
            "credit": np.clip(tests["lift_conversions"], 0, None),
            "low": tests["lift_conversions"] - half,
            "high": tests["lift_conversions"] + half,
            "seconds": 0.0,
        }
    )


def _shown(name: str, model: CalibratedModel, market: Market) -> Iterator[pd.DataFrame]:
    """A model that uses experiments, shown none, two and four. The fit is the same and counts in each."""
    started = time.process_time()
    fitted = model(market)
    for count in SHOWN:
        rows = fitted(market.experiments.head(count))
        seconds = time.process_time() - started
        yield rows.assign(model=name, experiments=count, seconds=seconds)[ANSWER]
