"""A person by any identifier, erased from everything a home has, and nobody else with them."""

from __future__ import annotations

import gzip
import json
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from journey_pipeline import privacy, release
from journey_pipeline.privacy import requests
from journey_pipeline.privacy.scanning import Needles, files_below, places
from tests.privacy.small_home import CONTACTS, EDGES, TOUCHES, SmallHome, edges, touches

NOW = datetime(2026, 11, 17, 9, tzinfo=UTC)
PEOPLE = "Record ID,Email,First Name,Phone Number,Lifecycle Stage,Create Date,Merged record IDs\n"
MAYA = "510001,maya@secret.example,Maya,+1 202-555-0111,Lead,2026-11-01 09:10,\n"
JONAS = "520002,jonas@other.example,Jonas,+46 70 555 01 02,Lead,2026-11-02 09:10,\n"
HER_EDGES = [
    ("user_id:u_maya_1", "ga_client_id:1111.2222", "login"),
    ("user_id:u_maya_1", "email:maya@secret.example", "same_record"),
    ("email:maya@secret.example", "order_name:1001", "same_record"),
]
HIS_EDGES = [
    ("user_id:u_jonas_2", "ga_client_id:3333.4444", "login"),
    ("user_id:u_jonas_2", "email:jonas@other.example", "same_record"),
    # A tablet that both use.
    ("user_id:u_jonas_2", "ga_client_id:9999.0000", "login"),
]
TABLET = ("user_id:u_maya_1", "ga_client_id:9999.0000", "login")
HER_TOUCHES = [("m1", "ga_client_id:1111.2222"), ("m2", "user_id:u_maya_1"), ("m3", "order_name:1001")]
HIS_TOUCHES = [("j1", "ga_client_id:3333.4444"), ("j2", "user_id:u_jonas_2"), ("t1", "ga_client_id:9999.0000")]
HERS = ("maya@secret.example", "u_maya_1", "1111.2222", "+12025550111", "+1 202-555-0111")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with both of them after its first run."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        at_home(patch, folder)
        delivered(folder, with_her=True).run()
    return folder


