"""Customers against who is who in a generated market, by weeks, and with a mailbox that everybody seems to share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from journey_pipeline import identity_tables, linkage, pseudonyms
from journey_pipeline.identity_history import History
from tests.pipeline_runs import AS_OF, KEY, ask, journey, manifest

# --- the errors, by cause -----------------------------------------------------------------------------------------

FOUND, NO_EVIDENCE, WEAK = "joined", "no evidence delivered", "weak evidence only"


@contextmanager
def market(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, and `people`: who is who, under the pseudonyms the warehouse knows them by."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        pseudonyms.add_function(connection, KEY.encode())
        connection.execute(
            f"""
            create temp table people as
            select * replace (pseudonym(identifier_type, identifier_value) as identifier_value)
            from read_parquet('{home}/truth/people.parquet')
            """
        )
        yield connection


def causes(home: Path) -> dict[str, int]:
    """Pairs of identifiers of one person by what became of them: joined, or why not.

    What is true is laid over what was joined in steps: edges a guard left out, guard by guard, edges of blocked values,
    weak edges. The pairs each step adds are missing for its reason; what no step adds was never told.
    """
    with market(home) as connection:
        connection.execute(
            """
            create temp table records as
            select row_number() over (order by person_id, people.identifier_type, people.identifier_value) - 1 as n,
                person_id, people.identifier_type, people.identifier_value, identifier_hash, customer_id
            from people
            left join identity.identifiers using (identifier_type, identifier_value)
            where not is_shared
            """
        )
        people, customers = connection.execute(
            "select person_id, coalesce(customer_id, 'nobody ' || n) from records order by n"
        ).fetchnumpy().values()  # fmt: skip
        edges = connection.execute(
            f"""
            with left_out as (
                select least(a_hash, b_hash) as one, greatest(a_hash, b_hash) as other, reason
                from identity.exceptions
            )
            select a.n as a, b.n as b,
                if(bool_and(confidence = 'weak'), '{WEAK}', coalesce(any_value(reason), 'blocked value')) as cause
            from events.identifier_edges as edges
            inner join records as a on a_type = a.identifier_type and a_value = a.identifier_value
            inner join records as b on b_type = b.identifier_type and b_value = b.identifier_value
            left join left_out on one = least(a.identifier_hash, b.identifier_hash)
                and other = greatest(a.identifier_hash, b.identifier_hash)
            where a.person_id = b.person_id and a.customer_id is distinct from b.customer_id
            group by a.n, b.n order by all
            """
        ).fetchnumpy()
    person = np.unique(people, return_inverse=True)[1]
    group = np.unique(np.char.add(np.char.add(people.astype(str), " "), customers.astype(str)), return_inverse=True)[1]
    found = {FOUND: pairs(group)}
    for cause in sorted(set(edges["cause"]), key=lambda name: (name == WEAK, name)):
        of_cause = edges["cause"] == cause
        ends = group[edges["a"][of_cause]], group[edges["b"][of_cause]]
        size = group.max() + 1
        graph = coo_array((np.ones(of_cause.sum(), np.int8), ends), shape=(size, size))
        before, group = pairs(group), connected_components(graph, directed=False)[1][group]
        found[cause] = pairs(group) - before
    return found | {NO_EVIDENCE: pairs(person) - pairs(group)}


def pairs(group: np.ndarray) -> int:
    sizes = np.bincount(group)
    return int((sizes * (sizes - 1) // 2).sum())


def test_customers_are_people_and_every_error_has_a_cause(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with market(home) as connection:
        people, customers = connection.execute(
            """
            select person_id, customer_id from people
            inner join identity.identifiers using (identifier_type, identifier_value)
            where not is_shared and customer_id is not null
            """
        ).fetchnumpy().values()  # fmt: skip
        (everything,) = connection.execute(
            """
            select sum(n * (n - 1) // 2)::bigint from (
                select count(*) as n from people where not is_shared group by person_id)
            """
        ).fetchall()[0]
    quality = linkage.pairwise(people, customers)
    table = causes(home)
    told = sum(pairs for cause, pairs in table.items() if cause not in (WEAK, NO_EVIDENCE))
    wrong = round(table[FOUND] / (quality.precision or 1)) - table[FOUND]
    with capsys.disabled():
        print(f"\n{'pairs of identifiers of one person':40}{everything:>9}")
        for cause, count in table.items():
            print(f"  {cause:38}{count:>9}{count / everything:>8.1%}")
        print(f"{'pairs of two persons that were joined':40}{wrong:>9}")
        print(
            f"pairwise precision {quality.precision:.4f}; recall {table[FOUND] / told:.4f} of what evidence connects,"
        )
        print(f"{quality.recall:.4f} of what some file tells, {table[FOUND] / everything:.4f} of all")
        print(f"B-cubed over what some file tells: {linkage.b_cubed(people, customers)}")
    assert sum(table.values()) == everything
    assert min(table.values()) >= 0
    assert (quality.precision or 0) >= 0.995
    assert table[FOUND] / told >= 0.97


# --- week by week -------------------------------------------------------------------------------------------------

# When each row of the events tables that identity reads was first seen.
SEEN = {
    "identifier_edges": "first_seen_at",
    "touchpoints": "occurred_at",
    "conversions": "occurred_at",
    "experience_scores": "answered_at",
    "consents": "occurred_at",
    "profile_attributes": "observed_at",
}


def test_a_market_told_in_three_parts_ends_with_the_customers_of_one_run(home: Path, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home / 'warehouse.duckdb'}' as market (read_only)")
        at_once = "select identifier_hash, customer_id from market.identity.identifiers"
        (as_of,) = connection.execute("select as_of from market.raw.run_parameters").fetchall()[0]
        for schema in ("seeds", "events"):
            connection.execute(f"create schema {schema}")
        for seed in ("identifier_types", "identity_limits"):
            connection.execute(f"create table seeds.{seed} as from market.seeds.{seed}")
        sizes = []
        for weeks_left in (9, 4, 0):
            end: datetime = as_of - timedelta(weeks=weeks_left)
            for table, seen in SEEN.items():
                connection.execute(
                    f"create or replace table events.{table} as from market.events.{table} where {seen} < ?", [end]
                )
            connection.execute("update events.identifier_edges set last_seen_at = least(last_seen_at, ?)", [end])
            identity_tables.build(connection, History(tmp_path, end, end))
            sizes.append(connection.execute("select count(*) from identity.identifiers").fetchall()[0][0])
        by_parts = "select identifier_hash, customer_id from identity.identifiers"
        different = f"(({by_parts} except {at_once}) union all ({at_once} except {by_parts}))"
        assert connection.execute(f"select count(*) from {different}").fetchall() == [(0,)]
        assert 100 < sizes[0] < sizes[1] < sizes[2]
        (merges,) = connection.execute("select count(*) from identity.changes where change = 'merge'").fetchall()[0]
        assert merges > 0


# --- a mailbox that everybody shares ------------------------------------------------------------------------------

MAILBOX = "counter@shop.example.net"


@pytest.fixture(scope="module")
def poisoned(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same market, and a list that has one mailbox on every order of the shop and every contact of the CRM."""
    folder = tmp_path_factory.mktemp("poisoned")
    for kept in ("inbox", "lake", "truth"):
        shutil.copytree(home / kept, folder / kept)
    (folder / "inbox" / "canonical").mkdir()
    with market(home) as connection:
        connection.execute(
            f"""
            copy (
                select distinct 'email' as a_type, '{MAILBOX}' as a_value,
                    known.identifier_type as b_type, told.identifier_value as b_value,
                    'same_record' as evidence, 'deterministic' as confidence, first_seen_at, last_seen_at
                from read_parquet('{home}/truth/people.parquet') as told
                inner join identity.identifiers as known
                    on told.identifier_type = known.identifier_type
                    and pseudonym(told.identifier_type, told.identifier_value) = known.identifier_value
                where known.identifier_type in ('order_name', 'hubspot_contact_id', 'salesforce_contact_id')
                order by all
            ) to '{folder}/inbox/canonical/identifier_edges_counter.csv' (header)
            """
        )
    run = journey("run", "--as-of", AS_OF, home=folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("kpi_scorecard", "week, target_set, kpi"),
        ("stage_conversion", 'week, "view", funnel, mode, from_stage, to_stage, breakdown, member'),
    ],
)
def test_a_mailbox_on_every_order_and_contact_changes_no_number(
    home: Path, poisoned: Path, table: str, key: str
) -> None:
    with duckdb.connect() as connection:
        for name, folder in (("clean", home), ("poisoned", poisoned)):
            connection.execute(f"attach '{folder}/published/journey.duckdb' as {name} (read_only)")
        described = connection.execute(f"describe clean.{table}").fetchall()
        numbers = [name for name, kind, *_ in described if kind in ("DOUBLE", "BIGINT") and name not in key]
        assert len(numbers) >= 5
        farthest = ", ".join(
            f"max(case when c.{n} is not distinct from p.{n} then 0 "
            f"else coalesce(abs(p.{n} - c.{n}) / nullif(abs(c.{n}), 0), 1) end)"
            for n in numbers
        )
        rows, alone, *found = connection.execute(
            f"""
            select count(*), count(*) filter (where c.week is null or p.week is null), {farthest}
            from clean.{table} as c full join poisoned.{table} as p using ({key})
            """
        ).fetchall()[0]
    assert rows > 100
    assert alone == 0
    assert {name: far for name, far in zip(numbers, found, strict=True) if far > 0.001} == {}


