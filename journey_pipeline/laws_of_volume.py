"""Laws of how much there is: the newest week against the weeks before it, closed weeks against the release before.

Holds what is remembered of a release, and how counts are held against it. What may differ by how much, and whether
more warns or refuses, is the seed `volume_allowances`. Must not be here: what a source owes (`coverage`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from journey_pipeline.law import Connection, Outcome
from journey_pipeline.settings import shared_numbers

# Fewer records than these more or less are never told: coverage has the same limit.
_FEWEST = int(shared_numbers()["coverage_min_missing"])
_NAMED = 5


def volumes_are_usual(connection: Connection) -> Outcome:
    """In the newest week every source tells about as much as in the weeks before; refuses where declared."""
    # What may still come is no fall yet, and of what nothing is expected coverage says so.
    rows = connection.execute(
        """
        select format('{} ({}) in the week of {}: expected {} to {} records, found {}', source, events_table, week,
                round(v.records_low)::bigint, round(v.records_high)::bigint, v.records), v.on_breach = 'refuse'
        from marts.volumes as v
        inner join marts.coverage as c using (week, source, events_table)
        where v.is_unusual and c.status <> 'late' and c.is_expected and week = (select max(week) from marts.coverage)
        order by source, events_table
        """
    ).fetchall()
    return _told(rows)


def closed_weeks_stand(connection: Connection) -> Outcome:
    """Weeks that the release before closed hold about as many records as it said; refuses where declared."""
    released = connection.execute(
        "select distinct table_name from operations.previous_weeks where source = '' order by table_name"
    ).fetchall()
    if not released:
        return Outcome(0, "no release of this week or an earlier one is served: there is nothing to compare with")
    weekly = {table: f'marts."{table}"' for (table,) in released if _has_weeks(connection, table)}
    rows = connection.execute(
        f"""
        with before as (select * from operations.previous_weeks),
        now as ({_counts(weekly)}),
        -- A table may look back on so many weeks only, and a source or table that is new has no before.
        series as (
            select source, table_name, greatest(min(before.week), min(now.week)) as first_week
            from before inner join now using (source, table_name) group by source, table_name
        ),
        weeks as (
            select source, table_name, week, coalesce(before.records, 0) as said, coalesce(now.records, 0) as found
            from before full join now using (source, table_name, week) inner join series using (source, table_name)
            where week >= first_week and week < (select max(closed_at) from operations.previous_weeks)
        ),
        allowed as (
            select weeks.*, a.fall, a.rise, a.on_breach, row_number() over (
                partition by weeks.source, weeks.table_name, week
                order by a.source is null, a.table_name is null, coalesce(a.first_week, date '0001-01-01') desc, reason
            ) as place
            from weeks
            inner join seeds.volume_allowances as a on a.compares = 'closed_weeks'
                and coalesce(a.source, weeks.source) = weeks.source
                and coalesce(a.table_name, weeks.table_name) = weeks.table_name
                and week between coalesce(a.first_week, week) and coalesce(a.last_week, week)
        )
        select format('{{}} in the week of {{}}: expected {{}} to {{}} ({{}} last time), found {{}}',
                if(source = '', table_name, source || ' (' || table_name || ')'), week,
                ceil((1 - fall) * said)::bigint, floor((1 + rise) * said)::bigint, said, found),
            on_breach = 'refuse'
        from allowed
        where place = 1 and abs(found - said) >= {_FEWEST}
            and (found < (1 - fall) * said or found > (1 + rise) * said)
        order by source, table_name, week
        """
    ).fetchall()
    return _told(rows)


def remember_release(
    connection: Connection, tables: Path | None, weekly: Sequence[str], as_of: datetime | None
) -> None:
    """Keep in `operations.previous_weeks` what a release said of its weeks.

    Args:
        connection: the warehouse.
        tables: folder of the release's Parquet files; None where there is none to compare with.
        weekly: its tables with a column `week`.
        as_of: its end of event time (naive UTC): its weeks before are closed.
    """
    connection.execute(
        """
        create schema if not exists operations;
        create or replace table operations.previous_weeks (
            source varchar, table_name varchar, week date, records bigint, closed_at timestamp)
        """
    )
    if tables is not None:
        files = {
            table: "read_parquet('" + str(tables / f"{table}.parquet").replace("'", "''") + "')" for table in weekly
        }
        connection.execute(
            f"insert into operations.previous_weeks select *, ?::timestamp from ({_counts(files)})", [as_of]
        )


def _counts(relations: dict[str, str]) -> str:
    """A query of source, table_name, week and records: what coverage counts by source, and the rows of weekly
    tables, which have no source."""
    parts = [
        f"select '' as source, '{table}' as table_name, week::date as week, count(*) as records "
        f"from {relation} group by week"
        for table, relation in relations.items()
    ]
    if "coverage" in relations:
        parts.append(f"select source, events_table, week::date, records from {relations['coverage']}")
    return (
        " union all ".join(parts)
        or "select '' as source, '' as table_name, null::date as week, 0 as records where false"
    )


def _has_weeks(connection: Connection, table: str) -> bool:
    found = connection.execute(
        """
        select 1 from information_schema.columns
        where table_schema = 'marts' and table_name = ? and column_name = 'week'
        """,
        [table],
    ).fetchall()
    return bool(found)


def _told(rows: list[tuple[str, bool]]) -> Outcome:
    """What is beyond its allowance, what refuses first; it refuses only where a line says so."""
    named = [text for text, _ in sorted(rows, key=lambda row: not row[1])]
    more = [f"and {len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return Outcome(len(rows), "; ".join(named[:_NAMED] + more), refuses=not rows or any(refuses for _, refuses in rows))
