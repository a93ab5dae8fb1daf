"""Erased people: a list of keyed hashes of what they were known by, and the records that carry one taken out of files.

Holds the list (`<home>/suppression/`), its key, and the redaction of a file of the lake. A record that goes stays as an
empty line of the verdict `erased`: the others keep their numbers, and whoever redacts again finds nothing more. The key
is not that of the pseudonyms and never changes: without the values nobody could make the hashes anew. Must not be here:
who belongs to a person (`privacy`), which cells carry identifiers (`carried`).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from journey_pipeline.ingest import engine
from journey_pipeline.ingest.carried import carried
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources, parser
from journey_pipeline.ingest.lake import Lake
from journey_pipeline.ingest.parsing import ACCEPTED, ERASED, QUARANTINED
from journey_pipeline.pseudonyms import keyed_digest

_KEY, _LIST = "key", "list"
# A record that is somebody else's and lost what named the person.
CUT = "cut"
# What a line of the list is about.
_PERSON, _OTHER = "person", "other"


@dataclass(frozen=True)
class Suppression:
    """The list as it is. `number` grows with every request.

    `hashes` are of what an erased person alone was known by; `others` of the accounts of other people that stood beside
    it in one record, which is then theirs as well.
    """

    key: bytes
    hashes: tuple[str, ...]
    others: tuple[str, ...]
    number: int

    @contextmanager
    def engine(self, lake: Lake, resources: Resources) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection confined to the lake that has the list, as `temp.suppressed`."""
        with parser(lake.root.absolute(), resources) as connection:
            connection.execute(
                "create temp table suppressed as select unnest(?::varchar[]) as hash, false as is_other "
                "union all select unnest(?::varchar[]), true",
                [self.hashes, self.others],
            )
            yield connection

    def redact(
        self, connection: duckdb.DuckDBPyConnection, contract: Contract, file: Path, target: Path
    ) -> Mapping[str, int]:
        """Write the file without the people of the list to `target` if it holds any; records changed by verdict.

        A record of the person's alone goes, under its former verdict. One that speaks of somebody else's account as
        well is theirs: what names the person is cut out of it, and it counts as `CUT`.
        """
        names = [
            str(row[0]) for row in engine.rows(connection, f"describe select * from read_parquet({engine.file(file)})")
        ]
        source = f"(select *, file_row_number as _row from read_parquet({engine.file(file)}))"
        query = carried(contract, names, source)
        if query is None:
            return {}
        self._find(connection, query)
        told = {one.column for one in contract.identity.carriers}
        cut = {name: _without(engine.name(name)) if name in told else engine.name(name) for name in names}
        keys = [name for name in contract.ingest.delivery.key if name in told & set(names)]
        # What is filed under the person's own identifier is the person's, whoever else it names.
        is_own = " or ".join(["pattern is null", *(f"{cut[key]} <> {engine.name(key)}" for key in keys)])
        connection.execute(f"""
            create or replace temp table changed as
            select _row, pattern, {is_own} as is_gone, _verdict from {source} inner join temp.carriers using (_row)
        """)
        gone = engine.rows(
            connection, f"select if(is_gone, _verdict, '{CUT}'), count(*) from temp.changed group by all order by all"
        )
        if gone:
            cells = ", ".join(
                f"case when changed._row is null then {engine.name(name)} when not is_gone then {cut[name]} end "
                f"as {engine.name(name)}"
                for name in names
                if name != "_verdict"
            )
            connection.execute(f"""
                copy (
                    select {cells}, case when is_gone then '{ERASED}' else rows._verdict end as _verdict
                    from {source} as rows
                    left join (select * exclude (_verdict) from temp.changed) as changed using (_row)
                    order by _row
                ) to {engine.text(str(target))} (format parquet, compression zstd, compression_level 1)
            """)
        return {str(verdict): int(count) for verdict, count in gone}

    def _find(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        """Create `temp.carriers`: records that name a person of the list, with a pattern of what to cut, if so."""
        digest = keyed_digest(self.key, "kind || ':' || value")
        connection.execute(f"""
            create or replace temp table carriers as
            with found as materialized ({query}),
            known as (
                select * from (select kind, value, {digest} as hash from (select distinct kind, value from found))
                inner join temp.suppressed using (hash)
            )
            select _row,
                case when bool_or(is_other) then
                    '(?i)' || string_agg({_SPELLED}, '|' order by kind, value) filter (where not is_other)
                end as pattern
            from found inner join known using (kind, value)
            group by _row having not bool_and(is_other)
        """)


# A number may be written with blanks and brackets.
_SPELLED = """case when kind = 'phone' then array_to_string(string_split(ltrim(value, '+'), ''), '[^0-9]*')
    else regexp_escape(value) end"""


def _without(cell: str) -> str:
    return f"regexp_replace({cell}, pattern, '', 'g')"


def suppression(lake: Lake) -> Suppression | None:
    """The list of a home; None while nobody was erased."""
    file = lake.suppression_path / _LIST
    if not file.exists():
        return None
    lines = [line.split() for line in file.read_text(encoding="ascii").splitlines()]
    hashes = {found: None for _, word, found in lines if word == _PERSON}
    # Who was beside somebody else once and is erased now is kept no more.
    others = {found: None for _, word, found in lines if word == _OTHER and found not in hashes}
    return Suppression(key_of(lake), tuple(hashes), tuple(others), max(int(number) for number, _, _ in lines))


def suppress(lake: Lake, people: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]] = ()) -> Suppression:
    """Put identifiers (kind, value) on the list, durably; what is on it already stays under its number."""
    folder = lake.suppression_path
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, file = key_of(lake), folder / _LIST
    kept = file.read_text(encoding="ascii") if file.exists() else ""
    listed = {line.split(maxsplit=1)[1] for line in kept.splitlines()}
    number = max((int(line.split()[0]) for line in kept.splitlines()), default=0) + 1
    found = [f"{_PERSON} {one}" for one in _hashes(key, people)] + [f"{_OTHER} {one}" for one in _hashes(key, others)]
    if added := [one for one in found if one not in listed]:
        _write(file, kept + "".join(f"{number} {one}\n" for one in added))
    made = suppression(lake)
    if made is None:
        raise ValueError("a list of nobody is no list")
    return made


