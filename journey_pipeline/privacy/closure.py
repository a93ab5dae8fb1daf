"""A person by any identifier: everything that is known to be the same person's, and nothing of another's.

Holds the way from an identifier to its customer in the warehouse, which knows pseudonyms alone, and back to the values
in the lake. Add here when something else belongs to a person. Must not be here: what is done with the person's records.

What several people use (a family's device, a shared mailbox) is nobody's alone and stays out. A record that speaks of
the person and of somebody else's account as well (a deal with two contacts) is the other's too: it is kept, and only
the person's identifiers are cut out of it; those accounts are `others`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from journey_pipeline import pseudonyms
from journey_pipeline.ingest import Contract, Lake, engine
from journey_pipeline.ingest.carried import carried, spellings
from journey_pipeline.ingest.parsing import ERASED
from journey_pipeline.settings import DBT_PROJECT, Settings

Identifier = tuple[str, str]  # kind and value
ROUNDS = 8


class Nobody(Exception):
    """No person can be named by this identifier; the text says why, and never repeats it."""


@dataclass(frozen=True)
class Person:
    """One person, in values. `shared` counts, by kind, the identifiers that others use as well and that stay.

    Attributes:
        customer_ids: names of the customer in the warehouse and the releases.
        pseudonyms: of the identifiers that are the person's alone.
        identifiers: those identifiers as the lake has them, and what belongs to the person (orders, deals, tickets).
        others: accounts of other people that some of the person's records name as well.
    """

    customer_ids: tuple[str, ...]
    pseudonyms: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    others: tuple[Identifier, ...]
    shared: Mapping[str, int]

    @property
    def kinds(self) -> dict[str, int]:
        """How many identifiers there are of each kind."""
        return dict(sorted(Counter(kind for kind, _ in self.identifiers).items()))


def resolve(settings: Settings, contracts: Mapping[str, Contract], asked: Sequence[Identifier]) -> Person:
    """The person behind identifiers of which at least one is known; as `resolved`."""
    with resolved(settings, contracts, asked) as (_, person):
        return person


@contextmanager
def resolved(
    settings: Settings, contracts: Mapping[str, Contract], asked: Sequence[Identifier]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Person]]:
    """The person, and the engine that found them: `theirs` has the `contract` and `_row` of every record of theirs,
    `others` the accounts of others, the warehouse is attached as `built`.

    Args:
        settings: the home; its warehouse must have been built from the lake as it is.
        contracts: all contracts.
        asked: kind and value, the value in any common spelling.

    Raises:
        Nobody: nothing was built, the identifier is unknown, blocked, or used by several people.
    """
    with _reader(settings) as connection:
        customers = _customers(connection, asked)
        _own_identifiers(connection, customers)
        if not engine.rows(connection, "select 1 from own limit 1"):
            raise Nobody("several people use it; name an account of the one who asked, such as a CRM id")
        _values(connection, Lake(settings.lake), contracts)
        _records(connection, Lake(settings.lake), contracts)
        yield (
            connection,
            Person(
                tuple(customers),
                tuple(str(row[0]) for row in engine.rows(connection, "select pseudonym from own order by 1")),
                tuple(
                    (str(k), str(v)) for k, v in engine.rows(connection, "select kind, value from person order by all")
                ),
                tuple(
                    (str(k), str(v)) for k, v in engine.rows(connection, "select kind, value from others order by all")
                ),
                dict(engine.rows(connection, "select kind, count(*) from shared group by kind order by kind")),
            ),
        )


def devices() -> list[str]:
    """Kinds of identifiers that stand for a browser or a device."""
    with (DBT_PROJECT / "seeds" / "identifier_types.csv").open(encoding="utf-8", newline="") as stream:
        return [row["identifier_type"] for row in csv.DictReader(stream) if row["is_device"] == "true"]


@contextmanager
def _reader(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine of its own, with the warehouse as `built` and the function `pseudonym`."""
    if not settings.warehouse.exists():
        raise Nobody("nothing has been built yet; `journey run` builds")
    with duckdb.connect(config=settings.duckdb_config()) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach {engine.text(str(settings.warehouse))} as built (read_only)")
        pseudonyms.add_function(connection, pseudonyms.key_of(settings))
        yield connection


def _customers(connection: duckdb.DuckDBPyConnection, asked: Sequence[Identifier]) -> list[str]:
    kinds, values = zip(*asked, strict=True)
    rows = connection.execute(
        f"""
        with wanted as (
            select kind, unnest({spellings("kind", "trim(typed)")}) as value
            from (select unnest(?::varchar[]) as kind, unnest(?::varchar[]) as typed)
        )
        select distinct identifiers.customer_id
        from wanted
        inner join built.identity.identifiers as identifiers
            on identifiers.identifier_type = wanted.kind
            and identifiers.identifier_value = pseudonym(wanted.kind, wanted.value)
        order by 1
        """,
        [list(kinds), list(values)],
    ).fetchall()
    if not rows:
        raise Nobody("nobody is known by it")
    customers = [str(one) for (one,) in rows if one is not None]
    if not customers:
        raise Nobody("it is blocked: a placeholder or a role mailbox is nobody's")
    return customers


