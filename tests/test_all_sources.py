"""The sample files of every source in one release: it is published, adds up, joins across sources and names nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from .pipeline_runs import AS_OF, SAMPLES, ask, deliver_samples, journey, manifest


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
    known = dict(
        ask(
            home / "warehouse.duckdb",
            "select identifier_type || ':' || identifier_value, customer_id from identity.identifiers",
        )
    )
    maya = {
        known[identifier]
        for identifier in (
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
    }
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
