"""Parquet deliveries: checksums, damaged files, unknown and missing columns."""

from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from tests.ingest.home import Home

NAME = "ga4/events_20261101.parquet"


def write(path: Path, **columns: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 2000
    table = {
        "event_date": ["20261101"] * rows,
        "event_timestamp": [1793489460120000 + number for number in range(rows)],
        "event_name": ["page_view"] * rows,
        **columns,
    }
    pq.write_table(pa.table(table), path, write_page_checksum=True, compression="none", use_dictionary=False)


def test_a_flipped_bit_in_a_page_is_caught(home: Home) -> None:
    path = home.inbox / NAME
    write(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 8
    path.write_bytes(bytes(content))
    outcome = home.load_one()
    assert outcome.fault is not None
    assert (outcome.outcome, outcome.fault.code) == ("quarantined", "E_PARQUET")


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"x" * 100 + b"PAR1", b"not parquet at all"])
def test_a_damaged_file_is_held(home: Home, content: bytes) -> None:
    home.put(NAME, content)
    fault = home.load_one().fault
    assert fault is not None
    assert fault.code == "E_PARQUET"


def test_a_missing_column_is_named(home: Home) -> None:
    write(home.inbox / NAME)
    table = pq.read_table(home.inbox / NAME).rename_columns(["event_date", "event_time", "event_name"])
    pq.write_table(table, home.inbox / NAME)
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.column, fault.found) == (
        "E_MISSING_COLUMN",
        "event_timestamp",
        "nearest header: event_time",
    )


def test_unknown_columns_and_new_members_are_kept(home: Home) -> None:
    write(home.inbox / NAME, is_new=[True] * 2000, device=[{"category": "mobile", "fold": None, "w": 3}] * 2000)
    outcome = home.load_one()
    assert (outcome.accepted, outcome.warnings[0]) == (2000, "unknown columns kept in _extra: is_new")
    assert home.rows("select distinct _extra, device, event_timestamp from raw.ga4__events where _row_number = 7") == [
        ('{"is_new":true}', '{"category":"mobile","w":"3"}', "1793489460120006")
    ]


def test_texts_that_look_like_json_nulls_survive(home: Home) -> None:
    text = 'a,"b":null,{"c":null}'
    write(home.inbox / NAME, device=[{"category": text, "model": None}] * 2000)
    home.load()
    assert home.rows(
        "select distinct json_extract_string(device, '$.category'), device like '%model%' from raw.ga4__events"
    ) == [(text, False)]


def test_cell_rules_hold_for_parquet_too(home: Home) -> None:
    write(home.inbox / NAME, event_date=["20261101"] * 1999 + ["2026-11-01"])
    fault = home.load_one().fault
    assert fault is not None
    assert (fault.code, fault.record, fault.line, fault.column) == ("E_VALUE", 2000, None, "event_date")
