"""The section of predictions: what scores, how it came true, and no group too small to be one."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from journey_pipeline.report.predictions import predictions
from journey_pipeline.report.reading import Released


@pytest.fixture
def released() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        """
        create table customers as select 'c' || n as customer_id, case when n < 40 then 'DE' else 'SE' end as country,
            'lost' as rfm_segment from range(60) as t(n);
        create table predictions as
            select 'c' || n as customer_id, 'purchase_30' as target, 'yes' as outcome, n / 100 as value
            from range(60) as t(n)
            union all select 'c99', 'purchase_30', null, null;
        create table prediction_models as
            select 'purchase_30' as target, 'Buys.' as definition, true as is_released, false as is_baseline,
                null as reason, 30 as label_days, 0.0123 as gain, 0.01 as gain_low, 0.02 as gain_high, 3 as origins,
                'Not for prices.' as not_for
            union all select 'churn_90', 'Leaves.', false, false, 'too few', 90, null, null, null, 0, '';
        create table prediction_quality as
            select 'purchase_30' as target, 'yes' as member, m as model, n::integer + 1 as bin, w as metric,
                (10 - n) / 20 as value
            from range(10) as t(n), (values ('lightgbm'), ('baseline')) as a(m),
                (values ('decile_predicted'), ('decile_observed')) as b(w);
        """
    )
    return connection


def test_each_target_says_what_scores_it_and_why(released: duckdb.DuckDBPyConnection) -> None:
    told = predictions(Released(released, datetime(2026, 11, 16)))
    first, second = told["targets"]
    assert (first["scored_by"], first["customers"], first["refused"], first["gain"]) == ("model", "60", "1", "0.0123")
    assert first["interval"] == "0.0100 to 0.0200"
    assert (second["scored_by"], second["reason"], second["mean"]) == ("nothing", "too few", "")
    assert told["picture"].wide.startswith("<svg")


def test_scores_are_shown_of_groups_of_thirty_at_least(released: duckdb.DuckDBPyConnection) -> None:
    (group,) = predictions(Released(released, datetime(2026, 11, 16)))["groups"]
    assert [(row["by"], row["customers"]) for row in group["rows"]] == [("Market", "40"), ("RFM segment", "60")]


def test_a_release_without_predictions_says_so() -> None:
    told = predictions(Released(duckdb.connect(), datetime(2026, 11, 16)))
    assert told == {"targets": [], "picture": None, "groups": []}
