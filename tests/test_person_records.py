"""From what sources say of people to probable links: names go no further, and nothing sure is changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import duckdb
import pytest

from journey_pipeline import identity_tables, person_records, pseudonyms
from journey_pipeline.identity_history import History
from journey_pipeline.ingest import load_contracts
from journey_pipeline.settings import DBT_PROJECT, MatchingSwitch
from tests import people

KEY = b"a key that only tests know"
ON = MatchingSwitch(enabled=True)
DELIVERS_NOTHING = ("salesforce__contacts", "salesforce__leads")


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """A CRM and a shop that know some of the same people under different keys: no e-mail of the shop is in the CRM."""
    with duckdb.connect() as connection:
        pseudonyms.add_function(connection, KEY)
        for schema in ("raw", "staging", "events", "seeds"):
            connection.execute(f"create schema {schema}")
        people.load(connection, people.records(people.people(200, 21), 22), "delivered")
        connection.execute(
            """
            create table raw.run_parameters as select timestamp '2026-11-16' as as_of;
            create table seeds.identifier_types as from (values ('hubspot_contact_id', 'hard', false),
                ('email', 'soft', false), ('order_name', 'soft', false)) as t(identifier_type, strength, is_device);
            create table seeds.identity_limits (identifier_type varchar, other_type varchar, most integer,
                window_days integer);
            create temp table numbered as select *, row_number() over (order by record_id) as n from delivered;
            create table raw.hubspot__contacts as select 'f1' as _file_id, n as _row_number, given_name as first_name,
                surname as last_name, email, phone as phone_number from numbered where n % 2 = 0;
            create table staging.stg_hubspot__contacts as select 'hubspot_contact_id' as identifier_type,
                pseudonym('hubspot_contact_id', n::varchar) as identifier_value,
                timestamp '2026-11-01' as created_at, 'f1' as source_file_id,
                n as source_row_number from numbered where n % 2 = 0;
            create table raw.shopify__orders as select 'f2' as _file_id, n as _row_number,
                concat_ws(' ', given_name, surname) as billing_name, address as billing_street, postcode as billing_zip,
                city as billing_city, email, phone as billing_phone from numbered where n % 2 = 1;
            create table staging.stg_shopify__orders as select 'order_name' as identifier_type,
                pseudonym('order_name', 'o' || n) as identifier_value, timestamp '2026-11-01' as created_at,
                'f2' as source_file_id,
                n as source_row_number from numbered where n % 2 = 1;
            create table events.touchpoints (identifier_type varchar, identifier_value uuid, visitor_type varchar,
                visitor_id uuid, occurred_at timestamp);
            create table events.conversions (identifier_type varchar, identifier_value uuid, occurred_at timestamp);
            create table events.experience_scores (identifier_type varchar, identifier_value uuid,
                answered_at timestamp);
            create table events.consents (identifier_type varchar, identifier_value uuid, occurred_at timestamp);
            create table events.profile_attributes as
                select identifier_type, identifier_value, created_at as observed_at
                from (from staging.stg_hubspot__contacts union all from staging.stg_shopify__orders);
            create table events.identifier_edges (source varchar, a_type varchar, a_value uuid, b_type varchar,
                b_value uuid, evidence varchar, confidence varchar, first_seen_at timestamp, last_seen_at timestamp);
            """
        )
        for name in DELIVERS_NOTHING:
            columns = ", ".join(
                f"null::varchar as {column}" for column in load_contracts()[name].identity.person.values()
            )
            connection.execute(
                f"""
                create table raw.{name} as select '' as _file_id, 0 as _row_number, {columns} limit 0;
                create table staging.stg_{name} as from staging.stg_hubspot__contacts limit 0
                """
            )
        yield connection


OFF = MatchingSwitch()


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path, datetime(2026, 11, 16), datetime(2026, 11, 16))


def owners(connection: duckdb.DuckDBPyConnection, history: History, switch: MatchingSwitch) -> dict[str, str]:
    """The customer of every identifier, by type and pseudonym."""
    identity_tables.build(connection, history, switch)
    return dict(
        connection.execute(
            "select identifier_type || ':' || identifier_hash, customer_id from identity.identifiers"
        ).fetchall()
    )


def test_nothing_is_matched_unless_switched_on(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    found = owners(warehouse, history, OFF)
    assert len(set(found.values())) == len(found)
    assert warehouse.execute("select count(*) from identity.review").fetchall() == [(0,)]


def test_people_known_by_different_keys_become_one(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    found = owners(warehouse, history, ON)
    truth = dict(
        warehouse.execute(
            "select if(n % 2 = 0, 'hubspot_contact_id:' || pseudonym('hubspot_contact_id', n::varchar), "
            "'order_name:' || pseudonym('order_name', 'o' || n)), entity "
            "from numbered inner join delivered_truth using (record_id)"
        ).fetchall()
    )
    links = warehouse.execute(
        "select a_type || ':' || a_value, b_type || ':' || b_value from temp.probable_links"
    ).fetchall()
    assert len(links) > 50
    assert sum(truth[a] == truth[b] for a, b in links) / len(links) >= 0.95
    joined = [(a, b) for a, b in links if found[a] == found[b]]
    assert joined


def test_two_accounts_of_one_kind_never_become_one(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    found = owners(warehouse, history, ON)
    accounts = [customer for name, customer in found.items() if name.startswith("hubspot_contact_id")]
    assert len(set(accounts)) == len(accounts)
    reasons = dict(warehouse.execute("select reason, count(*) from identity.review group by reason").fetchall())
    assert reasons["two_accounts"] > 0 and reasons["uncertain"] > 0


def test_no_sure_edge_is_lost_for_a_probable_one(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    owners(warehouse, history, ON)
    # Every order that matching ties to a contact is tied to another contact for sure.
    warehouse.execute(
        """
        insert into events.identifier_edges
        select distinct 'crm', 'order_name', a_value, 'hubspot_contact_id',
            pseudonym('hubspot_contact_id', 'other ' || a_value), 'same_record',
            'deterministic', d, d
        from (
            select if(a_type = 'order_name', a_value, b_value) as a_value, timestamp '2026-11-01' as d
            from temp.probable_links where a_type <> b_type
        )
        """
    )
    sure = warehouse.execute("select a_value, b_value from events.identifier_edges").fetchall()
    assert len(sure) > 20
    for owner in (owners(warehouse, history, OFF), owners(warehouse, history, ON)):
        assert all(owner[f"order_name:{order}"] == owner[f"hubspot_contact_id:{contact}"] for order, contact in sure)


def test_names_stay_behind(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    owners(warehouse, history, ON)
    left = {name for (name,) in warehouse.execute("select table_name from duckdb_tables() where temporary").fetchall()}
    assert "person_records" not in left and "judged_pairs" not in left
    columns = warehouse.execute(
        "select column_name from duckdb_columns() where table_name = 'review' order by column_index"
    ).fetchall()
    assert [name for (name,) in columns] == ["a_type", "a_hash", "b_type", "b_hash", "match_probability", "reason"]
    hashes = warehouse.execute("select a_hash, b_hash from identity.review").fetchall()
    assert hashes and all(UUID(text) for pair in hashes for text in pair)


def test_what_is_not_known_yet_and_who_is_blocked_is_not_matched(
    warehouse: duckdb.DuckDBPyConnection, history: History
) -> None:
    warehouse.execute("update staging.stg_shopify__orders set created_at = timestamp '2026-11-16'")
    warehouse.execute(
        "update staging.stg_hubspot__contacts set identifier_type = 'email', "
        "identifier_value = pseudonym('email', 'test@test.com')"
    )
    owners(warehouse, history, ON)
    assert warehouse.execute("select count(*) from temp.probable_links").fetchall() == [(0,)]
    assert warehouse.execute("select count(*) from identity.review").fetchall() == [(0,)]


def test_a_settled_run_is_repeated_exactly(warehouse: duckdb.DuckDBPyConnection, history: History) -> None:
    assert owners(warehouse, history, ON) == owners(warehouse, history, ON)


def test_the_contracts_that_describe_people_have_what_is_joined_on() -> None:
    marked = {name for name, contract in load_contracts().items() if contract.identity.person}
    assert marked == {"hubspot__contacts", "shopify__orders", *DELIVERS_NOTHING}
    for name in marked:
        model = next((DBT_PROJECT / "models" / "staging").rglob(f"stg_{name}.sql")).read_text()
        for column in ("identifier_type", "identifier_value", "created_at", "source_file_id", "source_row_number"):
            assert f"as {column}" in model


def test_words_of_one_column_are_given_name_and_surname() -> None:
    with duckdb.connect() as connection:
        sql = person_records._told("shop", {"full_name": "name"})
        connection.execute("create schema raw; create schema staging")
        connection.execute(
            "create table raw.shop as from (values (1, 'f', ' Ada Maria  Byron '), (2, 'f', 'Plato'), (3, 'f', null)) "
            "as t(_row_number, _file_id, name)"
        )
        connection.execute(
            "create table staging.stg_shop as select _row_number as source_row_number, _file_id as source_file_id, "
            "'email' as identifier_type, 'x' as identifier_value, now() as created_at from raw.shop"
        )
        rows = connection.execute(f"select given_name, surname from ({sql}) order by source_row_number").fetchall()
    assert [(a and a.strip(), b) for a, b in rows] == [("Ada Maria", "Byron"), ("", "Plato"), (None, None)]
