"""`check` answers what `land` would do, for files that lie anywhere, and leaves nothing behind."""

import shutil
from pathlib import Path

import pytest

from journey_pipeline.ingest import check, load_contracts, scan
from tests.ingest.home import SAMPLES
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
