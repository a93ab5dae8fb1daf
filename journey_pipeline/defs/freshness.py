"""Freshness as Dagster shows it: how often a source object must be landed, and whether its source still delivers.

Holds the policy of the raw assets and one check each, read from the coverage table. Nothing here stops a run: what a
gap means for the release is the gate `sources_deliver`. Must not be here: what counts as late (the coverage mart).
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import duckdb

from journey_pipeline import ingest
from journey_pipeline.coverage import missing_deliveries
from journey_pipeline.defs.resources import WRITER_POOL, Warehouse, contracts
from journey_pipeline.ingest import Contract

CHECK = "source_delivers"
WEEK = timedelta(days=7)


def freshness_policy(contract: Contract) -> dg.FreshnessPolicy | None:
    """Landed once in its rhythm, and at least with the weekly release, give or take its latency."""
    level = contract.service_level
    if level.frequency_days is None:
        return None
    rhythm = max(WEEK, timedelta(days=level.frequency_days))
    return dg.FreshnessPolicy.time_window(fail_window=rhythm + timedelta(hours=level.latency_hours or 24))


def standing_metadata(standing: ingest.Standing | None) -> dict[str, int | str]:
    """What the ledger says of a source object, for its asset page."""
    if standing is None:
        return {"files": 0}
    known = {"newest_data": standing.newest, "newest_export": standing.newest_export}
    return {"files": standing.files} | {name: value for name, value in known.items() if value is not None}


@dg.multi_asset_check(
    name="source_freshness",
    specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset=dg.AssetKey(["raw", contract]),
            description=f"{contract} delivers at its declared level; what is missing is named by table and week.",
            additional_deps=[dg.AssetKey(["marts", "coverage"])],
        )
        for contract in contracts()
    ],
    pool=WRITER_POOL,
)
def source_freshness(warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
    """One warning per source object whose table in the last candidate has a gap, is late or silent."""
    with warehouse.get_connection() as connection:
        missing = _missing(connection)
    for contract in contracts():
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey(["raw", contract]),
            check_name=CHECK,
            passed=contract not in missing,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"missing": "; ".join(missing[contract])} if contract in missing else {},
        )


def _missing(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """By contract, what the tables it feeds lack; nothing before the first candidate stands."""
    stands = "select 1 from duckdb_tables() where schema_name = 'marts' and table_name = 'coverage'"
    if not connection.execute(stands).fetchall():
        return {}
    found: dict[str, list[str]] = {}
    for missing in missing_deliveries(connection):
        for contract in missing.contracts:
            found.setdefault(contract, []).append(str(missing))
    return found
