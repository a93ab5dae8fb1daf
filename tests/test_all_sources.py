"""The sample files of every source in one release: it is published, adds up, joins across sources and names nobody."""

from __future__ import annotations

import shutil
import stat
from collections import defaultdict
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.ingest import load_contracts
from journey_pipeline.settings import DBT_PROJECT

from . import canaries
from .pipeline_runs import AS_OF, KEY, SAMPLES, ask, customer_by_identifier, deliver_samples, journey, manifest

MAYA = (
    "gclid:Cj0KCQiAmaya01EALw_wcB",
    "ga_client_id:1184523377.1793486700",
    "snowplow_domain_userid:duid-maya-01",
    "user_id:u_1001",
    "email:maya.okafor@example.com",
    "hubspot_contact_id:78971951",
    "order_name:1047",
    "zendesk_user_id:9001",
    "phone:+12025550111",
)


# Settings nobody may read in what a run writes; nothing listens there.
SECRETS = {
    "JOURNEY_NOTIFY_WEBHOOK": "http://127.0.0.1:9/secret-of-the-webhook",
    "JOURNEY_NOTIFY_EMAIL": "team@northlamp.test",
    "JOURNEY_SMTP_SERVER": "127.0.0.1:9",
    "JOURNEY_SMTP_USER": "secret-of-the-user",
    "JOURNEY_SMTP_PASSWORD": "secret-of-the-password",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    deliver_samples(folder / "inbox", sources=sorted(path.name for path in SAMPLES.iterdir()))
    canaries.plant(folder / "inbox")
    canaries.deliver_canonical(folder / "inbox")
    result = journey("run", "--as-of", AS_OF, home=folder, **SECRETS)
    assert result.returncode == 0, result.stderr
    assert "published 2026-11-16-" in result.stdout
    return folder


def released(home: Path) -> Path:
    return home / "published" / "journey.duckdb"


def test_every_file_has_one_outcome_and_every_record_is_accounted_for(home: Path) -> None:
    rows = ask(
        released(home),
        "select outcome, count(*), sum(records - accepted - quarantined - dropped) from source_files group by all",
    )
    assert {outcome for outcome, _, _ in rows} <= {"loaded", "superseded", "duplicate"}
    assert {lost for _, _, lost in rows} == {0}
    assert sum(count for _, count, _ in rows) > 60


def test_maya_is_one_customer_in_every_source_that_met_her(home: Path) -> None:
    known = customer_by_identifier(home, *MAYA)
    assert set(known) == set(MAYA)
    maya = set(known.values())
    assert len(maya) == 1
    sources = ask(released(home), f"select distinct source from touchpoints where customer_id = '{maya.pop()}'")
    assert {row[0] for row in sources} >= {
        "discourse", "ga4", "hubspot", "klaviyo", "mailchimp", "qualtrics", "segment",
        "shopify", "snowplow", "typeform", "zendesk",
    }  # fmt: skip


def test_money_is_counted_from_one_system(home: Path) -> None:
    file = released(home)
    orders = (
        "select source, sum(gross_amount)::varchar from conversions "
        "where conversion_type = 'order' and source <> 'canonical' group by 1"
    )
    assert ask(file, orders) == [("shopify", "423.900000")]
    deals = "select source, gross_amount::varchar, is_counted from conversions where conversion_type like '%_won'"
    assert sorted(ask(file, deals)) == [("hubspot", "4860.000000", False), ("salesforce", "4860.000000", True)]
    assert ask(file, "select sum(cost_amount)::varchar from spend where platform <> 'tiktok_ads'") == [("4534.350000",)]


def test_nothing_released_holds_a_readable_identifier(home: Path) -> None:
    canaries = [
        "okafor", "lindqvist", "555-0111", "2025550111", "maya.", "moreau", "u_1001", "1184523377", "duid-",
        "01prof", "anon-", "9f1f999c3e", "@example.com", "203.0.113.",
    ]  # fmt: skip
    for name in manifest(home)["tables"]:
        for row in ask(released(home), f'select * from "{name}"'):
            text = " ".join(str(cell).lower() for cell in row)
            assert not [canary for canary in canaries if canary in text], (name, row)
    page = (home / "published" / "report" / "index.html").read_text().lower()
    assert not [canary for canary in canaries if canary in page]


# Identifiers of every kind the samples hold, as cells would show them. 9001 is a Zendesk user and a company of HubSpot,
# so another user stands for the kind.
IDENTIFIERS = [value.split(":", 1)[1] for value in MAYA if value != "zendesk_user_id:9001"] + [
    "maya.okafor@example.org", "liam.lindqvist@example.com", "u_1007", "u_1008", "660066006.1793000000", "78971957",
    "anon-maya-01", "9f1f999c3e", "1050", "9006",
]  # fmt: skip


def test_identifiers_exist_only_as_pseudonyms_once_a_run_has_ended(home: Path) -> None:
    """In no cell of the warehouse's own tables; the views of `raw` show the lake, which keeps what was delivered."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where table_oid in (select table_oid from duckdb_tables())"
        ).fetchall()
        assert {schema for schema, _, _ in columns} >= {"raw", "staging", "events", "identity", "journeys", "marts"}
        for schema, table, column in columns:
            cells = connection.execute(f'select distinct "{column}"::varchar from {schema}."{table}"').fetchall()
            found = {cell for (cell,) in cells if cell is not None}
            # The seeds are the project's own: a position may well be a number that an order has, too.
            assert schema == "seeds" or not found & set(IDENTIFIERS), (schema, table, column)
            long = [value for value in IDENTIFIERS if len(value) > 5 and any(value in cell for cell in found)]
            assert not long, (schema, table, column)


def test_no_file_beside_the_lake_holds_an_identifier_or_the_key(home: Path) -> None:
    padded = KEY.encode().ljust(64, b"\0")
    pads = [bytes(byte ^ pad for byte in padded) for pad in (0x36, 0x5C)]
    keys = [KEY.encode(), KEY.encode().hex().encode(), *(pad.hex().encode() for pad in pads), *pads]
    # The lake keeps what was delivered, the inbox is the user's own; neither has a reason to hold the key.
    named = [value.encode() for value in IDENTIFIERS if len(value) > 5]
    files = [file for folder in (home, DBT_PROJECT / "target") for file in folder.rglob("*") if file.is_file()]
    assert len(files) > 100
    for file in files:
        content = file.read_bytes()
        assert not [key for key in keys if key in content], file
        if not {"lake", "inbox"} & set(file.relative_to(file.anchor).parts):
            assert not [value for value in named if value in content], file


# What is released as it was delivered although its column may hold a person: our own posts and the subjects of our own
# mails, attributes a home chose to deliver, and the country of a customer.
RELEASED = {
    ("content_metrics", "title"): {("instagram__content", "description"), ("x__content", "post_text")},
    ("touchpoints", "content"): {("klaviyo__events", "attributes")},
    ("customer_attributes", "value"): {
        ("canonical__profile_attributes", "value"),
        ("shopify__orders", "shipping_country"),
    },
}
COUNTRY = ("shopify__orders", "shipping_country")
# What the warehouse reads and no release shows: answers for their themes, agents for robots, ids of sessions.
READ = {
    "comment", "attributes", "user_agent", "session_ref", "title", "content", "value", "shipping_country", "plan",
    "level_value",
}  # fmt: skip


def canaries_in(home: Path, *folders: str) -> dict[str, set[canaries.Place]]:
    """Places of the canaries by file and column, in every file of some folders of a home."""
    place_of = {number: place for place, number in canaries.places().items()}
    found: dict[str, set[canaries.Place]] = defaultdict(set)
    files = [home / folder for folder in folders if (home / folder).is_file()]
    files += [file for folder in folders for file in sorted((home / folder).rglob("*")) if file.is_file()]
    assert files
    for file in files:
        for column, text in canaries.read(file):
            if numbers := canaries.found(text):
                found[f"{file.relative_to(home)} {column}"] |= {place_of[number] for number in numbers}
    return found


def test_what_a_person_is_known_by_is_in_the_lake_and_nowhere_else(home: Path) -> None:
    in_lake = set().union(*canaries_in(home, "lake/raw").values())
    assert in_lake == set(canaries.places()), "every personal column of every contract was planted and can be found"
    free_text = {place for place in canaries.places() if personal_class(place) == "free_text"}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        place_of = {number: place for place, number in canaries.places().items()}
        for column, text in canaries.tables(connection):
            told = {place_of[number] for number in canaries.found(text)} - {COUNTRY}
            assert not told or column.split(".")[-1] in READ, (column, told)
            if column.split(".")[-1] not in ("user_agent", "session_ref"):
                assert told <= free_text, (column, told - free_text)


def personal_class(place: canaries.Place) -> str | None:
    return load_contracts()[place[0]].identity.personal.get(place[1])


def test_free_text_is_read_in_the_warehouse_and_never_released(home: Path) -> None:
    """As tables, as Parquet, on the page and in the manifest."""
    for where, told in canaries_in(home, "releases").items():
        file, _, column = where.partition(" ")
        table = Path(file).stem if file.endswith(".parquet") else column.partition(".")[2].partition(".")[0]
        allowed = RELEASED.get((table, column.rpartition(".")[2]), set())
        assert told <= allowed | {COUNTRY}, (where, told)


def test_hostile_names_stay_text(home: Path) -> None:
    """A campaign, a comment or an attribute may be SQL, markup, a template and a formula at once."""
    campaigns = ask(released(home), "select distinct campaign from spend where platform = 'tv'")
    assert campaigns == [(canaries.HOSTILE,)]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        comments = connection.execute(
            "select comment from events.experience_scores where comment like '%kanari%' and source <> 'intercom'"
        )
        assert {text.split(" ", 1)[1] for (text,) in comments.fetchall()} == {canaries.HOSTILE.strip()}
    page = (home / "published" / "report" / "index.html").read_text()
    assert "<script" not in page


def test_only_a_release_can_be_read_by_its_group(home: Path) -> None:
    modes = defaultdict(set)
    for path in home.rglob("*"):
        name = path.relative_to(home).parts[0]
        if not path.is_symlink() and name != "inbox":
            modes[name, path.is_dir()].add(stat.S_IMODE(path.stat().st_mode))
    assert modes.pop(("releases", True)) == {0o750}
    assert modes.pop(("releases", False)) == {0o640}
    assert {name for name, _ in modes} >= {"dagster", "lake", "work", "warehouse.duckdb"}
    for (name, is_folder), found in modes.items():
        assert found == ({0o700} if is_folder else {0o600}), name


def test_a_refused_run_repeats_no_value_and_no_secret(home: Path) -> None:
    """A person in a date, a name, a header, a repeated key and a file nobody knows, of every source at once."""
    before = manifest(home)
    for file in sorted(path for path in (home / "inbox").rglob("*") if path.is_file()):
        text = file.read_bytes()
        if file.suffix in (".csv", ".jsonl") and text.startswith((b"{", b'"', b"#", b"N", b"R", b"\xef", b"n", b"E")):
            half = len(text) // 2 + text[len(text) // 2 :].find(b"\n")
            file.write_bytes(text[:half] + text[half - 40 : half] + text[half:] + text[-60:])
    shutil.copy(home / "inbox" / "canonical" / "consents.csv", home / "inbox" / "canonical" / "people.csv")

    result = journey("run", "--as-of", AS_OF, home=home, **SECRETS)

    assert result.returncode == 2, result.stderr
    assert result.stderr.count("fix=") > 15
    assert not canaries.found(result.stdout + result.stderr)
    elsewhere = [path.name for path in home.iterdir() if path.name not in ("lake", "inbox", "published", "releases")]
    elsewhere.remove("warehouse.duckdb")
    assert not canaries_in(home, *elsewhere, "lake/identity", "lake/ledger.sqlite")
    secrets = [value for name, value in SECRETS.items() if "secret" in value]
    assert not [secret for secret in secrets if secret in result.stdout + result.stderr]
    for file in (path for path in home.rglob("*") if path.is_file()):
        content = file.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], file
    assert manifest(home) == before
