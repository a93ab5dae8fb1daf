"""Readers are never disturbed: not by a publish, not by many, not by kill -9."""

from __future__ import annotations

import queue
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from journey_pipeline import fault_points
from journey_pipeline.release import (
    ReleaseFacts,
    current,
    list_releases,
    publish,
    read_manifest,
    rollback,
    table_digest,
    verify,
)
from tests.processes import PROCESSES
from tests.release.conftest import Publish
from tests.release.small_warehouse import FEW, FIRST_AS_OF, build_warehouse, facts_of, green_gates


def _read_once(home: Path) -> str:
    """Read the served release in several ways; return its id, or complain about a mixture."""
    folder = (home / "published").resolve()
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select release_id, as_of = all(select distinct as_of from stage_conversion union "
            "select distinct as_of from kpi_scorecard union select distinct as_of from experience) from release"
        ).fetchall()
    assert len(rows) == 1, rows
    assert rows[0][1] is True, "tables of two releases in one file"
    parquet_id = pq.read_table(folder / "tables" / "release.parquet")["release_id"].to_pylist()
    assert parquet_id == [folder.name], "the folder holds another release's table"
    return str(rows[0][0])


def _read_until(home: Path, stop: Event, results: Any, counts: Any, number: int) -> None:
    seen, errors = [], []
    while not stop.is_set():
        try:
            seen.append(_read_once(home))
        except (duckdb.Error, OSError, AssertionError, ValueError) as error:
            errors.append(f"{type(error).__name__}: {error}")
        counts[number] += 1
    results.put((seen, errors))


def _wait_for_reads(counts: Any) -> None:
    """Until every reader has begun and ended a read from now on, however slow the machine."""
    before, deadline = list(counts), time.monotonic() + 30
    while any(now < old + 2 for now, old in zip(counts, before, strict=True)):
        assert time.monotonic() < deadline, "a reader hangs"
        time.sleep(0.005)


def test_two_reader_processes_and_a_thread_during_publishes(home: Path, publish_week: Publish) -> None:
    published = [publish_week(0).release_id]
    stop, results = PROCESSES.Event(), PROCESSES.SimpleQueue()
    in_process: queue.SimpleQueue[tuple[list[str], list[str]]] = queue.SimpleQueue()
    counts = PROCESSES.Array("i", 3)
    workers: list[Any] = [
        PROCESSES.Process(target=_read_until, args=(home, stop, results, counts, number)) for number in range(2)
    ]
    workers.append(threading.Thread(target=_read_until, args=(home, stop, in_process, counts, 2)))
    for worker in workers:
        worker.start()
    try:
        for week in range(1, 5):
            _wait_for_reads(counts)
            published.append(publish_week(week).release_id)
        _wait_for_reads(counts)
    finally:
        stop.set()
    answers = [results.get(), results.get(), in_process.get()]
    for worker in workers:
        worker.join()
    for seen, errors in answers:
        assert errors == []
        assert set(seen) == set(published), "a reader missed a release that was served while it read"
        assert seen == sorted(seen), "a reader saw an older release after a newer one"


SWITCHES = 100


def _read_everything(home: Path, stop: Event, results: Any, counts: Any, number: int) -> None:
    """Read all tables, by the file and by Parquet, each time anew through the pointer."""
    seen, errors = [], []
    while not stop.is_set():
        try:
            seen.append(_read_all_tables(home))
        except (duckdb.Error, OSError, AssertionError, ValueError) as error:
            errors.append(f"{type(error).__name__}: {error}")
        counts[number] += 1
    results.put((seen, errors))


def _read_all_tables(home: Path) -> str:
    """The id of the release that all tables of one opened file are of, row by row as its manifest says."""
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as connection:
        ((release_id,),) = connection.execute("select release_id from release").fetchall()
        tables = read_manifest(home, release_id)["tables"]
        for name, table in tables.items():
            assert table_digest(connection, name) == table["digest"], f"{name} is not of {release_id}"
    folder = (home / "published").resolve()  # once a read: the pointer may move on meanwhile
    parquet = {name: pq.read_table(folder / "tables" / f"{name}.parquet") for name in tables}
    assert parquet["release"]["release_id"].to_pylist() == [folder.name]
    rows = {name: table["rows"] for name, table in read_manifest(home, folder.name)["tables"].items()}
    assert {name: table.num_rows for name, table in parquet.items()} == rows
    return str(release_id)


