"""The identity tables: pseudonyms are real HMACs, customers keep their names, merges and splits are told."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest

from journey_pipeline import identity_tables, pseudonyms
from journey_pipeline.identity_history import History

VECTORS = Path(__file__).parent / "vectors" / "20_identity"
KEY = b"a key that only tests know"
DAY = datetime(2026, 11, 1)
WEEK = timedelta(days=7)

Edge = tuple[str, str, str, datetime]


class Lake:
    """Builds over a lake that may have seen earlier ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()

    def build(
        self,
        edges: Iterable[Edge],
        as_of: datetime = DAY,
        known_at: datetime | None = None,
        key: bytes = KEY,
        is_kept: bool = True,
    ) -> dict[str, str | None]:
        """The customer of every identifier, after a build of these edges in a warehouse of its own."""
        self.connection = warehouse()
        pseudonyms.add_function(self.connection, key)
        told = list(edges)
        for a, b, evidence, seen in told:
            confidence = {"form_prefill": "strong", "guess": "weak"}.get(evidence, "deterministic")
            self.connection.execute(
                "insert into events.identifier_edges values "
                "('test', $1, pseudonym($1, $2), $3, pseudonym($3, $4), $5, $6, $7, $7)",
                [*a.split(":", 1), *b.split(":", 1), evidence, confidence, seen],
            )
        identity_tables.build(self.connection, History(self.folder, known_at or as_of, as_of, is_kept))
        names = {self.pseudonym(name): name for a, b, *_ in told for name in (a, b)}
        found = self.ask("select identifier_type || ':' || identifier_hash, customer_id from identity.identifiers")
        return {names[pseudonym]: customer_id for pseudonym, customer_id in found}

    def pseudonym(self, name: str) -> str:
        kind, value = name.split(":", 1)
        (row,) = self.connection.execute("select $1 || ':' || pseudonym($1, $2)", [kind, value]).fetchall()
        return str(row[0])

    def ask(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        return self.connection.execute(sql).fetchall()

    def changes(self) -> list[tuple[str, str, str | None]]:
        return self.ask("select change, cause, evidence from identity.changes order by as_of, to_customer_id")


def warehouse() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for schema in ("events", "seeds"):
        connection.execute(f"create schema {schema}")
    connection.execute(
        """
        create table seeds.identifier_types as select * from (values
            ('user_id', 'hard', false), ('email', 'soft', false), ('ga_client_id', 'soft', true),
            ('order_name', 'soft', false), ('phone', 'soft', false), ('gclid', 'click', false)
            ) as t(identifier_type, strength, is_device);
        create table seeds.identity_limits as select * from (values
            ('email', 'order_name', 50, 7)) as t(identifier_type, other_type, most, window_days);
        create table events.touchpoints (identifier_type varchar, identifier_value uuid, visitor_type varchar,
            visitor_id uuid, occurred_at timestamp);
        create table events.conversions (identifier_type varchar, identifier_value uuid, occurred_at timestamp);
        create table events.experience_scores (identifier_type varchar, identifier_value uuid,
            answered_at timestamp);
        create table events.consents (identifier_type varchar, identifier_value uuid, occurred_at timestamp);
        create table events.profile_attributes (identifier_type varchar, identifier_value uuid,
            observed_at timestamp);
        create table events.identifier_edges (source varchar, a_type varchar, a_value uuid, b_type varchar,
            b_value uuid, evidence varchar, confidence varchar, first_seen_at timestamp, last_seen_at timestamp);
        """
    )
    return connection


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "identity")


def edge(a: str, b: str, evidence: str = "same_record", seen: datetime = DAY) -> Edge:
    return a, b, evidence, seen


def test_a_blocked_identifier_joins_nobody_and_is_nobody(lake: Lake) -> None:
    found = lake.build(
        [
            edge("email:test@test.com", "ga_client_id:1"),
            edge("email:test@test.com", "ga_client_id:2"),
            edge("email:null", "ga_client_id:2"),
        ]
    )
    assert found["email:test@test.com"] is None
    assert found["email:null"] is None
    assert found["ga_client_id:1"] != found["ga_client_id:2"]


def test_weak_evidence_never_links_alone(lake: Lake) -> None:
    found = lake.build([edge("email:a@example.com", "ga_client_id:1", "guess")])
    assert found["email:a@example.com"] != found["ga_client_id:1"]


def test_exceptions_name_the_guard_and_no_raw_identifier(lake: Lake) -> None:
    lake.build([edge("ga_client_id:tablet", "user_id:u_1"), edge("ga_client_id:tablet", "user_id:u_2")])
    rows = lake.ask("select reason, culprit_type, * from identity.exceptions")
    assert [row[:2] for row in rows] == [("shared_identifier", "ga_client_id")] * 2
    assert "tablet" not in str(rows)
    assert "u_1" not in str(rows)


