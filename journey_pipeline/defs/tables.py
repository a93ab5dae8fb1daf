"""What the UI shows of a table: rows, columns and their types."""

from typing import Any

import dagster as dg
import duckdb


def table_metadata(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dict[str, Any]:
    """Row count and column schema of one relation, as Dagster metadata."""
    columns = connection.execute(
        """
        select column_name, lower(data_type) from duckdb_columns()
        where database_name = current_database() and schema_name = ? and table_name = ? order by column_index
        """,
        [schema, table],
    ).fetchall()
    rows = connection.execute(f'select count(*) from "{schema}"."{table}"').fetchall()[0][0]
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema([dg.TableColumn(name, kind) for name, kind in columns]),
    }
