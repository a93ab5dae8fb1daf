"""What is missing from the sources, read from the coverage table of a warehouse or of a release.

Holds the one question that the gate, the Dagster checks, the command line and the report ask of it. Must not be
here: what counts as missing (the coverage mart), what a gap means for a release (`laws`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from journey_pipeline.settings import shared_numbers

# A day more than the weeks: a week begins in the reporting zone and as_of is in UTC.
_RECENT_DAYS = 7 * int(shared_numbers()["coverage_gate_weeks"]) + 1


@dataclass(frozen=True)
class Missing:
    """A source and the table it feeds, with the last record (UTC) and the weeks that lack data, oldest first.

    `weeks` are texts such as `2026-11-02 silent`; `refuses` says whether a declared level forbids a release so.
    """

    source: str
    events_table: str
    contracts: tuple[str, ...]
    last_seen: str
    weeks: tuple[str, ...]
    refuses: bool

    def __str__(self) -> str:
        return f"{self.source} ({self.events_table}) last seen {self.last_seen} UTC, missing: {', '.join(self.weeks)}"


# Worst first.
_STATUSES = ("silent", "late", "gap", "ok", "not_expected")


def statuses(connection: duckdb.DuckDBPyConnection, table: str = "marts.coverage") -> dict[str, str]:
    """By contract, the worst status in the newest week of the tables it feeds; most feed some that are not watched."""
    rows = connection.execute(
        f"""
        select contract, list(distinct status) from (
            select unnest(string_split(contracts, ',')) as contract, status from {table}
            where week = (select max(week) from {table}) and contracts is not null
        ) group by contract
        """
    ).fetchall()
    return {contract: next(one for one in _STATUSES if one in found) for contract, found in rows}


def missing_deliveries(connection: duckdb.DuckDBPyConnection, table: str = "marts.coverage") -> list[Missing]:
    """What lacks data in the last quarter, that with the newest gap first."""
    rows = connection.execute(
        f"""
        select source, events_table, string_split(coalesce(contracts, ''), ','),
            strftime(latest_seen_at, '%Y-%m-%d %H:%M'), list(week || ' ' || status order by week),
            bool_or(on_gap = 'refuse' and status in ('gap', 'silent'))
        from {table}
        where status in ('gap', 'silent', 'late') and week >= as_of - interval {_RECENT_DAYS} day
        group by source, events_table, contracts, latest_seen_at
        order by max(week) desc, source, events_table
        """
    ).fetchall()
    return [Missing(s, t, tuple(c), seen, tuple(weeks), refuses) for s, t, c, seen, weeks, refuses in rows]
