"""identity: identifiers -> customers. SQL numbers the identifiers, `identity.resolve` labels the numbers."""

from collections.abc import Iterator

import dagster as dg

from journey_pipeline import identity_tables, verdicts
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import DATA_ENGINEERING, ONE_BY_ONE, WEEKS, WRITER_POOL, Home, Warehouse
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.settings import pseudonym_key

_EVENTS = [
    "touchpoints",
    "identifier_edges",
    "conversions",
    "experience_scores",
    "consents",
    "profile_attributes",
]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["identity", name],
            group_name="identity",
            owners=[DATA_ENGINEERING],
            kinds={"python", "duckdb"},
            deps=[["events", table] for table in _EVENTS],
            description=description,
        )
        for name, description in {
            "identifiers": "One row per identifier and its customer. Holds raw identifiers: never released.",
            "exceptions": "One row per edge that a guard left out, with the reason; identifiers as pseudonyms.",
            "review": "One row per pair of records that may be one person and is not linked; pseudonyms only.",
        }.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def customers(context: dg.AssetExecutionContext, home: Home, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Resolve every identifier into a customer, or say which guard kept it out."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "identity")
        summary = identity_tables.build(connection, pseudonym_key(home.settings), home.settings.matching)
        for name in ("identifiers", "exceptions", "review"):
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"identity/{name}", True)])
            yield dg.MaterializeResult(
                asset_key=["identity", name],
                metadata={**table_metadata(connection, "identity", name), **summary},
            )
