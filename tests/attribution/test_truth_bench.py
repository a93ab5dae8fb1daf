"""The truth bench: its scores are what their names say, and what it asks is what the project releases."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from journey_pipeline.cli import app
from journey_pipeline.conversion import Z95
from journey_pipeline.truth_bench import MARKET_COLUMNS, Result, page, scores
from journey_pipeline.truth_bench.models import ANSWER, TARGETS, answers
from journey_pipeline.truth_bench.warehouse import Step, compiled, needed, tables_of
from journey_pipeline.world.market_shape import market_shape
from journey_pipeline.world.scenarios import Market, Shape, simulate_market


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate_market("harvest", 5000, 40, seed=3)


@pytest.fixture(scope="module")
def steps(market: Market) -> list[Step]:
    return compiled(TARGETS, tables_of(market))


def the_truth(market: Market) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """A model nobody has: it knows, and is sure of it."""
    credit = market.truth["incremental_conversions"]
    rows = market.truth[["channel"]].assign(credit=credit, low=credit - 1, high=credit + 1)
    rest = {"channel": "baseline", "credit": len(market.conversions) - credit.sum()}
    return lambda experiments: pd.concat([rows, pd.DataFrame([rest])], ignore_index=True)


@pytest.fixture(scope="module")
def said(market: Market, steps: list[Step]) -> pd.DataFrame:
    return answers(market, steps, {"oracle": the_truth})


def shuffled(market: Market) -> Market:
    frames = {name: getattr(market, name).sample(frac=1, random_state=9) for name in ("touches", "conversions")}
    return replace(market, **frames)


def test_every_model_gives_away_every_conversion(market: Market, said: pd.DataFrame) -> None:
    whole = said[said["model"] != "holdouts_alone"].groupby(["model", "experiments"])["credit"].agg(math.fsum)
    assert {"first", "last", "linear", "position", "time_decay", "markov"} <= set(whole.index.get_level_values(0))
    assert len(market.conversions) > 100
    np.testing.assert_allclose(whole, len(market.conversions), rtol=1e-9)


def test_permuted_rows_change_no_score(market: Market, steps: list[Step], said: pd.DataFrame) -> None:
    again = answers(shuffled(market), steps, {"oracle": the_truth})
    left, right = (scores.score(market, found).drop(columns="seconds") for found in (said, again))
    pd.testing.assert_frame_equal(left, right, rtol=1e-9)


def test_whoever_tells_the_truth_has_no_distance_from_it(market: Market, said: pd.DataFrame) -> None:
    table = scores.score(market, said).set_index("model")
    oracle = table.loc["oracle"]
    assert len(oracle) == 3, "shown no, two and four experiments"
    assert (oracle[["distance", "error"]] == 0).all(axis=None) and (oracle["rank"] == 1).all()
    assert (oracle["covered"] == oracle["intervals"]).all() and (oracle["intervals"] == len(market.truth)).all()
    assert (oracle["harvested"] < 0.01).all()
    assert table.loc["last", "harvested"] > 0.2


def test_distance_is_half_of_what_shares_differ_by() -> None:
    assert scores.distance(np.array([2.0, 0]), np.array([0, 3.0])) == 1
    assert scores.distance(np.array([3.0, 1, 0]), np.array([10.0, 5, 5])) == pytest.approx(0.25)
    assert math.isnan(scores.distance(np.zeros(2), np.ones(2)))


def test_scores_by_hand() -> None:
    """Truth 60, 40, 0 of a push, a pull and a brand channel; the model says 30, 30, 40."""
    market = simulate_market("harvest", 100, 1, seed=1)
    channels = ["video", "generic", "brand"]
    small = replace(
        market,
        truth=pd.DataFrame({"channel": channels, "incremental_conversions": [60.0, 40, 0]}),
        roles=pd.DataFrame({"channel": channels, "role": ["push", "pull", "navigational"]}),
    )
    half = 10 * Z95
    given = pd.DataFrame({"channel": [*channels, "direct"], "credit": [30.0, 30, 40, 100], "model": "m"}).assign(
        low=lambda f: f["credit"] - half, high=lambda f: f["credit"] + half, experiments=0, seconds=2.0
    )
    found = scores.score(small, given[ANSWER]).iloc[0]
    assert found["distance"] == pytest.approx((0.3 + 0.1 + 0.4) / 2)
    assert found["error"] == pytest.approx((30 + 10 + 40) / 100)
    assert found["harvested"] == pytest.approx(0.4)
    assert found["rank"] == pytest.approx(-math.sqrt(3) / 2)  # ranks 3, 2, 1 against 1.5, 1.5, 3
    assert (found["covered"], found["intervals"]) == (1, 3)  # 40 lies within 30 +- 16.4, 60 and 0 do not


def test_an_interval_of_95_becomes_one_of_90_and_keeps_its_cut() -> None:
    given = pd.DataFrame({"credit": [10.0, 1, 5, 7], "low": [10 - Z95, 0.0, -3, np.nan]})
    given["high"] = [10 + Z95, 1 + Z95, 13, np.nan]
    low, high = scores.interval_90(given)
    np.testing.assert_allclose(high[:2], [10 + 1.6448536269514722, 1 + 1.6448536269514722])
    np.testing.assert_allclose(low[:3], [10 - 1.6448536269514722, 0, 5 - 8 * 1.6448536269514722 / Z95])
    assert math.isnan(low[3]) and math.isnan(high[3])


def test_own_coverage_finds_nine_in_ten_of_intervals_that_are_right() -> None:
    draws = np.random.default_rng(4).normal(100, 5, (400, 5))
    rows = [
        {"model": "m", "experiments": 0, "scenario": "s", "channel": str(channel), "seed": seed, "credit": value}
        for channel, values in enumerate(draws)
        for seed, value in enumerate(values)
    ]
    frame = pd.DataFrame(rows).assign(low=lambda f: f["credit"] - 5 * Z95, high=lambda f: f["credit"] + 5 * Z95)
    found = scores.own_coverage(frame).iloc[0]
    assert found["asked"] == 2000
    assert 0.88 < found["inside"] / found["asked"] < 0.92


def result_of(market: Market, said: pd.DataFrame) -> Result:
    found = scores.score(market, said)
    named = said.assign(scenario=market.scenario, seed=market.seed)
    steadiness = scores.stability(named, market.truth["channel"].tolist())
    row = (market.scenario, market.seed, 5000, market.days, len(market.conversions), 1.0, 1.0)
    markets = pd.DataFrame([row], columns=MARKET_COLUMNS)
    return Result(markets, said, found, scores.summary(found, steadiness), scores.own_coverage(named))


def test_the_page_keeps_its_words_and_changes_its_table(market: Market, said: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "PAGE.md"
    file.write_text(f"before\n{page.BEGIN}\nyesterday\n{page.END}\nafter\n")
    page.write(result_of(market, said), file)
    text = file.read_text()
    assert (
        text.startswith(f"before\n{page.BEGIN}\n") and text.endswith(f"{page.END}\nafter\n") and "yesterday" not in text
    )
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    assert "5,000 people in each market, 40 days, seed 3." in text
    assert lines[0].startswith("| `oracle` | 0 | 0.000 |"), "best first"
    assert {line.count("|") for line in lines} == {12}
    assert (tmp_path / page.PICTURE).read_bytes().startswith(b"\x89PNG")
    file.write_text("no marks")
    with pytest.raises(ValueError, match=r"PAGE\.md does not hold the lines"):
        page.write(result_of(market, said), file)


def test_a_market_of_ones_own_differs_where_its_file_says(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'purchase_hazard = 0.05\n[channels.paid_video]\ndaily_visit = 0.5\n'
        '[channels.podcast]\nrole = "push"\ndaily_visit = 0.01\ninterest_effect = 1.5\n'
    )  # fmt: skip
    shape = market_shape(file)
    channels = {channel.name: channel for channel in shape.channels}
    assert shape.purchase_hazard == 0.05 and shape.lose_interest == Shape().lose_interest
    assert channels["paid_video"].daily_visit == 0.5
    assert channels["paid_video"].interest_effect == Shape().channels[0].interest_effect
    assert channels["podcast"].role == "push"
    market = simulate_market("harvest", 3000, 30, 1, shape)
    assert "podcast" in set(market.truth["channel"]) & set(market.touches["channel"])
    file.write_text("")
    assert market_shape(file) == Shape()


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("purchase_hasard = 1", "'purchase_hasard', which nothing is called; nearest is 'purchase_hazard'"),
        ("purchase_hazard = -1", "purchase_hazard: expected a number of at least 0, found -1"),
        ('retarget_days = "five"', "retarget_days: expected a whole number of at least 0, found 'five'"),
        ("email_days = 3", "email_days: expected a list of numbers, found 3"),
        ("by_chance = true", "names 'by_chance'"),
        ("[channels.tv]\ndaily_visit = 0.1", r"\[channels.tv\]: expected role to be one of push, pull"),
        ("[channels.email]\nhalf_life_days = 0", r"\[channels.email\] half_life_days: expected more than 0"),
        ("[channels.email]\ncolour = 1", r"\[channels.email\] names 'colour'"),
        ("channels = 3", "expected tables"),
        ("a = = 1", "mine.toml is not TOML"),
    ],
)
def test_a_market_that_cannot_be_is_refused_with_what_to_do(text: str, refusal: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=refusal):
        market_shape(file)


def test_a_model_that_reads_what_a_market_does_not_hold_is_named() -> None:
    model = {"schema": "journeys", "alias": "credits", "name": "credits"}
    nodes = {"model.journey.credits": {**model, "depends_on": {"nodes": ["source.journey.raw.weather"]}}}
    with pytest.raises(RuntimeError, match=r"read raw\.weather, which a market does not hold"):
        needed(nodes, ["credits"], {})
    assert needed(nodes, ["credits"], {"raw.weather": None}) == ["model.journey.credits"]


def test_the_command_refuses_what_it_cannot_run_before_it_starts(tmp_path: Path) -> None:
    unknown = CliRunner().invoke(app, ["truth", "--scenario", "harvest", "--scenario", "spring"])
    assert (unknown.exit_code, "choose from random, observed" in unknown.output) == (2, True)
    file = tmp_path / "mine.toml"
    file.write_text("purchase_hasard = 1")
    refused = CliRunner().invoke(app, ["truth", "--market", str(file)])
    assert (refused.exit_code, "nearest is 'purchase_hazard'" in refused.output) == (2, True)