def test_a_poisoned_mailbox_is_left_out_and_named(lake: Lake) -> None:
    own = [edge(f"user_id:u{n}", f"order_name:o{n}", seen=DAY + n * timedelta(minutes=1)) for n in range(200)]
    poison = [edge("email:shared@example.com", f"order_name:o{n}", seen=DAY) for n in range(200)]
    clean, poisoned = lake.build(own), lake.build(own + poison)
    assert {name: poisoned[name] for name in clean} == clean
    assert lake.ask("select distinct reason, culprit_type from identity.exceptions") == [("over_limit", "email")]


def test_a_later_identifier_does_not_rename_the_customer(lake: Lake) -> None:
    first = [edge("email:a@example.com", "ga_client_id:1")]
    before = lake.build(first)["email:a@example.com"]
    later = [*first, edge("email:a@example.com", "user_id:9", "login", DAY + WEEK)]
    assert lake.build(later, DAY + WEEK)["user_id:9"] == before
    assert lake.changes() == []


def test_a_source_added_later_with_an_older_history_does_not_rename_the_customer(lake: Lake) -> None:
    first = [edge("email:a@example.com", "ga_client_id:1")]
    before = lake.build(first)["email:a@example.com"]
    older = [*first, edge("ga_client_id:1", "order_name:9", seen=DAY - 52 * WEEK)]
    assert lake.build(older, DAY + WEEK)["order_name:9"] == before
    # Without what the lake remembers, the older identifier would name the customer.
    assert Lake(lake.folder / "other").build(older, DAY + WEEK)["order_name:9"] != before


def test_adding_and_withdrawing_a_connecting_identifier_merges_and_splits(lake: Lake) -> None:
    apart = [
        edge("email:a@example.com", "ga_client_id:1"),
        edge("email:b@example.com", "ga_client_id:2", seen=DAY + timedelta(hours=1)),
    ]
    joining = [
        edge("email:a@example.com", "user_id:u", "login", DAY + WEEK),
        edge("email:b@example.com", "user_id:u", "login", DAY + WEEK),
    ]
    one = lake.build(apart)
    two = lake.build(apart + joining, DAY + WEEK)
    three = lake.build(apart, DAY + 2 * WEEK)
    survivor, lost = one["email:a@example.com"], one["email:b@example.com"]
    assert survivor != lost
    assert set(two.values()) == {survivor}
    assert three == one
    assert lake.ask("select change, cause, evidence, from_customer_id, to_customer_id from identity.changes") == [
        ("merge", "linked", "login", lost, survivor),
        ("split", "link_withdrawn", None, survivor, lost),
    ]


def test_a_build_that_is_not_kept_says_what_a_kept_one_says_and_leaves_nothing(lake: Lake) -> None:
    apart = [edge("email:a@example.com", "ga_client_id:1"), edge("email:b@example.com", "ga_client_id:2")]
    joined = [*apart, edge("email:a@example.com", "email:b@example.com", "login", DAY + WEEK)]
    lake.build(apart)
    parts = {path: path.read_bytes() for path in lake.folder.rglob("*.parquet")}
    tried, told = lake.build(joined, DAY + WEEK, is_kept=False), lake.changes()
    assert {path: path.read_bytes() for path in lake.folder.rglob("*.parquet")} == parts
    assert lake.build(joined, DAY + WEEK) == tried
    assert lake.changes() == told != []
    assert len(list(lake.folder.rglob("*.parquet"))) > len(parts)


def test_a_guard_that_takes_a_customer_apart_is_named(lake: Lake) -> None:
    first = [edge("ga_client_id:tablet", "user_id:u_1"), edge("ga_client_id:tablet", "email:a@example.com")]
    lake.build(first)
    lake.build([*first, edge("ga_client_id:tablet", "user_id:u_2", seen=DAY + WEEK)], DAY + WEEK)
    assert ("split", "shared_identifier", "same_record") in lake.changes()


def test_a_customer_outlives_the_identifier_that_named_it(lake: Lake) -> None:
    others = [edge("email:a@example.com", "user_id:1", seen=DAY + timedelta(hours=1))]
    before = lake.build([edge("ga_client_id:1", "email:a@example.com"), *others])
    after = lake.build(others, DAY + WEEK)
    assert after["user_id:1"] == before["user_id:1"]
    assert lake.changes() == []


def test_week_by_week_shuffled_and_doubled_give_the_names_of_one_build(lake: Lake) -> None:
    random = Random(7)
    told = []
    for n in range(300):
        seen = DAY + timedelta(minutes=97 * n)
        kinds = random.sample(["email", "ga_client_id", "order_name"], 2)
        told.append(edge(*(f"{kind}:{random.randrange(120)}" for kind in kinds), seen=seen))
    weeks = [DAY + week * WEEK for week in range(1, 5)]
    for week in weeks:
        by_week = lake.build([each for each in told if each[3] < week], week)
    random.shuffle(told)
    at_once = Lake(lake.folder / "other")
    assert at_once.build(told + told[:100], weeks[-1]) == by_week
    assert len(set(by_week.values())) > 10


