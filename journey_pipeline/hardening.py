"""What SQL over delivered data may reach: the home's own files and the seeds, and nothing to widen that with.

Names in delivered files are data and never become SQL. Should one ever do, it finds no file, no network, no extension
and no setting to change. Must not be here: limits of the process that parses a file (`ingest.isolation`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from journey_pipeline.settings import DBT_PROJECT


def harden(connection: duckdb.DuckDBPyConnection, home: Path) -> None:
    """Set an engine to UTC, confine it to the files of one home and lock its settings; asking again changes nothing.

    All connections of a process to one file share the engine, so the first that comes does it for all.
    """
    ((is_locked,),) = connection.execute("select current_setting('lock_configuration')").fetchall()
    if is_locked:
        return
    # dbt copies seeds from their files.
    folders = [str(folder.resolve()).replace("'", "''") for folder in (home, DBT_PROJECT / "seeds")]
    allowed = ", ".join(f"'{folder}/'" for folder in folders)
    connection.execute("set global TimeZone = 'UTC'")  # DuckDB otherwise reads the host's
    connection.execute(f"set allowed_directories = [{allowed}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
