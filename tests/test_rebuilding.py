"""What a rebuild asks for and leaves behind; that it gives the same release is asked in `test_reproduction`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from journey_pipeline import ingest, rebuilding, release
from journey_pipeline.release.states import State
from journey_pipeline.settings import Settings, code_version, load
from tests.release.conftest import publisher
from tests.release.small_warehouse import FIRST_AS_OF, facts_of

from .pipeline_runs import journey


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with two releases that were made by other code."""
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path / "home"))
    (tmp_path / "warehouses").mkdir()
    publish = publisher(tmp_path / "home", tmp_path / "warehouses")
    publish(0)
    publish(1)
    return load(tmp_path / "home")


def candidate_of(week: int) -> release.ReleaseFacts:
    return facts_of(as_of=FIRST_AS_OF + timedelta(weeks=week), candidate_id=f"{week:08d}ef")


def test_a_scratch_folder_is_private_and_goes_with_its_block(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), rebuilding.scratch_folder(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "warehouse.duckdb").write_bytes(b"half")
        raise ZeroDivisionError
    assert list((tmp_path / "work").iterdir()) == []


def test_a_release_of_other_code_is_not_built_again_unless_asked(settings: Settings) -> None:
    told = release.read_manifest(settings.home)
    with pytest.raises(rebuilding.NotRebuilt) as refusal:
        rebuilding.reproduce(settings)
    for text in (told["release_id"], told["code_version"], code_version(), settings.configuration_hash(), "--anyway"):
        assert text in str(refusal.value)
    result = journey("release", "reproduce", home=settings.home)
    assert result.returncode == 2
    assert "--anyway" in result.stderr
    assert journey("release", "reproduce", "2020-01-06-deadbeef", home=settings.home).returncode == 2
    assert not (settings.home / "work").exists()


def test_a_candidate_is_told_by_the_release_that_is_served_and_by_no_other(settings: Settings) -> None:
    served = release.current(settings.home)
    assert served is not None
    candidate = candidate_of(2)
    off = settings.model_copy(update={"split_restatements": False})

    def told(one: release.Release | None, by: Settings, of: release.ReleaseFacts = candidate) -> list[State]:
        with rebuilding.states_since(by, one, of) as states:
            return states

    unsplit = [State("", served.folder / "journey.duckdb", "main"), State("not_split", settings.warehouse, "marts")]
    assert told(None, settings) == []
    assert told(served, off) == unsplit
    # The same candidate again is the same release; a week behind the served one is stored, not served.
    assert told(served, settings, candidate_of(1)) == []
    behind = replace(candidate, as_of=candidate.as_of - timedelta(weeks=8))
    assert told(served, settings, behind) == unsplit
    known_less = replace(candidate, known_at=served.known_at - timedelta(seconds=1))
    assert told(served, settings, known_less) == unsplit
    # From a release that may hold somebody who was erased since, nothing is told but that.
    listed = ingest.suppress(ingest.Lake(settings.lake), [("email", "a@example.com")])
    gone = [unsplit[0], State("erasure", settings.warehouse, "marts")]
    assert told(served, settings) == told(served, off) == gone
    release.clear(settings.home, [served.release_id], listed.number)
    assert told(served, off) == unsplit


def test_a_partition_is_the_week_that_ends_at_the_cut(settings: Settings) -> None:
    zoned = settings.model_copy(update={"time_zone": "Europe/Berlin"})
    # Summer and winter: the same Monday midnight is another instant.
    assert rebuilding.partition_of(zoned, datetime(2026, 7, 5, 22)) == "2026-06-29"
    assert rebuilding.partition_of(zoned, datetime(2026, 11, 15, 23)) == "2026-11-09"
    with pytest.raises(rebuilding.NotRebuilt, match="no Monday begins in Europe/Berlin at 2026-11-16 00:00 UTC"):
        rebuilding.partition_of(zoned, datetime(2026, 11, 16))


def test_a_rebuild_follows_the_release_that_its_own_followed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gate that compares with the release before must not meet the one that is served today."""
    from journey_pipeline.defs import resources

    monkeypatch.setattr(resources, "settings", settings)
    ids = release.release_ids(settings.home)
    served = resources.Home(path=str(settings.home)).release_before
    earlier = resources.LakeReader(path=str(settings.home), followed=ids[0]).release_before
    assert served is not None and earlier is not None
    assert [earlier.release_id, served.release_id] == ids
    for gone in (None, "2020-01-06-deadbeef"):
        assert resources.LakeReader(path=str(settings.home), followed=gone).release_before is None
