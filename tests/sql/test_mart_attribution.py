"""Released credit keeps the totals it was made from, to the last decimal place."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models
from .credit_bench import put_seed


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), "mart_attribution")


def attribution(models: dict[str, str], values: list[float]) -> pd.DataFrame:
    bench = Bench(models)
    bench.clock("2026-11-16")
    put_seed(bench, "conversion_types")
    bench.connection.execute("create schema warehouse.measures")
    numbers = ["credit", "spend", "cost_per_conversion", "return_on_ad_spend", "credit_ci_low", "credit_ci_high"]
    numbers += ["return_ci_low", "return_ci_high", "customer_acquisition_cost", "platform_conversions"]
    flags = ["is_identified", "is_calibrated", "is_influence", "models_disagree"]
    given = pd.DataFrame({"channel": [f"c{n:02}" for n in range(len(values))], "value": values})
    given = given.assign(week="2026-09-07", conversion_type="order", model="markov", campaign=None)
    given = given.assign(interval_kind="sampling", spend_note=None, role=None, note=None, **dict.fromkeys(flags, True))
    bench.put("measures.attribution", given.assign(**dict.fromkeys(numbers, 0.5)), campaign="varchar")
    return bench.run("mart_attribution").sort_values("channel")


@pytest.mark.parametrize("channels", [3, 7, 12, 13])
def test_value_shared_among_channels_sums_to_what_was_shared(models: dict[str, str], channels: int) -> None:
    """A third of a millionth is lost with each channel when each is rounded for itself."""
    found = attribution(models, [2267 / channels] * channels)
    assert sum(map(Decimal, found["value"].astype(str))) == 2267
    assert (found["value"].astype(float) - 2267 / channels).abs().max() < 1.000001e-6


def test_value_of_whole_millionths_stays_what_it_is(models: dict[str, str]) -> None:
    values = [12.345678, 0.0, 0.000001, 99999.999999]
    assert attribution(models, values)["value"].astype(float).tolist() == values
