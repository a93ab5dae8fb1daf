"""The sample deliveries in a warehouse, staged and unified by dbt: built once for all tests of staging and events.

Holds the way in: samples -> lake -> raw -> dbt. What the tables must say is in test_staging and test_events.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from journey_pipeline import pseudonyms
from journey_pipeline.dbt_sources import identifier_types
from journey_pipeline.ingest import FileOutcome, Lake, land, load_contracts, register, scan

from . import handmade
from .compiled_models import run_dbt
from .handmade import Row

SAMPLES = Path(__file__).parent.parent / "samples"
LOADED_AT = datetime(2026, 11, 9, 6, 0)
# The Monday 00:00 in Berlin after the samples' last day.
AS_OF = datetime(2026, 11, 8, 23, 0)

# The kinds of value that pseudonyms are made of: identifiers, and what a score may be about.
KINDS = [*identifier_types(), "ticket", "conversation", "relationship"]
# Text in events, as one source refers to an order by its number and another to a deal by its id.
REFERENCES = {"order_ref", "about_ref", "evidence_ref", "handle"}
KEY = b"the tests' own pseudonym key"

Rows = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Warehouse:
    """A warehouse folder; the file stem is the database's name in dbt's manifest, so only the folder may vary."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "warehouse.duckdb"

    def load(self, name: str, *patterns: str, as_of: datetime = AS_OF) -> None:
        """Deliver the samples that match (all others are absent) through the real loader into `raw`."""
        inbox = self.folder / name / "inbox"
        for pattern in patterns:
            for sample in sorted(path for path in SAMPLES.glob(pattern) if path.is_file()):
                target = inbox / sample.relative_to(SAMPLES)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(sample, target)
        self.land(name, as_of)

    def land(self, name: str, as_of: datetime = AS_OF) -> list[FileOutcome]:
        """Take the inbox of one load through the real loader into `raw`."""
        contracts, lake = load_contracts(), Lake(self.folder / name / "lake")
        files = scan(self.folder / name / "inbox", contracts)
        outcomes = [outcome for each in [*contracts.values(), None] for outcome in land(each, files, lake, LOADED_AT)]
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for contract in contracts.values():
                register(connection, contract, lake, None)
            connection.execute(
                "create or replace table raw.run_parameters as select ?::timestamp as as_of, ?::timestamp as known_at, "
                "'Europe/Berlin' as time_zone, 'EUR' as reporting_currency, 'samples' as candidate_id",
                [as_of, LOADED_AT],
            )
        return outcomes

    def dbt(self, *arguments: str) -> dict[str, Any]:
        """Run dbt in this process; results by node name. Fails the test with dbt's own message."""
        given = {"JOURNEY_WAREHOUSE": str(self.path), "JOURNEY_PSEUDONYM_KEY": KEY.decode()}
        result = run_dbt(self.folder, *arguments, **given)
        failures = [
            f"{node.node.name}: {node.message}"
            for node in getattr(result.result, "results", [])
            if node.status in ("error", "fail")
        ]
        assert result.success, failures or result.exception
        built = {node.node.name: node for node in result.result.results}
        self._remember([node.node.compiled_code for node in built.values() if node.node.schema == "staging"])
        return built

    def _remember(self, queries: list[str]) -> None:
        """Keep what staging models would say without pseudonyms beside the pseudonym of each value, for `answers`."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            pseudonyms.add_function(connection, KEY)
            connection.execute("create temp table told (value varchar)")
            for query in queries:
                texts = [f'"{c[0]}"' for c in connection.execute(f"describe ({query})").fetchall() if c[1] == "VARCHAR"]
                values = f"unnest([{', '.join(texts)}])"
                connection.execute(f"insert into told select distinct {values} from ({query})")
            connection.execute(f"attach '{self.folder / 'known.duckdb'}' as known")
            connection.execute(
                "create table if not exists known.identifiers (pseudonym uuid primary key, value varchar)"
            )
            connection.execute(
                "insert or ignore into known.identifiers select pseudonym(kind, value), value "
                "from (select distinct value from told where length(value) < 1000), (select unnest(?) as kind)",
                [KINDS],
            )

    def readable(self) -> Path:
        """A copy of the tables with each pseudonym as the value it was made of, so that tests say whom they mean.

        A pseudonym that no value of staging explains, of whatever kind, stays as it is and no test expects it.
        """
        file = self.folder / "readable.duckdb"
        if file.exists() and file.stat().st_mtime_ns > self.path.stat().st_mtime_ns:
            return file
        file.unlink(missing_ok=True)
        with duckdb.connect(str(file)) as connection:
            connection.execute(f"attach '{self.path}' as built (read_only)")
            connection.execute(f"attach '{self.folder / 'known.duckdb'}' as known (read_only)")
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'built' "
                "union all select schema_name, view_name from duckdb_views() where database_name = 'built' "
                "and schema_name = 'raw'"
            ).fetchall()
            for schema, table in tables:
                columns = connection.execute(f'describe built.{schema}."{table}"').fetchall()
                hidden = {name for name, kind, *_ in columns if kind == "UUID" or name in REFERENCES}
                shown = ", ".join(_shown(name) if name in hidden else f'"{name}"' for name, *_ in columns)
                connection.execute(f"create schema if not exists {schema}")
                connection.execute(f'create table {schema}."{table}" as select {shown} from built.{schema}."{table}"')
        return file

    def put(self, tables: dict[str, list[Row]]) -> None:
        """Raw tables of handmade rows; columns a row leaves out are null, its lineage is one current file."""
        with duckdb.connect(str(self.path)) as connection:
            for name, given in tables.items():
                lineage = {"_file_id": "f", "_delivery_rank": 1, "_is_current": True}
                frame = pd.DataFrame([{"_row_number": number} | lineage | row for number, row in enumerate(given, 1)])
                connection.register("given", frame)
                connection.execute(f"create or replace temp table shape as select * from raw.{name} limit 0")
                connection.execute(f"drop view raw.{name}")
                connection.execute(f"create table raw.{name} as select * from shape")
                connection.execute(f"insert into raw.{name} by name select * from given")
                connection.unregister("given")

    def keep(self, schema: str, *relations: str) -> None:
        """Copy relations aside, under their own names, before the next load replaces them."""
        copies = [f"create table {schema}.{name.split('.')[1]} as select * from {name}" for name in relations]
        self.execute(f"create schema {schema}", *copies)

    def execute(self, *statements: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """All samples, every twin beside its twin.

    Four builds in one file: GA4 alone as JSON and alone as Parquet, the handmade rows, and last everything; what the
    earlier builds say is kept in the schemas `as_json`, `as_parquet` and `handmade`.
    """
    built = Warehouse(tmp_path_factory.mktemp("samples"))
    words = ("--select", "path:seeds", "path:models/staging", "path:models/events")
    for name, pattern in (("as_json", "ga4/analytics_*/**/*.json.gz"), ("as_parquet", "ga4/parquet/*.parquet")):
        built.load(name, pattern)
        built.dbt("build", "--select", "+stg_ga4__events", "--exclude", "resource_type:test")
        built.keep(name, "staging.stg_ga4__events")
    built.load("handmade")
    built.put(handmade.TABLES)
    built.dbt("build", *words, "--exclude", "resource_type:test")
    built.keep("handmade", "staging.stg_ga4__events", "events.touchpoints", "events.conversions")
    built.execute(*(f"drop table raw.{name}" for name in handmade.TABLES))
    built.load("all", "**/*")
    built.dbt("build", *words, "--indirect-selection=cautious")
    return built


@pytest.fixture(scope="session")
def rows(warehouse: Warehouse) -> Rows:
    """Answers of the built warehouse."""
    return answers(warehouse)


def answers(warehouse: Warehouse) -> Rows:
    """A function from SQL to rows; the file is closed after each, so that dbt may open it in between."""

    def answer(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(warehouse.readable()), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    return answer


def _shown(column: str) -> str:
    known = f'select value from known.identifiers where pseudonym = try_cast("{column}" as uuid)'
    return f'coalesce(({known}), cast("{column}" as varchar)) as "{column}"'
