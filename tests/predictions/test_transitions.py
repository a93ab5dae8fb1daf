"""The rates of moving on, against known answers."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline.predictions.transitions import OUTCOMES, next_stage

VECTOR = Path(__file__).parents[1] / "vectors" / "54_next_stage"


def counts() -> pd.DataFrame:
    rows = pd.read_csv(VECTOR / "input.csv")
    # Whatever comes after a stage but staying and leaving is the next one.
    return rows.assign(outcome=rows["outcome"].where(rows["outcome"].isin(["stay", "exit"]), "next"))


def test_vector() -> None:
    params = json.loads((VECTOR / "params.json").read_text())
    assert list(OUTCOMES) == params["outcomes"]
    found = next_stage(counts(), params["alpha"]).set_index(["stage", "outcome"])["probability"]
    expected = pd.read_csv(VECTOR / "expected.csv").set_index(["stage", "outcome"])["probability"]
    pd.testing.assert_series_equal(found.sort_index(), expected.sort_index(), rtol=1e-9)


def test_each_group_adds_to_one_and_stands_for_itself() -> None:
    two = pd.concat([counts().assign(market="DE"), counts().assign(market="FR", n=lambda t: t["n"] * 2)])
    found = next_stage(two)
    assert found.groupby(["stage", "market"])["probability"].sum().to_numpy() == pytest.approx(1)
    alone = next_stage(two[two["market"] == "FR"])
    together = found[found["market"] == "FR"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, together)
    assert next_stage(counts().iloc[:0]).empty


def test_another_outcome_or_a_row_given_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected exit, next, stay, found lost"):
        next_stage(counts().assign(outcome="lost").iloc[:1])
    with pytest.raises(ValueError, match="repeat the key"):
        next_stage(pd.concat([counts(), counts()]))
