"""Publish: refusals, what a release holds, and what repeating does."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from journey_pipeline.release import (
    Release,
    ReleaseError,
    ReleaseFacts,
    ReleaseRefused,
    current,
    list_releases,
    publish,
    read_manifest,
    verify,
)
from journey_pipeline.verdicts import BUILT
from tests.release.conftest import Publish
from tests.release.small_warehouse import FEW, TABLES, build_warehouse, facts_of, green_gates


def _contents(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_warehouse_that_is_not_the_candidate_refuses(home: Path) -> None:
    warehouse = build_warehouse(home / "warehouse.duckdb", candidate_id="00000000aa")
    with pytest.raises(ReleaseRefused, match="another candidate"):
        _publish(warehouse, home, facts_of(candidate_id="11111111bb"))
    assert [path.name for path in (home / "releases").iterdir()] == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("drop table marts.spend", "marts.spend is declared but was not built"),
        ("create table marts.extra as select 1 as x", "marts.extra was built but is not declared"),
        ("insert into marts.customers select * from marts.customers limit 1", "marts.customers has repeated"),
    ],
)
def test_tables_must_be_the_declared_ones_with_unique_keys(home: Path, change: str, reason: str) -> None:
    warehouse = build_warehouse(home / "warehouse.duckdb")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(change)
    with pytest.raises(ReleaseRefused, match=reason):
        _publish(warehouse, home, facts_of())
    assert list((home / "releases").iterdir()) == []


def test_a_release_holds_every_table_twice_and_says_so(home: Path) -> None:
    warehouse = build_warehouse(home / "warehouse.duckdb", candidate_id="00000000ef")
    release = _publish(warehouse, home, facts_of(candidate_id="00000000ef"))
    assert release.is_current
    assert release.release_id == "2026-11-16-00000000"
    assert (home / "published").readlink() == Path("releases/2026-11-16-00000000")
    expected = {*TABLES, "gate_results", "release", "restatements"}
    assert set(release.tables) == expected
    assert {path.stem for path in (release.folder / "tables").iterdir()} == expected
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as reader:
        for name in expected:
            ((rows,),) = reader.execute(f"select count(*) from {name}").fetchall()
            parquet = pq.ParquetFile(home / "published" / "tables" / f"{name}.parquet")
            assert rows == parquet.metadata.num_rows == release.tables[name]
            if rows:
                assert parquet.metadata.row_group(0).column(0).compression == "ZSTD"
        ids = [row[0] for row in reader.execute("select touchpoint_id from touchpoints").fetchall()]
        assert ids == sorted(ids)
        assert reader.execute("select release_id, candidate_id, input_files from release").fetchall() == [
            (release.release_id, "00000000ef", 18)
        ]
        assert reader.execute("select count(*) from gate_results where passed").fetchall() == [
            (len([gate for gate, _ in green_gates() if gate != BUILT]),)
        ]
        ((options,),) = reader.execute("select tags from duckdb_databases() where database_name = 'journey'").fetchall()
        assert options["storage_version"].startswith("v1.2")
    manifest = read_manifest(home)
    assert manifest["tables"]["customers"]["rows"] == 200
    assert manifest["as_of"] == "2026-11-15T23:00:00Z"
    assert manifest["previous_release_id"] is None
    assert set(manifest["files"]) == {"journey.duckdb", *(f"tables/{name}.parquet" for name in expected)}
    assert json.loads((release.folder / "manifest.json").read_text())["release_id"] == release.release_id


def test_modes(publish_week: Publish) -> None:
    release = publish_week(report=lambda _, folder: _write(folder / "index.html"))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [release.folder, *release.folder.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o640}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o750}
    assert release.folder / "report" / "index.html" in modes


def test_the_report_sees_the_new_file_read_only(publish_week: Publish) -> None:
    seen = []

    def report(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        seen.append(connection.execute("select release_id from release").fetchall())
        with pytest.raises(duckdb.Error):
            connection.execute("create table forbidden as select 1 as x")
        _write(folder / "index.html")

    release = publish_week(report=report)
    assert seen == [[(release.release_id,)]]
    assert "report/index.html" in read_manifest(release.folder.parent.parent)["files"]


def test_the_same_candidate_again_touches_no_byte(home: Path, publish_week: Publish) -> None:
    first = publish_week()
    before = _contents(first.folder)
    again = publish_week(published_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert again == first
    assert _contents(first.folder) == before


def test_the_same_rows_give_the_same_digests_in_another_home(home: Path, publish_week: Publish) -> None:
    first = publish_week()
    other = build_warehouse(home / "other.duckdb", candidate_id="00000000ef", threads=1, only=FEW)
    again = _publish(other, home / "elsewhere", facts_of(candidate_id="00000000ef", only=FEW))
    one, two = read_manifest(first.folder.parent.parent)["tables"], read_manifest(home / "elsewhere")["tables"]
    assert one == two
    assert again.release_id == first.release_id


def test_a_backfill_is_stored_but_not_served(home: Path, publish_week: Publish) -> None:
    newer = publish_week(1)
    backfill = publish_week(0)
    assert not backfill.is_current
    served = current(home)
    assert served is not None
    assert served.release_id == newer.release_id
    assert [release.release_id for release in list_releases(home)] == [newer.release_id, backfill.release_id]
    verify(home, backfill.release_id)


def test_what_was_known_earlier_is_stored_but_not_served(home: Path, publish_week: Publish) -> None:
    newer = publish_week(0)
    earlier = facts_of(as_of=newer.as_of, candidate_id="0ld0ld0ld", only=FEW, known_at=newer.as_of)
    reproduced = publish_week(0, candidate_id="0ld0ld0ld", manifest=earlier)
    assert not reproduced.is_current
    served = current(home)
    assert served is not None
    assert served.release_id == newer.release_id


def test_a_second_candidate_of_the_same_week_is_served(home: Path, publish_week: Publish) -> None:
    publish_week(0)
    second = publish_week(0, candidate_id="99999999aa")
    assert second.is_current
    assert second.previous_release_id == "2026-11-16-00000000"


def test_two_candidates_with_one_short_id_do_not_share_a_folder(publish_week: Publish) -> None:
    publish_week(0, candidate_id="99999999aa")
    with pytest.raises(ReleaseError, match="another candidate"):
        publish_week(0, candidate_id="99999999bb")


def test_a_report_that_fails_leaves_nothing(home: Path, publish_week: Publish) -> None:
    def report(_: duckdb.DuckDBPyConnection, folder: Path) -> None:
        raise RuntimeError("template broken")

    with pytest.raises(RuntimeError, match="template broken"):
        publish_week(report=report)
    assert list((home / "releases").iterdir()) == []
    assert publish_week().is_current


def test_two_publishers_do_not_meet(publish_week: Publish) -> None:
    def during(_: duckdb.DuckDBPyConnection, folder: Path) -> None:
        with pytest.raises(ReleaseError, match="another process"):
            publish_week(1)

    assert publish_week(0, report=during).is_current


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        facts_of(as_of=datetime(2026, 11, 16))


def _publish(warehouse: Path, home: Path, facts: ReleaseFacts) -> Release:
    return publish(
        warehouse,
        home,
        manifest=facts,
        gates=green_gates(),
        report=None,
        published_at=datetime(2026, 11, 16, 6, tzinfo=UTC),
    )


def _write(path: Path) -> None:
    path.write_text("<!doctype html>")
