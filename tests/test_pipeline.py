"""The whole pipeline, for real: the six vendors' sample files in, a release out, refusals where they are due."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from .ingest.test_warnings import OTHER_TOTAL
from .laws_in_sql import BREAKS_IN_SQL
from .pipeline_runs import (
    AS_OF,
    KEY,
    ask,
    customer_by_identifier,
    deliver_samples,
    digests,
    journey,
    manifest,
    order_ref,
    snapshot,
)
from .sql.compiled_models import compile_models


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    deliver_samples(folder / "inbox")
    result = journey("run", "--as-of", AS_OF, home=folder)
    assert result.returncode == 0, result.stderr
    assert "published 2026-11-16-" in result.stdout
    return folder


def released(home: Path) -> Path:
    return home / "published" / "journey.duckdb"


def customers_of(home: Path, *identifiers: str) -> set[str | None]:
    """Customers behind `type:value` identifiers, every one of which is known."""
    found = customer_by_identifier(home, *identifiers)
    return {found[identifier] for identifier in identifiers}


# --- the story of the samples -------------------------------------------------------------------------------------


def test_maya_is_one_customer_from_the_ad_click_to_the_survey(home: Path) -> None:
    maya = customers_of(
        home,
        "gclid:Cj0KCQiAmaya01EALw_wcB",
        "ga_client_id:1184523377.1793486700",
        "user_id:u_1001",
        "email:maya.okafor@example.com",
        "hubspot_contact_id:78971951",
        "order_name:1047",
        "zendesk_user_id:9001",
        "phone:+12025550111",
    )
    assert len(maya) == 1
    sources = ask(released(home), f"select distinct source from touchpoints where customer_id = '{maya.pop()}'")
    assert {row[0] for row in sources} == {"ga4", "hubspot", "shopify", "zendesk", "typeform"}


def test_the_shared_tablet_stays_two_people(home: Path) -> None:
    people = customers_of(home, "user_id:u_1007", "user_id:u_1008")
    assert len(people) == 2
    assert not people & customers_of(home, "ga_client_id:660066006.1793000000")


def test_two_contacts_of_one_crm_are_no_person_because_one_mail_is_spelled_two_ways(home: Path) -> None:
    assert len(customers_of(home, "hubspot_contact_id:78971957", "hubspot_contact_id:78971958")) == 2
    rows = ask(
        released(home),
        "select reason, identifier_type, customers_affected from identity_exceptions where identifier_type = 'email'",
    )
    assert ("shared_identifier", "email", 2) in rows


def test_case_and_plus_variants_of_a_mail_are_one_person(home: Path) -> None:
    assert len(customers_of(home, "hubspot_contact_id:78971956", "zendesk_user_id:9006", "order_name:1050")) == 1


def test_a_visitor_who_denied_consent_is_kept_and_is_nobody(home: Path) -> None:
    rows = ask(released(home), "select customer_id, session_id from touchpoints where consent_analytics = false")
    assert rows == [(None, None)]


def test_orders_spend_and_answers_are_counted_once(home: Path) -> None:
    file = released(home)
    assert ask(file, "select sum(cost_amount)::varchar, count(*) from spend") == [("3278.160000", 7)]
    orders = "select sum(gross_amount)::varchar, count(*) from conversions where conversion_type = 'order'"
    assert ask(file, orders) == [("423.900000", 7)]
    refunds = "select gross_amount::varchar, order_ref from conversions where conversion_type = 'refund' order by all"
    assert ask(file, refunds) == [("-15.000000", order_ref("1047")), ("-95.000000", order_ref("1050"))]
    won = "select net_amount::varchar, occurred_at::varchar from conversions where conversion_type = 'opportunity_won'"
    assert ask(file, won) == [("4860.000000", "2026-11-05 15:02:11.12")]
    assert ask(file, "select count(*) from touchpoints where source = 'ga4' and interaction_type = 'purchase'") == [
        (1,)
    ]


def test_mayas_first_order_is_shared_by_the_ad_and_the_direct_visit_before_it(home: Path) -> None:
    rows = ask(
        released(home),
        f"""
        select model, credits.channel, round(credit, 6)::double
        from credits inner join conversions using (conversion_id)
        where credits.conversion_type = 'order' and order_ref = '{order_ref("1047")}'
            and credit > 0 and model in ('first', 'last', 'linear')
        order by all
        """,
    )
    assert rows == [
        ("first", "paid_search_brand", 1.0),
        ("last", "direct", 1.0),
        ("linear", "direct", 0.5),
        ("linear", "paid_search_brand", 0.5),
    ]


def test_every_file_has_one_outcome_and_every_record_is_accounted_for(home: Path) -> None:
    rows = ask(
        released(home),
        """
        select outcome, count(*), sum(records - accepted - quarantined - dropped)
        from source_files group by all order by 1
        """,
    )
    assert rows == [("loaded", 14, 0), ("superseded", 3, 0)]


def test_nothing_released_holds_a_readable_identifier(home: Path) -> None:
    """Mails, names and phones of the samples appear in no released byte that is text, and in no table cell."""
    canaries = ["okafor", "lindqvist", "555-0111", "2025550111", "maya.", "moreau", "u_1001", "1184523377"]
    for name in manifest(home)["tables"]:
        for row in ask(released(home), f'select * from "{name}"'):
            text = " ".join(str(cell).lower() for cell in row)
            assert not [canary for canary in canaries if canary in text], name
    page = (home / "published" / "report" / "index.html").read_text().lower()
    assert not [canary for canary in canaries if canary in page]


# --- the same again -----------------------------------------------------------------------------------------------


@pytest.mark.long
def test_weekly_runs_in_another_order_of_arrival_and_one_thread_give_the_same_release(
    home: Path, tmp_path: Path
) -> None:
    deliver_samples(tmp_path / "inbox", sources=("ga4", "hubspot", "shopify"))
    result = journey("run", "--as-of", "2026-11-09", home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert manifest(tmp_path)["tables"]["credits"]["digest"] != manifest(home)["tables"]["credits"]["digest"]
    deliver_samples(tmp_path / "inbox", last_first=True)
    result = journey("run", "--as-of", AS_OF, home=tmp_path, JOURNEY_THREADS="1", TZ="Asia/Tokyo")
    assert result.returncode == 0, result.stderr
    assert digests(tmp_path) == digests(home)
    assert manifest(tmp_path)["release_id"] == manifest(home)["release_id"]


# --- refusals -----------------------------------------------------------------------------------------------------


BREAKAGES = {
    "negative order amount": (
        "shopify/orders_export_1.csv",
        ("#1052,maya.okafor@example.com,paid,2026-11-03 10:00:00 +0100,fulfilled,,yes,EUR,59.00,0.00,9.42,59.00",
         "#1052,maya.okafor@example.com,paid,2026-11-03 10:00:00 +0100,fulfilled,,yes,EUR,59.00,0.00,9.42,-59.00"),
        ["orders_export_1.csv", "line=11", "total"],
    ),
    "unknown currency": (
        "shopify/orders_export_1.csv",
        ("no,EUR,95.00,0.00,15.17,95.00,AUTUMN10", "no,EUX,95.00,0.00,15.17,95.00,AUTUMN10"),
        ["orders_export_1.csv", "line=6", "currency"],
    ),
    "currency without a rate": (
        "shopify/orders_export_1.csv",
        ("no,EUR,95.00,0.00,15.17,95.00,AUTUMN10", "no,ISK,95.00,0.00,15.17,95.00,AUTUMN10"),
        ["orders_export_1.csv", "currency=ISK", "source_row_number=3"],
    ),
    "duplicate key": (
        "typeform/responses-AbC123-01HXYZ.csv",
        ("fa951ae2008c5902f7e37d9e299e5569", "0a590029554e899283efd5bd0dcc3f8f"),
        ["responses-AbC123-01HXYZ.csv", "E_DUPLICATE_KEY", "response_id"],
    ),
}  # fmt: skip


@pytest.fixture
def mended(home: Path) -> Iterator[Path]:
    """The home, whose inbox is put right again afterwards."""
    yield home
    shutil.rmtree(home / "inbox")
    deliver_samples(home / "inbox")


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_one_broken_row_refuses_the_release_and_is_named(mended: Path, breakage: str) -> None:
    name, (before, after), told = BREAKAGES[breakage]
    file = mended / "inbox" / name
    text = file.read_text(encoding="utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), encoding="utf-8")
    release = snapshot(mended / "published")
    pointer = (mended / "published").readlink()

    result = journey("run", "--as-of", AS_OF, home=mended)

    assert result.returncode == 2, result.stderr
    assert not [word for word in told if word not in result.stderr], result.stderr
    assert "maya.okafor" not in result.stderr
    assert (mended / "published").readlink() == pointer
    assert snapshot(mended / "published") == release


def test_a_file_nobody_knows_is_set_aside_and_named(mended: Path) -> None:
    (mended / "inbox" / "shopify" / "notes[1].txt").write_text("what is this\n")
    result = journey("run", "--as-of", AS_OF, home=mended)
    assert result.returncode == 2
    assert "E_UNKNOWN_FILE" in result.stderr
    assert "notes[1].txt" in result.stderr


def test_after_the_fix_everything_is_as_if_nothing_had_been_wrong(home: Path) -> None:
    before = digests(home)
    result = journey("run", "--as-of", AS_OF, home=home)
    assert result.returncode == 0, result.stderr
    from journey_pipeline.release import table_digest
    from journey_pipeline.release.facts import ADDED_TABLES

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        rebuilt = {name: table_digest(connection, f"marts.{name}") for name in before if name not in ADDED_TABLES}
    assert rebuilt == {name: digest for name, digest in before.items() if name in rebuilt}


# --- gates can fail on data ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def laws_in_sql(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The compiled SQL of every law of dbt_project/tests."""
    return compile_models(tmp_path_factory.mktemp("laws"), "test_type:singular")


