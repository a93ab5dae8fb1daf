"""Leaving one channel out of observed paths, against known answers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.attribution import MODELS

VECTORS = Path(__file__).parents[1] / "vectors" / "13_fractribution"
PEER = Path(__file__).parents[3] / "shared" / "fixtures" / "peer_sessions_credit" / "expected"

leave_one_out = MODELS["leave_one_out"]


def test_fractribution_vector() -> None:
    expected = pd.read_csv(VECTORS / "expected.csv")
    found = leave_one_out(pd.read_csv(VECTORS / "input.csv")).by_channel
    assert found["channel"].tolist() == expected["channel"].tolist()
    np.testing.assert_allclose(found["credit"], expected["credit"], rtol=1e-9)


def paths(*rows: tuple[str, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["path", "conversions", "nulls"])
    return frame.assign(value=frame["conversions"] * 10.0)


def credit(*rows: tuple[str, int, int]) -> dict[str, float]:
    found = leave_one_out(paths(*rows)).by_channel
    return dict(zip(found["channel"], found["credit"], strict=True))


def test_where_no_channel_gains_the_last_one_has_it() -> None:
    assert credit(("a > b", 1, 9), ("a", 1, 1), ("b", 1, 1)) == {"a": 1.0, "b": 2.0}


def test_paths_that_differ_in_repeats_are_one_path_and_keep_their_value() -> None:
    once = credit(("a > b", 3, 5), ("a", 1, 9), ("b", 2, 8))
    assert credit(("a > b > a", 2, 1), ("a > b > b", 1, 4), ("a", 1, 9), ("b", 2, 8)) == pytest.approx(once)
    found = leave_one_out(paths(("a > b > a", 2, 1), ("a > b", 1, 4))).by_channel
    assert found["value"].sum() == 30.0


@pytest.mark.skipif(
    not PEER.is_dir(), reason="../shared/fixtures/peer_sessions_credit is absent: not part of this project"
)
def test_the_peer_that_calls_it_shapley_finds_the_same() -> None:
    summary = pd.read_csv(PEER / "snowplow_fractribution_path_summary_expected.csv").rename(
        columns={"transformed_path": "path", "non_conversions": "nulls", "revenue": "value"}
    )
    found = leave_one_out(summary).by_channel.set_index("channel")
    channels = pd.read_csv(PEER / "snowplow_fractribution_channel_attribution_expected.csv")
    channels = channels[channels["ATTRIBUTION_TYPE"] == "shapley"].set_index("CHANNEL")
    # It rounds the shares of a path to twelve places, and its five models to six.
    np.testing.assert_allclose(found["credit"], channels["CONVERSIONS"].reindex(found.index), atol=1e-6)
    np.testing.assert_allclose(found["value"], channels["REVENUE"].reindex(found.index), atol=1e-4)
    five = pd.read_csv(PEER / "credit_five_models.csv").query("model == 'shapley'").set_index("channel")
    np.testing.assert_allclose(found["credit"], five["conversions"].reindex(found.index), atol=5e-7)
    np.testing.assert_allclose(found["value"], five["revenue"].reindex(found.index), atol=5e-7)
