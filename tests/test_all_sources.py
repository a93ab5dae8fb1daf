"""The sample files of every source in one release: it is published, adds up, joins across sources and names nobody."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from journey_pipeline.settings import DBT_PROJECT

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


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    deliver_samples(folder / "inbox", sources=sorted(path.name for path in SAMPLES.iterdir()))
    result = journey("run", "--as-of", AS_OF, home=folder)
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
    orders = "select source, sum(gross_amount)::varchar from conversions where conversion_type = 'order' group by 1"
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
