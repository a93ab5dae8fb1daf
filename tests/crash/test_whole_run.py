"""A run that is killed at one place after another, each time from the wreck of the last, ends as one that never was.

Holds the faults of a whole run, word by word. What one word leaves to the next lies on the disk, so each word is
killed at each of its places, then built undisturbed for the next.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from journey_pipeline import release
from journey_pipeline.fault_points import POINTS
from tests.crash.weeks import WORDS, build, forks
from tests.pipeline_runs import AS_OF, KEY, deliver_samples, digests

pytestmark = pytest.mark.long

_DBT = ("dbt_begun", "dbt_ended", "word_recorded")
_GATE = ("gate_judged", "gate_recorded")
# Where each word is killed, in the order it comes there; what is done several times also at a later time. What a kill
# lets pass is not done again: a second file is staged while two are new.
KILLS: dict[str, tuple[str, ...]] = {
    "raw": (
        *("room_checked", "lock_taken", "leftovers_cleared", "dead_runs_buried", "inbox_scanned", "lake_prepared"),
        *("lake_checked", "file_staged", "file_staged@2", "file_parsed", "raw_synced", "raw_kept", "verdicts_written"),
        *("deliveries_recorded", "raw_registered", "deliveries_recorded@5", "raw_registered@30"),
        *("ledger_shown", "run_parameters_written", "raw_recorded", *_GATE),
    ),
    "staging": ("dbt_begun", "model_begun", "model_begun@60", "dbt_ended", "word_recorded"),
    "events": ("model_begun@10", *_DBT, *_GATE),
    "identity": (
        *("customers_resolved", "customers_written", "history_drafted", "history_kept"),
        *("history_drafted@2", "history_kept@2", "identity_recorded", "identity_recorded@3"),
    ),
    "journeys": ("model_begun@30", *_DBT),
    "measures": (
        *("signals_written", "clusters_written", "value_segments_written", "predictions_scored"),
        *("predictions_written", "hazard_written", "hazard_written@2", "measure_computed", "measure_written"),
        *("measure_recorded", "measure_written@20", "uplift_written", *_GATE),
    ),
    "marts": ("model_begun@30", *_DBT, *_GATE),
    "published": (
        "candidate_green",
        *(name for name in POINTS if name.startswith("release_")),
        "run_ended",
    ),
}
# Reached by other homes: a new one, one that holds a file back, one whose programme has begun, one with releases to let
# go. Their tests are test_command_line.py, test_landing.py and ../test_baselines.py.
ELSEWHERE = {
    *("key_drafted", "key_kept", "file_set_aside", "baselines_drafted", "baselines_frozen"),
    *("expired_hidden", "expired_removed"),
}
# Errors at places that write, instead of a kill.
ERRORS: dict[str, tuple[str, ...]] = {
    "raw": ("file_staged", "raw_synced", "verdicts_written", "deliveries_recorded", "run_parameters_written"),
    "staging": ("model_begun@20",),
    "identity": ("history_drafted", "history_kept@2"),
    "measures": ("measure_computed@5", "predictions_scored"),
    "published": ("release_database", "release_manifest", "release_renamed", "release_linked"),
}
TOLD = {"enospc": "E_NO_SPACE", "eio": "E_IO", "oom": "E_MEMORY"}


@dataclass
class Market:
    """A home with a release of last week and new files, what stands beside it, and what this week must say."""

    home: Path
    context: Any
    before: Path
    old: str
    clean: dict[str, str]

    def restore(self) -> None:
        shutil.rmtree(self.home)
        shutil.copytree(self.before, self.home, symlinks=True)

    def must_stand(self) -> None:
        """Readers are served the old release or the new one, whole."""
        served = release.current_id(self.home)
        assert served is not None
        new = set(digests(self.home).items()) == set(self.clean.items())
        assert served == self.old or new, "what is served is neither the old release nor the new one"
        release.verify(self.home)
        assert not list((self.home / "releases").rglob("*.wal"))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("crash")
    home, before = folder / "home", folder / "before"
    deliver_samples(home / "inbox", sources=("ga4", "hubspot", "shopify"))
    # The states between two releases are built before anything is published, at a minute a try.
    settings = {"JOURNEY_PSEUDONYM_KEY": KEY, "JOURNEY_SPLIT_RESTATEMENTS": "false"}
    with forks(home, settings) as context:
        assert build(context, "2026-11-09") == (0, [])
        old = release.current_id(home)
        assert old is not None
        deliver_samples(home / "inbox")
        shutil.copytree(home, before, symlinks=True)
        assert build(context, AS_OF) == (0, [])
        yield Market(home, context, before, old, digests(home))


def test_every_place_is_killed_here_or_named_elsewhere() -> None:
    assert {fault.split("@")[0] for faults in KILLS.values() for fault in faults} | ELSEWHERE == set(POINTS)
    assert tuple(KILLS) == WORDS


def test_killed_at_every_place(market: Market) -> None:
    market.restore()
    survived = []
    for word, faults in KILLS.items():
        for fault in faults:
            code, _ = build(market.context, AS_OF, (word,), f"{fault}:kill")
            print(word, fault, code, flush=True)
            survived += [f"{word} {fault}"] if code != -signal.SIGKILL else []
            market.must_stand()
        assert build(market.context, AS_OF, (word,)) == (0, []), word
    assert survived == []
    assert digests(market.home) == market.clean
    assert {entry.name for entry in (market.home / "releases").iterdir()} == set(release_names(market.home))


def release_names(home: Path) -> list[str]:
    return [one.release_id for one in release.list_releases(home)]


def test_an_error_of_the_machine_at_a_place_that_writes_is_told_and_leaves_no_trace(market: Market) -> None:
    market.restore()
    untold = []
    for word in WORDS:
        for fault in ERRORS.get(word, ()):
            for kind, code in TOLD.items():
                status, told = build(market.context, AS_OF, (word,), f"{fault}:{kind}")
                print(word, fault, kind, status, told, flush=True)
                if status != 1 or not [line for line in told if code in line]:
                    untold.append((word, fault, kind, status, told))
                market.must_stand()
        assert build(market.context, AS_OF, (word,)) == (0, []), word
    assert untold == []
    assert digests(market.home) == market.clean


@pytest.fixture
def small_disk(market: Market) -> Iterator[Path]:
    """The market's home on a disk of its own; the path of a file that fills it all but for a little."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root may mount a small disk")
    shutil.rmtree(market.home)
    market.home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(market.home)], check=False)
    if mounted.returncode:
        pytest.skip("no small disk is to be had here")
    try:
        shutil.copytree(market.before, market.home, symlinks=True, dirs_exist_ok=True)
        yield market.home / "filler"
    finally:
        subprocess.run(["umount", str(market.home)], check=True)


def test_a_disk_that_is_really_full_is_told_and_with_room_the_run_goes_on(market: Market, small_disk: Path) -> None:
    untold = []
    for word in WORDS:
        if word in ("raw", "staging", "identity", "measures", "published"):
            free = shutil.disk_usage(market.home).free
            with small_disk.open("wb") as filler:
                os.posix_fallocate(filler.fileno(), 0, free - 300_000)
            status, told = build(market.context, AS_OF, (word,))
            print(word, status, told, flush=True)
            if status != 1 or not [line for line in told if "E_NO_SPACE" in line or "too little disk space" in line]:
                untold.append((word, status, told))
            market.must_stand()
            small_disk.unlink()
        assert build(market.context, AS_OF, (word,)) == (0, []), word
    assert untold == []
    assert digests(market.home) == market.clean
