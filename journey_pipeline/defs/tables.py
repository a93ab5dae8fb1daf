"""Tables of measures: how one is written, and what the UI shows of it.

Add here what every asset does with its table. Must not be here: what a table holds.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
import duckdb
import pandas as pd


def table_metadata(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, Any]:
    """Row count and column schema of one relation, as Dagster metadata."""
    # Of this relation only: duckdb_columns() binds every view of the file, and each of raw opens its Parquet files.
    columns = connection.execute(f'describe "{schema}"."{table}"').fetchall()
    rows = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0][0]
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind.lower()) for name, kind, *_ in columns]),
    }


def write_table(
    connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame, types: Mapping[str, str] | None = None
) -> None:
    """Replace `measures.<name>`; `types` gives its columns in order and their SQL types, also without a row."""
    columns = ", ".join(f'cast("{column}" as {kind}) as "{column}"' for column, kind in (types or {}).items())
    connection.execute("create schema if not exists measures")
    connection.register("measured", frame)
    connection.execute(f'create or replace table measures."{name}" as select {columns or "*"} from measured')
    connection.unregister("measured")
