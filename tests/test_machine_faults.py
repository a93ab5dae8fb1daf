"""A full disk, a broken disk and too little memory are known by what they really say, and told with what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.machine_faults import in_words, sign
from journey_pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path))
    return Settings(memory_limit="900MB")


def disk_is_full(_: Path) -> None:
    with Path("/dev/full").open("w") as stream:
        stream.write("x")


def duckdb_on_a_full_disk(_: Path) -> None:
    duckdb.connect().execute("copy (select range from range(1000000)) to '/dev/full' (format csv)")


def sqlite_on_a_full_disk(folder: Path) -> None:
    with sqlite3.connect(folder / "ledger.sqlite") as connection:
        connection.execute("pragma max_page_count = 2")
        connection.execute("create table t (x)")
        connection.execute("insert into t values (zeroblob(100000))")


def duckdb_out_of_memory(_: Path) -> None:
    limits = {"memory_limit": "10MB", "temp_directory": "", "threads": 1}
    duckdb.connect(config=limits).execute("select count(*) from (select distinct range from range(10000000))")


def python_out_of_memory(_: Path) -> None:
    bytearray(1 << 62)


def disk_is_broken(_: Path) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize(
    ("fail", "code", "action"),
    [
        (disk_is_full, "E_NO_SPACE", "`keep_releases`"),
        (duckdb_on_a_full_disk, "E_NO_SPACE", "needs about 500 MB"),
        (sqlite_on_a_full_disk, "E_NO_SPACE", "move the home"),
        (duckdb_out_of_memory, "E_MEMORY", "memory_limit 900MB; raise `memory_limit`"),
        (python_out_of_memory, "E_MEMORY", "raise `memory_limit`"),
        (disk_is_broken, "E_IO", "`journey release verify`"),
    ],
)
def test_the_real_error_in_words(
    settings: Settings, tmp_path: Path, fail: Callable[[Path], None], code: str, action: str
) -> None:
    with pytest.raises(Exception) as raised:
        fail(tmp_path)
    text = f"{type(raised.value).__name__}: {raised.value}"
    told = in_words(text, settings)
    assert told is not None, text
    assert told.startswith(f"{code}: ")
    assert action in told
    assert "\n" not in told
    # Told on from one process to another by a phrase without a path or a value, it is still known.
    phrase = sign(text)
    assert phrase is not None
    assert in_words(phrase, settings) == told
    assert str(tmp_path) not in told


@pytest.mark.parametrize("text", ["Catalog Error: Table with name spend does not exist!", "KeyError: 'channel'", ""])
def test_other_errors_are_not_the_machine_s(settings: Settings, text: str) -> None:
    assert in_words(text, settings) is None
    assert sign(text) is None


def test_a_full_folder_of_spills_is_a_full_disk_although_duckdb_calls_it_memory(settings: Settings) -> None:
    text = (
        "_duckdb.OutOfMemoryException: Out of Memory Error: failed to offload data block of size 256.0 KiB "
        "(1.9 GiB/1.9 GiB used).\nThis limit was set by the 'max_temp_directory_size' setting."
    )
    assert str(in_words(text, settings)).startswith("E_NO_SPACE")