def test_a_build_made_again_changes_nothing(lake: Lake) -> None:
    told = [edge("email:a@example.com", "ga_client_id:1"), edge("email:b@example.com", "ga_client_id:1")]
    lake.build(told[:1])
    found, changes = lake.build(told, DAY + WEEK), lake.changes()
    parts = {path: path.read_bytes() for path in lake.folder.rglob("*.parquet")}
    assert lake.build(told, DAY + WEEK) == found
    assert lake.changes() == changes
    assert {path: path.read_bytes() for path in lake.folder.rglob("*.parquet")} == parts


def test_an_earlier_week_built_later_is_told_as_it_was_and_leaves_no_part(lake: Lake) -> None:
    told = [edge("email:a@example.com", "ga_client_id:1"), edge("ga_client_id:1", "user_id:9", seen=DAY + WEEK)]
    first = lake.build(told[:1])
    lake.build(told, DAY + WEEK)
    parts = sorted(path.name for path in lake.folder.rglob("*.parquet"))
    assert lake.build(told[:1], DAY, known_at=DAY + 3 * WEEK) == first
    assert sorted(path.name for path in lake.folder.rglob("*.parquet")) == parts


def test_what_the_lake_remembers_is_pseudonymous_and_private(lake: Lake) -> None:
    lake.build([edge("email:canary@example.com", "user_id:canary-user")])
    (part,) = (lake.folder / "identifiers").glob("*.parquet")
    assert part.stat().st_mode & 0o077 == 0
    assert "canary" not in str(duckdb.sql(f"select * from '{part}'").fetchall())


def vector(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def record_seen(row: dict[str, str], day: str) -> datetime:
    """The vectors break ties of a day by the record's number."""
    return datetime.fromisoformat(row[day]) + timedelta(minutes=int(row["record_id"][1:]))


def clusters(customers: dict[str, str]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for record, customer in customers.items():
        found.setdefault(customer, set()).add(record)
    return {frozenset(records) for records in found.values()}


def test_the_published_observations_give_the_published_clusters(lake: Lake) -> None:
    kinds = {"email_hash": "email", "login_id": "user_id", "phone_hash": "phone", "device_ip": "order_name"}
    parameters = json.loads((VECTORS / "params.json").read_text())
    assert parameters["blocklist"] == ["email_hash:test@"]
    strong = set(parameters["strong_types"])
    told = []
    for row in vector("input_observations.csv"):
        value = "test@test.com" if row["id_value"] == "test@" else row["id_value"]
        evidence = "same_record" if row["id_type"] in strong else "guess"
        seen = record_seen(row, "first_seen")
        told.append(edge(f"ga_client_id:{row['record_id']}", f"{kinds[row['id_type']]}:{value}", evidence, seen))
    found = lake.build(told)
    expected = {row["record_id"]: row["customer_key"] for row in vector("expected_clusters_run1.csv")}
    assert clusters({record: str(found[f"ga_client_id:{record}"]) for record in expected}) == clusters(expected)


def test_the_published_second_run_keeps_the_published_names(lake: Lake) -> None:
    def build(groups: dict[str, str], as_of: datetime) -> dict[str, str]:
        """Records of one group in a chain; every record has a mail of its own, so that those alone are told too."""
        told = [edge(f"ga_client_id:{name}", f"email:{name}", seen=seen[name]) for name in groups]
        for group in set(groups.values()):
            members = sorted(name for name in groups if groups[name] == group)
            told += [edge(f"ga_client_id:{a}", f"ga_client_id:{b}") for a, b in itertools.pairwise(members)]
        found = lake.build(told, as_of)
        return {name: str(found[f"ga_client_id:{name}"]) for name in groups}

    seen = {row["record_id"]: record_seen(row, "created") for row in vector("input_previous.csv")}
    before = build({row["record_id"]: row["customer_key"] for row in vector("input_previous.csv")}, DAY)
    second = {row["record_id"]: row["raw_cluster"] for row in vector("input_new_clusters.csv")}
    seen |= {name: DAY for name in second if name not in seen}
    after = build(second, DAY + WEEK)

    names = {row["customer_key"]: before[row["record_id"]] for row in vector("input_previous.csv")}
    for row in vector("expected_assignment_run2.csv"):
        if row["customer_key"] in names:
            assert after[row["record_id"]] == names[row["customer_key"]], row
        else:
            assert after[row["record_id"]] not in before.values(), row
    told = {(change, cause) for change, cause, *_ in lake.changes()}
    assert told == {("merge", "linked"), ("split", "link_withdrawn")}
    assert len(lake.changes()) == 2
