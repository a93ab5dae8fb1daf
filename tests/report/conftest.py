"""A small warehouse opened as a release for the report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.release.small_warehouse import build_warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small warehouse, to be read only."""
    return build_warehouse(tmp_path_factory.mktemp("report") / "warehouse.duckdb")


@pytest.fixture(scope="session")
def tables(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The released tables in memory, in the default schema as in `journey.duckdb`; not to be changed."""
    with duckdb.connect() as con:
        con.execute(f"attach '{warehouse}' as w (read_only)")
        names = con.execute(
            "select table_name from duckdb_tables() where database_name = 'w' and schema_name = 'marts'"
        ).fetchall()
        for (name,) in names:
            con.execute(f"create table {name} as from w.marts.{name}")
        con.execute(
            "create table gate_results as select 'unique_id' as gate, 'marts' as word, 'marts/customers' as asset, "
            "true as passed, 0::bigint as failing_rows, '' as description"
        )
        con.execute("detach w")
        yield con


@pytest.fixture
def connection(tables: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The released tables, free to be changed by a test."""
    with duckdb.connect() as con:
        for (name,) in tables.execute("select table_name from duckdb_tables() order by all").fetchall():
            con.register("copied", tables.sql(f"from {name}").to_arrow_table())
            con.execute(f"create table {name} as from copied")
        yield con
