"""A load that is killed or fails at any of its places is continued by the next, which ends as if nothing had been."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from journey_pipeline import fault_points
from journey_pipeline.ingest import damaged_files
from tests.ingest.home import Home
from tests.ingest.test_csv_faults import GOOD
from tests.processes import PROCESSES

PLACES = (
    "lake_prepared",
    "file_staged",
    "file_parsed",
    "raw_synced",
    "raw_kept",
    "file_set_aside",
    "verdicts_written",
    "deliveries_recorded",
)
FIRST, SECOND = "google_ads/Campaign report.csv", "google_ads/Campaign report 2026-11-15.csv"
BROKEN = "google_ads/Campaign report broken.csv"


def deliver(home: Home) -> Home:
    home.put_sample("google_ads/Campaign report.csv", FIRST)
    home.put(SECOND, GOOD)
    home.put(BROKEN, GOOD + "one cell\n")
    return home


def told(home: Home) -> dict[str, list[tuple[object, ...]]]:
    """Everything a run reads of a lake."""
    return {
        table: home.rows(f"select * from raw.{table} order by all")
        for table in ("source_files", "quarantine", "google_ads__campaign_report")
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    home = deliver(Home(tmp_path_factory.mktemp("undisturbed")))
    home.load()
    found = told(home)
    assert [len(found[table]) > 0 for table in found] == [True, True, True]
    return found


def _load(folder: Path, fault: str) -> None:
    fault_points.arm(fault)
    Home(folder).load()


def test_each_load_is_killed_at_the_next_place_and_the_last_one_is_whole(
    tmp_path: Path, undisturbed: dict[str, list[tuple[object, ...]]]
) -> None:
    home = deliver(Home(tmp_path))
    for place in PLACES:
        process = PROCESSES.Process(target=_load, args=(tmp_path, f"{place}:kill"))
        process.start()
        process.join()
        assert (place, process.exitcode) == (place, -signal.SIGKILL)
    home.load()
    assert told(home) == undisturbed
    assert list(home.lake.staging_path.iterdir()) == []
    assert damaged_files(home.lake, ["google_ads__campaign_report"]) == []


def test_an_error_of_the_machine_at_each_place_is_raised_and_leaves_no_trace(
    tmp_path: Path, undisturbed: dict[str, list[tuple[object, ...]]]
) -> None:
    home = deliver(Home(tmp_path))
    for place in PLACES:
        for kind in ("enospc", "eio", "oom"):
            fault_points.arm(f"{place}:{kind}")
            with pytest.raises((OSError, MemoryError)):
                home.load()
            fault_points.arm(None)
    home.load()
    assert told(home) == undisturbed
    assert list(home.lake.staging_path.iterdir()) == []


def test_a_new_version_of_a_kept_file_is_known_before_it_takes_the_place_of_the_other(tmp_path: Path) -> None:
    """Killed between the two, the lake holds one of two files, and both are known as whole."""
    home = Home(tmp_path)
    home.put(FIRST, GOOD)
    sha256 = home.load_one().file_id
    contract = "google_ads__campaign_report"
    for place in ("raw_synced", "raw_kept"):
        other = tmp_path / "other.parquet"
        other.write_bytes(home.lake.raw_path(contract, sha256).read_bytes() + place.encode())
        fault_points.arm(f"{place}:eio")
        with pytest.raises(OSError, match="Input/output error"):
            home.lake.keep_raw(contract, sha256, other)
        fault_points.arm(None)
        assert damaged_files(home.lake, [contract]) == []
    older = home.lake.raw_path(contract, sha256).read_bytes()
    other.write_bytes(older + b"newest")
    home.lake.keep_raw(contract, sha256, other)
    # What was replaced is no longer the file: an old copy, put back, is found.
    home.lake.raw_path(contract, sha256).write_bytes(older)
    assert [one.sha256 for one in damaged_files(home.lake, [contract])] == [sha256]


def test_what_the_machine_could_not_parse_is_read_again_by_the_next_load(tmp_path: Path) -> None:
    """The verdict speaks of the machine and not of the file, which does not change when memory is added."""
    home = Home(tmp_path)
    home.put(FIRST, GOOD)
    assert home.load_one().outcome == "loaded"
    fault = '{"code": "E_MEMORY", "fix": "raise memory_limit in the settings, or split the file"}'
    with home.lake.ledger() as ledger:
        ledger.execute("update files set outcome = 'quarantined', fault = ?", (fault,))
    assert home.load_one().outcome == "loaded"


def test_a_place_that_is_not_there_is_no_fault_to_ask_for() -> None:
    for text in ("nowhere:kill", "raw_kept:explode", "raw_kept@0:kill", "raw_kept", ":kill", ""):
        with pytest.raises(fault_points.UnknownFault, match="expected <place>:<kind>"):
            fault_points.asked(text)
    fault = fault_points.asked("raw_kept@3:kill")
    assert (fault.place, fault.number, fault.action) == ("raw_kept", 3, "kill")
    assert replace(fault_points.asked("12:eio")).number == 12