def _own_identifiers(connection: duckdb.DuckDBPyConnection, customers: Sequence[str]) -> None:
    """Create `own` and `shared` (kind, pseudonym): the customer's identifiers, without and with those of others.

    Only what is no account may be shared: an account is one person's, whatever its links. The hash of a shared address
    is as shared as the address.
    """
    connection.execute(
        """
        create temp table closure as
        select identifier_type as kind, identifier_hash as pseudonym
        from built.identity.identifiers
        where list_contains(?::varchar[], customer_id) and not is_blocked
        """,
        [list(customers)],
    )
    connection.execute(
        """
        create temp table shared as
        with ends as (
            select a_hash as here, b_hash as there, reason from built.identity.exceptions
            union all
            select b_hash, a_hash, reason from built.identity.exceptions
        ),
        used as (
            select distinct closure.*
            from closure
            inner join ends on closure.pseudonym = ends.here
            inner join built.seeds.identifier_types as types on closure.kind = types.identifier_type
            inner join built.identity.identifiers as other on ends.there = other.identifier_hash
            where types.strength <> 'hard' and ends.reason <> 'unverified_claim'
                and not list_contains(?::varchar[], coalesce(other.customer_id, ''))
        ),
        hashed as (
            select if(links.a_hash = used.pseudonym, b_type, a_type) as kind,
                if(links.a_hash = used.pseudonym, b_hash, a_hash) as pseudonym
            from used
            inner join built.identity.links as links
                on links.evidence = 'hashed_equality' and used.pseudonym in (links.a_hash, links.b_hash)
        )
        select kind, pseudonym from used union select kind, pseudonym from hashed
        """,
        [list(customers)],
    )
    connection.execute("create temp table own as select * from closure anti join shared using (pseudonym)")


def _values(connection: duckdb.DuckDBPyConnection, lake: Lake, contracts: Mapping[str, Contract]) -> None:
    """Create `person` (kind, value): the values behind the pseudonyms, as they are spelled in the lake."""
    connection.execute("create temp table person (kind varchar, value varchar)")
    for contract in contracts.values():
        if query := lake_carriers(connection, lake, contract):
            connection.execute(
                f"""
                insert into person
                select kind, value from (select distinct kind, value from ({query})) as told
                semi join own on told.kind = own.kind
                    and pseudonym(told.kind, told.value) = own.pseudonym::uuid
                anti join person on told.kind = person.kind and told.value = person.value
                """
            )


def _records(connection: duckdb.DuckDBPyConnection, lake: Lake, contracts: Mapping[str, Contract]) -> None:
    """Add to `person` what its records say belongs to it, until nothing is new; create `others`."""
    queries = {name: lake_carriers(connection, lake, contract) for name, contract in contracts.items()}
    entities = ", ".join(
        engine.text(kind) for kind in sorted({one.type for c in contracts.values() for one in c.identity.entities})
    )
    for _ in range(ROUNDS):
        columns = "contract varchar, _row varchar, kind varchar, value varchar"
        connection.execute(f"create or replace temp table theirs ({columns})")
        for name, query in queries.items():
            if query:
                connection.execute(
                    f"""
                    insert into theirs
                    with told as materialized ({query})
                    select {engine.text(name)}, told.* from told
                    semi join (select _row from told semi join person using (kind, value)) as mine using (_row)
                    """
                )
        connection.execute(
            """
            create or replace temp table others as
            select distinct theirs.kind, theirs.value
            from theirs
            inner join built.seeds.identifier_types as types on theirs.kind = types.identifier_type
            inner join built.identity.identifiers as known
                on theirs.kind = known.identifier_type
                and known.identifier_value = pseudonym(theirs.kind, theirs.value)
            anti join person on theirs.kind = person.kind and theirs.value = person.value
            where types.strength = 'hard' and not known.is_blocked
            """
        )
        added = connection.execute(
            f"""
            insert into person
            select distinct theirs.kind, theirs.value
            from theirs
            anti join (select contract, _row from theirs semi join others using (kind, value)) as of_others
                using (contract, _row)
            anti join person on theirs.kind = person.kind and theirs.value = person.value
            where theirs.kind in ({entities})
            """
        ).fetchall()
        if not added[0][0]:
            return
    raise RuntimeError("what belongs to a person did not come to an end; report this")


def lake_carriers(connection: duckdb.DuckDBPyConnection, lake: Lake, contract: Contract) -> str | None:
    """A query for `_row, kind, value` over all files of a contract; `_row` is `<path>#<record from 0>`."""
    files = sorted(lake.raw_path(contract.id, "").parent.glob("*.parquet"))
    if not files:
        return None
    paths = ", ".join(engine.file(path.absolute()) for path in files)
    read = f"read_parquet([{paths}], union_by_name = true, filename = true)"
    there = {row[0] for row in engine.rows(connection, f"describe select * from {read}")}
    source = (
        f"(select *, filename || '#' || file_row_number as _row from {read} where _verdict <> {engine.text(ERASED)})"
    )
    return carried(contract, there, source)
