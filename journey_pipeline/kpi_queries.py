"""The SQL that tells a number of the scorecard again, from the tables of the same release.

Holds one query per KPI over released rows (journeys, conversions, credits, spend, answers), and the one over
`kpi_weeks` for KPIs whose rows are not released or whose funnel counts in another mode. Each returns one row, numerator
and denominator, both decimal(38, 6).
Add here the query of a new KPI.
Must not be here: how a KPI is counted (SQL in `journeys`, which these queries must agree with), any I/O.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from journey_pipeline.kpi_windows import records

_ORDERS = "is_counted and conversion_type in ('order', 'opportunity_won') and customer_id is not null"
_MICROSECONDS = 1_000_000


def _week(instant: str) -> str:
    return f"cast(date_trunc('week', timezone(time_zone, timezone('UTC', {instant}))) as date)"


def _result(numerator: str, denominator: str) -> str:
    return (
        f"select cast({numerator} as decimal(38, 6)) as numerator, cast({denominator} as decimal(38, 6)) as denominator"
    )


def _between(first: str, last: str) -> str:
    return f"between date '{first}' and date '{last}'"


def _moves(entered: str, moved: str, seconds: int) -> str:
    taken = f"epoch_us({moved}) - epoch_us({entered}) <= {seconds * _MICROSECONDS}"
    return (
        _result(f"count(*) filter (where {taken})", "count(*)")
        + f"\nfrom journeys cross join release\nwhere {_week(entered)} {{weeks}}"
    )


def _early_value(days: int = 90) -> str:
    early = f"epoch_us(occurred_at) - epoch_us(acquired_at) <= {days * 86_400 * _MICROSECONDS}"
    return (
        "with orders as (\n  select customer_id, occurred_at, value, min(occurred_at) over (partition by customer_id)"
        f" as acquired_at\n  from conversions where {_ORDERS}\n)\n"
        + _result(f"sum(value) filter (where {early})", "count(distinct customer_id)")
        + f"\nfrom orders cross join release\nwhere {_week('acquired_at')} {{weeks}}"
    )


_RETENTION = (
    "with clock as (\n  select timezone('UTC', timezone(time_zone, cast(date '{last}' + 7 as timestamp))) as ends_at"
    " from release\n),\ncustomers as (\n  select customer_id,"
    " bool_or(occurred_at < ends_at - interval 90 day) as was_active,\n"
    "    bool_or(occurred_at >= ends_at - interval 90 day) as is_active\n"
    f"  from conversions cross join clock\n  where {_ORDERS}\n"
    "    and occurred_at < ends_at and occurred_at >= ends_at - interval 180 day\n  group by customer_id\n)\n"
    + _result("count(*) filter (where is_active)", "count(*)")
    + "\nfrom customers where was_active"
)
_ACQUISITION = (
    "with spent as (\n  select cast(date_trunc('week', spend_date) as date) as week,"
    " sum(cost_amount_reporting) as spend\n  from spend\n"
    "  where cast(date_trunc('week', spend_date) as date) {weeks} group by all\n),\n"
    "acquired as (\n  select min(occurred_at) as acquired_at from conversions\n"
    f"  where {_ORDERS} group by customer_id\n)\n"
    + _result(
        f"(select count(*) from acquired cross join release\n"
        f"    where {_week('acquired_at')} in (select week from spent))",
        "sum(spend)",
    )
    + "\nfrom spent"
)
_TOUCHED = (
    "conversion_id not in (\n    select conversion_id from credits where model = 'first' and channel = 'unattributed')"
)
_REVENUE = (
    _result(f"coalesce(sum(value) filter (where {_TOUCHED}), 0)", "sum(value)")
    + f"\nfrom conversions cross join release\nwhere {_ORDERS}\n  and {_week('occurred_at')} {{weeks}}"
)
# Weights have nine digits; by way of double they are rounded as the scorecard's are.
_SATISFACTION = (
    _result("cast(sum(case when is_positive then weight else 0 end) as double)", "cast(sum(weight) as double)")
    + "\nfrom survey_answers\nwhere instrument = 'CSAT' and is_scored and week {weeks}"
)
_RELEASED_WEEKS = (
    _result("sum(numerator)", "sum(denominator)")
    + "\nfrom kpi_weeks where kpi = '{kpi}' and is_mature and week {weeks}"
)


def queries(rows: pd.DataFrame, stages: pd.DataFrame | None, funnels: pd.DataFrame | None) -> list[str | None]:
    """The query of every row of `kpi_windows.windows`; None where nothing is counted."""
    templates = _templates(stages, funnels)
    return [_filled(templates, row) for row in records(rows[["kpi", "current_from", "current_until"]])]


def _templates(stages: pd.DataFrame | None, funnels: pd.DataFrame | None) -> dict[str, str]:
    found = {
        "customer_satisfaction": _SATISFACTION,
        "customer_lifetime_value": _early_value(),
        "customer_retention": _RETENTION,
        "acquisition_efficiency": _ACQUISITION,
        "revenue_attribution": _REVENUE,
    }
    if stages is None or funnels is None:
        return found
    main = funnels[funnels["funnel"] == "journey"].iloc[0]
    if main["default_mode"] != "reached":  # what `journeys` holds are the instants of that mode
        return found
    experience = stages[(stages["funnel"] == "journey") & (stages["stage"] == "experience")].iloc[0]
    return found | {
        "journey_conversion": _moves("awareness_at", "purchase_at", int(main["window_seconds"])),
        "journey_completion": _moves("purchase_at", "experience_at", int(experience["window_seconds"])),
    }


def _filled(templates: dict[str, str], row: dict[str, Any]) -> str | None:
    if pd.isna(row["current_until"]):
        return None
    first, last = (str(row[end].date()) for end in ("current_from", "current_until"))
    template = templates.get(row["kpi"], _RELEASED_WEEKS)
    if template is _RETENTION and first != last:  # it tells one window of 90 days
        template = _RELEASED_WEEKS
    return template.format(weeks=_between(first, last), last=last, kpi=row["kpi"])
