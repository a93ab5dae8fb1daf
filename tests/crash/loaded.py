"""What the server of `tests.crash.weeks` has in memory before it forks: the graph of one home, and dbt's project."""

from __future__ import annotations

from datetime import date, timedelta

from journey_pipeline import running  # noqa: F401
from journey_pipeline.definitions import defs  # noqa: F401
from journey_pipeline.defs import warehouse

warehouse._parse("--no-write-json")


def partition(as_of: str) -> str:
    """The key of the week that ends on a Monday."""
    return (date.fromisoformat(as_of) - timedelta(days=7)).isoformat()
