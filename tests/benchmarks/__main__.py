"""Time per word, peak memory, and the whole run against a floor: `python -m tests.benchmarks [touchpoints]`.

The floor is what any engine must do with these touchpoints: DuckDB reads them, sorts them by customer and time, and
writes Parquet, with the same threads, on the same machine, in the same call.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import duckdb

from journey_pipeline.flow import FLOW

AS_OF = "2026-11-16"
# Measured: 63,000 people make 993,000 touchpoints in 26 weeks.
TOUCHPOINTS_PER_CUSTOMER = 15.76
# Steps that carry no word in their name.
WORD_OF_STEP = {
    "landed": "raw",
    "delivered": "raw",
    "raw_gate": "raw",
    "events_gate": "events",
    "customers": "identity",
    "marts_gate": "marts",
}


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="journey-bench-") as folder:
        home = Path(folder)
        people = str(round(wanted / TOUCHPOINTS_PER_CUSTOMER))
        generated = timed("generate", "--customers", people, "--home", folder)
        first = timed("run", "--as-of", AS_OF, "--home", folder)
        steps = seconds_per_word(home)
        again = timed("run", "--as-of", AS_OF, "--home", folder)
        floor, rows = floor_seconds(home)
        print(f"machine         {os.cpu_count()} cores, {memory_gib():.0f} GiB")
        print(f"touchpoints     {rows:,}")
        print(f"generate        {generated:7.1f} s")
        print(f"run             {first:7.1f} s   {first / floor:6.1f} x floor")
        print(f"run again       {again:7.1f} s   {again / floor:6.1f} x floor")
        print(f"floor           {floor:7.1f} s   read, sort by customer and time, write Parquet")
        print(f"peak memory     {peak_gib():7.2f} GiB")
        for word in FLOW:
            print(f"  {word:<13} {steps[word]:7.1f} s   {steps[word] / floor:6.1f} x floor")


def timed(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "journey_pipeline.cli", *arguments], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def seconds_per_word(home: Path) -> dict[str, float]:
    """Seconds inside steps of the last run, by word, from Dagster's own record of it."""
    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    import dagster as dg

    found: dict[str, float] = defaultdict(float)
    with dg.DagsterInstance.get() as instance:
        run = instance.get_runs(limit=1)[0]
        for step in instance.get_run_step_stats(run.run_id):
            word = WORD_OF_STEP.get(step.step_key, step.step_key.split("__", 1)[0])
            found[word] += (step.end_time or 0) - (step.start_time or 0)
    return found


def floor_seconds(home: Path) -> tuple[float, int]:
    source, target = home / "published" / "tables" / "touchpoints.parquet", home / "floor.parquet"
    with duckdb.connect(config={"threads": 2}) as connection:
        started = time.perf_counter()
        connection.execute(
            f"copy (select * from read_parquet('{source}') order by customer_id, occurred_at) to '{target}'"
        )
        seconds = time.perf_counter() - started
        return seconds, connection.execute(f"select count(*) from read_parquet('{target}')").fetchall()[0][0]


def peak_gib() -> float:
    """Largest resident size of any process started here."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3


if __name__ == "__main__":
    main()
