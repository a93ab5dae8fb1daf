"""What the steps are given holds up when a step fails."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from journey_pipeline.defs.resources import Warehouse


def test_a_step_that_fails_leaves_the_warehouse_closed(tmp_path: Path) -> None:
    file = str(tmp_path / "warehouse.duckdb")
    with (
        pytest.raises(ZeroDivisionError) as kept,
        Warehouse(database=file, connection_config={"threads": 1}).get_connection() as connection,
    ):
        connection.execute(f"select {1 // 0}")
    assert kept.value.__traceback__ is not None
    # DuckDB refuses another configuration as long as anything in this process holds the file.
    with duckdb.connect(file, config={"threads": 2}) as other:
        assert other.execute("select 1").fetchall() == [(1,)]