@pytest.fixture
def home(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallHome:
    """One of the test's own."""
    folder = tmp_path / "home"
    shutil.copytree(built, folder, symlinks=True)
    at_home(monkeypatch, folder)
    return SmallHome(folder)


def at_home(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setenv("JOURNEY_HOME", str(folder))
    patch.setenv("JOURNEY_PSEUDONYM_KEY", "the tests' own pseudonym key")


def delivered(folder: Path, *, with_her: bool) -> SmallHome:
    home = SmallHome(folder)
    home.put(EDGES, edges(*HIS_EDGES, *([*HER_EDGES, TABLET] if with_her else [])))
    home.put(TOUCHES, touches(*HIS_TOUCHES, *(HER_TOUCHES if with_her else [])))
    home.put(CONTACTS, PEOPLE + JONAS + (MAYA if with_her else ""))
    return home


def only_release(home: SmallHome) -> str:
    (one,) = release.list_releases(home.folder)
    return one.release_id


def erase(home: SmallHome, *asked: tuple[str, str]) -> privacy.Erasure:
    return privacy.erase(home.settings, asked, home.run, lambda: NOW)


def found(folder: Path, *texts: str) -> list[str]:
    """Where any of the texts is, in any file of a home but its keys."""
    needles = Needles.of(texts)
    return [f"{file.name}: {where}" for file in files_below(folder) if (where := places(file, needles))]


@pytest.mark.parametrize(
    "asked",
    [
        ("email", " Maya@Secret.example "),
        ("hubspot_contact_id", "510001"),
        ("ga_client_id", "1111.2222"),
        pytest.param(("user_id", "u_maya_1"), marks=pytest.mark.long),
        pytest.param(("order_name", "#1001"), marks=pytest.mark.long),
    ],
)
def test_any_identifier_erases_the_whole_person_and_nobody_else(home: SmallHome, asked: tuple[str, str]) -> None:
    first = only_release(home)
    before = home.customers()
    her = before["m1"]
    assert her is not None and her != before["j1"]
    assert found(home.folder, *HERS)
    done = erase(home, asked)
    after = home.customers()
    assert {name: after[name] for name in ("j1", "j2")} == {name: before[name] for name in ("j1", "j2")}
    assert set(after) == {"j1", "j2", "t1"}
    assert found(home.folder, *HERS, her) == []
    assert done.releases == [first]
    assert [one.release_id for one in release.list_releases(home.folder)] != [first]


def test_what_is_left_is_what_there_would_be_without_the_person(
    home: SmallHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase(home, ("email", "maya@secret.example"))
    at_home(monkeypatch, tmp_path / "fresh")
    fresh = delivered(tmp_path / "fresh", with_her=False)
    fresh.run()
    assert home.digests() == fresh.digests()


def test_a_receipt_says_what_was_done_and_nothing_of_the_person(home: SmallHome) -> None:
    first = only_release(home)
    done = erase(home, ("email", "maya@secret.example"))
    assert stat.S_IMODE(done.receipt.stat().st_mode) == 0o600
    assert privacy.verify_receipt(home.lake, done.receipt)
    told = json.loads(done.receipt.read_text())
    assert told["records_erased"] == {
        "canonical__identifier_edges": 4,
        "canonical__touchpoints": 3,
        "hubspot__contacts": 1,
    }
    assert told["releases_deleted"] == [first]
    assert (told["inbox_files_deleted"], told["scan"]) == (3, {"findings": 0})
    assert told["release"]["id"] == release.current(home.folder).release_id  # type: ignore[union-attr]
    done.receipt.write_text(done.receipt.read_text().replace('"hubspot__contacts": 1', '"hubspot__contacts": 0'))
    assert not privacy.verify_receipt(home.lake, done.receipt)
    assert not (home.lake.suppression_path / requests.PENDING).exists()


def test_what_two_people_use_is_nobodys_alone(home: SmallHome) -> None:
    with pytest.raises(privacy.Nobody, match="several people") as refusal:
        erase(home, ("ga_client_id", "9999.0000"))
    assert "9999" not in str(refusal.value)
    erase(home, ("user_id", "u_maya_1"))
    assert home.customers()["t1"] == home.customers()["j1"]


@pytest.mark.parametrize("asked", [("email", "nobody@else.example"), ("user_id", "maya@secret.example")])
def test_whoever_is_not_known_is_nobody(home: SmallHome, asked: tuple[str, str]) -> None:
    with pytest.raises(privacy.Nobody) as refusal:
        erase(home, asked)
    assert asked[1] not in str(refusal.value)
    assert found(home.folder, *HERS)


def test_a_dry_run_counts_and_changes_nothing(home: SmallHome) -> None:
    first = only_release(home)
    before = {file: file.read_bytes() for file in files_below(home.folder)}
    told = privacy.plan(home.settings, [("email", "maya@secret.example")])
    assert {name: sum(counts.values()) for name, counts in told.records.items()} == {
        "canonical__identifier_edges": 4,
        "canonical__touchpoints": 3,
        "hubspot__contacts": 1,
    }
    assert (told.inbox_files, told.releases) == (3, [first])
    assert not [text for text in HERS if text in str(told)]
    assert {file: file.read_bytes() for file in files_below(home.folder)} == before


def test_no_delivery_brings_the_person_back(home: SmallHome) -> None:
    erase(home, ("hubspot_contact_id", "510001"))
    left = home.customers()
    home.put("canonical/again/touchpoints.csv", touches(*HIS_TOUCHES, *HER_TOUCHES))
    packed = gzip.compress(edges(*HIS_EDGES, *HER_EDGES, TABLET).encode())
    home.put("canonical/again/identifier_edges.csv", packed)
    home.put(CONTACTS.replace("08", "15"), PEOPLE + MAYA + JONAS)
    home.run()
    assert home.customers() == left
    assert found(home.lake.root, *HERS) == []
    assert found(home.folder / "releases", *HERS) == []
    assert "maya" not in str(home.ask("select * from touchpoints"))
    # Built without the person, a release may be served from the moment it is there.
    release.verify(home.folder, release.release_ids(home.folder)[-1])
    for name in release.release_ids(home.folder):
        assert release.is_clear(home.folder, name), name


def test_a_release_that_is_put_back_is_not_served(home: SmallHome, tmp_path: Path) -> None:
    first = only_release(home)
    shutil.copytree(home.folder / "releases" / first, tmp_path / "copy")
    erase(home, ("email", "maya@secret.example"))
    shutil.copytree(tmp_path / "copy", home.folder / "releases" / first)
    served = release.current(home.folder)
    for refused in (release.rollback, release.verify):
        with pytest.raises(release.ReleaseError, match="before somebody was erased"):
            refused(home.folder, first)
    assert release.current(home.folder) == served
    assert served is not None and release.verify(home.folder).release_id == served.release_id


STEPS = ("suppressed", "unbuilt", "removed")
OTHER_STEPS = ("pending", "redacted", "cleaned", "rebuilt", "proved")


@pytest.mark.parametrize("step", [*STEPS, *(pytest.param(step, marks=pytest.mark.long) for step in OTHER_STEPS)])
def test_an_erasure_that_dies_anywhere_goes_on(home: SmallHome, step: str) -> None:
    class Died(Exception):
        pass

    def die(name: str) -> None:
        if name == step:
            raise Died

    with pytest.raises(Died):
        privacy.erase(home.settings, [("email", "maya@secret.example")], home.run, lambda: NOW, die)
    assert privacy.pending(home.settings) is not None
    done = erase(home)
    assert found(home.folder, *HERS) == []
    assert set(home.customers()) == {"j1", "j2", "t1"}
    assert privacy.verify_receipt(home.lake, done.receipt)
    assert sum(json.loads(done.receipt.read_text())["records_erased"].values()) == 8
    assert privacy.pending(home.settings) is None


def test_a_rebuild_that_publishes_nothing_ends_nothing(home: SmallHome) -> None:
    first = only_release(home)

    def refused() -> str:
        raise RuntimeError("a gate said no")

    with pytest.raises(RuntimeError):
        privacy.erase(home.settings, [("email", "maya@secret.example")], refused, lambda: NOW)
    assert [one.release_id for one in release.list_releases(home.folder)] == [first]
    assert privacy.pending(home.settings) is not None
    erase(home)
    assert found(home.folder, *HERS) == []


def test_what_others_say_of_the_person_is_masked(home: SmallHome) -> None:
    home.put(CONTACTS, PEOPLE + JONAS.replace("Jonas", "spouse of Maya@secret.example") + MAYA)
    home.run()
    erase(home, ("email", "maya@secret.example"))
    assert found(home.folder, *HERS) == []
    with duckdb.connect(str(home.settings.warehouse), read_only=True) as connection:
        said = connection.execute("select record_id, first_name from raw.hubspot__contacts").fetchall()
    assert said == [("520002", "spouse of [erased]")]
    assert home.customers()["j1"] is not None


def test_what_is_told_to_the_person_is_all_of_theirs_and_nothing_of_others(home: SmallHome, tmp_path: Path) -> None:
    import zipfile

    target = tmp_path / "hers.zip"
    told = privacy.disclose(home.settings, [("email", "maya@secret.example")], target, NOW)
    assert told.records == {"canonical__identifier_edges": 4, "canonical__touchpoints": 3, "hubspot__contacts": 1}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as archive:
        content = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert content["records/hubspot__contacts.json"][0]["first_name"] == "Maya"
    assert {row["touchpoint_id"] for row in content["derived/touchpoints.json"]} == {"m1", "m2", "m3"}
    assert not [word for word in ("jonas", "3333.4444", "520002") if word in json.dumps(content)]
    with pytest.raises(FileExistsError):
        privacy.disclose(home.settings, [("email", "maya@secret.example")], target, NOW)
