"""The dbt words: staging, events, journeys, marts. One `@dbt_assets` step per word, dbt in this process.

A model needs no line here: dbt's manifest is the list. dbt runs through its own `dbtRunner` because a second
process costs 15 s a word where a call costs under two; Dagster still gets every materialisation and every test.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, dbt_assets

from journey_pipeline import machine_faults, verdicts
from journey_pipeline.dbt_demands import demand
from journey_pipeline.dbt_sources import write_generated_files
from journey_pipeline.defs.gates import check_result, require_left
from journey_pipeline.defs.resources import (
    CUSTOMER_EXPERIENCE,
    DATA_ENGINEERING,
    MARKETING,
    ONE_BY_ONE,
    WEEKS,
    WRITER_POOL,
    Warehouse,
    settings,
)
from journey_pipeline.defs.tables import table_metadata
from journey_pipeline.fault_points import point
from journey_pipeline.ingest import safe_path
from journey_pipeline.settings import DBT_PROJECT, Settings

UNIQUE_ID = "dagster_dbt/unique_id"
# The tag of what one call of dbt builds and tests.
ASKED = "asked"
MANIFEST = DBT_PROJECT / "target" / "manifest.json"


def dbt_arguments(target: Path) -> list[str]:
    """Arguments every dbt call shares; logs and run results, which may quote data, are not written."""
    return [
        f"--project-dir={DBT_PROJECT}",
        f"--profiles-dir={DBT_PROJECT}",
        f"--target-path={target}",
        "--log-level-file=none",
        "--log-level=none",
        "--no-use-colors",
    ]


def prepared_manifest() -> Path:
    """The manifest, parsed again when it is missing or older than any file of the project.

    Two homes may start at once, so one process at a time looks and writes.
    """
    MANIFEST.parent.mkdir(exist_ok=True)
    with (MANIFEST.parent / "manifest.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_generated_files()
        sources = [
            f for f in DBT_PROJECT.rglob("*") if f.suffix in {".sql", ".yml", ".csv"} and "target" not in f.parts
        ]
        newest = max(f.stat().st_mtime for f in sources)
        if not MANIFEST.exists() or MANIFEST.stat().st_mtime < newest:
            _parse()
            MANIFEST.touch()
    return MANIFEST


@cache
def _parse(*flags: str) -> Any:
    """dbt's manifest in memory, parsed once a process.

    The warehouse is named by a stand-in meanwhile: dbt would parse everything again for each home's path, and only
    the stem of the path reaches the manifest.
    """
    from dbt.cli.main import dbtRunner

    os.environ["JOURNEY_WAREHOUSE"] = settings.warehouse.name
    result = dbtRunner().invoke(["parse", *flags, *dbt_arguments(MANIFEST.parent)])
    if not result.success:
        raise RuntimeError(f"the dbt project does not parse: {result.exception}")
    return result.result


def _point_dbt_at(warehouse: Warehouse) -> None:
    os.environ["JOURNEY_WAREHOUSE"] = warehouse.database
    os.environ["JOURNEY_THREADS"] = str(settings.threads)
    os.environ["JOURNEY_MEMORY_LIMIT"] = settings.memory_limit


class WordTranslator(DagsterDbtTranslator):
    """The schema is the word: asset key prefix and group."""

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: Any) -> dg.AssetSpec:
        """The asset of a node; staging also waits for the ledger of raw."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if spec.key.path[0] == "staging":
            # The gates of raw stand on its ledger; through it a held file stops every staging model.
            return spec.merge_attributes(deps=[dg.AssetKey(["raw", "source_files"])])
        return spec

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """The check of a dbt test, with what it demands in words."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=demand(manifest["nodes"][unique_id]))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Word and table."""
        name = dbt_resource_props.get("alias") or dbt_resource_props["name"]
        return dg.AssetKey([dbt_resource_props["schema"], name])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The word."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Data engineering owns what is built, the people who read a mart own the mart."""
        marketing = {"attribution", "attribution_stability", "credits", "spend"}
        marketing |= {"customer_segments", "retention", "revenue_bridge", "value_concentration", "attitude_scales"}
        marketing |= {"segments", "segment_sets", "segment_metrics", "segment_migration", "segment_stability"}
        marketing |= {"cluster_quality", "cluster_profiles"}
        name = dbt_resource_props.get("alias") or dbt_resource_props["name"]
        if dbt_resource_props["schema"] != "marts":
            return [DATA_ENGINEERING]
        return [MARKETING if name in marketing else CUSTOMER_EXPERIENCE]


