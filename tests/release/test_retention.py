"""Old releases go by number and age, and what somebody may need stays."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from journey_pipeline.release import collect, current, expired, list_releases, rollback, verify
from tests.release.conftest import PUBLISHED_AT, Publish

LATER = PUBLISHED_AT + timedelta(weeks=10)
_READER = (
    "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print('open', flush=True); sys.stdin.read()"
)


def _names(home: Path) -> list[str]:
    return [one.release_id for one in reversed(list_releases(home))]


def _five(publish_week: Publish) -> None:
    for week in range(5):
        publish_week(week)


def test_the_newest_and_the_young_stay(home: Path, publish_week: Publish) -> None:
    _five(publish_week)
    names = _names(home)
    assert expired(home, LATER, keep_releases=5, keep_days=0) == []
    assert expired(home, LATER, keep_releases=2, keep_days=365) == []
    # Nine weeks before LATER the second was published: exactly at the limit it stays.
    assert [one.release_id for one in expired(home, LATER, keep_releases=2, keep_days=63)] == names[:1]
    assert collect(home, LATER, keep_releases=2, keep_days=0) == names[:3]
    assert _names(home) == names[3:]
    assert {entry.name for entry in (home / "releases").iterdir()} == set(names[3:])
    for name in names[3:]:
        verify(home, name)


def test_the_served_one_and_the_way_back_stay(home: Path, publish_week: Publish) -> None:
    _five(publish_week)
    names = _names(home)
    rollback(home, names[1])
    assert collect(home, LATER, keep_releases=2, keep_days=0) == [names[2]]
    served = current(home)
    assert served is not None and served.release_id == names[1]
    assert rollback(home).release_id == names[0]


def test_a_release_that_is_read_stays_until_its_reader_is_gone(home: Path, publish_week: Publish) -> None:
    _five(publish_week)
    names = _names(home)
    database = home / "releases" / names[0] / "journey.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", _READER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()
        assert collect(home, LATER, keep_releases=2, keep_days=0) == names[1:3]
        assert database.exists()
        reader.communicate()
    assert collect(home, LATER, keep_releases=2, keep_days=0) == names[:1]


def test_what_a_crash_left_of_a_removal_is_no_release_and_goes(home: Path, publish_week: Publish) -> None:
    _five(publish_week)
    names = _names(home)
    (home / "releases" / names[0]).rename(home / "releases" / f".removing-{names[0]}")
    assert _names(home) == names[1:]
    assert collect(home, LATER, keep_releases=12, keep_days=90) == []
    assert not list((home / "releases").glob(".*"))
