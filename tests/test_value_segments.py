"""Segments of predicted value: everybody has a row, and who has no prediction a reason."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from journey_pipeline.defs import value_segments

# Twenty customers with predictions, 20 the best; three without.
MARKET = """
    create schema journeys; create schema measures;
    create table journeys.segment_weeks as select date '2026-05-25' as week, 1377 as week_number;
    create table journeys.customer_numbers as
        select n::integer as customer_number, 'c' || n as customer_id from range(1, 24) as numbers(n);
    create table journeys.segment_features as
        select date '2026-05-25' as week, 1377 as week_number, n::integer as customer_number, true as is_latest,
            case when n = 22 then 0 else 1 end as order_count
        from range(1, 24) as numbers(n);
    create table journeys.segment_assignments as
        select week_number, customer_number, customer_number <= 10 as is_recent_buyer from journeys.segment_features;
    create table journeys.segment_facts as
        select 1377 as week_number, 20 as customer_number, 2 as orders, 30.5 as revenue, 0 as returned,
            0 as nps_answers, 0 as promoters, 0 as detractors, 0 as csat_answers, 0 as positives;
    create table measures.prediction_scores as
        select 'c' || n as customer_id, 'value_365' as target, 'revenue' as outcome, n * 10.0 as value,
            null::varchar as reason
        from range(1, 21) as numbers(n)
        union all select 'c21', 'value_365', null, null, 'no consent to profiling'
        union all select 'c22', 'purchase_30', 'yes', 0.5, null;
    create table measures.prediction_models as
        select 'value_365' as target, true as is_released, null::varchar as reason;
"""


@pytest.fixture
def market() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MARKET)
    return connection


def told(market: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    value_segments.build(market)
    return market.execute("from measures.value_segments order by customer_number").df().set_index("customer_number")


def test_tiers_are_tenths_of_the_predictions_and_the_others_say_why(market: duckdb.DuckDBPyConnection) -> None:
    found = told(market)
    assert found.index.tolist() == list(range(1, 24)) and set(found["segment_set"]) == {"predicted_value"}
    assert found["segment"].value_counts().to_dict() == {"low": 10, "medium": 6, "high": 4, "unknown": 3}
    assert set(found.loc[17:20, "segment"]) == {"high"} and set(found.loc[11:16, "segment"]) == {"medium"}
    assert found.loc[21:, "reason"].tolist() == ["no consent to profiling", "has not bought", "not seen within a year"]
    assert found.loc[:20, "reason"].isna().all()
    cells = market.execute("from measures.value_segment_cells").df().set_index("segment")
    assert cells["customers"].to_dict() == {"low": 10, "medium": 6, "high": 4, "unknown": 3}
    assert cells["recent_buyers"].to_dict() == {"low": 10, "medium": 0, "high": 0, "unknown": 0}
    assert (cells.loc["high", "orders"], cells.loc["high", "purchasers"]) == (2, 1)


def test_equal_predictions_are_in_one_tier(market: duckdb.DuckDBPyConnection) -> None:
    market.execute("update measures.prediction_scores set value = 5 where outcome = 'revenue'")
    assert set(told(market).loc[:20, "segment"]) == {"high"}


def test_without_a_release_everybody_is_unknown_for_its_reason(market: duckdb.DuckDBPyConnection) -> None:
    market.execute("delete from measures.prediction_scores where target = 'value_365'")
    market.execute("update measures.prediction_models set is_released = false, reason = 'too short'")
    found = told(market)
    assert set(found["segment"]) == {"unknown"} and set(found["reason"]) == {"too short"} and len(found) == 23
