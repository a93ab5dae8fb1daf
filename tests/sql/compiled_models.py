"""Runs single dbt models on small tables: the project's own compiled SQL, a fresh DuckDB, no pipeline around it."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pandas as pd
from dbt.cli.main import dbtRunner

from journey_pipeline.dbt_sources import write_generated_files
from journey_pipeline.settings import DBT_PROJECT


def compile_models(folder: Path, select: str, variables: str = "{}") -> dict[str, str]:
    """Compiled SQL by model name. `variables` is the YAML of dbt's --vars."""
    return _compile(folder, ["--select", select], variables)


def compile_inline(folder: Path, sql: str, variables: str = "{}") -> str:
    """Compiled SQL of a text that calls macros."""
    return next(iter(_compile(folder, ["--inline", sql], variables).values()))


def _compile(folder: Path, what: list[str], variables: str) -> dict[str, str]:
    write_generated_files()
    given = {"JOURNEY_WAREHOUSE": str(folder / "warehouse.duckdb"), "JOURNEY_PSEUDONYM_KEY": "a key only of tests"}
    before = {name: os.environ.get(name) for name in given}
    os.environ |= given
    try:
        result = dbtRunner().invoke(
            [
                "compile",
                *what,
                f"--vars={variables}",
                f"--project-dir={DBT_PROJECT}",
                f"--profiles-dir={DBT_PROJECT}",
                f"--target-path={folder / 'target'}",
                "--log-level=none",
                "--log-level-file=none",
            ]
        )
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    assert result.success, result.exception
    return {node.node.name: node.node.compiled_code for node in result.result.results}


class Bench:
    """A warehouse in memory: put tables in, run models, read what they say."""

    def __init__(self, models: dict[str, str]) -> None:
        self.models = models
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as warehouse; set TimeZone = 'UTC'")
        for schema in ("raw", "seeds", "events", "identity", "journeys", "marts"):
            self.connection.execute(f"create schema warehouse.{schema}")

    def put(self, relation: str, frame: pd.DataFrame, **casts: str) -> None:
        """Create `schema.table` from a frame; `casts` gives the SQL type of a column."""
        columns = ", ".join(f'cast("{c}" as {casts[c]}) as "{c}"' if c in casts else f'"{c}"' for c in frame.columns)
        self.connection.register("given", frame)
        self.connection.execute(f"create or replace table warehouse.{relation} as select {columns} from given")
        self.connection.unregister("given")

    def clock(self, as_of: str, time_zone: str = "UTC") -> None:
        self.connection.execute(
            """
            create or replace table warehouse.raw.run_parameters as select ?::timestamp as as_of,
                ?::timestamp as known_at, ? as time_zone, 'EUR' as reporting_currency, 'c' as candidate_id
            """,
            [as_of, as_of, time_zone],
        )

    def run(self, model: str) -> pd.DataFrame:
        """Build `journeys.<model>` and return it in the order of its columns."""
        self.connection.execute(f"create or replace table warehouse.journeys.{model} as {self.models[model]}")
        return self.connection.execute(f"select * from warehouse.journeys.{model} order by all").df()

    def ask(self, sql: str) -> pd.DataFrame:
        return self.connection.execute(sql).df()
