"""Which anchors a fit is given."""

from __future__ import annotations

import duckdb
import pytest

from journey_pipeline.defs import predictions
from journey_pipeline.predictions.season import YEAR_DAYS
from journey_pipeline.predictions.targets import TARGETS

BACK = [30, 60, 90, 120, 150, 180, 270, 360, 364, 365, 394, 424, 454, 484, 544, 604, 634, 724, 730]


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    made.execute("create schema journeys")
    for table in ("prediction_features", "prediction_labels"):
        made.execute(
            f"create table journeys.{table} as select 'c' as customer_id, unnest(?::integer[]) as days_back", [BACK]
        )
    made.execute("alter table journeys.prediction_features add column order_days integer default 1")
    return made


@pytest.mark.parametrize("name", ["purchase_30", "purchase_60", "purchase_90", "churn_90"])
def test_a_fit_learns_from_whole_horizons_and_is_given_the_windows_of_a_year_before(
    name: str, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "TRAINING_ROWS", 3)
    target = next(one for one in TARGETS if one.name == name)
    found = predictions.read_rows(connection, target)["days_back"].tolist()
    learnt = [day for day in BACK if day % target.horizon == 0][: predictions.LEAST_ANCHORS]
    years = [day for day in BACK if day >= YEAR_DAYS and (day - YEAR_DAYS) % target.horizon == 0][:5]
    assert len(years) >= 4 and found == sorted({*learnt, *years})


def test_a_value_is_given_quarters_and_years(connection: duckdb.DuckDBPyConnection) -> None:
    target = next(one for one in TARGETS if one.kind == "value")
    found = set(predictions.read_rows(connection, target)["days_back"])
    assert found == {90, 180, 270, 360, 365, 730}
