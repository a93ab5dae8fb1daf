"""Every source's mess, in the smallest files that show it: delivered, landed, staged and unified once for all tests.

A test module of this folder names its files in `FILES` (path in the inbox -> content) and asks the built warehouse
through `rows`. Only the files of the modules that take part in a run are delivered. Whole samples belong to tests/sql.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.sql.conftest import Rows, Warehouse, answers

WORDS = ("--select", "path:seeds", "path:models/staging", "path:models/events")


@pytest.fixture(scope="session")
def delivered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The warehouse of all files of the modules at hand, as of 2026-11-09 00:00 in Berlin."""
    built = Warehouse(tmp_path_factory.mktemp("sources"))
    files: dict[str, str | bytes] = {}
    modules = {item.module for item in request.session.items if item.module.__name__.startswith(__package__ or "")}
    for module in sorted(modules, key=lambda module: module.__name__):
        for name, content in getattr(module, "FILES", {}).items():
            assert name not in files, f"two modules deliver {name}"
            files[name] = content
    inbox = built.folder / "messes" / "inbox"
    for name, content in files.items():
        path = inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    held = [outcome for outcome in built.land("messes") if outcome.fault is not None]
    assert held == [], [str(outcome.fault) for outcome in held]
    built.dbt("build", *WORDS, "--indirect-selection=cautious")
    return built


@pytest.fixture(scope="session")
def rows(delivered: Warehouse) -> Rows:
    """Answers of the built warehouse."""
    return answers(delivered)


ORDER_RANKS = {
    "shopify": 1,
    "segment": 2,
    "rudderstack": 2,
    "snowplow": 2,
    "mixpanel": 2,
    "klaviyo": 3,
    "stripe": 4,
    "ga4": 5,
}


def of_record(rows: Rows, source: str, alone: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What `source` should say of orders: `alone`, or nothing when a module that goes before tells orders as well."""
    before = [name for name, rank in ORDER_RANKS.items() if rank < ORDER_RANKS[source]]
    ((told,),) = rows(f"""
        select count(*) from events.conversions
        where conversion_type = 'order' and list_contains({before}::varchar[], source)
    """)
    return [] if told else alone


def sample(name: str) -> bytes:
    """One sample file, for a module whose smallest file is the sample itself."""
    return (Path(__file__).parent.parent / "samples" / name).read_bytes()
