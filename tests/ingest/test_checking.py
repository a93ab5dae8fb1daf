"""`check` answers what `land` would do, for files that lie anywhere, and leaves nothing behind."""

import os
import shutil
from pathlib import Path

import pytest

from journey_pipeline.ingest import Fault, check, land, load_contracts, scan
from tests.ingest.home import LOADED_AT, SAMPLES, Home
from tests.ingest.test_archives import zipped
from tests.ingest.test_csv_faults import GOOD
from tests.ingest.test_samples import CONTACTS, REPORT_COMMA


def test_a_folder_is_walked_and_every_sample_passes() -> None:
    results = check([SAMPLES], load_contracts())
    assert [str(result.fault) for result in results if result.fault] == []
    assert {result.path.as_posix().removeprefix(f"{SAMPLES}/") for result in results} == {
        file.name for file in scan(SAMPLES, load_contracts())
    }
    assert {result.contract for result in results} == {
        name for name in load_contracts() if not name.startswith("canonical__")
    }
    first = {f"{source}__" for source in ("ga4", "google_ads", "hubspot", "shopify", "typeform", "zendesk")}
    assert sum(r.records for r in results if r.contract and f"{r.contract.split('__')[0]}__" in first) == 120


def test_a_file_outside_an_inbox_is_known_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / Path(REPORT_COMMA).name
    shutil.copy(SAMPLES / REPORT_COMMA, path)
    (result,) = check([path], load_contracts())
    assert (result.contract, result.accepted, result.dropped) == ("google_ads__campaign_report", 7, 2)


def test_a_contract_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    shutil.copy(SAMPLES / CONTACTS, path)
    (unknown,) = check([path], load_contracts())
    assert unknown.fault is not None
    assert (unknown.is_accepted, unknown.fault.code) == (False, "E_UNKNOWN_FILE")
    (known,) = check([path], load_contracts(), contract_id="hubspot__contacts")
    assert (known.is_accepted, known.records) == (True, 8)


