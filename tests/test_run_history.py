"""Dagster's run history while a run lasts: written through few connections, and whole for whoever reads it later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from journey_pipeline.run_history import quick_history

KEYS = [f"table_{number}" for number in range(20)]


@pytest.fixture
def opened() -> Iterator[Counter[str]]:
    """How often each SQLite file is opened from here on."""
    files: Counter[str] = Counter()

    def count(connection: object, _: object) -> None:
        files[connection.execute("pragma database_list").fetchone()[2]] += 1  # type: ignore[attr-defined]

    event.listen(Engine, "connect", count)
    yield files
    event.remove(Engine, "connect", count)


def told(folder: Path) -> set[str]:
    """Tables the history of a folder says were made."""
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        return {key.to_user_string() for key in instance.all_asset_keys()}


def tell(folder: Path) -> None:
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        for key in KEYS:
            instance.report_runless_asset_event(dg.AssetMaterialization(key))


def test_files_of_the_history_are_not_opened_for_each_statement(tmp_path: Path, opened: Counter[str]) -> None:
    with quick_history():
        tell(tmp_path)
    assert len(opened) >= 2
    # Twice while a file is made, when one connection looks and another makes the tables.
    assert max(opened.values()) <= 2


def test_what_was_told_is_read_by_others_during_and_after(tmp_path: Path, opened: Counter[str]) -> None:
    with quick_history():
        tell(tmp_path)
        assert told(tmp_path) == set(KEYS)
    assert told(tmp_path) == set(KEYS)


def test_afterwards_every_statement_opens_its_file_again(tmp_path: Path, opened: Counter[str]) -> None:
    with quick_history():
        pass
    tell(tmp_path)
    assert max(opened.values()) > len(KEYS)
