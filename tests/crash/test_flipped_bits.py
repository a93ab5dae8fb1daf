"""One flipped bit in any file that a run or a reader opens is found, named, and put right by what the text says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from journey_pipeline import sealed_parquet
from journey_pipeline.ingest import LakeDamaged, RawFile, damaged_files, land, load_contracts, require_intact, scan
from journey_pipeline.release import ReleaseDamaged, current_id, list_releases, rollback, verify
from tests.ingest.home import LOADED_AT, Home
from tests.ingest.test_csv_faults import GOOD
from tests.release.conftest import publisher

CONTRACT = "google_ads__campaign_report"
REPORT, OTHER = "google_ads/Campaign report.csv", "google_ads/Campaign report 2026-11-15.csv"


def flip(path: Path, byte: int, bit: int = 3) -> None:
    """Turn one bit of a file over, by the bytes alone."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    with path.open("r+b") as stream:
        stream.seek(byte)
        old = stream.read(1)[0]
        stream.seek(byte)
        stream.write(bytes([old ^ (1 << bit)]))
    path.chmod(mode)


# --- the lake -----------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    home.put(REPORT, GOOD)
    home.put(OTHER, GOOD.replace("10.50", "11.50"))
    home.load()
    return home


def kept(home: Home) -> dict[str, Path]:
    """Where the rows of each delivered file lie."""
    rows = home.rows("select path, file_id from raw.source_files")
    return {path: home.lake.raw_path(CONTRACT, file_id) for path, file_id in rows}


def land_again(home: Home, damaged: list[RawFile]) -> None:
    contracts = load_contracts()
    land(contracts[CONTRACT], scan(home.inbox, contracts), home.lake, LOADED_AT, damaged=damaged)


def test_every_flipped_byte_of_a_lake_file_is_found_and_the_file_named(home: Home) -> None:
    path = kept(home)[REPORT]
    assert damaged_files(home.lake, [CONTRACT]) == []
    for byte in range(0, path.stat().st_size, 97):
        flip(path, byte, byte % 8)
        assert [one.name for one in damaged_files(home.lake, [CONTRACT])] == [REPORT]
        flip(path, byte, byte % 8)
    assert damaged_files(home.lake, [CONTRACT]) == []
    assert damaged_files(home.lake, []) == []


