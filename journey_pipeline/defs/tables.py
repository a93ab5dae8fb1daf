"""What the UI shows of a table: rows, columns and their types."""

from typing import Any

import dagster as dg
import duckdb


def table_metadata(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, Any]:
    """Row count and column schema of one relation, as Dagster metadata."""
    # Of this relation only: duckdb_columns() binds every view of the file, and each of raw opens its Parquet files.
    columns = connection.execute(f'describe "{schema}"."{table}"').fetchall()
    rows = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0][0]
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind.lower()) for name, kind, *_ in columns]),
    }