def test_two_readers_of_all_tables_during_a_hundred_publishes_and_rollbacks(home: Path, publish_week: Publish) -> None:
    names = [publish_week(0).release_id]
    stop, results, counts = PROCESSES.Event(), PROCESSES.SimpleQueue(), PROCESSES.Array("i", 2)
    arguments = [(home, stop, results, counts, number) for number in range(2)]
    readers = [PROCESSES.Process(target=_read_everything, args=one) for one in arguments]
    for reader in readers:
        reader.start()
    try:
        _wait_for_reads(counts)
        names += [publish_week(week).release_id for week in range(1, 5)]
        for switch in range(SWITCHES - 4):
            # Ever another one, the newest and the oldest among them.
            rollback(home, names[switch * 2 % len(names)])
        _wait_for_reads(counts)
    finally:
        stop.set()
    answers = [results.get() for _ in readers]
    for reader in readers:
        reader.join()
    for seen, errors in answers:
        assert errors == []
        assert len(set(seen)) > 1
        assert set(seen) <= set(names)


def test_a_reader_keeps_its_snapshot(home: Path, publish_week: Publish) -> None:
    first = publish_week(0)
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as reader:
        second = publish_week(1)
        assert reader.execute("select release_id from release").fetchall() == [(first.release_id,)]
        assert reader.execute("select count(*) from touchpoints").fetchall() == [(2000,)]
        with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as late:
            assert late.execute("select release_id from release").fetchall() == [(second.release_id,)]
        verify(home, first.release_id)


def _doomed_facts() -> ReleaseFacts:
    return facts_of(as_of=FIRST_AS_OF + timedelta(weeks=3), candidate_id="00000000ff", only=FEW)


def _publish_and_die(warehouse: Path, home: Path, fault: str | None) -> None:
    fault_points.arm(fault)
    publish(
        warehouse,
        home,
        manifest=_doomed_facts(),
        gates=green_gates(),
        report=lambda _, folder: _write(folder / "index.html"),
        published_at=datetime(2026, 11, 16, 7, tzinfo=UTC),
    )


def _write(path: Path) -> None:
    path.write_text("<!doctype html>")


@pytest.fixture(scope="module")
def candidate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("candidate") / "warehouse.duckdb"
    return build_warehouse(path, as_of=_doomed_facts().as_of, candidate_id=_doomed_facts().candidate_id, only=FEW)


STEPS = [name.removeprefix("release_") for name in fault_points.POINTS if name.startswith("release_")]


@pytest.mark.parametrize("step", STEPS)
def test_kill_nine_at_every_step(released_home: Path, candidate: Path, step: str) -> None:
    home, earlier = released_home, {release.release_id for release in list_releases(released_home)}
    old = current(home)
    assert old is not None
    new_id = _doomed_facts().release_id
    worker = PROCESSES.Process(target=_publish_and_die, args=(candidate, home, f"release_{step}:kill"))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    served = current(home)
    assert served is not None
    assert served.release_id == (new_id if step == "switched" else old.release_id)
    assert _read_once(home) == served.release_id
    verify(home, served.release_id)
    complete = {release.release_id for release in list_releases(home)}
    assert complete == earlier | ({new_id} if STEPS.index(step) >= STEPS.index("renamed") else set())
    if new_id in complete:
        verify(home, new_id)
    leftovers = {path.name for path in (home / "releases").iterdir()} - complete
    assert all(name.startswith(".building-") for name in leftovers)
    assert {path.name for path in home.iterdir()} == {"releases", "published"}

    _publish_and_die(candidate, home, None)
    served = current(home)
    assert served is not None
    assert served.release_id == new_id
    assert {path.name for path in (home / "releases").iterdir()} == earlier | {new_id}