def test_every_law_in_sql_has_a_case_that_breaks_it(laws_in_sql: dict[str, str]) -> None:
    assert set(laws_in_sql) == set(BREAKS_IN_SQL)


@pytest.mark.parametrize("law", BREAKS_IN_SQL)
def test_a_law_in_sql_holds_and_names_what_breaks_it(home: Path, laws_in_sql: dict[str, str], law: str) -> None:
    """On the warehouse of the samples, which is put back."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert connection.execute(laws_in_sql[law]).fetchall() == []
        connection.execute("begin")
        connection.execute(BREAKS_IN_SQL[law])
        assert connection.execute(laws_in_sql[law]).fetchall() != []
        connection.execute("rollback")


# --- gates hold across runs ---------------------------------------------------------------------------------------


def materialise(home: Path, selection: str, week: str = "2026-11-09") -> subprocess.CompletedProcess[str]:
    """Start in the middle of the graph, as somebody would from the UI."""
    script = (
        "import dagster as dg\n"
        "from journey_pipeline.definitions import defs\n"
        "from journey_pipeline import running, settings\n"
        "running.dagster_home(settings.load())\n"
        "with dg.DagsterInstance.get() as instance:\n"
        f"    job = dg.define_asset_job('middle', selection={selection!r}, executor_def=dg.in_process_executor)\n"
        "    merged = dg.Definitions.merge(defs, dg.Definitions(jobs=[job]))\n"
        "    result = merged.resolve_job_def('middle').execute_in_process(\n"
        f"        instance=instance, partition_key={week!r}, raise_on_error=False)\n"
        "for event in result.filter_events(lambda e: e.is_step_failure):\n"
        "    print(event.step_failure_data.user_failure_data.description)\n"
        "raise SystemExit(0 if result.success else 3)\n"
    )
    return in_the_home(home, script)


def in_the_home(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script with nothing of this process's own settings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    environment |= {"JOURNEY_HOME": str(home), "JOURNEY_PSEUDONYM_KEY": KEY}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("asset", "gate", "selection"),
    [
        ("raw/source_files", "files_known", "key:staging/stg_typeform__responses"),
        ("events/conversions", "orders_are_conserved", "group:identity"),
    ],
)
def test_a_failed_gate_stops_a_later_run_from_the_middle(home: Path, asset: str, gate: str, selection: str) -> None:
    where = f"gate = '{gate}' and asset = '{asset}'"
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(f"update operations.gate_results set passed = false where {where}")
    try:
        result = materialise(home, selection)
        assert result.returncode == 3, result.stderr
        assert f"failed: {asset} {gate}" in result.stdout
    finally:
        with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
            connection.execute(f"update operations.gate_results set passed = true where {where}")


def test_the_release_launched_alone_refuses_after_one_failed_gate_of_any_word(home: Path) -> None:
    """One process, one gate of each word after the other; the release that is served stays as it is."""
    before, pointer = snapshot(home / "published"), (home / "published").readlink()
    one_each = "select distinct on (word) gate, asset from operations.gate_results order by word, gate desc, asset"
    script = (
        "import dagster as dg, duckdb\n"
        "from journey_pipeline.definitions import defs\n"
        "from journey_pipeline import running, settings\n"
        "home = settings.load()\n"
        "running.dagster_home(home)\n"
        "def change(sql, *values):\n"
        "    with duckdb.connect(str(home.warehouse)) as connection:\n"
        "        return connection.execute(sql, values).fetchall()\n"
        "job = dg.define_asset_job('alone', selection='key:published/release', executor_def=dg.in_process_executor)\n"
        "alone = dg.Definitions.merge(defs, dg.Definitions(jobs=[job])).resolve_job_def('alone')\n"
        "with dg.DagsterInstance.get() as instance:\n"
        f"    for gate, asset in change({one_each!r}):\n"
        "        one = 'where gate = ? and asset = ?'\n"
        "        change(f'update operations.gate_results set passed = false {one}', gate, asset)\n"
        "        result = alone.execute_in_process(\n"
        "            instance=instance, partition_key='2026-11-09', raise_on_error=False)\n"
        "        told = [e.step_failure_data.user_failure_data.description\n"
        "                for e in result.filter_events(lambda e: e.is_step_failure)]\n"
        "        print(asset.split('/')[0], not result.success and f'failed: {asset} {gate}' in told[0])\n"
        "        change(f'update operations.gate_results set passed = true {one}', gate, asset)\n"
    )
    result = in_the_home(home, script)
    words = ["events", "identity", "journeys", "marts", "measures", "raw", "seeds", "staging"]
    assert result.stdout.splitlines()[-8:] == [f"{word} True" for word in words], result.stderr[-2000:]
    assert (home / "published").readlink() == pointer
    assert snapshot(home / "published") == before


def test_a_week_is_never_built_on_the_candidate_of_another(home: Path) -> None:
    result = materialise(home, "group:identity", week="2026-11-02")
    assert result.returncode == 3, result.stderr
    assert "the warehouse holds the candidate as of 2026-11-15 23:00:00 UTC" in result.stdout


def test_a_green_candidate_may_be_published_from_the_middle(home: Path) -> None:
    result = materialise(home, "key:published/release")
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.long
def test_an_older_week_is_stored_and_published_stays(home: Path) -> None:
    standing = manifest(home)["release_id"]
    result = journey("run", "--as-of", "2026-11-02", home=home)
    assert result.returncode == 0, result.stderr
    assert "stored 2026-11-02-" in result.stdout
    assert manifest(home)["release_id"] == standing
    older = next((home / "releases").glob("2026-11-02-*")) / "journey.duckdb"
    late = "select count(*) from touchpoints where occurred_at >= timestamp '2026-11-01 23:00:00'"
    assert ask(older, late) == [(0,)]
    assert ask(released(home), "select count(*) from touchpoints") > ask(older, "select count(*) from touchpoints")


# --- the other commands -------------------------------------------------------------------------------------------


def test_status_names_every_source_and_the_release(home: Path) -> None:
    result = journey("status", home=home)
    assert result.returncode == 0, result.stderr
    assert "zendesk__tickets" in result.stdout
    assert manifest(home)["release_id"] in result.stdout


def test_release_commands_list_show_and_verify(home: Path) -> None:
    release_id = manifest(home)["release_id"]
    assert f"* {release_id}" in journey("release", "list", home=home).stdout
    assert "touchpoints" in journey("release", "show", home=home).stdout
    assert journey("release", "verify", home=home).returncode == 0
    nowhere = journey("release", "rollback", "2020-01-06-deadbeef", home=home)
    assert nowhere.returncode == 1
    assert "Traceback" not in nowhere.stderr


def test_a_pattern_finds_the_journeys_of_the_release(home: Path) -> None:
    bought = journey("paths", "START > * > commerce/order_placed", home=home)
    assert bought.returncode == 0, bought.stderr
    ids = ask(released(home), "select journey_id from journey_paths where long_path like '%commerce/order_placed%'")
    assert bought.stdout.startswith(f"{len(ids)} of ")
    assert any(journey_id in bought.stdout for (journey_id,) in ids)
    wrong = journey("paths", "commerce/order_place", home=home)
    assert wrong.returncode == 2
    assert "nearest known: 'commerce/order_placed'" in wrong.stderr
    assert journey("paths", "START", "--week", "2026-11-03", home=home).returncode == 2


def test_a_timeline_tells_mayas_whole_story_in_order(home: Path) -> None:
    (maya,) = customers_of(home, "email:maya.okafor@example.com")
    told = journey("timeline", str(maya), home=home)
    assert told.returncode == 0, told.stderr
    lines = [line for line in told.stdout.splitlines() if line.startswith("  ")]
    assert [line[2:21] for line in lines] == sorted(line[2:21] for line in lines)
    for kind in ("touchpoint", "conversion", "answer", "commerce/order_placed", "amount"):
        assert kind in told.stdout
    assert "okafor" not in told.stdout
    nobody = journey("timeline", "cus_nobody", home=home)
    assert nobody.returncode == 1
    assert "Traceback" not in nobody.stderr


@pytest.mark.parametrize(("as_of", "told"), [("2026-11-17", "Monday"), ("2099-01-05", "lies ahead")])
def test_a_wrong_as_of_is_explained(tmp_path: Path, as_of: str, told: str) -> None:
    result = journey("run", "--as-of", as_of, home=tmp_path)
    assert result.returncode == 1
    assert told in result.stderr


def test_an_empty_home_says_what_to_do(tmp_path: Path) -> None:
    result = journey("run", "--as-of", AS_OF, home=tmp_path)
    assert result.returncode == 1
    assert "journey generate" in result.stderr


def test_one_source_alone_is_enough_for_a_release(tmp_path: Path) -> None:
    """Everything that the source cannot feed is there and empty."""
    deliver_samples(tmp_path / "inbox")
    for folder in (tmp_path / "inbox").iterdir():
        if folder.name != "typeform":
            shutil.rmtree(folder)
    result = journey("run", "--as-of", AS_OF, home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert ask(released(tmp_path), "select count(*) from experience") > [(0,)]
    assert ask(released(tmp_path), "select count(*) from conversions") == [(0,)]
    assert (tmp_path / "published" / "report" / "index.html").exists()


def test_a_run_that_breaks_says_why_and_nothing_of_the_run_before(tmp_path: Path) -> None:
    deliver_samples(tmp_path / "inbox", sources=["typeform"])
    for name in ("notes.txt", "more.txt"):
        (tmp_path / "inbox" / "typeform" / name).write_text("what is this\n")
    (tmp_path / "inbox" / "google_ads").mkdir()
    (tmp_path / "inbox" / "google_ads" / "Campaign report.csv").write_text(OTHER_TOTAL)
    refused = journey("run", "--as-of", AS_OF, home=tmp_path)
    assert refused.returncode == 2, refused.stderr
    doubt = "google_ads/Campaign report.csv: the totals row gives another sum of cost than the rows"
    assert f"  warning raw/source_files files_without_warnings: {doubt}\n" in refused.stderr
    told = [line for line in refused.stderr.splitlines() if "E_UNKNOWN_FILE" in line]
    assert [line.startswith("  raw/source_files files_known: E_UNKNOWN_FILE ") for line in told] == [True, True]

    broken = journey("run", "--as-of", AS_OF, "--known-at", "2020-01-01", home=tmp_path)
    assert broken.returncode == 1, broken.stderr
    assert "no file was loaded by 2020-01-01 00:00 UTC" in broken.stderr
    assert "--known-at" in broken.stderr
    assert [word for word in ("Traceback", "Exception", "E_UNKNOWN_FILE", "refused") if word in broken.stderr] == []
