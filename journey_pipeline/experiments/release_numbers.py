"""What a release says of the people an experiment would be made with.

Holds the reading of the released tables for `journey experiment design`. Must not be here: arithmetic (`planning`).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from journey_pipeline.experiments.designs import KINDS, metric_of

# What each kind counts in the released tables: table, moment, amount, condition.
_FACTS = {
    "orders": ("conversions", "occurred_at", "1", "conversion_type in ('order', 'opportunity_won') and is_counted"),
    "revenue": (
        "conversions",
        "occurred_at",
        "value",
        "conversion_type in ('order', 'opportunity_won') and is_counted",
    ),
    "visits": ("sessions", "started_at", "1", "not is_machine"),
}
_STAGES = ("awareness", "consideration", "experience", "advocacy")
# Newcomers of so many weeks say how many come in one.
_WEEKS = 8


@dataclass(frozen=True)
class Baseline:
    """People of a group, the metric's mean and variance among them over the last window, and how many join a week."""

    people: int
    mean: float
    variance: float
    per_week: float


def baseline(connection: duckdb.DuckDBPyConnection, metric: str, group: tuple[str, str] | None = None) -> Baseline:
    """Of everybody in the release, or of one segment of a set.

    A window as long as the metric's that ends with the release stands for the one after an assignment; people first
    seen within it are left out. Raises ValueError for a metric or segment that cannot be measured.
    """
    kind, days = metric_of(metric)
    table, moment, amount, condition = _fact(kind)
    members = "select customer_id, first_seen_at from customers"
    if group:
        members += " inner join customer_segments using (customer_id) where segment_set = $set and segment = $segment"
    value = "least(coalesce(told.amount, 0), 1)" if KINDS[kind] else "coalesce(told.amount, 0)"
    row = connection.execute(
        f"""
        with cut as (select any_value(as_of) as as_of from kpi_scorecard),
        members as ({members}),
        told as (
            select customer_id, sum({amount})::double as amount from {table} cross join cut
            where {condition} and {moment} >= cut.as_of - interval {days} day and {moment} < cut.as_of
            group by customer_id
        )
        select count(*),
            avg({value}) filter (where first_seen_at < cut.as_of - interval {days} day),
            var_samp({value}) filter (where first_seen_at < cut.as_of - interval {days} day),
            count(*) filter (where first_seen_at >= cut.as_of - interval {7 * _WEEKS} day) / {_WEEKS}.0
        from members cross join cut left join told using (customer_id)
        """,
        {"set": group[0], "segment": group[1]} if group else {},
    ).fetchall()[0]
    if not row[0] or row[2] is None:
        whom = f"the segment {group[1]} of the set {group[0]}" if group else "the release"
        raise ValueError(f"expected people known for {days} days in {whom}, found {row[0]:,} people: choose another")
    return Baseline(row[0], float(row[1]), float(row[2]), float(row[3]))


def _fact(kind: str) -> tuple[str, str, str, str]:
    if kind in _STAGES:
        return ("journeys", f"{kind}_at", "1", f"{kind}_at is not null")
    return _FACTS["orders" if kind == "purchase" else kind]
