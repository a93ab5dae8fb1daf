"""Runs single dbt models on small tables: the project's own compiled SQL, a fresh DuckDB, no pipeline around it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from journey_pipeline.dbt_plugin import let_go
from journey_pipeline.dbt_sources import write_generated_files
from journey_pipeline.settings import DBT_PROJECT


def compile_models(folder: Path, select: str, variables: str = "{}") -> dict[str, str]:
    """Compiled SQL by model name. `variables` is the YAML of dbt's --vars."""
    return _compile(folder, ["--select", select], variables)


def compile_inline(folder: Path, sql: str, variables: str = "{}") -> str:
    """Compiled SQL of a text that calls macros."""
    return next(iter(_compile(folder, ["--inline", sql], variables).values()))


def _compile(folder: Path, what: list[str], variables: str) -> dict[str, str]:
    given = {"JOURNEY_WAREHOUSE": str(folder / "warehouse.duckdb"), "JOURNEY_PSEUDONYM_KEY": "a key only of tests"}
    result = run_dbt(folder, "compile", *what, f"--vars={variables}", **given)
    assert result.success, result.exception
    return {node.node.name: node.node.compiled_code for node in result.result.results}


def run_dbt(folder: Path, *arguments: str, **variables: str) -> Any:
    """One call of dbt in this process, on a manifest of its own: what a call adds to it, the next one never sees."""
    manifest = _parsed().deepcopy()
    with _environment(variables):
        try:
            return dbtRunner(manifest=manifest).invoke([*arguments, *_places(folder / "target")])
        finally:
            let_go()


@cache
def _parsed() -> Manifest:
    """The project, parsed once a process, or read where another worker or the pipeline has just parsed it.

    It is parsed under a stand-in for the warehouse, as the pipeline does it: another path would be another project.
    Variables are read again when a model is compiled, so one manifest serves all their values.
    """
    target = DBT_PROJECT / "target"
    target.mkdir(exist_ok=True)
    with (target / "manifest.lock").open("w") as lock, _environment({"JOURNEY_WAREHOUSE": "warehouse.duckdb"}):
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_generated_files()
        result = dbtRunner().invoke(["parse", "--no-write-json", *_places(target)])
    assert result.success, result.exception
    return result.result  # type: ignore[return-value]


def _places(target: Path) -> list[str]:
    return [
        f"--project-dir={DBT_PROJECT}",
        f"--profiles-dir={DBT_PROJECT}",
        f"--target-path={target}",
        "--log-level=none",
        "--log-level-file=none",
    ]


@contextmanager
def _environment(given: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ |= given
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


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
