"""Zip archives: a folder by another name, with limits, and nothing in them is a path."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from journey_pipeline.ingest import archives, check, load_contracts
from tests.ingest.home import Home
from tests.ingest.test_csv_faults import GOOD

REPORT = "google_ads/2026-11-08 download.zip/Campaign report.csv"


def zipped(files: dict[str, bytes | str], mode: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", mode) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def code_of(home: Home) -> str | None:
    outcome = home.load_one()
    assert outcome.outcome == "quarantined"
    return outcome.fault.code if outcome.fault else None


def test_members_are_files_of_their_own(home: Home) -> None:
    home.put("google_ads/2026-11-08 download.zip", zipped({"Campaign report.csv": GOOD, "sub/notes.txt": "x"}))
    outcomes = home.load()
    assert {name: outcome.outcome for name, outcome in outcomes.items()} == {
        REPORT: "loaded",
        "google_ads/2026-11-08 download.zip/sub/notes.txt": "quarantined",
    }
    assert home.rows("select count(*), min(_file_name) from raw.google_ads__campaign_report") == [(2, REPORT)]
    assert not home.load()[REPORT].is_new


def test_the_same_content_packed_and_unpacked_counts_once(home: Home) -> None:
    home.put("google_ads/a.zip", zipped({"Campaign report.csv": GOOD}))
    home.put("google_ads/Campaign report.csv", GOOD)
    outcomes = home.load()
    assert sorted(outcome.outcome for outcome in outcomes.values()) == ["duplicate", "loaded"]
    assert home.rows("select count(*) from raw.google_ads__campaign_report where _is_current") == [(2,)]


def test_a_zip_of_zips_is_opened_one_level_down(home: Home) -> None:
    inner = zipped({"Campaign report.csv": GOOD})
    home.put("google_ads/outer.zip", zipped({"2026-11-01.zip": inner}))
    assert home.load_one().name == "google_ads/outer.zip/2026-11-01.zip/Campaign report.csv"
    assert home.rows("select count(*) from raw.google_ads__campaign_report") == [(2,)]


def test_a_third_level_is_refused(home: Home) -> None:
    deep = zipped({"c.zip": zipped({"b.zip": zipped({"Campaign report.csv": GOOD})})})
    home.put("google_ads/a.zip", deep)
    assert code_of(home) == "E_ZIP"


@pytest.mark.parametrize("name", ["../Campaign report.csv", "/Campaign report.csv", "a\\..\\Campaign report.csv"])
def test_a_name_that_leads_out_holds_the_archive(home: Home, name: str) -> None:
    home.put("google_ads/a.zip", zipped({name: GOOD}))
    assert code_of(home) == "E_ZIP_PATH"


def test_a_link_in_an_archive_holds_it(home: Home) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        entry = zipfile.ZipInfo("Campaign report.csv")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "passwd")
    home.put("google_ads/a.zip", content.getvalue())
    assert code_of(home) == "E_ZIP_PATH"


def test_a_cut_archive_and_a_flipped_byte_are_held(home: Home) -> None:
    whole = zipped({"Campaign report.csv": GOOD}, zipfile.ZIP_STORED)
    path = home.put("google_ads/a.zip", whole[:-30])
    assert code_of(home) == "E_ZIP"
    path.write_bytes(whole.replace(b"20.00", b"20.01"))
    assert code_of(home) == "E_ZIP"


def test_a_workbook_is_told_apart_from_a_zip_of_exports(home: Home) -> None:
    home.put("google_ads/Campaign report.zip", zipped({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}))
    assert code_of(home) == "E_NOT_CSV"


def test_too_many_members_and_too_many_bytes_are_bombs(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
    home.put("google_ads/a.zip", zipped({f"Campaign report {n}.csv": GOOD for n in range(3)}))
    assert code_of(home) == "E_BOMB"
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    monkeypatch.setattr(archives, "RATIO_FLOOR_BYTES", 1024)
    home.put("google_ads/a.zip", zipped({"Campaign report.csv": b"0" * 1_000_000}))
    assert code_of(home) == "E_BOMB"


def test_a_size_that_lies_is_found_while_unpacking(home: Home) -> None:
    """The table of contents says 10 bytes; zipfile then ends the member there and its checksum does not fit."""
    whole = bytearray(zipped({"Campaign report.csv": b"0" * 1_000_000}))
    for place in (whole.find(b"PK\x01\x02") + 24, 22):
        whole[place : place + 4] = (10).to_bytes(4, "little")
    home.put("google_ads/a.zip", bytes(whole))
    assert code_of(home) == "E_ZIP"


def test_check_names_every_file_of_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "google_ads" / "a.zip"
    path.parent.mkdir()
    path.write_bytes(zipped({"Campaign report.csv": GOOD, "b/Campaign report.csv": "<html>"}))
    results = check([tmp_path], load_contracts())
    assert [(result.path.name, result.is_accepted) for result in results] == [
        ("Campaign report.csv", True),
        ("Campaign report.csv", False),
    ]
