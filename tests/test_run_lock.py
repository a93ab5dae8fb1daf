"""One run at a time in a home, by a lock that dies with its process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from journey_pipeline.defs import resources
from journey_pipeline.defs.resources import Warehouse
from journey_pipeline.run_lock import RunLocked, run_lock
from tests.pipeline_runs import journey

_HOLD = (
    "import sys; from pathlib import Path; from journey_pipeline.run_lock import run_lock\n"
    "with run_lock(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the home."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_second_run_is_told_who_holds_the_home(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    with pytest.raises(RunLocked, match=rf"process {holder.pid} on .* since 20"), run_lock(tmp_path):
        pass
    (tmp_path / "inbox").mkdir()
    told = journey("run", home=tmp_path)
    assert told.returncode == 1
    assert f"process {holder.pid}" in told.stderr


def test_a_killed_process_holds_nothing(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with run_lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / "run.lock").read_text()


def test_one_process_may_ask_again_and_the_lock_lasts_as_long_as_the_first(tmp_path: Path) -> None:
    take = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with run_lock(tmp_path):
        with run_lock(tmp_path):
            pass
        refused = subprocess.run(take, input=b"", capture_output=True, check=False)
        assert b"RunLocked" in refused.stderr
    assert subprocess.run(take, input=b"", capture_output=True, check=False).returncode == 0


def test_a_run_that_the_graph_starts_takes_the_lock_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps chosen in the UI write into the same warehouse as `journey run`."""
    home = resources.settings.model_copy(update={"home": tmp_path})
    monkeypatch.setattr(resources, "settings", home)
    seen: list[str] = []

    @dg.op
    def writes(warehouse: Warehouse) -> None:
        assert isinstance(warehouse, Warehouse)
        take = [sys.executable, "-c", _HOLD, str(tmp_path)]
        seen.append(subprocess.run(take, input="", capture_output=True, text=True, check=False).stderr)

    @dg.job(resource_defs={"warehouse": Warehouse(database=str(tmp_path / "warehouse.duckdb"))})
    def one_step() -> None:
        writes()

    assert one_step.execute_in_process().success
    assert f"process {os.getpid()}" in seen[0]
    with run_lock(tmp_path):
        pass
