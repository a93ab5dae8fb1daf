"""measures, one step of its own: what customers will do next, each target with its track record.

Add here: reading and writing of its tables. Must not be here: formulas (`journey_pipeline.predictions`), scans of
row-scale tables other than one feature row per customer, which comes in batches.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from journey_pipeline import report, verdicts
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import MARKETING, ONE_BY_ONE, WEEKS, WRITER_POOL, Warehouse
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.fault_points import point
from journey_pipeline.predictions import backtest, cards, scores, values
from journey_pipeline.predictions.backtest import Trained
from journey_pipeline.predictions.clv import Terms
from journey_pipeline.predictions.season import YEAR_DAYS
from journey_pipeline.predictions.targets import TARGETS, Target
from journey_pipeline.predictions.values import TrainedValue
from journey_pipeline.settings import shared_numbers

# Batches of 98 chunks are 200,704 feature rows, 70 MB.
BATCH = 98
# A fit learns no more from further anchors once it has these.
TRAINING_ROWS = 180_000
LEAST_ANCHORS = 5

_TABLES = {
    "prediction_scores": "One row per customer, target and outcome: the score, or why there is none.",
    "prediction_quality": "One row per target, origin, model, metric and member: the track record, baseline beside it.",
    "prediction_models": "One row per target: what scores it, on what evidence, and what it must not be used for.",
}
_READS = (["journeys", "prediction_anchors"], ["journeys", "prediction_features"], ["journeys", "prediction_labels"])


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["measures", name],
            group_name="measures",
            deps=list(_READS),
            owners=[MARKETING],
            kinds={"python", "lightgbm"},
            description=description,
        )
        for name, description in _TABLES.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def predictions(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Backtest every target, fit what may score, score everybody."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "measures")
        pictures = predict(connection)
        point("predictions_written")
        for name in _TABLES:
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            told = pictures if name == "prediction_quality" else {}
            if name == "prediction_models":
                told = {"models": dg.MetadataValue.md(_told(connection))}
            yield dg.MaterializeResult(
                asset_key=["measures", name], metadata={**table_metadata(connection, "measures", name), **told}
            )


def predict(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Fill the tables; returns a calibration plot by target that was tested."""
    numbers = shared_numbers()
    run = connection.execute(
        "select max(anchor_date), any_value(candidate_id) from raw.run_parameters "
        "left join journeys.prediction_anchors on days_back = 0"
    ).fetchall()[0]
    terms = Terms(margin=float(numbers["prediction_margin"]))
    _create(connection)
    pictures: dict[str, Any] = {}
    if run[0] is None:
        return pictures
    trained = [_trained(connection, target, terms, int(numbers["prediction_min_events"])) for target in TARGETS]
    _score(connection, trained)
    point("predictions_scored")
    for each in trained:
        quality, model = _records(connection, each, *run)
        _append(connection, "prediction_quality", quality)
        _append(connection, "prediction_models", model)
        chart = report.calibration_plot(quality)
        if chart is not None:
            picture = f"![calibration](data:image/png;base64,{report.to_png_base64(chart)})"
            pictures[each.target.name] = dg.MetadataValue.md(picture)
    return pictures


def read_rows(connection: duckdb.DuckDBPyConnection, target: Target) -> pd.DataFrame:
    """Features beside labels of earlier anchors, of the latest anchors that make enough rows, in a total order; and of
    those a year before the run and before each test, for the season."""
    steps = connection.execute(
        "select days_back, count(*) from journeys.prediction_labels where days_back % ? = 0 group by all order by all",
        [90 if target.kind == "value" else target.horizon],
    ).fetchall()
    if target.kind == "value":
        steps += connection.execute(
            "select days_back, count(*) from journeys.prediction_labels where days_back % 365 = 0 "
            "group by all order by all"
        ).fetchall()
    chosen: list[int] = []
    rows = 0
    for days_back, many in steps:
        if rows < TRAINING_ROWS or len(chosen) < LEAST_ANCHORS or target.kind == "value":
            chosen.append(days_back)
            rows += many
    if target.kind != "value":
        chosen += [YEAR_DAYS + step * target.horizon for step in range(backtest.ORIGINS + 2)]
    buyers = "and features.order_days > 0" if target.kind == "value" else ""
    return connection.execute(
        f"""
        select * from journeys.prediction_features as features
        inner join journeys.prediction_labels as labels using (customer_id, days_back)
        where list_contains(?::integer[], days_back) {buyers} order by days_back, customer_id
        """,
        [chosen],
    ).df()


