"""identity: identifiers -> customers. SQL numbers the identifiers, `identity.resolve` labels the numbers."""

from collections.abc import Iterator
from dataclasses import asdict

import dagster as dg

from journey_pipeline import identity_tables, verdicts
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import DATA_ENGINEERING, ONE_BY_ONE, WEEKS, WRITER_POOL, Home, Warehouse
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.fault_points import point
from journey_pipeline.identity_history import History

_EVENTS = [
    "touchpoints",
    "identifier_edges",
    "conversions",
    "experience_scores",
    "consents",
    "profile_attributes",
]

_TABLES = {
    "identifiers": "One row per identifier, as its pseudonym, and its customer.",
    "links": "One row per pair of identifiers that joins, with its evidence; identifiers as pseudonyms.",
    "exceptions": "One row per pair that a guard left out, with the reason; identifiers as pseudonyms.",
    "review": "One row per pair of records that may be one person and is not linked; pseudonyms only.",
    "changes": "One row per merge, split or new name of a customer since the first build, with its cause.",
}


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
        for name, description in _TABLES.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def customers(context: dg.AssetExecutionContext, home: Home, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Resolve every identifier into a customer, or say which guard kept it out."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "identity")
        known_at, as_of = connection.execute("select known_at, as_of from raw.run_parameters").fetchall()[0]
        history = History(home.lake.root / "identity", known_at, as_of, is_kept=home.lands)
        summary = identity_tables.build(connection, history, home.settings.matching)
        for name in _TABLES:
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"identity/{name}", True)])
            point("identity_recorded")
            yield dg.MaterializeResult(
                asset_key=["identity", name],
                metadata={**table_metadata(connection, "identity", name), **asdict(summary)},
            )
