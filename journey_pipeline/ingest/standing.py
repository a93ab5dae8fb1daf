"""What the ledger says now: which files of the inbox are held back, and how each source stands.

Holds questions people and gates ask of a lake. Must not be here: loading, the SQL of the warehouse.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from journey_pipeline.ingest.faults import Fault
from journey_pipeline.ingest.lake import Lake


@dataclass(frozen=True)
class Standing:
    """One source object: files and records that are loaded, newest period they cover, files held back."""

    contract: str
    files: int
    records: int
    newest: str | None
    held_back: int


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


def standing(lake: Lake) -> list[Standing]:
    """One row per source object that ever delivered, by name."""
    if not lake.ledger_path.exists():
        return []
    with lake.ledger() as ledger:
        rows = ledger.execute(
            """
            select coalesce(nullif(files.contract, ''), '(no contract)') as contract,
                sum(outcome = 'loaded') as files,
                sum(case when outcome = 'loaded' then accepted else 0 end) as records,
                max(case when outcome = 'loaded' then substr(period_end, 1, 10) end) as newest,
                sum(outcome <> 'loaded' and exists (
                    select 1 from deliveries where deliveries.contract = files.contract
                    and deliveries.sha256 = files.sha256 and in_inbox = 1)) as held_back
            from files group by files.contract order by contract
            """
        ).fetchall()
    return [Standing(*row) for row in rows]