@pytest.mark.parametrize("damage", [lambda path: flip(path, path.stat().st_size // 2), Path.unlink])
def test_a_damaged_file_is_parsed_again_where_the_inbox_has_it(home: Home, damage: Callable[[Path], None]) -> None:
    before, path = home.rows(f"select * from raw.{CONTRACT} order by all"), kept(home)[REPORT]
    whole = path.read_bytes()
    damage(path)
    damaged = damaged_files(home.lake, [CONTRACT])
    assert [one.name for one in damaged] == [REPORT]
    land_again(home, damaged)
    require_intact(home.lake, damaged)
    assert path.read_bytes() == whole
    assert home.rows(f"select * from raw.{CONTRACT} order by all") == before


@pytest.mark.parametrize("damage", [lambda path: flip(path, 40), Path.unlink])
def test_a_damaged_file_that_left_the_inbox_is_named_with_the_two_ways_back(
    home: Home, damage: Callable[[Path], None]
) -> None:
    before, path = home.rows(f"select * from raw.{CONTRACT} order by all"), kept(home)[REPORT]
    backup = path.with_suffix(".backup")
    shutil.copy2(path, backup)
    (home.inbox / REPORT).unlink()
    damage(path)
    damaged = damaged_files(home.lake, [CONTRACT])
    land_again(home, damaged)
    with pytest.raises(LakeDamaged) as told:
        require_intact(home.lake, damaged)
    assert f"{REPORT} ({CONTRACT}, raw/{CONTRACT}/{path.name})" in str(told.value)
    assert OTHER not in str(told.value)
    assert str(home.folder) not in str(told.value)

    shutil.copy2(backup, path)
    require_intact(home.lake, damaged_files(home.lake, [CONTRACT]))
    damage(path)
    home.put(REPORT, GOOD)
    land_again(home, damaged_files(home.lake, [CONTRACT]))
    require_intact(home.lake, damaged_files(home.lake, [CONTRACT]))
    assert home.rows(f"select * from raw.{CONTRACT} order by all") == before


def test_files_that_an_earlier_version_kept_are_taken_as_they_are_and_known_from_then_on(home: Home) -> None:
    with home.lake.ledger() as ledger:
        ledger.execute("drop table raw_files")
    assert damaged_files(home.lake, [CONTRACT]) == []
    flip(kept(home)[OTHER], 40)
    assert [one.name for one in damaged_files(home.lake, [CONTRACT])] == [OTHER]


ROWS = """
    select md5(range::varchar)::uuid::varchar as identifier_hash, 'email' as identifier_type,
        timestamp '2026-11-01' + to_seconds(range) as first_seen_at, ['ga4', 'shopify'] as sources, range as n
    from range({rows}) order by all
"""


@pytest.mark.parametrize("rows", [0, 3, 500])
def test_every_flipped_byte_of_a_part_that_a_build_left_is_found_or_changes_no_row(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "lake" / "identity" / "identifiers" / "part.parquet"
    path.parent.mkdir(parents=True)
    found = 0
    # DuckDB keeps what it read of a file whose time has not moved on, and two flips are quicker than a file's clock.
    with duckdb.connect(config={"enable_external_file_cache": "false"}) as connection:
        sealed_parquet.write(connection, ROWS.format(rows=rows), path)
        sealed_parquet.require_whole(connection, [path])
        read = f"select * from read_parquet('{path}') order by all"
        before = connection.execute(read).fetchall()
        assert len(before) == rows
        for byte in range(0, path.stat().st_size, 5 if rows < 10 else 61):
            flip(path, byte, byte % 8)
            try:
                sealed_parquet.require_whole(connection, [path])
                assert connection.execute(read).fetchall() == before, f"byte {byte} gives other rows in silence"
            except sealed_parquet.PartDamaged as damage:
                assert "lake/identity/identifiers/part.parquet" in str(damage)
                found += 1
            flip(path, byte, byte % 8)
        sealed_parquet.require_whole(connection, [path])
    assert found > 0


def test_a_part_of_an_earlier_version_has_no_digest_and_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "part.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"copy ({ROWS.format(rows=3)}) to '{path}' (format parquet)")
        sealed_parquet.require_whole(connection, [path])


# --- releases -----------------------------------------------------------------------------------------------------


def _report(_: duckdb.DuckDBPyConnection, folder: Path) -> None:
    (folder / "index.html").write_text("<!doctype html><title>a report</title>")
    (folder / "data.json").write_text('{"a": 1}')


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("releases")
    for week in range(2):
        publisher(home, tmp_path_factory.mktemp("warehouses"))(week, report=_report)
    return home


def test_a_flipped_bit_in_each_released_file_is_found_and_the_file_named(two_releases: Path) -> None:
    folder = (two_releases / "published").resolve()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix() for path in files}
    assert {"journey.duckdb", "manifest.json", "report/index.html", "report/data.json"} < names
    assert len(names) > 10
    for path in files:
        for share in (0.02, 0.5, 0.98):
            byte = int(path.stat().st_size * share)
            flip(path, byte)
            with pytest.raises(ReleaseDamaged) as told:
                verify(two_releases)
            assert path.relative_to(folder).as_posix() in str(told.value)
            flip(path, byte)
    verify(two_releases)


@pytest.mark.parametrize("name", ["manifest.json", "journey.duckdb"])
def test_the_release_before_a_damaged_one_is_one_switch_away(two_releases: Path, tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    shutil.copytree(two_releases, home, symlinks=True)
    first, second = (one.release_id for one in reversed(list_releases(home)))
    flip(home / "releases" / second / name, 20)
    with pytest.raises(ReleaseDamaged, match=name):
        verify(home)
    assert rollback(home, first).release_id == first
    assert current_id(home) == first
    verify(home)
    with pytest.raises(ReleaseDamaged, match=name):
        rollback(home, second)
    assert current_id(home) == first


def test_a_release_is_written_in_the_format_that_duckdb_1_x_opens(two_releases: Path) -> None:
    """The header of a DuckDB file: a checksum of eight bytes, `DUCK`, the storage version. 1.2 to 1.5 open 64 to 66."""
    header = (two_releases / "published" / "journey.duckdb").read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") <= 66
    with duckdb.connect(str(two_releases / "published" / "journey.duckdb"), read_only=True) as reader:
        ((options,),) = reader.execute("select tags from duckdb_databases() where not internal").fetchall()
    assert options["storage_version"].startswith("v1.2")
