"""An erasure through the real command line: what is left is what there would be had the person never been delivered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.privacy.scanning import Needles, files_below, places
from tests.pipeline_runs import AS_OF, KEY, deliver_samples, journey

SOURCES = ("hubspot", "shopify", "typeform", "google_ads")
CONTACTS = "hubspot/hubspot-crm-exports-all-contacts-2026-11-08.csv"
EMAIL, CONTACT, COOKIE = "zora.weber@secret.example", "99887766", "zz-77001122.1793"
# What names files and builds, or what was served before, and so tells two homes apart whoever is in them.
OF_FILES = {"source_files", "quarantine", "release", "gate_results", "restatements"}
TOUCHES = """system,native_id,identifier_type,identifier_value,occurred_at,family,channel,interaction_type
calls,k1,email,jonas.lindqvist@example.com,2026-11-03T09:00:00Z,sales,phone,call
"""
HER_TOUCHES = f"""calls,z1,email,{EMAIL},2026-11-03T10:00:00Z,sales,phone,call
calls,z2,ga_client_id,{COOKIE},2026-11-04T10:00:00Z,sales,phone,call
"""
EDGES = """system,a_type,a_value,b_type,b_value,evidence,confidence,first_seen_at,last_seen_at
calls,email,jonas.lindqvist@example.com,user_id,u_j,same_record,deterministic,2026-11-01T08:00:00Z,2026-11-01T08:00:00Z
"""
HER_EDGES = (
    f"calls,email,{EMAIL},ga_client_id,{COOKIE},same_record,deterministic,2026-11-01T09:00:00Z,2026-11-01T09:00:00Z\n"
)

pytestmark = pytest.mark.long


def deliver(home: Path, *, with_her: bool) -> None:
    deliver_samples(home / "inbox", sources=SOURCES)
    contacts = home / "inbox" / CONTACTS
    header, *lines = contacts.read_text().splitlines()
    hers = dict.fromkeys(header.split(","), '""')
    hers |= {
        '"Record ID"': f'"{CONTACT}"',
        '"First Name"': '"Zora"',
        '"Last Name"': '"Weber"',
        '"Email"': f'"{EMAIL.title()}"',
        '"Phone Number"': '"+49 30 5550 1234"',
        '"Lifecycle Stage"': '"Lead"',
        '"Create Date"': '"2026-10-20 10:00"',
    }
    contacts.write_text("\n".join([header, *lines, *([",".join(hers.values())] if with_her else [])]) + "\n")
    folder = home / "inbox" / "canonical"
    folder.mkdir(exist_ok=True)
    (folder / "touchpoints.csv").write_text(TOUCHES + (HER_TOUCHES if with_her else ""))
    (folder / "identifier_edges.csv").write_text(EDGES + (HER_EDGES if with_her else ""))


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """A home after the erasure, and one that never had the person."""
    erased, fresh = tmp_path_factory.mktemp("erased"), tmp_path_factory.mktemp("fresh")
    for home in (erased, fresh):
        deliver(home, with_her=home == erased)
        run = journey("run", "--as-of", AS_OF, home=home)
        assert run.returncode == 0, run.stderr
    assert released(erased, "customers") != released(fresh, "customers")
    done = journey("erase", "--id", f"hubspot_contact_id={CONTACT}", home=erased)
    assert done.returncode == 0, done.stderr
    yield erased, fresh


def released(home: Path, table: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as connection:
        # A file is known by its bytes, and theirs were others.
        columns = "columns(lambda c: c <> 'source_file_id')"
        return connection.execute(f"select {columns} from {table} order by all").fetchall()


def test_every_released_table_is_what_it_would_be_without_the_person(homes: tuple[Path, Path]) -> None:
    tables = [json.loads((home / "published" / "manifest.json").read_text())["tables"] for home in homes]
    erased, fresh = ({name: table["digest"] for name, table in one.items() if name not in OF_FILES} for one in tables)
    assert len(fresh) > 50
    assert {name for name in fresh if erased[name] != fresh[name]} <= {"touchpoints"}
    rows = [released(home, "touchpoints") for home in homes]
    assert rows[0] == rows[1] != []


def test_no_file_of_the_home_holds_the_person(homes: tuple[Path, Path]) -> None:
    home, _ = homes
    with duckdb.connect() as connection:
        from journey_pipeline import pseudonyms

        pseudonyms.add_function(connection, KEY.encode())
        (hashed,) = connection.execute("select pseudonym('email', ?)::varchar", [EMAIL]).fetchone() or ("",)
    needles = Needles.of([EMAIL, CONTACT, COOKIE, hashed])
    assert [str(file) for file in files_below(home) if places(file, needles)] == []


def test_the_file_of_before_brings_nobody_back(homes: tuple[Path, Path]) -> None:
    home, fresh = homes
    deliver(home, with_her=True)
    again = journey("run", "--as-of", AS_OF, home=home)
    assert again.returncode == 0, again.stderr
    assert released(home, "customers") == released(fresh, "customers")
    assert released(home, "touchpoints") == released(fresh, "touchpoints")
    refused = journey("erase", "--email", EMAIL, home=home)
    assert (refused.returncode, EMAIL in refused.stderr) == (2, False)
    assert "nobody" in refused.stderr
