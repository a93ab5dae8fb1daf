"""What the steps are given holds up when a step fails."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from journey_pipeline.defs.resources import Home, LakeReader, ScratchWarehouse, Warehouse


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


def test_a_run_that_is_not_a_rebuild_lands_and_is_gated_whatever_its_configuration_says(tmp_path: Path) -> None:
    """Whoever starts a run in the UI may set what a resource has as a field."""
    assert Home(path=str(tmp_path)).lands
    assert Warehouse(database="w.duckdb").is_gated
    assert set(Home.model_fields) == {"path"}
    assert set(Warehouse.model_fields) == {"database", "connection_config"}
    assert not LakeReader(path=str(tmp_path)).lands
    assert [ScratchWarehouse(database="w.duckdb", has_gates=gated).is_gated for gated in (True, False)] == [True, False]