def _trained(
    connection: duckdb.DuckDBPyConnection, target: Target, terms: Terms, min_events: int
) -> Trained | TrainedValue:
    rows = read_rows(connection, target)
    if target.kind != "value":
        return backtest.train(target, rows, min_events)
    now = connection.execute(
        """
        select customer_id, bucket, days_back, is_consented, order_days, first_order_days_ago, last_order_days_ago,
            repeat_spend
        from journeys.prediction_features where days_back = 0 and is_consented and order_days > 0 order by customer_id
        """
    ).df()
    return values.train(target, rows, values.histories(now), terms, min_events)


def _score(connection: duckdb.DuckDBPyConnection, trained: list[Trained | TrainedValue]) -> None:
    for batch in _batches(connection):
        for each in trained:
            for outcome, frame in scores.scored(each, batch):
                connection.register("scored", frame)
                connection.execute(
                    "insert into measures.prediction_scores "
                    "select customer_id, ?, ?, value, low, high, reason from scored",
                    [each.target.name, outcome],
                )
                connection.unregister("scored")


def _batches(connection: duckdb.DuckDBPyConnection) -> Iterator[pd.DataFrame]:
    rows = connection.cursor().execute(
        "select * from journeys.prediction_features where days_back = 0 order by customer_id"
    )
    while len(batch := rows.fetch_df_chunk(BATCH)):
        yield batch


def _records(
    connection: duckdb.DuckDBPyConnection, each: Trained | TrainedValue, as_of: date, candidate_id: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Quality rows and the model card of one target."""
    columns = [row[0] for row in connection.execute("describe journeys.prediction_features").fetchall()]
    if isinstance(each, TrainedValue):
        told, card = cards.value_rows(each, as_of), cards.value_card(each, columns, as_of, candidate_id)
    else:
        told, card = cards.quality_rows(each, as_of), cards.card(each, columns, as_of, candidate_id)
        if each.model is not None:
            told += cards.drift_rows(each, *_then_and_now(connection, each), as_of)
    return cards.combined("prediction_quality", told), cards.combined("prediction_models", [card])


def _then_and_now(connection: duckdb.DuckDBPyConnection, each: Trained) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Members of a target's population at the latest anchor that taught, and at the run, of the same sample."""
    rows = connection.execute(
        """
        select features.* from journeys.prediction_features as features
        inner join journeys.prediction_customers as customers using (customer_id, days_back)
        where days_back in (0, ?) and customers.is_sampled order by days_back, customer_id
        """,
        [min(each.days_back)],
    ).df()
    members = backtest.population(each.target, rows)
    return members[members["days_back"] > 0], members[members["days_back"] == 0]


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema if not exists measures")
    for name, columns in cards.TYPES.items():
        typed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        connection.execute(f'create or replace table measures."{name}" ({typed})')


def _append(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    connection.register("told", frame)
    columns = ", ".join(f'cast("{c}" as {kind})' for c, kind in cards.TYPES[name].items())
    connection.execute(f'insert into measures."{name}" select {columns} from told')
    connection.unregister("told")


def _told(connection: duckdb.DuckDBPyConnection) -> str:
    rows = connection.execute(
        "select target, coalesce(model, 'none'), events, origins, round(gain, 5), round(gain_low, 5), "
        "coalesce(reason, '') from measures.prediction_models order by target"
    ).fetchall()
    head = "| target | model | events | origins | gain | low | reason |\n|---|---|---|---|---|---|---|\n"
    return head + "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)
