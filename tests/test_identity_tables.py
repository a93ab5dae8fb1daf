"""The identity tables: blocked identifiers own no customer, anchors are stable."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from journey_pipeline import identity_tables, pseudonyms

KEY = b"a key that only tests know"
DAY = datetime(2026, 11, 1)


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    pseudonyms.add_function(connection, KEY)
    for schema in ("events", "seeds"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        """
        create table seeds.identifier_types as select * from (values
            ('user_id', 'hard', false), ('email', 'soft', false), ('ga_client_id', 'soft', true),
            ('gclid', 'click', false)) as t(identifier_type, strength, is_device);
        create table events.touchpoints (identifier_type varchar, identifier_value uuid, visitor_type varchar,
            visitor_id uuid, occurred_at timestamp);
        create table events.conversions (identifier_type varchar, identifier_value uuid, occurred_at timestamp);
        create table events.experience_scores (identifier_type varchar, identifier_value uuid,
            answered_at timestamp);
        create table events.consents (identifier_type varchar, identifier_value uuid, occurred_at timestamp);
        create table events.profile_attributes (identifier_type varchar, identifier_value uuid,
            observed_at timestamp);
        create table events.identifier_edges (a_type varchar, a_value uuid, b_type varchar, b_value uuid,
            evidence varchar, confidence varchar, first_seen_at timestamp, last_seen_at timestamp);
        """
    )
    return connection


def edge(connection: duckdb.DuckDBPyConnection, a: str, b: str, confidence: str = "deterministic") -> None:
    left, right = a.split(":", 1), b.split(":", 1)
    connection.execute(
        "insert into events.identifier_edges values (?, pseudonym(?, ?), ?, pseudonym(?, ?), 'same_record', ?, ?, ?)",
        [left[0], *left, right[0], *right, confidence, DAY, DAY],
    )


class Customers(dict[str, str | None]):
    """Customers by pseudonym, asked for by the identifier itself."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        identity_tables.build(connection)
        self.connection = connection
        super().__init__(connection.execute("select identifier_hash, customer_id from identity.identifiers").fetchall())

    def __getitem__(self, identifier: str) -> str | None:
        named = self.connection.execute("select pseudonym(?, ?)::varchar", identifier.split(":", 1)).fetchall()
        return super().__getitem__(named[0][0])


def customers(connection: duckdb.DuckDBPyConnection) -> Customers:
    return Customers(connection)


def test_a_blocked_identifier_joins_nobody_and_is_nobody(warehouse: duckdb.DuckDBPyConnection) -> None:
    edge(warehouse, "email:test@test.com", "ga_client_id:1")
    edge(warehouse, "email:test@test.com", "ga_client_id:2")
    edge(warehouse, "email:null", "ga_client_id:2")
    found = customers(warehouse)
    assert found["email:test@test.com"] is None
    assert found["email:null"] is None
    assert found["ga_client_id:1"] != found["ga_client_id:2"]


def test_weak_evidence_never_links_alone(warehouse: duckdb.DuckDBPyConnection) -> None:
    edge(warehouse, "email:a@example.com", "ga_client_id:1", confidence="weak")
    found = customers(warehouse)
    assert found["email:a@example.com"] != found["ga_client_id:1"]


def test_a_later_identifier_does_not_rename_the_customer(warehouse: duckdb.DuckDBPyConnection) -> None:
    edge(warehouse, "email:a@example.com", "ga_client_id:1")
    before = customers(warehouse)["email:a@example.com"]
    warehouse.execute(
        "insert into events.identifier_edges values ('email', "
        "pseudonym('email', 'a@example.com'), 'user_id', pseudonym('user_id', '17'), 'login', "
        "'deterministic', timestamp '2026-12-01', timestamp '2026-12-01')"
    )
    assert customers(warehouse)["user_id:17"] == before


def test_exceptions_name_the_guard_and_no_raw_identifier(warehouse: duckdb.DuckDBPyConnection) -> None:
    edge(warehouse, "ga_client_id:tablet", "user_id:u_1")
    edge(warehouse, "ga_client_id:tablet", "user_id:u_2")
    customers(warehouse)
    rows = warehouse.execute("select * from identity.exceptions").fetchall()
    assert [row[0] for row in rows] == ["shared_identifier", "shared_identifier"]
    assert "tablet" not in str(rows)
    assert "u_1" not in str(rows)
