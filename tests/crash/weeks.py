"""One word of a run at a time, in a process of its own that may be told to die: what the UI does when steps are chosen.

A server loads the graph and dbt's project once and forks, so that a fault costs no more than the steps before it.
Must not be here: anything a test asserts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.forkserver import _forkserver  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from journey_pipeline import fault_points
from tests.processes import PRELOADED, PROCESSES

# The words in the order of the graph; dbt's seeds are built with staging.
WORDS = ("raw", "staging", "events", "identity", "journeys", "measures", "marts", "published")


@contextmanager
def forks(home: Path, variables: dict[str, str]) -> Iterator[Any]:
    """A source of processes that know the graph of this home, and nothing of this process's own settings."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith(("JOURNEY_", "DAGSTER_"))]:
        del os.environ[name]
    os.environ.update({"JOURNEY_HOME": str(home), **variables})
    # A server serves what it was started with: one that runs already knows neither this home nor its graph.
    _forkserver._stop()
    PROCESSES.set_forkserver_preload(["tests.crash.loaded"])
    try:
        yield PROCESSES
    finally:
        _forkserver._stop()
        PROCESSES.set_forkserver_preload(PRELOADED)
        os.environ.clear()
        os.environ.update(before)


def build(context: Any, as_of: str, words: tuple[str, ...] = WORDS, fault: str | None = None) -> tuple[int, list[str]]:
    """Build these words as of a Monday; returns the exit code, and what was refused or broke."""
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_build, args=(as_of, words, fault, send))
    process.start()
    send.close()
    try:
        told: list[str] = receive.recv()
    except EOFError:
        told = []
    process.join()
    return process.exitcode, told


def _build(as_of: str, words: tuple[str, ...], fault: str | None, send: Connection) -> None:
    from journey_pipeline import machine_faults
    from journey_pipeline.defs.resources import settings

    os.umask(0o077)
    fault_points.arm(fault)
    try:
        told = _execute(as_of, words)
    except Exception as error:
        # As the command line does: around the steps, a fault of the machine is told in words.
        told = [machine_faults.in_words(f"{type(error).__name__}: {error}", settings) or repr(error)]
    send.send(told)
    os._exit(1 if told else 0)


def _execute(as_of: str, words: tuple[str, ...]) -> list[str]:
    """Why the run did not succeed, a line each."""
    import dagster as dg

    from journey_pipeline import preflight, running
    from journey_pipeline.definitions import defs
    from journey_pipeline.defs.resources import settings
    from journey_pipeline.run_history import quick_history
    from journey_pipeline.run_lock import run_lock
    from tests.crash.loaded import partition

    running.dagster_home(settings)
    if "raw" in words:
        preflight.require_room(settings)
    schemas = {*words, "seeds"} if "staging" in words else set(words)
    with run_lock(settings.home), quick_history(), dg.DagsterInstance.get() as instance:
        running.bury_dead_runs(instance)
        fault_points.point("dead_runs_buried")
        job = defs.resolve_job_def("weekly_release")
        result = job.execute_in_process(
            instance=instance,
            partition_key=partition(as_of),
            asset_selection=[key for key in job.asset_layer.executable_asset_keys if key.path[0] in schemas],
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
        fault_points.point("run_ended")
        refusals, _ = running.gates_that_spoke(result.get_asset_check_evaluations())
        told = [*refusals, *running.step_faults(result, settings)]
        return told or ([] if result.success else ["it did not succeed and does not say why"])
