"""A home with a gated warehouse, a short way to publish from it, and a home with three releases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from journey_pipeline.release import Release, publish
from tests.release.small_warehouse import FEW, FIRST_AS_OF, build_warehouse, facts_of, green_gates

PUBLISHED_AT = datetime(2026, 11, 16, 6, 0, tzinfo=UTC)
Publish = Callable[..., Release]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    return tmp_path


@pytest.fixture(scope="session")
def warehouses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Warehouses by candidate, built once; a publish only reads them."""
    return tmp_path_factory.mktemp("warehouses")


@pytest.fixture
def publish_week(home: Path, warehouses: Path) -> Publish:
    """Publish week 0, 1, 2, ... (weeks after the first) into the test's home."""
    return publisher(home, warehouses)


@pytest.fixture(scope="session")
def _three_releases(tmp_path_factory: pytest.TempPathFactory, warehouses: Path) -> Path:
    home = tmp_path_factory.mktemp("three")
    for week in range(3):
        publisher(home, warehouses)(week)
    return home


@pytest.fixture
def released_home(home: Path, _three_releases: Path) -> Path:
    """A home of the test's own where weeks 0, 1 and 2 were published in this order."""
    shutil.copytree(_three_releases, home, symlinks=True, dirs_exist_ok=True)
    return home


def publisher(home: Path, warehouses: Path) -> Publish:
    """A function that publishes a week, building its warehouse when asked for the first time."""

    def run(week: int = 0, *, candidate_id: str | None = None, **options: Any) -> Release:
        candidate = candidate_id or f"{week:08d}ef"
        as_of = FIRST_AS_OF + timedelta(weeks=week)
        warehouse = warehouses / candidate / "warehouse.duckdb"
        if not warehouse.exists():
            warehouse.parent.mkdir()
            build_warehouse(warehouse, as_of=as_of, candidate_id=candidate, only=FEW)
        arguments: dict[str, Any] = {
            "manifest": facts_of(as_of=as_of, candidate_id=candidate, only=FEW),
            "gates": green_gates(),
            "report": None,
            "published_at": PUBLISHED_AT + timedelta(weeks=week),
        }
        return publish(warehouse, home, **(arguments | options))

    return run


def publish_changed(
    home: Path, changes: Sequence[str], candidate_id: str = "changed0", days: int = 0, **options: Any
) -> Release:
    """Publish the first week, or one so many days later with its times alone moved, after `changes` to its tables."""
    warehouse = home / candidate_id / "warehouse.duckdb"
    warehouse.parent.mkdir()
    build_warehouse(warehouse, candidate_id=candidate_id, only=FEW)
    as_of = FIRST_AS_OF + timedelta(days=days)
    with duckdb.connect(str(warehouse)) as connection:
        for change in changes:
            connection.execute(change)
        connection.execute(f"update raw.run_parameters set as_of = as_of + to_days({days})")
    return publish(
        warehouse, home, manifest=facts_of(as_of=as_of, candidate_id=candidate_id, only=FEW), gates=green_gates(),
        report=None, published_at=PUBLISHED_AT + timedelta(days=1 + days), **options,
    )  # fmt: skip