def word(name: str, select: str) -> dg.AssetsDefinition:
    """The step that builds one word."""

    @dbt_assets(
        manifest=prepared_manifest(),
        select=select,
        name=name,
        partitions_def=WEEKS,
        backfill_policy=ONE_BY_ONE,
        pool=WRITER_POOL,
        dagster_dbt_translator=WordTranslator(),
    )
    def _word(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
        with warehouse.get_connection() as connection:
            require_left(context, connection, name)
        yield from _build(context, warehouse)

    return _word


def _tag(manifest: Any, asked: set[str]) -> None:
    """Tag the nodes that are asked for, and no other. dbt compares each of hundreds of names with every node."""
    for unique_id, node in manifest.nodes.items():
        node.tags = [tag for tag in node.tags if tag != ASKED] + [ASKED] * (unique_id in asked)


def _call(warehouse: Warehouse) -> list[str]:
    """The one call of dbt that builds and tests what is asked."""
    return [
        # In full, so that a lookup whose columns changed replaces the one an older version left behind.
        *("build", "--full-refresh", "--indirect-selection=empty", "--no-write-json", f"--select=tag:{ASKED}"),
        *dbt_arguments(Path(warehouse.database).parent / "work" / "dbt"),
    ]


def _build(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Any]:
    """Build the selected models, run the selected tests, tell Dagster and the verdict store of each."""
    from dbt.cli.main import dbtRunner

    from journey_pipeline.dbt_plugin import let_go

    definition = context.assets_def
    assets = {definition.specs_by_key[key].metadata[UNIQUE_ID]: key for key in context.selected_asset_keys}
    checks = {
        (definition.get_spec_for_check_key(key).metadata or {})[UNIQUE_ID]: key
        for key in context.selected_asset_check_keys
    }
    manifest = _parse("--no-write-json")
    _tag(manifest, {*assets, *checks})
    _point_dbt_at(warehouse)
    point("dbt_begun")
    try:
        result = dbtRunner(manifest=manifest).invoke(_call(warehouse))
    finally:
        let_go()
    point("dbt_ended")
    if result.exception is not None and not hasattr(result.result, "results"):
        raise dg.Failure(f"dbt could not start: {result.exception!r}")
    found: list[verdicts.Verdict] = []
    errors: list[str] = []
    with warehouse.get_connection() as connection:
        for node in result.result.results:
            unique_id, status = node.node.unique_id, str(node.status)
            if unique_id in assets and status == "success":
                key = assets[unique_id]
                found.append(verdicts.Verdict(verdicts.BUILT, key.to_user_string(), True))
                yield dg.MaterializeResult(
                    asset_key=key,
                    metadata={
                        **table_metadata(connection, node.node.schema, node.node.alias),
                        "seconds": round(node.execution_time, 2),
                    },
                )
            elif unique_id in checks and status in {"pass", "fail"}:
                verdict = _verdict(connection, node, checks[unique_id])
                found.append(verdict)
                yield check_result(verdict)
            elif status == "error":
                errors.append(f"{unique_id.split('.')[2]}: {_cause(str(node.message), settings)}")
        verdicts.record(connection, found)
        point("word_recorded")
    if errors:
        raise dg.Failure("dbt could not build: " + "; ".join(errors))


def _cause(message: str, settings: Settings) -> str:
    """What went wrong, without the values DuckDB likes to quote: structural errors whole, others by their kind."""
    if told := machine_faults.in_words(message, settings):
        return told
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    cause = lines[1] if len(lines) > 1 else lines[0]
    kind = cause.split(":", 1)[0]
    return cause if kind in {"Binder Error", "Catalog Error", "Parser Error", "Compilation Error"} else kind


def _verdict(connection: duckdb.DuckDBPyConnection, node: Any, key: dg.AssetCheckKey) -> verdicts.Verdict:
    """A test's verdict. A failed law names its first rows: they hold ids and counts, no personal value."""
    passed, failing = str(node.status) == "pass", int(node.failures or 0)
    description = "" if passed else f"{failing} failing row(s)"
    metadata = getattr(node.node, "test_metadata", None)
    if not passed and (metadata is None or metadata.name == "never_null"):
        description = f"{failing} failing row(s): {_first_rows(connection, node.node.compiled_code)}"
    return verdicts.Verdict(key.name, key.asset_key.to_user_string(), passed, failing, description)


def _first_rows(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """The first rows of a failed law, with the delivered file by its name."""
    relation = connection.sql(f"select * from ({sql}) limit 5")
    rows = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    paths = dict(connection.execute("select file_id, min(path) from raw.source_files group by file_id").fetchall())
    for row in rows:
        if row.get("source_file_id") in paths:
            row["source_file_id"] = safe_path(paths[row["source_file_id"]])
    return "; ".join(", ".join(f"{name}={value}" for name, value in row.items()) for row in rows)


staging = word("staging", "config.schema:seeds config.schema:staging")
events = word("events", "config.schema:events")
journeys = word("journeys", "config.schema:journeys")
marts = word("marts", "config.schema:marts")
