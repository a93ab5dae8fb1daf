"""Records that a contract keeps for so long and no longer: they leave the lake as those of erased people do.

Holds the limit and its redaction. Add here when a limit goes by something else than the contract's time. Must not be
here: whole releases that grow old (`release.retention`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources, parser
from journey_pipeline.ingest.lake import Lake, time_text
from journey_pipeline.ingest.parsing import ERASED
from journey_pipeline.ingest.rules import instant
from journey_pipeline.ingest.suppression import recount


def expire(contract: Contract, lake: Lake, now: datetime, resources: Resources = Resources()) -> int:  # noqa: B008
    """Empty the records of a contract that are older than it keeps them; how many there were.

    Call it after `land` and before `register`: what is delivered again goes again. A record without a time stays.

    Args:
        contract: its `retention` is the limit; without one nothing is done.
        lake: the lake.
        now: the time to tell ages by, naive UTC.
        resources: what the engine may use.
    """
    days, time = contract.service_level.retention_days, contract.ingest.time
    if days is None or time is None:
        return 0
    since = now - timedelta(days=days)
    with lake.ledger() as ledger:
        files = ledger.execute(
            "select sha256 from files where contract = ? and outcome = 'loaded' and period_start < ? order by sha256",
            (contract.id, time_text(since)),
        ).fetchall()
    gone = 0
    with parser(lake.root.absolute(), resources) as connection:
        for (sha256,) in files:
            file = lake.raw_path(contract.id, sha256).absolute()
            source = f"read_parquet({engine.file(file)})"
            is_old = f"({instant(time)} < timestamp {engine.text(str(since))} and _verdict <> '{ERASED}')"
            names = [str(row[0]) for row in engine.rows(connection, f"describe select * from {source}")]
            if time.column not in names:
                continue
            found = int(engine.rows(connection, f"select count(*) from {source} where {is_old}")[0][0])
            if not found:
                continue
            cells = ", ".join(
                f"case when is_old is not true then {engine.name(name)} end as {engine.name(name)}"
                for name in names
                if name != "_verdict"
            )
            with lake.staging() as folder:
                target = (folder / "records.parquet").absolute()
                connection.execute(f"""
                    copy (
                        select {cells}, if(is_old, '{ERASED}', _verdict) as _verdict
                        from (select *, {is_old} as is_old, file_row_number as _row from {source}) order by _row
                    ) to {engine.text(str(target))} (format parquet, compression zstd, compression_level 1)
                """)
                lake.keep_raw(contract.id, sha256, target)
            recount(lake, contract.id, sha256, connection)
            gone += found
    return gone
