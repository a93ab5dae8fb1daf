"""What the ledger says now: which files of the inbox are held back, and how each source stands.

Holds questions people and gates ask of a lake. Must not be here: loading, the SQL of the warehouse.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date
from zoneinfo import ZoneInfo

import duckdb

from journey_pipeline.ingest.columns import ABSENT, UNKNOWN
from journey_pipeline.ingest.contract import Contract, ServiceLevel
from journey_pipeline.ingest.faults import Fault
from journey_pipeline.ingest.lake import Lake, stored_time
from journey_pipeline.ingest.parsing import OTHER_TOTAL


@dataclass(frozen=True)
class Standing:
    """One source object: files and records that are loaded, newest day they cover and were exported on, files held.

    Days are those of the account where it dates its rows, else UTC; the newest of plans alone is their export.
    """

    contract: str
    files: int
    records: int
    newest: str | None
    newest_export: str | None
    held_back: int

    def state(self, level: ServiceLevel | None, today: date) -> str:
        """How far behind its declared level the source object is on a day; empty where nothing is promised."""
        heard = max(filter(None, (self.newest, self.newest_export)), default=None)
        if level is None or level.frequency_days is None or heard is None:
            return ""
        days = (today - date.fromisoformat(heard)).days - 1
        allowed = (level.latency_hours or 24 * level.frequency_days) / 24
        return f"{days} days behind" if days > allowed else "fresh"


def open_faults(lake: Lake) -> list[Fault]:
    """Why each file that lies in the inbox now is held back; `contract` is None where no contract fits."""
    if not lake.ledger_path.exists():
        return []
    with lake.ledger() as ledger:
        rows = ledger.execute(
            """
            select deliveries.path as path, files.fault as fault
            from deliveries join files on files.contract = deliveries.contract and files.sha256 = deliveries.sha256
            where in_inbox = 1 and fault is not null order by path, files.contract
            """
        ).fetchall()
    # Equal bytes share a verdict, but each path is told its own name.
    return [Fault(**{**json.loads(row["fault"]), "file": row["path"]}) for row in rows]


def doubtful_files(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str]]]:
    """Path and warnings of each file in `raw.source_files` that counts and should be looked at, by path.

    Its totals row differs from its rows, or it has an unknown column where an optional one is missing: one that the
    vendor renamed looks so. Either by itself is no news: exports have columns of the customer's own, and lack many.
    """
    files = connection.execute(
        "select path, warnings from raw.source_files where outcome = 'loaded' and len(warnings) > 0 order by path"
    ).fetchall()
    return [(path, doubts) for path, warnings in files if (doubts := _doubts(warnings))]


def _doubts(warnings: list[str]) -> list[str]:
    columns = [one for one in warnings if one.startswith((UNKNOWN, ABSENT))]
    return [one for one in warnings if one.startswith(OTHER_TOTAL)] + (columns if len(columns) > 1 else [])


# A moment after its file was loaded is a plan, a close date for instance, and no news.
_STANDING = """
    with delivered as (
        select contract, sha256, max(exported_at) as exported_at, max(in_inbox) as in_inbox
        from deliveries group by contract, sha256
    ),
    told as (
        select files.*, in_inbox,
            case when outcome = 'loaded' and period_end <= loaded_at then period_end end as last_at,
            case when outcome = 'loaded' and delivered.exported_at <= loaded_at then delivered.exported_at end
                as told_at
        from files left join delivered on delivered.contract = files.contract and delivered.sha256 = files.sha256
        where :contract is null or files.contract = :contract
    )
    select contract, sum(outcome = 'loaded') as files,
        sum(case when outcome = 'loaded' then accepted else 0 end) as records,
        max(case when period_end is null then null else coalesce(last_at, told_at) end) as newest,
        max(told_at) as newest_export,
        sum(outcome <> 'loaded' and coalesce(in_inbox, 0)) as held_back
    from told group by contract order by contract
"""


def standing(lake: Lake, contracts: Mapping[str, Contract], contract: str | None = None) -> list[Standing]:
    """One row per source object that ever delivered, by name; only that of `contract` when it is given."""
    if not lake.ledger_path.exists():
        return []
    with lake.ledger() as ledger:
        rows = ledger.execute(_STANDING, {"contract": contract}).fetchall()
    return [
        Standing(
            row["contract"] or "(no contract)",
            row["files"],
            row["records"],
            _day(row["newest"], contracts.get(row["contract"])),
            _day(row["newest_export"], None),
            row["held_back"],
        )
        for row in rows
    ]


def _day(at: str | None, contract: Contract | None) -> str | None:
    """The day of a UTC moment of the ledger, where the source object dates its rows."""
    moment, time = stored_time(at), contract.ingest.time if contract else None
    if moment is None:
        return None
    zone = ZoneInfo(time.day_zone) if time else UTC
    return moment.replace(tzinfo=UTC).astimezone(zone).date().isoformat()
