"""Damaged archives, hostile names, and things in the inbox that are not files to load."""

import gzip
import os
from pathlib import Path

import pytest

from journey_pipeline.ingest import FileOutcome, archives, stage
from tests.ingest.home import Home
from tests.ingest.test_csv_faults import GOOD, REPORT

EVENT = '{"event_date":"20261101","event_timestamp":"1793489460120000","event_name":"page_view","stream_id":"1"}\n'
GA4 = "ga4/events_20261101.json.gz"


def code_of(outcome: FileOutcome) -> str | None:
    return outcome.fault.code if outcome.fault else None


def damaged(change: str) -> bytes:
    packed = bytearray(gzip.compress(EVENT.encode() * 50, mtime=0))
    if change == "truncated":
        return bytes(packed[: len(packed) // 2])
    if change == "trailer cut":
        return bytes(packed[:-4])
    if change == "checksum":
        packed[-8] ^= 1
    if change == "flipped bit":
        packed[len(packed) // 2] ^= 4
    if change == "trailing bytes":
        packed += b"rest"
    if change == "not packed":
        return EVENT.encode()
    return bytes(packed)


def test_the_undamaged_file_loads(home: Home) -> None:
    home.put(GA4, damaged("nothing"))
    assert home.load_one().accepted == 50


def test_gzip_of_several_members_is_one_file(home: Home) -> None:
    home.put(GA4, damaged("nothing") * 2)
    assert home.load_one().accepted == 100


@pytest.mark.parametrize(
    "change", ["truncated", "trailer cut", "checksum", "flipped bit", "trailing bytes", "not packed"]
)
def test_damaged_gzip_is_held(home: Home, change: str) -> None:
    home.put(GA4, damaged(change))
    outcome = home.load_one()
    assert (outcome.outcome, code_of(outcome)) == ("quarantined", "E_GZIP")


def test_packed_nothing_is_empty(home: Home) -> None:
    home.put(GA4, gzip.compress(b""))
    assert code_of(home.load_one()) == "E_EMPTY_FILE"


def test_a_bomb_is_stopped_by_its_ratio(home: Home) -> None:
    assert code_of(_load_bomb(home)) == "E_BOMB"


def test_a_bomb_is_stopped_by_its_size(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_RATIO", 10_000)
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 70 * 1024 * 1024)
    assert code_of(_load_bomb(home)) == "E_BOMB"


def _load_bomb(home: Home) -> FileOutcome:
    home.put(GA4, gzip.compress((EVENT * 10_000).encode() * 80, 9))
    return home.load_one()


@pytest.mark.parametrize(
    "name",
    [
        "Campaign report [1].csv",
        "Campaign report *.csv",
        "Campaign report?.csv",
        "Campaign report o'); drop table raw; --.csv",
        "-Campaign report.csv",
        "Campaign report\n.csv",
        "Campaign report \u202e.csv",
        "consent=true/Campaign report.csv",
        "Campaign report " + "x" * 200 + ".csv",
    ],
)
def test_a_name_is_only_a_name(home: Home, name: str) -> None:
    home.put(f"google_ads/{name}", GOOD)
    # What a glob reader would take instead of the file with the brackets.
    home.put("google_ads/Campaign report 1.csv", GOOD.replace("10.50", "99.99").replace("Brand", "Other"))
    outcomes = home.load()
    assert outcomes[f"google_ads/{name}"].outcome == "loaded"
    file_name = name.rsplit("/", 1)[-1].replace("'", "''")
    assert home.rows(
        "select count(*), min(campaign), max(campaign), count(_extra) from raw.google_ads__campaign_report "
        f"join raw.source_files on _file_id = file_id where file_name = '{file_name}'"
    ) == [(2, "Brand", "Brand", 0)]


def test_a_home_whose_own_path_looks_like_a_glob(tmp_path: Path) -> None:
    home = Home(tmp_path / "home[1]*?'s")
    home.put(REPORT, GOOD)
    assert home.load_one().outcome == "loaded"
    assert home.rows("select count(*) from raw.google_ads__campaign_report") == [(2,)]


def test_a_name_that_is_not_utf8(home: Home) -> None:
    (home.inbox / "google_ads").mkdir()
    folder = os.fsencode(home.inbox / "google_ads")
    Path(os.fsdecode(folder + b"/Campaign report \xff.csv")).write_text(GOOD)
    (outcome,) = home.load().values()
    assert (outcome.outcome, outcome.name) == ("loaded", "google_ads/Campaign report \\xff.csv")


def test_links_and_pipes_are_refused(home: Home, tmp_path: Path) -> None:
    secret = tmp_path / "elsewhere.csv"
    secret.write_text(GOOD)
    folder = home.inbox / "google_ads"
    folder.mkdir()
    (folder / "Campaign report link.csv").symlink_to(secret)
    (folder / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "Campaign report pipe.csv")
    outcomes = home.load()
    assert {outcome.outcome for outcome in outcomes.values()} == {"quarantined"}
    assert {code_of(outcome) for outcome in outcomes.values()} == {"E_PATH"}
    assert len(outcomes) == 3
    assert not list(home.lake.root.rglob("bytes"))


def test_an_unknown_file_is_set_aside_and_told_what_is_known(home: Home) -> None:
    home.put("tiktok/report.csv", "a,b\n1,2\n")
    outcome = home.load_one()
    assert (outcome.outcome, code_of(outcome), outcome.contract) == ("quarantined", "E_UNKNOWN_FILE", None)
    assert outcome.fault is not None
    assert (outcome.fault.expected or "").startswith("a folder named after its source: ")
    assert ", ga4, google_ads, hubspot, " in (outcome.fault.expected or "")
    assert (home.lake.root / "quarantine" / outcome.file_id / "bytes").read_text() == "a,b\n1,2\n"
    assert home.rows("select contract, outcome, error_code from raw.source_files") == [
        (None, "quarantined", "E_UNKNOWN_FILE")
    ]


def test_an_unknown_name_in_a_known_folder_is_told_the_names_of_that_folder(home: Home) -> None:
    home.put("google_ads/report.csv", GOOD)
    fault = home.load_one().fault
    assert fault is not None
    assert "google_ads/**/*ampaign*report*.csv" in (fault.expected or "")
    assert "hubspot" not in (fault.expected or "")


def test_what_is_not_delivered_yet_is_left_alone(home: Home) -> None:
    for name in (".hidden.csv", "google_ads/Campaign report.csv.part", "google_ads/a.tmp", "README.md", ".x/a.csv"):
        home.put(name, GOOD)
    assert home.load() == {}


def test_a_file_that_changes_while_it_is_read_is_not_loaded(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = home.put(REPORT, GOOD)
    untouched = stage.private_file

    def grow(target: Path) -> object:
        with path.open("a") as more:
            more.write("2026-11-03,1,Brand,EUR,1.00,1,1\n")
        return untouched(target)

    monkeypatch.setattr(stage, "private_file", grow)
    assert code_of(home.load_one()) == "E_CHANGED"
    monkeypatch.undo()
    path.write_text(GOOD)
    assert home.load_one().outcome == "loaded"
