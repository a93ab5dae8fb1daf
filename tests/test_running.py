"""A run that died, however it died, never keeps the next one waiting."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest

from journey_pipeline import running
from journey_pipeline.defs.resources import WRITER_POOL
from journey_pipeline.settings import load


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DAGSTER_HOME", "unset-by-test")  # restored afterwards, whatever is written
    running.dagster_home(load(tmp_path))
    with dg.DagsterInstance.get() as found:
        yield found


def holds_the_writer(instance: dg.DagsterInstance, name: str) -> bool:
    return instance.event_log_storage.claim_concurrency_slot(WRITER_POOL, name, "a_step").is_claimed


def test_what_a_killed_run_held_is_free_for_the_next(instance: dg.DagsterInstance) -> None:
    instance.event_log_storage.initialize_concurrency_limit_to_default(WRITER_POOL)
    dead = instance.add_run(
        dg.DagsterRun(job_name="weekly_release", run_id=str(uuid4()), status=dg.DagsterRunStatus.STARTED)
    ).run_id
    assert holds_the_writer(instance, dead)
    assert not holds_the_writer(instance, "next")
    running.bury_dead_runs(instance)
    assert holds_the_writer(instance, "next")
    found = instance.get_run_by_id(dead)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.FAILURE
