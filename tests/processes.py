"""Processes that a test may kill: forked from a server that has loaded what they need, so that each costs little."""

from __future__ import annotations

import multiprocessing

PROCESSES = multiprocessing.get_context("forkserver")
PRELOADED = ["duckdb", "pyarrow.parquet", "journey_pipeline.release", "journey_pipeline.ingest", "tests.ingest.home"]
PROCESSES.set_forkserver_preload(PRELOADED)
