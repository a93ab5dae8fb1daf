"""One run of the whole graph from the command line: the same job the UI and the schedule start, in this process.

Holds the Dagster instance of a home and the reading of a run's outcome. Must not
be here: what a step does, or how the terminal shows it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journey_pipeline import machine_faults
from journey_pipeline.fault_points import point
from journey_pipeline.run_history import quick_history
from journey_pipeline.run_lock import run_lock

if TYPE_CHECKING:
    import dagster as dg

    from journey_pipeline.settings import Settings

# One run at a time, no telemetry, dead workers noticed: written to the instance of each home.
DAGSTER_YAML = """\
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1
  pools:
    granularity: op
    default_limit: 1
run_monitoring:
  enabled: true
  start_timeout_seconds: 300
"""


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended. `refusals` and `warnings`: what gates found, for people. `faults`: steps that broke."""

    run_id: str
    release_id: str | None = None
    refusals: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def dagster_home(settings: Settings) -> Path:
    """Prepare `<home>/dagster` and make it this process's Dagster instance."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "dagster.yaml"
    if not file.exists() or file.read_text(encoding="utf-8") != DAGSTER_YAML:
        file.write_text(DAGSTER_YAML, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def execute(
    settings: Settings, as_of: date, known_at: datetime | None, on_event: Callable[[str, str], None]
) -> RunOutcome:
    """Run everything as of the Monday `as_of`.

    Args:
        settings: the home to run.
        as_of: a Monday; the week that ends there is the partition.
        known_at: cut of load time (naive UTC), or None for all that is loaded.
        on_event: called with (kind, step) as steps start, succeed, fail or are skipped.
    """
    import dagster as dg

    dagster_home(settings)
    from journey_pipeline.definitions import defs
    from journey_pipeline.defs.resources import KNOWN_AT_TAG

    tags = {KNOWN_AT_TAG: known_at.isoformat()} if known_at else {}
    with run_lock(settings.home), quick_history(), dg.DagsterInstance.get() as instance:
        bury_dead_runs(instance)
        point("dead_runs_buried")
        job = defs.resolve_job_def("weekly_release")
        with _watched(instance, on_event):
            result = job.execute_in_process(
                instance=instance,
                partition_key=(as_of - timedelta(days=7)).isoformat(),
                tags=tags,
                raise_on_error=False,
                # What a run says is in its event log; the terminal shows steps and reasons, not debug lines.
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        point("run_ended")
        refusals, warned = gates_that_spoke(result.get_asset_check_evaluations())
        if result.success:
            return RunOutcome(result.run_id, _release_id(result), warnings=warned)
        return RunOutcome(result.run_id, None, refusals, step_faults(result, settings), warned)


def bury_dead_runs(instance: dg.DagsterInstance) -> None:
    """Call runs of this command line that never ended failed, and free what they held.

    Call it with the lock in hand: then all of them are dead, by kill -9 or by power. Dagster frees the pool of a step
    when the step ends; that of a killed one stays taken, and the next run would wait for it for ever. Runs that the UI
    started are watched by its daemon.
    """
    import dagster as dg

    unfinished = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING])
    for run in instance.get_runs(unfinished):
        if run.remote_job_origin is None:
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            instance.report_run_failed(run, "Its process died.")


def _release_id(result: Any) -> str:
    made = result.asset_materializations_for_node("published__release")[0]
    return str(made.metadata["release"].value)


@contextmanager
def _watched(instance: dg.DagsterInstance, on_event: Callable[[str, str], None]) -> Iterator[None]:
    """Report the steps of the run that is about to start, as its event log grows."""
    import dagster as dg

    kinds = {
        dg.DagsterEventType.STEP_START: "start",
        dg.DagsterEventType.STEP_SUCCESS: "success",
        dg.DagsterEventType.STEP_FAILURE: "failure",
        dg.DagsterEventType.STEP_SKIPPED: "skipped",
    }
    before = {run.run_id for run in instance.get_runs(limit=1)}
    over = threading.Event()

    def report(run_id: str | None, cursor: str | None) -> tuple[str | None, str | None]:
        """Tell what is new since the cursor; return where to go on."""
        if run_id is None:
            run_id = next((run.run_id for run in instance.get_runs(limit=1) if run.run_id not in before), None)
        if run_id is None:
            return None, None
        page = instance.get_records_for_run(run_id, cursor=cursor, of_type=set(kinds))
        for record in page.records:
            event = record.event_log_entry.dagster_event
            if event is not None and event.step_key:
                on_event(kinds[event.event_type], event.step_key)
        return run_id, page.cursor

    def watch() -> None:
        place: tuple[str | None, str | None] = (None, None)
        while not over.wait(0.5):
            place = report(*place)
        report(*place)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def gates_that_spoke(evaluations: Iterable[dg.AssetCheckEvaluation]) -> tuple[list[str], list[str]]:
    """What failed of the checks of one run, and what was only warned of.

    Told by the run itself: the warehouse may still hold what the gates said in an earlier one.
    """
    told = [
        (f"{gate.asset_key.to_user_string()} {gate.check_name}", gate)
        for gate in evaluations
        # Only a gate counts rows; what other checks find is told by a gate as well.
        if not gate.passed and "failing_rows" in gate.metadata
    ]
    found: dict[str, list[str]] = {"ERROR": [], "WARN": []}
    for name, gate in sorted(told, key=lambda one: one[0]):
        rows = str(gate.metadata["rows"].value) if "rows" in gate.metadata else ""
        # A gate may name several files, each on a line of its own.
        lines = rows.splitlines() or [f"{gate.metadata['failing_rows'].value} failing row(s)"]
        found[gate.severity.value] += [f"{name}: {line}" for line in lines]
    return found["ERROR"], found["WARN"]


def step_faults(result: Any, settings: Settings) -> list[str]:
    """First line of each step that broke by itself; steps stopped by a failed check are refusals, not faults."""
    told = (step_fault(event, settings) for event in result.filter_events(lambda e: e.is_step_failure))
    return [fault for fault in told if fault is not None]


def step_fault(event: dg.DagsterEvent, settings: Settings) -> str | None:
    """The first line of a step's failure, or None when a check stopped it."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    text = event.step_failure_data.user_failure_data
    line = text.description if text and text.description else (error.message if error else "unknown fault")
    if "DagsterAssetCheckFailedError" in line:
        return None
    return f"{event.step_key}: {machine_faults.in_words(line, settings) or without_values(line.strip())}"


def without_values(message: str) -> str:
    """A fault's text, cut where DuckDB begins to quote the cell it could not convert."""
    for kind in ("Conversion Error", "Invalid Input Error", "Constraint Error"):
        if kind in message:
            return message[: message.index(kind) + len(kind)]
    return message
