"""List, verify, roll back, roll forward."""

from __future__ import annotations

from pathlib import Path

import pytest

from journey_pipeline.release import (
    ReleaseDamaged,
    ReleaseError,
    ReleaseNotFound,
    current,
    list_releases,
    rollback,
    show,
    verify,
)
from tests.release.conftest import Publish

IDS = ["2026-11-16-00000000", "2026-11-23-00000001", "2026-11-30-00000002"]


def _served(home: Path) -> str:
    release = current(home)
    assert release is not None
    return release.release_id


def _flip_bit(path: Path, position: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[position] ^= 1
    path.write_bytes(raw)


def test_an_empty_home(home: Path) -> None:
    assert list_releases(home) == []
    assert current(home) is None
    with pytest.raises(ReleaseNotFound, match="journey run"):
        rollback(home)


def test_rollback_and_back(released_home: Path) -> None:
    home, ids = released_home, IDS
    assert [release.release_id for release in list_releases(home)] == ids[::-1]
    assert [release.is_current for release in list_releases(home)] == [True, False, False]
    assert rollback(home).release_id == ids[1] == _served(home)
    assert rollback(home).release_id == ids[0] == _served(home)
    with pytest.raises(ReleaseNotFound, match="journey release list"):
        rollback(home)
    assert rollback(home, ids[2]).is_current
    assert show(home) == verify(home) == current(home)
    assert not show(home, ids[0]).is_current
    assert _served(home) == ids[2]


def test_rollback_skips_a_release_that_was_rolled_back_before(released_home: Path, publish_week: Publish) -> None:
    rollback(released_home)
    newest = publish_week(3)
    assert newest.previous_release_id == IDS[1]
    assert rollback(released_home).release_id == IDS[1]


def test_publishing_again_after_a_rollback_serves_the_newer_one(released_home: Path, publish_week: Publish) -> None:
    rollback(released_home)
    assert publish_week(2).is_current
    assert _served(released_home) == IDS[2]


def test_unknown_releases_are_named(released_home: Path) -> None:
    for name in ("../../etc", ".building-x", "2020-01-06-deadbeef", ""):
        for question in (verify, rollback):
            with pytest.raises(ReleaseNotFound):
                question(released_home, name)


@pytest.mark.parametrize("name", ["journey.duckdb", "tables/touchpoints.parquet", "manifest.json"])
def test_a_flipped_bit_is_found_and_named(released_home: Path, name: str) -> None:
    home, old = released_home, IDS[1]
    path = home / "releases" / old / name
    for share in (0.0, 0.3, 0.7, 0.999):
        position = int(path.stat().st_size * share)
        _flip_bit(path, position)
        with pytest.raises(ReleaseDamaged, match=name) as damage:
            verify(home, old)
        assert [problem.split(":")[0] for problem in damage.value.problems] == [name]
        with pytest.raises(ReleaseDamaged):
            rollback(home)
        assert _served(home) == IDS[2]
        _flip_bit(path, position)
        verify(home, old)


def test_missing_foreign_and_cut_files_are_named(released_home: Path) -> None:
    folder = released_home / "releases" / IDS[0]
    (folder / "tables" / "spend.parquet").unlink()
    (folder / "journey.duckdb.wal").write_bytes(b"x")
    with (folder / "tables" / "credits.parquet").open("r+b") as stream:
        stream.truncate(100)
    with pytest.raises(ReleaseDamaged) as damage:
        verify(released_home, IDS[0])
    text = "\n".join(damage.value.problems)
    assert "journey.duckdb.wal: a write-ahead log" in text
    assert "tables/spend.parquet: missing" in text
    assert "tables/credits.parquet: 100 bytes" in text


def test_a_published_folder_in_the_way_is_named(home: Path, publish_week: Publish) -> None:
    (home / "published").mkdir()
    with pytest.raises(ReleaseError, match="not a symbolic link"):
        publish_week(0)


def test_a_moved_home_still_serves(released_home: Path) -> None:
    home = released_home
    moved = home.with_name(home.name + "-moved")
    home.rename(moved)
    try:
        assert show(moved).release_id == IDS[2]
        assert verify(moved, IDS[2]).is_current
    finally:
        moved.rename(home)
