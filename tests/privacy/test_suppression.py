"""Who is on the suppression list is in no file of the lake, however their records come, and nobody else is missed."""

from __future__ import annotations

import gzip
import io
import shutil
import stat
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from journey_pipeline.ingest import Resources, load_contracts, replay, suppress, suppression
from tests.ingest.home import LOADED_AT, Home

CONTACTS = "hubspot/hubspot-crm-exports-all-contacts-2026-11-08.csv"
HEADER = "Record ID,Email,First Name,Phone Number,Lifecycle Stage,Create Date,Merged record IDs\n"
MAYA = "51,Maya@Secret.example,Maya,+1 202-555-0111,Lead,2026-11-01 09:10,\n"
JONAS = "52,jonas@other.example,Jonas,+46 70 555 01 02,Lead,2026-11-02 09:10,\n"
HER = [("email", "maya@secret.example"), ("hubspot_contact_id", "51"), ("phone", "+12025550111")]
EVERYBODY = "select record_id, first_name, _row_number from raw.hubspot__contacts order by _row_number"
ACCOUNT = """
    select outcome, records, accepted, quarantined, dropped, erased from raw.source_files order by path
"""


def erase_her(home: Home) -> dict[str, int]:
    suppress(home.lake, HER)
    return replay(home.lake, load_contracts(), Resources())


def lake_cells(home: Home) -> str:
    """Everything the lake's files say."""
    with home.warehouse() as connection:
        files = [str(path) for path in (home.lake.root / "raw").rglob("*.parquet")]
        return "\n".join(str(connection.execute(f"select * from '{file}'").fetchall()) for file in files)


def test_a_record_that_carries_an_identifier_goes_and_the_others_keep_their_numbers(home: Home) -> None:
    home.put(CONTACTS, HEADER + MAYA + JONAS)
    home.load()
    assert "Maya" in lake_cells(home)
    assert erase_her(home) == {"hubspot__contacts": 1}
    assert home.rows(EVERYBODY) == [("52", "Jonas", 2)]
    assert home.rows(ACCOUNT) == [("loaded", 2, 1, 0, 0, 1)]
    assert not [word for word in ("Maya", "secret.example", "0111") if word.lower() in lake_cells(home).lower()]


@pytest.mark.parametrize("number", range(len(HER)))
def test_each_identifier_alone_is_enough(home: Home, number: int) -> None:
    home.put(CONTACTS, HEADER + MAYA + JONAS)
    home.load()
    suppress(home.lake, [HER[number]])
    replay(home.lake, load_contracts(), Resources())
    assert home.rows(EVERYBODY) == [("52", "Jonas", 2)]


def test_an_identifier_of_another_kind_with_the_same_text_is_somebody_else(home: Home) -> None:
    home.put(CONTACTS, HEADER + MAYA + JONAS)
    home.load()
    suppress(home.lake, [("order_name", "51"), ("user_id", "52")])
    assert replay(home.lake, load_contracts(), Resources()) == {}
    assert len(home.rows(EVERYBODY)) == 2


def test_nothing_brings_them_back(home: Home) -> None:
    """The same bytes again, under another name, zipped, packed, and a newer export that has them still."""
    home.put(CONTACTS, HEADER + MAYA + JONAS)
    home.load()
    erase_her(home)
    old = (HEADER + MAYA + JONAS).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(Path(CONTACTS).name.replace("08", "09"), old)
    home.put("hubspot/hubspot-crm-exports-all-contacts-2026-11-10.csv", old)
    home.put("hubspot/again.zip", packed.getvalue())
    home.put("hubspot/hubspot-crm-exports-all-contacts-2026-11-11.csv.gz", gzip.compress(old))
    home.put(
        "hubspot/hubspot-crm-exports-all-contacts-2026-11-22.csv", HEADER + JONAS.replace("Lead", "Customer") + MAYA
    )
    home.load(LOADED_AT + timedelta(days=7))
    with home.warehouse() as raw:
        told = raw.execute("select distinct first_name from raw.hubspot__contacts").fetchall()
        assert told == [("Jonas",)]
        new = raw.execute("select erased, accepted from raw.source_files where path like '%11-22.csv'").fetchall()
        assert new == [(1, 1)]
    assert "secret.example" not in lake_cells(home).lower()


def test_a_file_that_is_parsed_again_gives_them_no_more(home: Home) -> None:
    home.put(CONTACTS, HEADER + MAYA + JONAS)
    home.load()
    erase_her(home)
    for file in (home.lake.root / "raw").rglob("*.parquet"):
        file.unlink()
    home.load()
    assert home.rows(EVERYBODY) == [("52", "Jonas", 2)]
    assert home.rows(ACCOUNT) == [("loaded", 2, 1, 0, 0, 1)]


@pytest.mark.parametrize("what", ["lake", "raw"])
def test_a_copy_of_the_lake_that_is_put_back_is_held_against_the_list(home: Home, tmp_path: Path, what: str) -> None:
    home.put(CONTACTS, HEADER + MAYA + JONAS)
    home.load()
    part = home.lake.root if what == "lake" else home.lake.root / "raw"
    shutil.copytree(part, tmp_path / "copy")
    erase_her(home)
    shutil.rmtree(part)
    shutil.copytree(tmp_path / "copy", part)
    assert replay(home.lake, load_contracts(), Resources()) == {"hubspot__contacts": 1}
    assert home.rows(EVERYBODY) == [("52", "Jonas", 2)]
    assert replay(home.lake, load_contracts(), Resources()) == {}


def test_what_names_somebody_else_as_well_is_kept_without_the_person(home: Home) -> None:
    """A deal with two contacts stays with the other; a contact filed under the person's own number goes."""
    deals = "Record ID,Deal Name,Deal Stage,Amount,Currency,Create Date,Associated Contact IDs\n"
    home.put(
        "hubspot/hubspot-crm-exports-all-deals-2026-11-08.csv", deals + "7,A deal,Won,10,EUR,2026-10-25 02:30,51;52\n"
    )
    home.put(CONTACTS, HEADER + MAYA.replace(",\n", ",52\n") + JONAS)
    home.load()
    suppress(home.lake, [("hubspot_contact_id", "51")], [("hubspot_contact_id", "52")])
    replay(home.lake, load_contracts(), Resources())
    assert home.rows("select record_id, associated_contact_ids from raw.hubspot__deals") == [("7", ";52")]
    assert home.rows(EVERYBODY) == [("52", "Jonas", 2)]
    # Once the other is erased too, nobody is left whom the deal could be kept for.
    suppress(home.lake, [("hubspot_contact_id", "52")])
    replay(home.lake, load_contracts(), Resources())
    assert home.rows("select count(*) from raw.hubspot__deals") == [(0,)]
    assert home.rows(EVERYBODY) == []


def test_the_list_tells_nobody_anything(home: Home) -> None:
    suppress(home.lake, HER)
    files = sorted(home.lake.suppression_path.iterdir())
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    content = b"".join(file.read_bytes() for file in files).lower()
    assert not [value for _, value in HER if len(value) > 2 and value.encode() in content]
    listed = suppression(home.lake)
    assert listed is not None and (listed.number, len(listed.hashes)) == (1, 3)
    again = suppress(home.lake, HER)
    assert again == listed
    assert suppress(home.lake, [("email", "new@other.example")]).number == 2


def test_a_list_without_its_key_is_refused(home: Home) -> None:
    suppress(home.lake, HER)
    (home.lake.suppression_path / "key").unlink()
    with pytest.raises(FileNotFoundError, match="put back the one this home had"):
        suppression(home.lake)
