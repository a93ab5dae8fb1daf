"""The digest sees every change of a row and nothing else."""

from __future__ import annotations

import hashlib
import json

import duckdb
import pytest

from journey_pipeline.release import table_digest

_ROWS = """
    select i as id, 'name ' || i as name, i * 0.1::double as share, (i * 1.5)::decimal(18, 6) as amount,
        timestamp '2026-01-01' + to_seconds(i::int) as seen_at, i % 3 = 0 as is_new,
        case when i % 5 = 0 then null else '' end as note, [i, null] as list, now() as loaded_at
    from range(5000) t (i)
"""


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"create table original as {_ROWS}")
    return con


def test_row_order_and_thread_count_do_not_matter(connection: duckdb.DuckDBPyConnection) -> None:
    digests = set()
    for threads in (1, 2):
        connection.execute(f"set threads = {threads}")
        for order in ("id", "id desc", "md5(id::varchar)"):
            connection.execute(f"create or replace table shuffled as from original order by {order}")
            digests.add(table_digest(connection, "shuffled"))
    assert len(digests) == 1
    (digest,) = digests
    assert len(digest) == 64


def test_the_digest_can_be_computed_without_the_engine(connection: duckdb.DuckDBPyConnection) -> None:
    rows = "(values (1::bigint, null::varchar, 0.1::double), (2, 'é|', 1e300)) as t (a, b, c)"
    halves = [hashlib.md5(text.encode()).digest() for text in ("1|~|0.1", "2|3:é||1e+300")]
    upper = sum(int.from_bytes(half[:8], "little") for half in halves)
    lower = sum(int.from_bytes(half[8:], "little") for half in halves)
    columns = [["a", "BIGINT"], ["b", "VARCHAR"], ["c", "DOUBLE"]]
    text = json.dumps([columns, 2, str(upper), str(lower)], separators=(",", ":"))
    assert table_digest(connection, rows) == hashlib.sha256(text.encode()).hexdigest()


def test_loaded_at_is_the_only_column_left_out(connection: duckdb.DuckDBPyConnection) -> None:
    before = table_digest(connection, "original")
    connection.execute("update original set loaded_at = timestamptz '2001-01-01 00:00:00+00'")
    assert table_digest(connection, "original") == before


@pytest.mark.parametrize(
    "change",
    [
        "set id = 999999 where id = 7",
        "set name = name || ' ' where id = 7",
        "set share = share + 1e-12 where id = 7",
        "set amount = amount + 0.000001 where id = 7",
        "set seen_at = seen_at + interval 1 microsecond where id = 7",
        "set is_new = null where id = 7",
        "set note = null where id = 7",
        "set note = '' where id = 5",
        "set list = [7, 7] where id = 7",
    ],
)
def test_any_changed_cell_changes_the_digest(connection: duckdb.DuckDBPyConnection, change: str) -> None:
    before = table_digest(connection, "original")
    connection.execute(f"update original {change}")
    assert table_digest(connection, "original") != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select 'a|1:b' as x, 'c' as y", "select 'a' as x, '1:b|1:c' as y"),
        ("select 'a' as x, null as y", "select null as x, 'a' as y"),
        ("select '~' as x", "select null::varchar as x"),
        ("select 1 as x union all select 1", "select 1 as x"),
        ("select 'swap' as x, 'me' as y", "select 'me' as x, 'swap' as y"),
        ("select 1 as x, 2 as y", "select 2 as y, 1 as x"),
        ("select 1::int as x", "select 1::bigint as x"),
        ("select 1 as x where false", "select 1 as y where false"),
    ],
)
def test_different_tables_differ(connection: duckdb.DuckDBPyConnection, one: str, other: str) -> None:
    assert table_digest(connection, f"({one})") != table_digest(connection, f"({other})")


def test_zeros_that_compare_equal_digest_equal(connection: duckdb.DuckDBPyConnection) -> None:
    assert table_digest(connection, "(select 0.0::double as x)") == table_digest(
        connection, "(select '-0.0'::double as x)"
    )


def test_the_session_time_zone_does_not_matter(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table zoned as select timestamptz '2026-01-01 00:00:00+00' as at")
    digests = set()
    for zone in ("UTC", "Asia/Tokyo"):
        connection.execute(f"set TimeZone = '{zone}'")
        digests.add(table_digest(connection, "zoned"))
    assert len(digests) == 1


def test_a_nested_zoned_time_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(TypeError, match="column many"):
        table_digest(connection, "(select [timestamptz '2026-01-01 00:00:00+00'] as many)")
