"""What became of the events of one week between two times of knowing: which rows are others now, and why.

Holds the cause of every changed key of every events table, and the tables as they were with some of the causes still to
come. Add a line to KEYS with a new events table. Must not be here: building what lies right of events (`rebuilding`).

A key has one cause, the first that fits: identity_change for pairs of identifiers, consent for consents, refund for
facts that take an order back (and the status of that order), corrected_delivery where values differ, a row is gone, or
its file delivers a window anew that an earlier file had told, late_data for everything else. Rows that a later file
only tells again are no change, and come with whichever cause is first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from journey_pipeline.hardening import harden
from journey_pipeline.release.candidate import literal
from journey_pipeline.settings import Settings

# What tells the rows of each table apart.
KEYS = {
    "campaign_handles": ("handle",),
    "consents": ("consent_id",),
    "content_metrics": ("content_metric_id",),
    "conversions": ("conversion_id",),
    "experience_scores": ("score_id",),
    "experiment_assignments": ("assignment_id",),
    "identifier_edges": ("source", "a_type", "a_value", "b_type", "b_value", "evidence"),
    "measurements": ("measurement_id",),
    "profile_attributes": ("source", "identifier_type", "identifier_value", "attribute"),
    "self_reports": ("report_id",),
    "spend": ("spend_id",),
    "survey_invitations": ("invitation_id",),
    "touchpoints": ("touchpoint_id",),
}
# Tables that say one thing only: whatever changes in them has this cause.
_OWN_CAUSE = {"identifier_edges": "identity_change", "consents": "consent"}
# The record a row was read from: told again by a later file, a row says nothing new.
_LINEAGE = ("source_file_id", "source_row_number")
_TOLD_AGAIN = "told_again"
_OF_KNOWING = ("late_data", "corrected_delivery", "identity_change", "refund", "consent")


class Restated:
    """The events of one week as two warehouses have them, `before` and `after`, both built by the same rules."""

    def __init__(self, settings: Settings, scratch: Path, before: Path, after: Path) -> None:
        """Find the causes; they and what sorting spills lie in `scratch`. All files lie in the home."""
        self._settings, self._scratch = settings, scratch
        self._attached = {"before": before, "after": after}
        with self._engine() as engine:
            _find_corrections(engine)
            for table, key in KEYS.items():
                _find_causes(engine, table, key)
            found = " union ".join(f"select cause from c.{table}" for table in KEYS)
            present = {cause for (cause,) in engine.execute(found).fetchall()}
        self.causes = [cause for cause in _OF_KNOWING if cause in present]

    def write_mixed(self, warehouse: Path, causes: Collection[str]) -> None:
        """Give a copy of `after` the events as they are when only `causes` have come about."""
        given = ", ".join(f"'{cause}'" for cause in (_TOLD_AGAIN, *causes))
        with self._engine() as engine:
            engine.execute(f"attach {literal(warehouse)} as mixed")
            for table, key in KEYS.items():
                same = _same_key("rows", "changed", key)
                engine.execute(
                    f"""
                    create or replace table mixed.events.{table} as
                    select rows.* from after.events.{table} as rows
                    where not exists (select 1 from c.{table} as changed where {same} and cause not in ({given}))
                    union all
                    select rows.* from before.events.{table} as rows
                    where exists (select 1 from c.{table} as changed where {same} and cause not in ({given}))
                    """
                )

    @contextmanager
    def _engine(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(config=self._settings.duckdb_config()) as connection:
            connection.execute(f"set temp_directory = {literal(self._scratch / 'spill')}")
            harden(connection, self._settings.home)
            for name, path in self._attached.items():
                connection.execute(f"attach {literal(path)} as {name} (read_only)")
            connection.execute(f"attach {literal(self._scratch / 'causes.duckdb')} as c")
            yield connection


def _find_corrections(engine: duckdb.DuckDBPyConnection) -> None:
    """Create `temp.corrections`: new files that deliver a window anew, so that rows of an earlier file are replaced."""
    engine.execute(
        """
        create or replace temp table corrections as
        select distinct new.file_id as source_file_id
        from after.raw.source_files as new
        inner join after.raw.service_levels as levels
            on new.contract = levels.contract and levels.delivery_mode = 'replace_window'
        inner join after.raw.source_files as earlier
            on new.contract = earlier.contract and new.period_start <= earlier.period_end
            and new.period_end >= earlier.period_start
        inner join before.raw.source_files as as_it_was
            on earlier.contract = as_it_was.contract and earlier.file_id = as_it_was.file_id
            and earlier.path = as_it_was.path and earlier.superseded > as_it_was.superseded
        where not exists (
            select 1 from before.raw.source_files as known
            where known.contract = new.contract and known.file_id = new.file_id)
        """
    )


def _find_causes(engine: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> None:
    """Create `c.<table>`: every key whose rows differ, with the cause."""
    columns = [name for name, *_ in engine.execute(f"describe after.events.{table}").fetchall()]
    values = [name for name in columns if name not in _LINEAGE]
    keys = ", ".join(key)
    has_file = "source_file_id" in columns

    def side(name: str) -> str:
        # Keys repeat in some tables: a sum over rows does not depend on their order.
        return f"""
            select {keys}, sum(hash({", ".join(columns)})::hugeint) as whole,
                sum(hash({", ".join(values)})::hugeint) as told
                {", max(source_file_id) as source_file_id" if has_file else ", null::varchar as source_file_id"}
                {_refund_columns(values) if table == "conversions" else ""}
            from {name}.events.{table} group by {keys}
        """

    cause = f"'{_OWN_CAUSE[table]}'" if table in _OWN_CAUSE else _cause(table)
    engine.execute(
        f"""
        create or replace table c.{table} as
        with old as ({side("before")}), new as ({side("after")})
        select {", ".join(f"coalesce(new.{name}, old.{name}) as {name}" for name in key)}, {cause} as cause
        from new full join old on {_same_key("new", "old", key)}
        where new.whole is distinct from old.whole
        """
    )


def _cause(table: str) -> str:
    """SQL for the cause of a changed key: `old` and `new` are its rows on both sides, null where there are none."""
    refund = """when new.is_adjustment or old.is_adjustment then 'refund'
        when new.beside_status = old.beside_status and new.conversion_id in (
            select adjusts_conversion_id from after.events.conversions) then 'refund'"""
    return f"""case
        when new.told = old.told then '{_TOLD_AGAIN}'
        {refund if table == "conversions" else ""}
        when old.whole is not null then 'corrected_delivery'
        when new.source_file_id in (select source_file_id from temp.corrections) then 'corrected_delivery'
        else 'late_data' end"""


def _refund_columns(values: list[str]) -> str:
    beside_status = ", ".join(name for name in values if name != "status")
    return (
        ", bool_or(adjusts_conversion_id is not null) as is_adjustment, "
        f"sum(hash({beside_status})::hugeint) as beside_status"
    )


def _same_key(one: str, other: str, key: tuple[str, ...]) -> str:
    return " and ".join(f"{one}.{name} is not distinct from {other}.{name}" for name in key)