def test_the_mailbox_is_named_in_the_gate_by_its_pseudonym(home: Path, poisoned: Path) -> None:
    with market(poisoned) as connection:
        ((mailbox,),) = connection.execute(
            f"select identifier_hash from identity.identifiers where identifier_value = pseudonym('email', '{MAILBOX}')"
        ).fetchall()
    for folder, is_named in ((home, False), (poisoned, True)):
        (told,) = [gate for gate in manifest(folder)["gate_results"] if gate["gate"] == "shared_identifiers_are_few"]
        assert (f"identifier_type=email, identifier_hash={mailbox}" in told["description"]) is is_named
        assert MAILBOX not in str(told)
    found = ask(
        poisoned / "published" / "journey.duckdb",
        f"select customers_affected > 50, net_revenue_affected > 1000 from identity_exceptions "
        f"where identifier_hash = '{mailbox}'",
    )
    assert found == [(True, True)]


def test_nobody_else_has_another_customer_for_it(home: Path, poisoned: Path) -> None:
    known = "select identifier_hash, customer_id from identity.identifiers"
    before, after = (dict(ask(folder / "warehouse.duckdb", known)) for folder in (home, poisoned))
    assert len(before) > 1000
    assert len(after) == len(before) + 1
    assert {name: after.get(name) for name in before} == before