def _hashes(key: bytes, people: Sequence[tuple[str, str]]) -> list[str]:
    if not people:
        return []
    digest = keyed_digest(key, "kind || ':' || value")
    kinds, values = zip(*sorted(set(people)), strict=True)
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {digest} from (select unnest(?) as kind, unnest(?) as value) order by kind, value",
            [list(kinds), list(values)],
        ).fetchall()
    return sorted(str(one) for (one,) in found)


def key_of(lake: Lake) -> bytes:
    """The key of the list, made with the first request; receipts are signed with it as well."""
    file = lake.suppression_path / _KEY
    if not file.exists():
        if (lake.suppression_path / _LIST).exists():
            raise FileNotFoundError(
                "suppression/key is missing beside suppression/list; put back the one this home had: without it "
                "nobody can tell whom the list means"
            )
        _write(file, secrets.token_hex(32))
    return file.read_text(encoding="ascii").strip().encode()


def _write(file: Path, content: str) -> None:
    partial = file.with_suffix(".part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def count(
    lake: Lake,
    contracts: Mapping[str, Contract],
    people: Sequence[tuple[str, str]],
    others: Sequence[tuple[str, str]],
    resources: Resources,
) -> dict[str, dict[str, int]]:
    """What a list of these would change: records by contract and verdict. Nothing is kept of it."""
    key = secrets.token_hex(32).encode()
    asked = Suppression(key, tuple(_hashes(key, people)), tuple(_hashes(key, others)), 0)
    found: dict[str, dict[str, int]] = {}
    with asked.engine(lake, resources) as connection, lake.staging() as folder:
        for contract_id in sorted(contracts):
            for file in sorted(lake.raw_path(contract_id, "").parent.glob("*.parquet")):
                target = (folder / "records.parquet").absolute()
                for verdict, records in asked.redact(
                    connection, contracts[contract_id], file.absolute(), target
                ).items():
                    of_contract = found.setdefault(contract_id, {})
                    of_contract[verdict] = of_contract.get(verdict, 0) + records
    return found


