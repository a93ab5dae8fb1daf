"""Room for a run is asked for before anything is written, and the refusal says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from journey_pipeline.preflight import NoRoom, available_memory, needed_disk, require_room
from journey_pipeline.settings import Settings

PLENTY = 10**15


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path))  # a variable wins over what a test hands in
    return Settings(memory_limit="1GB")


def test_a_small_home_has_room(home: Settings) -> None:
    require_room(home)


def test_too_little_disk_names_the_need_what_there_is_and_the_settings(home: Settings) -> None:
    with pytest.raises(NoRoom, match=r"needs about 500 MB .* there are 499 MB; .*keep_releases.*home") as refusal:
        require_room(home, free_disk=499_000_000, free_memory=PLENTY)
    assert str(home.home) not in str(refusal.value)
    require_room(home, free_disk=500_000_000, free_memory=PLENTY)


def test_too_little_memory_names_the_limit(home: Settings) -> None:
    with pytest.raises(NoRoom, match=r"may use 1.7 GB \(memory_limit 1GB .* there are 1.6 GB; lower `memory_limit`"):
        require_room(home, free_disk=PLENTY, free_memory=1_600_000_000)
    require_room(home, free_disk=PLENTY, free_memory=1_700_000_000)


def test_the_need_grows_with_what_was_delivered_and_with_what_stands(home: Settings) -> None:
    inbox = home.inbox_folder
    inbox.mkdir()
    for name in ("a.csv", "b.csv"):
        with (inbox / name).open("wb") as stream:
            stream.truncate(100_000_000)
    from_inbox = needed_disk(home)
    assert from_inbox == 12 * 200_000_000 * 2.25
    # The same bytes, loaded, lie in the lake as well and are not counted twice.
    home.lake.mkdir()
    with (home.lake / "a").open("wb") as stream:
        stream.truncate(200_000_000)
    assert needed_disk(home) == from_inbox
    with home.warehouse.open("wb") as stream:
        stream.truncate(12 * 200_000_000)
    assert needed_disk(home) == 12 * 200_000_000 * 1.25  # the warehouse has its place already
    with home.warehouse.open("wb") as stream:
        stream.truncate(10 * 12 * 200_000_000)
    assert needed_disk(home) == 10 * 12 * 200_000_000 * 1.25
    # Of a second release the states between are built, where they are asked for.
    (home.home / "published").mkdir()
    assert needed_disk(home.model_copy(update={"split_restatements": True})) == 10 * 12 * 200_000_000 * 5.25
    assert needed_disk(home.model_copy(update={"split_restatements": False})) == 10 * 12 * 200_000_000 * 1.25


def test_memory_is_what_the_kernel_says_within_the_limit_of_the_group(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:       16384 kB\nMemFree: 1 kB\nMemAvailable:    8192 kB\n")
    assert available_memory(tmp_path) == 8192 * 1024
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("5000000\n")
    assert available_memory(tmp_path) == 8192 * 1024
    (group / "memory.max").write_text("6000000\n")
    assert available_memory(tmp_path) == 1_000_000
    (group / "memory.stat").write_text("anon 1\nactive_file 7\ninactive_file 2000000\n")
    assert available_memory(tmp_path) == 3_000_000


def test_this_machine_says_how_much_memory_it_has() -> None:
    memory = available_memory()
    assert memory is None or memory > 0