def test_a_bad_file_is_explained_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "Campaign report.csv"
    path.write_text(GOOD.replace("20.00", "x").replace("10.50", "-1"))
    (result,) = check([path], load_contracts())
    assert result.fault is not None
    assert (result.is_accepted, result.fault.code, result.fault.line) == (False, "E_VALUE", 2)
    assert [(cell.line, cell.column, cell.rule) for cell in result.bad_cells] == [
        (2, "cost", "minimum"),
        (3, "cost", "type"),
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_a_fault_not_a_crash(tmp_path: Path) -> None:
    (result,) = check([tmp_path / "Campaign report.csv"], load_contracts())
    assert result.fault is not None
    assert result.fault.code == "E_PATH"


def test_a_contract_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        check([tmp_path], load_contracts(), contract_id="tiktok__ads")


def test_check_and_run_say_the_same_of_whatever_lies_in_an_inbox(home: Home, tmp_path: Path) -> None:
    for name, content in {
        "google_ads/Campaign report.csv": GOOD,
        "google_ads/report.csv": GOOD,
        "google_ads/Campaign report 2.csv.part": GOOD,
        "google_ads/Thumbs.db": "x",
        "google_ads/.DS_Store": "x",
        "google_ads/README.md": "read me",
        "google_ads/empty.zip": zipped({}),
        "google_ads/litter.zip": zipped({"__MACOSX/._a": "x", "sub/desktop.ini": "x", ".DS_Store": "x"}),
        "google_ads/one.zip": zipped({"Campaign report.csv": GOOD.replace("Brand", "Other"), "__MACOSX/._a": "x"}),
        "google_ads/nonsense.zip": "no zip",
        "ga4/Campaign report.csv": GOOD.replace("Brand", "Misplaced"),
        "$RECYCLE.BIN/Campaign report.csv": GOOD,
        "notes.txt": "note",
        "README.md": "x",
        "Desktop.ini": "x",
    }.items():
        home.put(name, content)
    (tmp_path / "elsewhere.csv").write_text(GOOD)
    (home.inbox / "google_ads" / "Campaign report link.csv").symlink_to(tmp_path / "elsewhere.csv")
    (home.inbox / "google_ads" / "linked").symlink_to(tmp_path)
    (home.inbox / "google_ads" / "linked.zip").symlink_to(tmp_path)
    os.mkfifo(home.inbox / "google_ads" / "Campaign report pipe.csv")

    def told(contract: str | None, fault: Fault | None) -> tuple[object, ...]:
        return (contract, *((fault.code, fault.expected, fault.found, fault.fix) if fault else ()))

    contracts = load_contracts()
    files = scan(home.inbox, contracts)
    run = {
        outcome.name: told(outcome.contract, outcome.fault)
        for contract in [contracts["google_ads__campaign_report"], None]
        for outcome in land(contract, files, home.lake, LOADED_AT)
    }
    results = check([home.inbox], contracts)
    held = {r.path.relative_to(home.inbox).as_posix(): told(r.contract, r.fault) for r in results if not r.is_skipped}
    assert held == run
    assert [r.path.name for r in results if r.is_skipped] == ["Campaign report 2.csv.part"]
    codes = {name: verdict[1] if len(verdict) > 1 else "ok" for name, verdict in run.items()}
    assert codes == {
        "google_ads/Campaign report.csv": "ok",
        "google_ads/one.zip/Campaign report.csv": "ok",
        "google_ads/report.csv": "E_UNKNOWN_FILE",
        "google_ads/README.md": "E_UNKNOWN_FILE",
        "ga4/Campaign report.csv": "E_UNKNOWN_FILE",
        "notes.txt": "E_UNKNOWN_FILE",
        "google_ads/empty.zip": "E_ZIP",
        "google_ads/litter.zip": "E_ZIP",
        "google_ads/nonsense.zip": "E_ZIP",
        "google_ads/Campaign report link.csv": "E_PATH",
        "google_ads/linked": "E_PATH",
        "google_ads/linked.zip": "E_PATH",
        "google_ads/Campaign report pipe.csv": "E_PATH",
    }
    assert run["google_ads/linked"][3] == "a link"
    assert run["google_ads/Campaign report link.csv"][3] == "a link"
    assert "google_ads/**/*ampaign*report*.csv" in str(run["google_ads/report.csv"][2])


def test_a_part_of_an_inbox_is_told_as_the_whole(home: Home) -> None:
    home.put("google_ads/README.md", "x")
    home.put("google_ads/sub/report.csv", GOOD)
    whole = [str(result.fault) for result in check([home.inbox], load_contracts())]
    assert [fault.count("google_ads/**/*ampaign*report*.csv") for fault in whole] == [1, 1]
    assert [str(result.fault) for result in check([home.inbox / "google_ads"], load_contracts())] == whole
    (single,) = check([home.inbox / "google_ads/sub/report.csv"], load_contracts())
    assert str(single.fault) == whole[1]


def test_what_is_not_there_and_what_lies_nowhere_is_told(tmp_path: Path) -> None:
    (absent,) = check([tmp_path / "nowhere"], load_contracts())
    assert absent.fault is not None
    assert (absent.fault.code, absent.fault.found) == ("E_PATH", "no such file or folder")
    (tmp_path / "README.md").write_text("x")
    (unknown,) = check([tmp_path / "README.md"], load_contracts())
    assert unknown.fault is not None
    assert unknown.fault.code == "E_UNKNOWN_FILE"
    assert "put the file into the folder of its source" in unknown.fault.fix
    assert ", ga4, google_ads, hubspot, " in (unknown.fault.expected or "")
    shutil.copy(SAMPLES / REPORT_COMMA, tmp_path)
    (known,) = check([tmp_path / Path(REPORT_COMMA).name], load_contracts())
    assert known.belongs == "google_ads"
    (inside,) = check([SAMPLES / REPORT_COMMA], load_contracts())
    assert inside.belongs is None
