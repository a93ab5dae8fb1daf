"""Values that nobody else has in every personal column of every contract, and the search for them in any file.

Holds how a sample file is given canaries and how any file is read for them. Add here when a new kind of file is
delivered or written. Must not be here: which of them may be found where.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.ingest import Contract, load_contracts
from journey_pipeline.ingest.contract import Column, header_key
from journey_pipeline.ingest.inbox import matches

Place = tuple[str, str]
# What a page, a template, a spreadsheet or SQL would make something of, where text is not only text.
HOSTILE = " =1+1\"'); drop table raw; -- <script>kanari()</script>{{ env_var('PATH') }}"
# Whose journey the tests of the samples tell stays as it is.
_TOLD = ("okafor", "maya", "u_1001", "jonas", "lindqvist", "1184523377", "2025550111", "b2f5c1de-0001")
_URLS = {"page", "page_url", "page_referrer", "page_location", "url", "website", "external_avatar_url"}
_PEOPLE = re.compile(
    r"^(\$?email|e-?mail(_address)?|(first|last|full)_?name|firstname|lastname|name|phone(_number)?|ip|\$city|city|"
    r"address|remark|comment|comments?|body|subject|last4|fingerprint|useragent|\$device_id|value)$",
    re.IGNORECASE,
)


@cache
def places() -> dict[Place, int]:
    """The number of the canary of every personal column."""
    columns = ((c.id, column.name) for c in load_contracts().values() for column in c.columns if column.classification)
    return {place: number for number, place in enumerate(columns, 100)}


def canary(contract: str, column: str) -> str:
    """The canary of a column, in a form the column may have."""
    number = places()[contract, column]
    kind = load_contracts()[contract].identity.personal.get(column)
    if column in _URLS:
        return (
            f"https://www.northlamp.test/lamps/kanari{number}@leak.test/x?mail=kanari{number}@leak.test#kanari{number}"
        )
    if "latitude" in column or "longitude" in column:
        return f"12.8877{number}"
    if "phone" in column or kind == "phone":
        return f"+49308877{number}6"
    if kind == "ip" and ("ip_" in column or column.startswith(("ip", "optin", "confirm", "user_ip", "request"))):
        return f"198.18.{number // 200}.{number % 200 + 17}"
    if "email" in column or column in ("person", "requester", "receipt_email", "recipient"):
        return f"Kanari{number}@leak.test"
    return f"Kanari{number}" + (HOSTILE if kind == "free_text" else "")


def found(text: str) -> set[int]:
    """Numbers of the canaries in a text, as themselves or as a plain hash of a mail."""
    numbers = {int(n) for n in re.findall(r"kanari(\d{3})", text, re.IGNORECASE)}
    numbers |= {int(n) for n in re.findall(r"308877(\d{3})6", text)} | {
        int(n) for n in re.findall(r"12\.8877(\d{3})", text)
    }
    numbers |= {200 * int(a) + int(b) - 17 for a, b in re.findall(r"198\.18\.(\d)\.(\d{2,3})\b", text)}
    return numbers | {
        _hashes()[word] for word in re.findall(r"\b[0-9a-f]{32}(?:[0-9a-f]{32})?\b", text) if word in _hashes()
    }


@cache
def _hashes() -> dict[str, int]:
    mails = {f"kanari{number}@leak.test": number for number in places().values()}
    return {
        algorithm(mail.encode()).hexdigest(): number
        for mail, number in mails.items()
        for algorithm in (hashlib.md5, hashlib.sha256)
    }


# --- planting -----------------------------------------------------------------------------------------------------


def plant(inbox: Path) -> None:
    """Give one row of every file below an inbox, those in archives included, a canary in each personal column."""
    for path in sorted(p for p in inbox.rglob("*") if p.is_file()):
        planted = _planted(path.relative_to(inbox).as_posix(), path.read_bytes())
        path.write_bytes(planted)


# A home that delivers its own tables has no sample: one row of each that tells of a person.
_CANONICAL = {
    "touchpoints": "native_id,system,occurred_at,family,interaction_type"
    "|k1,callcentre,2026-11-02T09:00:00Z,sales,call_made",
    "identifier_edges": "a_type,b_type,evidence,confidence,last_seen_at"
    "|email,user_id,login,deterministic,2026-11-01T00:00:00Z",
    "profile_attributes": "id_type,attribute,observed_at|user_id,plan,2026-11-01T00:00:00Z",
    "conversions": "conversion_id,kind,occurred_at,gross_amount,currency|k1,order,2026-11-01T12:00:00Z,1.00,EUR",
    "experience_scores": "score_id,instrument,scale_min,scale_max,value,answered_at|k1,CES,1,7,6,2026-11-02T09:00:00Z",
    "consents": "purpose,state,occurred_at|analytics,denied,2026-11-01T00:00:00Z",
    "spend": "system,spend_date,channel,cost_amount,cost_currency|tv,2026-11-02,tv,0.00,EUR",
    "experiment_assignments": "experiment_id,variant,assigned_at|kanari,mail,2026-11-01T00:00:00Z",
}


def deliver_canonical(inbox: Path) -> None:
    """The files of a home that delivers its tables ready-made, each with a canary in each personal column."""
    (inbox / "canonical").mkdir(parents=True, exist_ok=True)
    for table, rows in _CANONICAL.items():
        contract = load_contracts()[f"canonical__{table}"]
        told = {column.name: canary(contract.id, column.name) for column in _personal(contract)}
        if "identifier_type" in contract.column_names:
            told |= {"identifier_type": "user_id"}
        if table == "spend":
            told |= {"campaign": HOSTILE}
        if "attrs" in told:
            told["attrs"] = json.dumps({"kanari_note": told["attrs"]})
        names, cells = (row.split(",") for row in rows.split("|"))
        with (inbox / "canonical" / f"{table}.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows([[*names, *told], [*cells, *told.values()]])


def _planted(name: str, content: bytes) -> bytes:
    if content.startswith(b"PK\x03\x04"):
        return _planted_archive(name, content)
    if content.startswith(b"\x1f\x8b"):
        return gzip.compress(_planted(name, gzip.decompress(content)), mtime=0)
    contract = next((c for c in load_contracts().values() if matches(c, name)), None)
    if contract is None or content.startswith(b"PAR1") or not any(c.classification for c in contract.columns):
        return content
    text = content.decode("utf-8-sig")
    mark = "\ufeff" if content.startswith(b"\xef\xbb\xbf") else ""
    types = contract.ingest.format.type
    if types == ["lines"]:
        number = places()[contract.id, contract.columns[0].name]
        return re.sub(r"stamp:'[^'-]+'", f"stamp:'kanari{number}'", text, count=1).encode()
    if text.lstrip().startswith("{"):
        return _planted_lines(contract, text).encode()
    return (mark + _planted_table(contract, text)).encode()


def _planted_archive(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            inside = zipfile.ZipInfo(member.filename, member.date_time)
            new.writestr(inside, _planted(f"{name}/{member.filename}", old.read(member)))
    return out.getvalue()


def _personal(contract: Contract) -> list[Column]:
    return [column for column in contract.columns if column.classification]


def _is_told(text: str) -> bool:
    return any(word in text.casefold() for word in _TOLD)


def _planted_lines(contract: Contract, text: str) -> str:
    records = [json.loads(line) for line in text.splitlines() if line.strip()]
    wanted = {column.name: column for column in _personal(contract)}
    claimed = [{name: key for key in record if (name := _column_of(contract, key)) in wanted} for record in records]
    free = [n for n, record in enumerate(records) if not _is_told(json.dumps(record))]
    best = max((len(claimed[n]) for n in free), default=0)
    chosen = [n for n in free if len(claimed[n]) == best][-1:]
    for name, column in wanted.items():
        # The told ones keep what they are known by, and still tell what nobody had told of them.
        into = chosen or [n for n, record in enumerate(records) if not record.get(claimed[n].get(name, name))][-1:]
        for n in into:
            key = claimed[n].get(name) or (column.custom.sourceHeader or [name])[0]
            records[n][key] = _nested(records[n].get(key), canary(contract.id, name), column.logicalType)
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _column_of(contract: Contract, key: str) -> str | None:
    return next((c.name for c in contract.columns if c.claims(key)), None)


def _nested(value: Any, word: str, kind: str) -> Any:
    """The value with the canary wherever it tells of a person, and under a key that nobody knows."""
    if isinstance(value, str) and value.startswith("{"):
        return json.dumps(_nested(json.loads(value), word, "object"))
    if isinstance(value, dict) or (value is None and kind == "object"):
        inner = {
            key: _nested(part, word, "object") if isinstance(part, dict | list)
            else word if isinstance(part, str) and _PEOPLE.match(key) else part
            for key, part in (value or {}).items()
        }  # fmt: skip
        return inner | {"kanari_note": word}
    if isinstance(value, list) or kind == "array":
        inner = [_nested(part, word, "object") if isinstance(part, dict | list) else part for part in value or []]
        return inner or [{"kanari_note": word}]
    return word


def _planted_table(contract: Contract, text: str) -> str:
    layout = contract.ingest.format
    delimiter = max(layout.delimiters, key=lambda d: text.split("\n")[0].count(d)) if layout.header else "\t"
    if not layout.header:
        rows = [line.split(delimiter) for line in text.splitlines()]
        names, begin = layout.header or contract.delivered_columns, 0
    else:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        top = max(
            range(min(20, len(rows))), key=lambda n: sum(any(c.claims(h) for c in contract.columns) for h in rows[n])
        )
        names = _names(contract, rows[top])
        begin = top + 1 + layout.metadata_rows
        for column in _personal(contract):
            if column.name not in names and not any(column.claims(header) for header in rows[top]):
                names.append(column.name)
                for n, row in enumerate(rows[top:]):
                    row.append((column.custom.sourceHeader or [column.name])[0] if n == 0 else "")
    data = [n for n in range(begin, len(rows)) if len(rows[n]) == len(names)]
    free = [n for n in data if not _is_told(" ".join(rows[n]))][-1:]
    if not free:  # one more person, who has another key
        key = names.index(contract.ingest.delivery.key[0])
        rows.append([cell[:-1] + "0" if place == key else cell for place, cell in enumerate(rows[data[-1]])])
        free = [len(rows) - 1]
    for column in _personal(contract):
        place = names.index(column.name)
        cell = _nested(rows[free[0]][place] or None, canary(contract.id, column.name), column.logicalType)
        rows[free[0]][place] = cell if isinstance(cell, str) else json.dumps(cell)
    if not layout.header:
        return "".join(delimiter.join(row) + "\n" for row in rows)
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _names(contract: Contract, headers: list[str]) -> list[str]:
    """The columns behind the headers of a file; of two that may have one header each has one."""
    names: list[str] = []
    for header in headers:
        able = (c.name for c in contract.columns if c.claims(header) and c.name not in names)
        names.append(next(able, header_key(header)))
    return names


# Types of cells that can hold none, which spares reading most of a warehouse.
_NO_TEXT = ("BOOLEAN", "DATE", "INTEGER", "BIGINT", "UUID", "TIMESTAMP")


# --- looking for them ---------------------------------------------------------------------------------------------


def read(path: Path) -> Iterator[tuple[str, str]]:
    """What a file says, decoded: (where, text) of each column of a table, or of the file."""
    start = path.open("rb").read(16)
    if start.startswith(b"SQLite format 3"):
        yield from _sqlite(path)
    elif start[8:12] == b"DUCK":
        with duckdb.connect(str(path), read_only=True) as connection:
            yield from tables(connection)
    elif start.startswith(b"PAR1"):
        with duckdb.connect() as connection:
            relation = f"read_parquet('{str(path).replace(chr(39), chr(39) * 2)}')"
            asked = f"select column_name, column_type from (describe from {relation})"
            for column, kind in connection.execute(asked).fetchall():
                if kind in _NO_TEXT:
                    continue
                yield column, _cells(connection, relation, column)
    else:
        yield from (("", _plain(part)) for part in (path.read_bytes(), str(path).encode()))


def tables(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Every column of every table, and of every view that is not of `raw`."""
    columns = connection.execute(
        "select schema_name, table_name, column_name from duckdb_columns() where not internal "
        f"and data_type not in {_NO_TEXT} "
        "and (schema_name <> 'raw' or table_oid in (select table_oid from duckdb_tables())) order by all"
    ).fetchall()
    for schema, table, column in columns:
        yield f"{schema}.{table}.{column}", _cells(connection, f'{schema}."{table}"', column)


def _cells(connection: duckdb.DuckDBPyConnection, relation: str, column: str) -> str:
    """The cells of a column that may hold a canary; the engine leaves out the others at a tenth of the cost."""
    cells = connection.execute(
        f"""
        select distinct cell from (select "{column}"::varchar as cell from {relation})
        where contains(cell, 'anari') or contains(cell, '308877') or contains(cell, '12.8877')
            or contains(cell, '198.18.') or (length(cell) in (32, 64) and cell in (select unnest($1)))
        """,
        [list(_hashes())],
    )
    return "\n".join(cell for (cell,) in cells.fetchall())


def _sqlite(path: Path) -> Iterator[tuple[str, str]]:
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (name,) in names:
            for row in connection.execute(f'select * from "{name}"'):
                yield name, "\n".join(_plain(cell) if isinstance(cell, bytes) else str(cell) for cell in row)


def _plain(content: bytes) -> str:
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(content).decode("utf-8", "replace")
        except (OSError, zlib.error, EOFError):
            continue
    return content.decode("utf-8", "replace")
