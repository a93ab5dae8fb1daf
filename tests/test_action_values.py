"""What actions are worth against known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from journey_pipeline.action_values import action_values, prior, valued

VECTORS = Path(__file__).parent / "vectors" / "74_next_best_action"
CELLS = pd.DataFrame(
    {"segment_set": "lifecycle", "segment": "new", "stage": ["purchase", "experience"], "customers": [30, 70]}
)
LINE = {"action": "mail", "segment_set": "lifecycle", "segment": "new", "stage": "experience", "experiment_id": None,
        "variant": None, "metric": "purchase_30", "value": 50.0, "cost": 0.5}  # fmt: skip


def shown(experiment: str, effect: float, error: float, **changes: object) -> dict[str, object]:
    half = 1.959963984540054 * error
    return {"experiment_id": experiment, "variant": "mail", "metric": "purchase_30", "is_control": False,
            "adjusted_effect": effect, "adjusted_low": effect - half, "adjusted_high": effect + half,
            "reading": "final", "verdict": "positive", "is_incremental": True} | changes  # fmt: skip


def worth(*experiments: dict[str, object], **changes: object) -> dict[str, object]:
    terms, known = (
        pd.DataFrame([LINE | changes]),
        pd.DataFrame([shown("other", 0, 1, reading="sequential"), *experiments]),
    )
    return dict(action_values(CELLS, known, terms).iloc[0])


def test_vector_74_net_value_what_to_do_and_rank() -> None:
    given = pd.read_csv(VECTORS / "input.csv").rename(columns={"ci_lo": "uplift_low", "ci_hi": "uplift_high"})
    key = ["segment", "stage", "action"]
    expected = pd.read_csv(VECTORS / "expected.csv").set_index(key)
    found = valued(given.assign(segment_set="lifecycle", uplift_source="experiment")).set_index(key)
    for column in ("net_value_per_customer", "net_value_total", "lower_net_value"):
        assert found.loc[expected.index, column].tolist() == pytest.approx(expected[column].tolist(), rel=1e-9), column
    for column in ("evidence", "action_type", "rank"):
        assert found.loc[expected.index, column].tolist() == expected[column].tolist(), column


def test_an_experiment_that_is_over_speaks_for_its_action() -> None:
    found = worth(shown("welcome", 0.04, 0.005), experiment_id="welcome", variant="mail")
    assert (found["uplift"], found["customers"], found["is_incremental"]) == (0.04, 70, True)
    assert (found["evidence"], found["action_type"]) == ("proven", "roll_out")
    assert (
        worth(shown("welcome", 0.04, 0.005), experiment_id="welcome", variant="mail", stage="all")["customers"] == 100
    )


@pytest.mark.parametrize(
    "changes",
    [{"reading": "sequential"}, {"is_incremental": False, "verdict": "invalid_sample_ratio"}],
)
def test_one_that_runs_or_is_broken_does_not(changes: dict[str, object]) -> None:
    found = worth(shown("welcome", 0.04, 0.005, **changes), experiment_id="welcome", variant="mail")
    assert not found["is_incremental"] and np.isnan(float(found["uplift"] or np.nan))  # type: ignore[arg-type]
    assert (found["evidence"], found["action_type"]) == ("hypothesis", "test")
    assert "the experiment is" in str(found["reason"]) and "fewer than 2 experiments" in str(found["reason"])


def test_what_was_never_tested_borrows_and_stays_a_hypothesis() -> None:
    found = worth(shown("a", 0.02, 0.001), shown("b", 0.02, 0.001))
    assert found["uplift"] == pytest.approx(0.02) and float(found["uplift_low"]) > 0  # type: ignore[arg-type]
    assert (found["uplift_source"], found["evidence"], found["is_incremental"]) == ("prior", "hypothesis", False)


def test_the_prior_is_that_of_dersimonian_and_laird() -> None:
    """Two experiments of equal size say it exactly: between = difference^2 / 2 - variance; the mean is their mean."""
    mean, low, high = prior(pd.Series([0.01, 0.05]), pd.Series([0.01, 0.01])) or (0, 0, 0)
    between = 0.04**2 / 2 - 0.01**2
    assert mean == pytest.approx(0.03)
    assert (high - low) / 2 == pytest.approx(1.959963984540054 * np.sqrt(between + (between + 0.01**2) / 2))
    assert prior(pd.Series([0.01]), pd.Series([0.01])) is None


def test_a_line_that_names_no_experiment_is_refused() -> None:
    with pytest.raises(ValueError, match="action mail: expected an experiment of experiment_designs"):
        worth(experiment_id="nothing", variant="mail")
