"""What a law across tables is, and how one that is a query is judged.

Add here what every law needs. Must not be here: a law (`laws`, `laws_of_credit`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Outcome:
    """How many rows break a law, and the first few of them. A law that does not refuse only warns."""

    failing: int
    description: str = ""
    refuses: bool = True


Law = Callable[[Connection], Outcome]


def offending(connection: Connection, sql: str) -> Outcome:
    """Run a query that returns only offending rows."""
    relation = connection.sql(f"select *, count(*) over () as offending from ({sql}) order by all limit 3")
    rows = relation.fetchall()
    if not rows:
        return Outcome(0)
    named = [", ".join(f"{c}={v}" for c, v in zip(relation.columns[:-1], row, strict=False)) for row in rows]
    return Outcome(int(rows[0][-1]), "; ".join(named))