def replay(
    lake: Lake, contracts: Mapping[str, Contract], resources: Resources, *, everything: bool = False
) -> dict[str, int]:
    """Hold every file that was last held against an older list against this one; records changed, by contract.

    A file that should have lost records and has them is held against it as well: somebody put back an old copy.
    `everything` asks all files, whatever the ledger says of them.
    """
    listed = suppression(lake)
    if listed is None or not lake.ledger_path.exists():
        return {}
    lake.prepare()
    erased: dict[str, int] = {}
    with listed.engine(lake, resources) as connection:
        for contract_id, sha256 in _outdated(lake, contracts, None if everything else listed.number, connection):
            count = _redact_in_place(lake, contracts[contract_id], sha256, listed, connection)
            if count:
                erased[contract_id] = erased.get(contract_id, 0) + count
    return erased


def _outdated(
    lake: Lake, contracts: Mapping[str, Contract], number: int | None, connection: duckdb.DuckDBPyConnection
) -> list[tuple[str, str]]:
    with lake.ledger() as ledger:
        rows = ledger.execute(
            "select files.contract, files.sha256, erased, coalesce(list_number, 0) as list_number from files "
            "left join redactions on redactions.contract = files.contract and redactions.sha256 = files.sha256 "
            "where outcome = 'loaded' order by 1, 2"
        ).fetchall()
    found = []
    for row in rows:
        file = lake.raw_path(row["contract"], row["sha256"])
        if row["contract"] not in contracts or not file.exists():
            continue
        if (
            number is None
            or row["list_number"] < number
            or (row["erased"] and _erased(connection, file) != row["erased"])
        ):
            found.append((str(row["contract"]), str(row["sha256"])))
    return found


def _erased(connection: duckdb.DuckDBPyConnection, file: Path) -> int:
    query = f"select count(*) from read_parquet({engine.file(file.absolute())}) where _verdict = '{ERASED}'"
    return int(engine.rows(connection, query)[0][0])


def _redact_in_place(
    lake: Lake, contract: Contract, sha256: str, listed: Suppression, connection: duckdb.DuckDBPyConnection
) -> int:
    """Redact one file of the lake. Killed between file and ledger, the next replay writes the ledger from the file."""
    file = lake.raw_path(contract.id, sha256).absolute()
    with lake.staging() as folder:
        target = (folder / "records.parquet").absolute()
        counts = listed.redact(connection, contract, file, target)
        if counts:
            lake.keep_raw(contract.id, sha256, target)
    recount(lake, contract.id, sha256, connection, listed.number)
    return sum(counts.values())


def recount(
    lake: Lake, contract_id: str, sha256: str, connection: duckdb.DuckDBPyConnection, number: int | None = None
) -> None:
    """Let the ledger say of a file what it holds now; `number` is that of the list it was held against, if it was."""
    file = lake.raw_path(contract_id, sha256).absolute()
    left = dict(engine.rows(connection, f"select _verdict, count(*) from read_parquet({engine.file(file)}) group by 1"))
    erased = int(left.get(ERASED, 0))
    with lake.ledger() as ledger:
        if erased:
            ledger.execute(
                "update files set accepted = ?, quarantined = ?, dropped = records - ? "
                "where contract = ? and sha256 = ?",
                (
                    left.get(ACCEPTED, 0),
                    left.get(QUARANTINED, 0),
                    # Footer lines are dropped ones that are not in the file.
                    left.get(ACCEPTED, 0) + left.get(QUARANTINED, 0) + erased,
                    contract_id,
                    sha256,
                ),
            )
        ledger.execute(
            "insert into redactions values (?, ?, ?, coalesce(?, 0)) on conflict (contract, sha256) do update set "
            "erased = excluded.erased, list_number = coalesce(?, list_number)",
            (contract_id, sha256, erased, number, number),
        )
