"""raw: one asset per source object, each file landed as delivered; then the ledger of what was delivered.

A new source object needs no line here: the contracts are the list.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import dagster as dg
import duckdb

from journey_pipeline import ingest, preflight, pseudonyms, verdicts
from journey_pipeline.defs.freshness import freshness_policy, standing_metadata
from journey_pipeline.defs.resources import (
    DATA_ENGINEERING,
    ONE_BY_ONE,
    WEEKS,
    WRITER_POOL,
    Home,
    Warehouse,
    as_of,
    contracts,
    known_at,
)
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.fault_points import point
from journey_pipeline.settings import Settings, code_version


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", contract.id],
            group_name="raw",
            owners=[DATA_ENGINEERING],
            kinds={"python", "duckdb"},
            description=f"One row per delivered record. {contract.purpose}",
            freshness_policy=freshness_policy(contract),
        )
        for contract in contracts().values()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
    # One step for all objects, of which any may be chosen: steps of their own would cost more than most of the files.
    can_subset=True,
)
def landed(context: dg.AssetExecutionContext, home: Home, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Land the new files of each source object, then show its current rows as `raw.<contract>`."""
    # A new home gets its key before it loads a file; one that has files and no key any more goes no further.
    pseudonyms.key_of(home.settings)
    preflight.require_room(home.settings)
    names = [key.path[1] for key in sorted(context.selected_asset_keys)]
    damaged = ingest.damaged_files(home.lake, names)
    found = {name: _land(context, home, contracts()[name], damaged) for name in names}
    try:
        ingest.require_intact(home.lake, damaged)
    except ingest.LakeDamaged as damage:
        raise dg.Failure(str(damage), allow_retries=False) from None
    if home.lands:
        # A lake put back from a copy may hold people who were erased since.
        ingest.replay(home.lake, contracts(), _parser(home))
    with warehouse.get_connection() as connection:
        for name, outcomes in found.items():
            key, contract = dg.AssetKey(["raw", name]), contracts()[name]
            for outcome in outcomes:
                if outcome.fault is not None:
                    context.log.error(str(outcome.fault))
            if home.lands:
                ingest.expire(contract, home.lake, _run_time(context), _parser(home))
            ingest.register(connection, contract, home.lake, known_at(context.run.tags))
            point("raw_registered")
            standing = standing_metadata(next(iter(ingest.standing(home.lake, contracts(), contract.id)), None))
            counts = {f"files_{name}": sum(o.outcome == name for o in outcomes) for name in ("loaded", "quarantined")}
            metadata = {**table_metadata(connection, "raw", contract.id), **standing, **counts}
            yield dg.MaterializeResult(asset_key=key, metadata=metadata)


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["raw", name],
            group_name="raw",
            owners=[DATA_ENGINEERING],
            kinds={"python", "duckdb"},
            deps=[["raw", contract] for contract in contracts()],
            description=description,
        )
        for name, description in {
            "run_parameters": "One row: as_of and known_at of this build, its time zone, currency and candidate id.",
            "source_files": "One row per delivered file, with its outcome: loaded, duplicate, superseded, quarantined.",
            "quarantine": "One row per record set aside, with the rule it broke; values only as shapes.",
            "file_loads": "One row per contract and file that counts, with the time it was loaded.",
            "service_levels": "One row per contract, with its latency, rhythm and zone, and what a gap means.",
        }.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def delivered(context: dg.AssetExecutionContext, home: Home, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Close the landing: what arrived, and which candidate everything to the right now speaks of."""
    # Files that no contract knows are outcomes too; they belong to no object, so they are written down here.
    _land(context, home, None)
    cut = known_at(context.run.tags) or ingest.known_at(home.lake)
    with warehouse.get_connection() as connection:
        ingest.source_files(connection, home.lake, cut)
        ingest.service_levels(connection, contracts(), fail_on_gaps=home.settings.fail_on_gaps)
        if cut is None or not connection.execute("select 1 from raw.source_files limit 1").fetchall():
            raise dg.Failure(_nothing_loaded(home.lake, cut), allow_retries=False)
        ingest.file_loads(connection, home.lake)
        point("ledger_shown")
        _write_run_parameters(connection, home.settings, as_of(context.partition_key), cut)
        point("run_parameters_written")
        verdicts.prepare(connection)
        names = ["run_parameters", "source_files", "quarantine", "file_loads", "service_levels"]
        built = [*names, *contracts()]
        verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"raw/{name}", True) for name in built])
        point("raw_recorded")
        for name in names:
            yield dg.MaterializeResult(asset_key=["raw", name], metadata=table_metadata(connection, "raw", name))


def _land(
    context: dg.AssetExecutionContext,  # type: ignore[type-arg]
    home: Home,
    contract: ingest.Contract | None,
    damaged: Collection[ingest.RawFile] = (),
) -> list[ingest.FileOutcome]:
    """Land the new files of a source object, or of none; nothing where the lake is only read."""
    if not home.lands:
        return []
    files = _inbox(home.settings.inbox_folder, context.run_id)
    return ingest.land(contract, files, home.lake, _run_time(context), _parser(home), damaged)


@lru_cache(maxsize=1)
def _inbox(folder: Path, _run_id: str) -> list[ingest.InboxFile]:
    """What the inbox held when the run first looked: one state for all its objects, walked once."""
    found = ingest.scan(folder, contracts())
    point("inbox_scanned")
    return found


def _nothing_loaded(lake: ingest.Lake, cut: datetime | None) -> str:
    first = ingest.first_load(lake)
    if cut is None or first is None:
        return "no file was loaded yet; put exports into the inbox"
    by = f"no file was loaded by {cut:%Y-%m-%d %H:%M} UTC"
    return f"{by}, the first was at {first:%Y-%m-%d %H:%M:%S} UTC; ask for a later --known-at, or for none"


def _parser(home: Home) -> ingest.Resources:
    return ingest.Resources(threads=home.settings.threads, memory_limit=home.settings.memory_limit)


def _run_time(context: dg.AssetExecutionContext) -> datetime:
    """The one instant of this run at which its files count as loaded (naive UTC): when the run was created."""
    record = context.instance.get_run_record_by_id(context.run_id)
    if record is None:
        raise dg.Failure("this run is unknown to its Dagster instance; start it through `journey run` or the UI")
    created: datetime = record.create_timestamp
    return created.astimezone(UTC).replace(tzinfo=None)


def _write_run_parameters(
    connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, known_at: datetime
) -> None:
    """One row that every model may read. The candidate id covers all that a number depends on, and no clock."""
    files = connection.execute(
        "select path, file_id, outcome, erased from raw.source_files where outcome <> 'quarantined' order by all"
    ).fetchall()
    facts = {
        "as_of": as_of.isoformat(),
        "configuration": settings.configuration_hash(),
        "code": code_version(),
        "files": files,
    }
    candidate_id = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    connection.execute(
        """
        create or replace table raw.run_parameters as
        select ?::timestamp as as_of, ?::timestamp as known_at, ? as time_zone, ? as reporting_currency,
            ? as candidate_id
        """,
        [as_of, known_at, settings.time_zone, settings.reporting_currency, candidate_id],
    )
