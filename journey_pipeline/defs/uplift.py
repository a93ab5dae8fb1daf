"""measures, one step of its own: who gains most from an action that was tested by lot, and how sure that is.

Add here: reading and writing of its tables. Must not be here: formulas (`journey_pipeline.experiments.uplift`), scans
of row-scale tables other than one feature row per sampled person, or per customer in batches.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from journey_pipeline import verdicts
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import MARKETING, ONE_BY_ONE, WEEKS, WRITER_POOL, Warehouse
from journey_pipeline.defs.tables import table_metadata, write_table
from journey_pipeline.experiments import uplift
from journey_pipeline.fault_points import point

# Batches of 98 chunks are 200,704 feature rows, 70 MB.
BATCH = 98
_TYPES = {
    "uplift_quality": {
        "experiment_id": "varchar", "metric": "varchar", "variant": "varchar", "people": "bigint", "events": "bigint",
        "qini": "double", "qini_low": "double", "qini_high": "double", "is_released": "boolean", "reason": "varchar",
    },
    "uplift_scores": {
        "customer_id": "varchar", "experiment_id": "varchar", "metric": "varchar", "variant": "varchar",
        "uplift": "double",
    },
}  # fmt: skip
_TABLES = {
    "uplift_quality": "One row per experiment, metric and variant: whether scores of uplift put those first who gain.",
    "uplift_scores": "One row per customer, experiment, metric and variant: the uplift expected, where the test held.",
}


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["measures", name],
            group_name="measures",
            deps=[["measures", "experiments"], ["journeys", "experiment_features"]],
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
def uplift_of_experiments(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Learn from every experiment that was drawn by lot, and score who can be scored."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "measures")
        learn(connection)
        point("uplift_written")
        for name in _TABLES:
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            yield dg.MaterializeResult(
                asset_key=["measures", name], metadata=table_metadata(connection, "measures", name)
            )


def learn(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the two tables."""
    told: list[dict[str, Any]] = []
    write_table(
        connection, "uplift_scores", pd.DataFrame(columns=list(_TYPES["uplift_scores"])), _TYPES["uplift_scores"]
    )
    shown = connection.execute(
        "select * from measures.experiments where not is_control and is_share order by experiment_id, metric, variant"
    ).df()
    for row in shown.to_dict("records"):
        key = [row[name] for name in uplift.UPLIFT_KEY]
        rows = _people(connection, row["experiment_id"], row["metric"], row["variant"])
        try:
            quality = uplift.quality(rows, pd.DataFrame([row]))
        except uplift.NotRandomised as refusal:
            quality = {"people": len(rows), "is_released": False, "reason": str(refusal)}
        told.append(dict(zip(uplift.UPLIFT_KEY, key, strict=True)) | quality)
        if quality["is_released"]:
            _score(connection, key, uplift.fit(rows))
    columns = list(_TYPES["uplift_quality"])
    write_table(connection, "uplift_quality", pd.DataFrame(told, columns=columns), _TYPES["uplift_quality"])


def _people(connection: duckdb.DuckDBPyConnection, experiment_id: str, metric: str, variant: str) -> pd.DataFrame:
    """People of one variant and the control, in a total order."""
    return connection.execute(
        """
        select features.*, features.variant = $3 as is_treated
        from journeys.experiment_features as features
        inner join seeds.experiment_designs as designs using (experiment_id)
        where experiment_id = $1 and metric = $2 and features.variant in ($3, designs.control_variant)
        order by customer_id
        """,
        [experiment_id, metric, variant],
    ).df()


def _score(connection: duckdb.DuckDBPyConnection, key: list[str], learner: uplift.TLearner) -> None:
    rows = connection.cursor().execute(
        "select * from journeys.prediction_features where days_back = 0 and is_consented order by customer_id"
    )
    while len(batch := rows.fetch_df_chunk(BATCH)):
        named = dict(zip(uplift.UPLIFT_KEY, key, strict=True))
        frame = pd.DataFrame({"customer_id": batch["customer_id"], "uplift": learner.uplift(batch)}).assign(**named)
        connection.register("scored", frame)
        connection.execute("insert into measures.uplift_scores by name from scored")
        connection.unregister("scored")
