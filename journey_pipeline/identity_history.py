"""What earlier builds knew of every identifier, so that a customer keeps its name and every merge and split is told.

Holds the parts that builds leave in the lake: `identity/<known at>-<as of>.parquet` (the identifiers that are new or
have moved) and the same name under `identity/changes/` (merges and splits with their causes). A part is named by its
cuts, so a build made again replaces its own part and nothing else; a build of an earlier week, or of what was
known earlier, reads the parts before it and writes none. Identifiers are here as pseudonyms alone. Must not be here:
which identifiers belong together (`identity`, `identity_tables`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from journey_pipeline import sealed_parquet
from journey_pipeline.fault_points import point

_STAMP = "%Y%m%dT%H%M%S%f"
# Columns of the two kinds of part.
_IDENTIFIERS = "identifier_hash varchar, identifier_type varchar, first_seen_at timestamp, customer_id varchar"
_CHANGES = (
    "as_of timestamp, change varchar, from_customer_id varchar, to_customer_id varchar, identifiers bigint, "
    "cause varchar, evidence varchar, a_type varchar, b_type varchar, sources varchar[], effective_at timestamp"
)


@dataclass(frozen=True)
class History:
    """The parts of a lake before the build of (`known_at`, `as_of`); both cuts are naive UTC.

    A build that is not kept reads as any other and leaves no part.
    """

    folder: Path
    known_at: datetime
    as_of: datetime
    is_kept: bool = True

    @property
    def part(self) -> str:
        """Name of this build's part; names sort as builds follow each other."""
        return f"{self.known_at.strftime(_STAMP)}-{self.as_of.strftime(_STAMP)}"

    def read(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create `temp.known_identifiers`: of every identifier the first part that told it, and its latest customer.

        Raises:
            PartDamaged: a part does not hold the rows that were written.
        """
        for kind in ("identifiers", "changes"):
            sealed_parquet.require_whole(connection, self._earlier(kind))
        connection.execute(
            f"""
            create or replace temp table known_identifiers as
            select identifier_hash, any_value(identifier_type) as identifier_type,
                arg_min(first_seen_at, part) as first_seen_at, min(part) as part,
                arg_max_null(customer_id, part) as customer_id
            from ({_parts(self._earlier("identifiers"), _IDENTIFIERS)}) group by identifier_hash
            """
        )

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Create `identity.changes`, all of them up to this build, and leave this build's part."""
        _changes(connection, self.as_of)
        before = _parts(self._earlier("changes"), _CHANGES)
        connection.execute(
            f"""
            create or replace table identity.changes as
            select * exclude (part), false as is_latest from ({before})
            union all
            select *, true from temp.identity_changes
            order by as_of, from_customer_id, to_customer_id
            """
        )
        if not (self.is_kept and self._is_newest()):
            return
        moved = """
            select coalesce(now.identifier_hash, known.identifier_hash) as identifier_hash,
                coalesce(now.identifier_type, known.identifier_type) as identifier_type,
                coalesce(known.first_seen_at, now.first_seen_at) as first_seen_at, now.customer_id
            from identity.identifiers as now
            full join temp.known_identifiers as known using (identifier_hash)
            where known.identifier_hash is null or now.customer_id is distinct from known.customer_id
            order by identifier_hash
        """
        self._store(connection, "identifiers", moved)
        self._store(connection, "changes", "select * from temp.identity_changes order by all")

    def _store(self, connection: duckdb.DuckDBPyConnection, kind: str, sql: str) -> None:
        folder = self.folder / kind
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial, final = folder / f".{self.part}.part", folder / f"{self.part}.parquet"
        sealed_parquet.write(connection, sql, partial)
        partial.chmod(0o600)
        with partial.open("rb") as content:
            os.fsync(content.fileno())
        point("history_drafted")
        partial.replace(final)
        point("history_kept")

    def _earlier(self, kind: str) -> list[Path]:
        """Parts of builds that knew and saw no more than this one, without its own."""
        return [path for path in self._all(kind) if path.stem != self.part and self._precedes(path)]

    def _precedes(self, path: Path) -> bool:
        known_at, as_of = path.stem.split("-")
        return known_at <= self.known_at.strftime(_STAMP) and as_of <= self.as_of.strftime(_STAMP)

    def _is_newest(self) -> bool:
        return all(self._precedes(path) for path in self._all("identifiers"))

    def _all(self, kind: str) -> list[Path]:
        return sorted((self.folder / kind).glob("*.parquet"))


def _parts(files: list[Path], columns: str) -> str:
    if not files:
        empty = ", ".join(f"null::{kind} as {name}" for name, kind in (c.split(" ", 1) for c in columns.split(", ")))
        return f"select {empty}, null::varchar as part where false"
    paths = ", ".join(f"'{_quoted(path)}'" for path in files)
    part = "parse_filename(filename, true) as part"
    return f"select * exclude (filename), {part} from read_parquet([{paths}], filename = true)"


def _quoted(path: Path) -> str:
    return str(path.absolute()).replace("'", "''")


def _changes(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
    """Create `temp.identity_changes`: who was merged or split since the build before, and what caused it.

    A merge is caused by the strongest, then oldest link between what was one customer and the rest of the new one; a
    split by the guard that now leaves out a link between the parts, else by a link that no file tells any more.
    """
    connection.execute(
        """
        create or replace temp table moved_identifiers as
        select now.identifier_hash, known.customer_id as from_customer_id, now.customer_id as to_customer_id
        from identity.identifiers as now inner join temp.known_identifiers as known using (identifier_hash)
        where known.customer_id is not null and now.customer_id is not null
        """
    )
    connection.execute(
        """
        create or replace temp table identity_changes as
        with moves as (
            select from_customer_id, to_customer_id, count(*) as identifiers
            from temp.moved_identifiers where from_customer_id <> to_customer_id group by all
        ),
        living as (select distinct customer_id from identity.identifiers where customer_id is not null),
        former as (select distinct customer_id from temp.known_identifiers where customer_id is not null),
        kinds as (
            select
                moves.*,
                case
                    when living.customer_id is not null then 'split'
                    when row_number() over (partition by from_customer_id
                        order by former.customer_id is null, identifiers desc, to_customer_id) > 1 then 'split'
                    when former.customer_id is not null then 'merge'
                    else 'rename'
                end as change
            from moves
            left join living on moves.from_customer_id = living.customer_id
            left join former on moves.to_customer_id = former.customer_id
        ),
        joined as (
            select kinds.from_customer_id, kinds.to_customer_id, links.*
            from kinds
            inner join temp.moved_identifiers as mine
                on kinds.from_customer_id = mine.from_customer_id and kinds.to_customer_id = mine.to_customer_id
            inner join (
                select a_hash as here, b_hash as there, * from identity.links
                union all select b_hash, a_hash, * from identity.links
            ) as links on mine.identifier_hash = links.here
            left join temp.known_identifiers as other on links.there = other.identifier_hash
            where kinds.change <> 'split' and other.customer_id is distinct from kinds.from_customer_id
            qualify row_number() over (
                partition by kinds.from_customer_id, kinds.to_customer_id
                order by links.is_deterministic desc, links.first_seen_at, a_hash, b_hash) = 1
        ),
        parted as (
            select kinds.from_customer_id, kinds.to_customer_id, left_out.*
            from kinds
            inner join temp.moved_identifiers as mine
                on kinds.from_customer_id = mine.from_customer_id and kinds.to_customer_id = mine.to_customer_id
            inner join (
                select a_hash as here, b_hash as there, * from identity.exceptions
                union all select b_hash, a_hash, * from identity.exceptions
            ) as left_out on mine.identifier_hash = left_out.here
            inner join temp.moved_identifiers as other
                on left_out.there = other.identifier_hash and other.from_customer_id = kinds.from_customer_id
            where kinds.change = 'split'
            qualify row_number() over (
                partition by kinds.from_customer_id, kinds.to_customer_id
                order by left_out.first_seen_at, a_hash, b_hash) = 1
        )
        select
            ?::timestamp as as_of,
            kinds.change,
            kinds.from_customer_id,
            kinds.to_customer_id,
            kinds.identifiers,
            case kinds.change
                when 'merge' then 'linked'
                when 'rename' then 'anchor_withdrawn'
                else coalesce(parted.reason, 'link_withdrawn')
            end as cause,
            coalesce(joined.evidence, parted.evidence) as evidence,
            coalesce(joined.a_type, parted.a_type) as a_type,
            coalesce(joined.b_type, parted.b_type) as b_type,
            coalesce(joined.sources, parted.sources) as sources,
            coalesce(joined.first_seen_at, parted.first_seen_at) as effective_at
        from kinds
        left join joined
            on kinds.from_customer_id = joined.from_customer_id and kinds.to_customer_id = joined.to_customer_id
        left join parted
            on kinds.from_customer_id = parted.from_customer_id and kinds.to_customer_id = parted.to_customer_id
        """,
        [as_of],
    )
