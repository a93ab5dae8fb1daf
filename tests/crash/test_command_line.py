"""What a person at the terminal sees when the machine fails outside the steps, and what a dead run leaves behind."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from journey_pipeline import fault_points, leftovers, pseudonyms
from journey_pipeline.release import collect, list_releases, verify
from journey_pipeline.run_lock import run_lock
from journey_pipeline.settings import Settings
from tests.pipeline_runs import AS_OF, journey
from tests.processes import PROCESSES
from tests.release.conftest import PUBLISHED_AT, publisher


@pytest.mark.parametrize(
    ("fault", "code"),
    [("key_drafted:enospc", "E_NO_SPACE"), ("lock_taken:oom", "E_MEMORY")],
)
def test_a_fault_of_the_machine_before_the_first_step_is_one_line_and_exit_code_1(
    tmp_path: Path, fault: str, code: str
) -> None:
    (tmp_path / "inbox").mkdir()
    told = journey("run", "--as-of", AS_OF, home=tmp_path, JOURNEY_FAULT=fault, JOURNEY_PSEUDONYM_KEY=None)
    assert told.returncode == 1
    assert "Traceback" not in told.stderr
    building, fault_line, standing = told.stderr.splitlines()
    assert building.startswith("building the week")
    assert fault_line.startswith(f"{code}: ")
    assert standing == "nothing has been published yet"
    assert list(tmp_path.glob("*.part")) == []


def test_a_fault_that_is_not_there_is_an_error_of_settings(tmp_path: Path) -> None:
    told = journey("status", home=tmp_path, JOURNEY_FAULT="nowhere:kill")
    assert told.returncode == 1
    assert "JOURNEY_FAULT=nowhere:kill: expected <place>:<kind>" in " ".join(told.stderr.split())


def _make_key(settings: Settings, fault: str) -> None:
    fault_points.arm(fault)
    pseudonyms.key_of(settings)


def _collect(home: Path, fault: str) -> None:
    fault_points.arm(fault)
    collect(home, PUBLISHED_AT + timedelta(weeks=50), keep_releases=2, keep_days=0)


def _killed(target: object, *arguments: object) -> bool:
    process = PROCESSES.Process(target=target, args=arguments)  # type: ignore[arg-type]
    process.start()
    process.join()
    return process.exitcode == -signal.SIGKILL


def test_a_key_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path))
    monkeypatch.delenv("JOURNEY_PSEUDONYM_KEY", raising=False)
    settings = Settings()
    assert _killed(_make_key, settings, "key_drafted:kill")
    assert not settings.pseudonym_file.exists()
    assert _killed(_make_key, settings, "key_kept:kill")
    key = pseudonyms.key_of(settings)
    assert len(key) == 64
    leftovers.clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [settings.pseudonym_file.name]
    assert pseudonyms.key_of(settings) == key


def test_scratch_of_dead_runs_goes_and_books_stay(tmp_path: Path) -> None:
    gone = [
        "work/dbt/manifest.json",
        "warehouse.duckdb.tmp/duckdb_temp_storage_DEFAULT-0.tmp",
        "lake/identity/identifiers/.a.part",
        "lake/baselines/.b.parquet.part",
    ]
    kept = ["warehouse.duckdb", "lake/ledger.sqlite", "lake/identity/identifiers/a.parquet", "inbox/ga4/.c.part"]
    for name in [*gone, *kept]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    with run_lock(tmp_path):
        in_use = tmp_path / "work" / "in_use"
        in_use.mkdir(parents=True)
        with run_lock(tmp_path):
            assert in_use.exists()
        in_use.rmdir()
    (tmp_path / "run.lock").unlink()
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == set(kept)


def test_a_removal_that_is_killed_leaves_whole_releases_and_is_ended_by_the_next(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    publish = publisher(tmp_path, tmp_path_factory.mktemp("warehouses"))
    names = [publish(week).release_id for week in range(5)]
    for place, left in (("expired_hidden", names[1:]), ("expired_removed", names[2:])):
        assert _killed(_collect, tmp_path, f"{place}:kill")
        assert [one.release_id for one in reversed(list_releases(tmp_path))] == left
        for name in left:
            verify(tmp_path, name)
    collect(tmp_path, datetime(2030, 1, 1, tzinfo=UTC), keep_releases=2, keep_days=0)
    assert {entry.name for entry in (tmp_path / "releases").iterdir()} == set(names[3:])
