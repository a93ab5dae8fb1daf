"""A home small enough to be rebuilt in a second: delivered files, the real loader, identity and publishing, two marts.

What stands between them in a run (staging, events) is a few lines of SQL here. Must not be here: what a test asserts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from journey_pipeline import identity_tables, pseudonyms, release, verdicts
from journey_pipeline.identity_history import History
from journey_pipeline.ingest import Lake, land, load_contracts, register, replay, scan, source_files
from journey_pipeline.ingest.engine import Resources
from journey_pipeline.settings import DBT_PROJECT, Settings, load
from tests.release.small_warehouse import green_gates

AS_OF = datetime(2026, 11, 15, 23)
LOADED_AT = datetime(2026, 11, 16, 5)
TABLES = {"customers": ("customer_id",), "touchpoints": ("touchpoint_id",)}
EDGES = "canonical/identifier_edges.csv"
TOUCHES = "canonical/touchpoints.csv"
CONTACTS = "hubspot/hubspot-crm-exports-all-contacts-2026-11-08.csv"
CONTRACTS = ("canonical__identifier_edges", "canonical__touchpoints", "hubspot__contacts", "hubspot__deals")


def edges(*rows: tuple[str, str, str]) -> str:
    """`kind:value`, `kind:value`, evidence."""
    told = ["system,a_type,a_value,b_type,b_value,evidence,confidence,first_seen_at,last_seen_at,n_obs,is_suspect"]
    for number, (a, b, evidence) in enumerate(rows):
        ends = ",".join(f"{one.split(':', 1)[0]},{one.split(':', 1)[1]}" for one in (a, b))
        seen = f"2026-11-01T00:{number:02}:00Z"
        told.append(f"test,{ends},{evidence},deterministic,{seen},{seen},1,false")
    return "\n".join(told) + "\n"


def touches(*rows: tuple[str, str]) -> str:
    """Id of the touch, `kind:value`."""
    told = ["system,native_id,identifier_type,identifier_value,occurred_at,family,channel,interaction_type"]
    for number, (name, who) in enumerate(rows):
        kind, value = who.split(":", 1)
        told.append(f"test,{name},{kind},{value},2026-11-02T00:{number:02}:00Z,website,direct,visit")
    return "\n".join(told) + "\n"


@dataclass
class SmallHome:
    folder: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "inbox").mkdir(parents=True, exist_ok=True)
        self.settings = load(self.folder)

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.settings.inbox_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self) -> str:
        """Load what is new, build everything anew, publish; the id of the release."""
        pseudonyms.key_of(self.settings)
        contracts = {name: load_contracts()[name] for name in CONTRACTS}
        files = scan(self.settings.inbox_folder, load_contracts())
        self.lake.prepare()
        replay(self.lake, load_contracts(), Resources())
        for contract in [*contracts.values(), None]:
            land(contract, files, self.lake, LOADED_AT)
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            pseudonyms.add_function(connection, pseudonyms.key_of(self.settings))
            for contract in contracts.values():
                register(connection, contract, self.lake)
            source_files(connection, self.lake)
            told = connection.execute("select * exclude (path) from raw.source_files order by all").fetchall()
            candidate = hashlib.sha256(repr(told).encode()).hexdigest()
            _events(connection, candidate)
            identity_tables.build(connection, History(self.lake.root / "identity", LOADED_AT, AS_OF))
            _marts(connection)
            gates = green_gates(TABLES)
            verdicts.record(connection, [verdicts.Verdict(gate, asset, True) for gate, asset in gates])
        facts = release.ReleaseFacts(
            AS_OF.replace(tzinfo=UTC), LOADED_AT.replace(tzinfo=UTC), "Europe/Berlin", candidate, "c" * 8, "1", TABLES
        )
        done = release.publish(
            self.settings.warehouse,
            self.folder,
            manifest=facts,
            gates=gates,
            report=None,
            published_at=LOADED_AT.replace(tzinfo=UTC),
        )
        return done.release_id

    def customers(self) -> dict[str, str | None]:
        """The customer of each touch of the published release."""
        return dict(self.ask("select touchpoint_id, customer_id from touchpoints order by all"))

    def ask(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        with duckdb.connect(str(self.folder / "published" / "journey.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def digests(self) -> dict[str, str]:
        """Of the marts; what the release says of itself differs from home to home."""
        tables = release.read_manifest(self.folder)["tables"]
        return {name: tables[name]["digest"] for name in TABLES}


def _events(connection: duckdb.DuckDBPyConnection, candidate: str) -> None:
    for schema in ("events", "seeds", "marts"):
        connection.execute(f"create schema if not exists {schema}")
    for seed in ("identifier_types", "identity_limits"):
        file = DBT_PROJECT / "seeds" / f"{seed}.csv"
        connection.execute(f"create or replace table seeds.{seed} as select * from read_csv('{file}')")
    connection.execute(
        """
        create or replace table raw.run_parameters as select ?::timestamp as as_of, ?::timestamp as known_at,
            'Europe/Berlin' as time_zone, 'EUR' as reporting_currency, ? as candidate_id
        """,
        [AS_OF, LOADED_AT, candidate],
    )
    connection.execute(
        """
        create or replace table events.identifier_edges as
        select system as source, a_type, pseudonym(a_type, a_value) as a_value, b_type,
            pseudonym(b_type, b_value) as b_value, evidence, confidence, first_seen_at::timestamp as first_seen_at,
            last_seen_at::timestamp as last_seen_at
        from raw.canonical__identifier_edges where _is_current
        union all
        select 'hubspot', 'hubspot_contact_id', pseudonym('hubspot_contact_id', record_id), 'email',
            pseudonym('email', lower(email)), 'same_record', 'deterministic', create_date::timestamp,
            create_date::timestamp
        from raw.hubspot__contacts where _is_current and email is not null
        """
    )
    connection.execute(
        """
        create or replace table events.touchpoints as
        select native_id as touchpoint_id, channel, identifier_type,
            pseudonym(identifier_type, identifier_value) as identifier_value, null::varchar as visitor_type,
            null::uuid as visitor_id, occurred_at::timestamp as occurred_at
        from raw.canonical__touchpoints where _is_current
        """
    )
    for table, at in {
        "conversions": "occurred_at",
        "experience_scores": "answered_at",
        "consents": "occurred_at",
        "profile_attributes": "observed_at",
    }.items():
        connection.execute(
            f"create or replace table events.{table} (identifier_type varchar, identifier_value uuid, {at} timestamp)"
        )


def _marts(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """
        create or replace table marts.touchpoints as
        select touchpoint_id, channel, identifiers.customer_id
        from events.touchpoints as touches
        left join identity.identifiers as identifiers using (identifier_type, identifier_value);
        create or replace table marts.customers as
        select customer_id, count(*) as identifiers from identity.identifiers where customer_id is not null group by 1
        """
    )
