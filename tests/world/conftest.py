"""One market for all tests of the world: large enough for refunds and deals, small enough to be quick."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from journey_pipeline.world import Market, generate


@dataclass(frozen=True)
class Written:
    """A generated home with short ways to its files and truth."""

    home: Path
    market: Market

    def files(self, pattern: str) -> list[Path]:
        return sorted((self.home / "inbox").glob(pattern))

    def truth(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in which each truth table is a view."""
        con = duckdb.connect()
        for path in (self.home / "truth").glob("*.parquet"):
            con.execute(f"create view {path.stem} as from '{path}'")
        return con.execute(query).fetchall()

    def total(self, metric: str, dimension: str | None = None) -> Decimal:
        where = f"metric = '{metric}'" + (f" and dimension = '{dimension}'" if dimension else "")
        return Decimal(self.truth(f"select coalesce(sum(value), 0) from control_totals where {where}")[0][0])


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    home = tmp_path_factory.mktemp("market")
    return Written(home, generate(home, customers=2500, weeks=14, seed=11, end=date(2026, 11, 16)))


@pytest.fixture(scope="session")
def shapes() -> dict[str, Any]:
    return json.loads((Path(__file__).parent / "samples" / "shapes.json").read_text())
