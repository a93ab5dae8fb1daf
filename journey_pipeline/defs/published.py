"""published: the release. Built and audited first, then switched on in one step; refused on anything not green."""

from datetime import UTC, datetime
from functools import partial

import dagster as dg

from journey_pipeline import notifications, rebuilding, release, report
from journey_pipeline.baselines import Baselines
from journey_pipeline.candidate_facts import facts_of
from journey_pipeline.coverage import missing_deliveries
from journey_pipeline.defs.gates import expected_gates, require_left
from journey_pipeline.defs.resources import (
    CUSTOMER_EXPERIENCE,
    ONE_BY_ONE,
    WEEKS,
    WRITER_POOL,
    Home,
    Warehouse,
    week_end,
)
from journey_pipeline.door_frames import MART_KEYS
from journey_pipeline.fault_points import point


@dg.asset(
    key=["published", "release"],
    group_name="published",
    deps=[dg.AssetKey(["marts", table]) for table in MART_KEYS],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
    owners=[CUSTOMER_EXPERIENCE],
    kinds={"python", "duckdb", "parquet"},
    description="One release per week end: the audited tables for BI, their Parquet files, the report, the manifest.",
)
def published(context: dg.AssetExecutionContext, home: Home, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Publish the candidate, if every gate of every word is green for exactly this candidate."""
    with warehouse.get_connection() as connection:
        require_left(context, connection, "published")
        point("candidate_green")
        facts = facts_of(connection, home.settings)
        known_at, as_of = connection.execute("select known_at, as_of from raw.run_parameters").fetchall()[0]
        # Before the release is served, so that no release goes by a baseline that the lake does not hold.
        baselines = connection.execute("select * from measures.baselines order by all").df()
        Baselines(home.lake.root / "baselines", known_at, as_of).freeze(baselines)
        missing = [str(one) for one in missing_deliveries(connection)]
    served = release.current(home.settings.home)
    try:
        with rebuilding.states_since(home.settings, served, facts) as states:
            done = release.publish(
                home.settings.warehouse,
                home.settings.home,
                manifest=facts,
                gates=expected_gates("published"),
                report=partial(report.build_report, facts=facts),
                published_at=datetime.now(UTC),
                threads=home.settings.threads,
                states=states,
            )
    except rebuilding.NotRebuilt as broken:
        hint = "set split_restatements = false in journey.toml to release without splitting changes by the reason"
        raise dg.Failure(f"{broken}\n{hint}", allow_retries=False) from None
    settings = home.settings
    removed = release.collect(
        settings.home, datetime.now(UTC), keep_releases=settings.keep_releases, keep_days=settings.keep_days
    )
    if missing:
        week = week_end(context.partition_key).date()
        for line in notifications.send(settings, notifications.Notice("stale", week, context.run_id, tuple(missing))):
            context.log.warning(line)
    return dg.MaterializeResult(
        metadata={
            "release": done.release_id,
            "is_current": done.is_current,
            "gates": done.gates_passed,
            "changed_by": [state.cause for state in states[1:]],
            "old_releases_removed": len(removed),
            "dagster/row_count": sum(done.tables.values()),
            "report": dg.MetadataValue.path(str(home.settings.home / "published" / "report" / "index.html")),
        }
    )
