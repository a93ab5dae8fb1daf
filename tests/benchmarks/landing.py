"""Landing against DuckDB's own bare reader of the same bytes: `python -m tests.benchmarks.landing [megabytes]`.

The floor of each way of reading is DuckDB reading the file (CSV and JSON with all columns as text) and writing Parquet,
with the same threads, in the same call. Landing also copies, hashes, decodes, counts, judges every cell and keeps the
books.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from journey_pipeline.ingest import InboxFile, Lake, Resources, land, load_contracts, scan
from journey_pipeline.ingest.isolation import isolated

RESOURCES = Resources(threads=2, memory_limit="700MB")
LOADED_AT = datetime(2026, 11, 22)
SMALL_FILES = 10_000
ROUNDS = 3
RATING = (
    '{"id":%d,"requester_id":9,"ticket_id":5,"score":"good",'
    '"created_at":"2026-11-05T09:00:00Z","updated_at":"2026-11-05T10:00:00Z"}\n'
)


def main() -> None:
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"machine  {os.cpu_count()} cores; files of about {megabytes} MB; best of {ROUNDS}")
    with tempfile.TemporaryDirectory(prefix="journey-landing-") as scratch:
        home = Path(scratch)
        write_files(home / "inbox", megabytes)
        for file in scan(home / "inbox", load_contracts()):
            landed = min(landing_seconds(home, file) for _ in range(ROUNDS))
            bare = min(bare_seconds(home, file) for _ in range(ROUNDS))
            print(f"{file.name:<44} {file.size / 1e6:6.0f} MB {landed:6.2f} s  {landed / bare:5.2f} x bare reader")
        print(f"peak memory of the parser  {parser_peak_mib():.0f} MiB")
        shutil.rmtree(home / "inbox")
        small_files(home)


def write_files(inbox: Path, megabytes: int) -> None:
    """One large file for each way of reading: CSV, nested JSON, nested and flat Parquet."""
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name, sql, options in large_files(megabytes):
            target = inbox / name
            target.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy ({sql}) to '{target}' ({options})")


def large_files(megabytes: int) -> Iterator[tuple[str, str, str]]:
    rows = megabytes * 18_000
    yield (
        "google_ads/Campaign report.csv",
        f"""
        select strftime(date '2026-01-01' + (i % 300)::int, '%Y-%m-%d') as "Day",
            (1000 + i // 300)::varchar as "Campaign ID", 'Campaign number ' || i as "Campaign",
            'EUR' as "Currency code", (i % 9973 / 100)::decimal(9, 2)::varchar as "Cost",
            (i % 1000)::varchar as "Impr.", (i % 10)::varchar as "Clicks"
        from range({rows}) as t(i)
        union all select 'Total: Account', null, null, null, '0', '0', '0'
        """,
        "header",
    )
    rows = megabytes * 2_700
    hits = """
        select '20261101' as event_date, {time} as event_timestamp, 'page_view' as event_name,
            [{{'key': 'page_location', 'value': {{'string_value': 'https://x.test/p/' || i}}}},
             {{'key': 'ga_session_id', 'value': {{'string_value': '12'}}}}] as event_params,
            'c' || (i % 50000) as user_pseudo_id, '1' as stream_id,
            {{'analytics_storage': 'Yes'}} as privacy_info, {{'category': 'mobile', 'os': 'iOS'}} as device
        from range({rows}) as t(i)
    """
    micros = "1793489460120000 + i * 1000"
    yield "ga4/events_20261101.jsonl", hits.format(time=f"({micros})::varchar", rows=rows), "format json"
    yield "ga4/events_20261102.parquet", hits.format(time=micros, rows=rows), "format parquet"
    yield (
        "canonical/conversions.parquet",
        f"""
        select 'o' || i as conversion_id, 'order' as kind, timestamp '2026-01-01' + interval (i % 26000000) second
            as occurred_at, 'email' as identifier_type, 'p' || (i % 90000) || '@example.com' as identifier_value,
            '#' || i as order_ref, (i % 99991 / 100)::decimal(18, 2) as gross_amount, 'EUR' as currency
        from range({megabytes * 14_000}) as t(i)
        """,
        "format parquet",
    )


def landing_seconds(home: Path, file: InboxFile) -> float:
    """Landing into an empty lake."""
    lake = Lake(home / "lake")
    shutil.rmtree(lake.root, ignore_errors=True)
    contract = load_contracts()[file.contract or ""]
    started = time.perf_counter()
    (outcome,) = land(contract, [file], lake, LOADED_AT, RESOURCES)
    seconds = time.perf_counter() - started
    if outcome.fault is not None:
        raise SystemExit(str(outcome.fault))
    return seconds


def bare_seconds(home: Path, file: InboxFile) -> float:
    """DuckDB alone: every column as text, to Parquet with the same compression."""
    columns = load_contracts()[file.contract or ""].columns
    texts = ", ".join(f"'{column.name}': 'VARCHAR'" for column in columns)
    reader = {
        ".csv": f"read_csv('{file.path}', all_varchar = true, header = true)",
        ".jsonl": f"read_json('{file.path}', format = 'newline_delimited', columns = {{{texts}}})",
        ".parquet": f"read_parquet('{file.path}')",
    }[file.path.suffix]
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("set enable_progress_bar = false")
        started = time.perf_counter()
        connection.execute(
            f"copy (select * from {reader}) to '{home / 'bare.parquet'}' (format parquet, compression zstd)"
        )
        return time.perf_counter() - started


def small_files(home: Path) -> None:
    folder = home / "inbox" / "zendesk"
    folder.mkdir(parents=True)
    for number in range(SMALL_FILES):
        (folder / f"satisfaction_ratings_{number:05}.jsonl").write_text(RATING % number)
    contract, lake = load_contracts()["zendesk__satisfaction_ratings"], Lake(home / "small")
    for told in ("landed", "again "):
        started = time.perf_counter()
        files = scan(home / "inbox", load_contracts())
        land(contract, files, lake, LOADED_AT, RESOURCES)
        print(f"{SMALL_FILES:,} small files {told}  {time.perf_counter() - started:6.1f} s")


def parser_peak_mib() -> float:
    """Largest resident size of the parser process so far."""
    process = isolated(RESOURCES).process
    if process is None:
        return 0
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
