"""What changed in weeks that were already reported: how much, why, and which goals moved.

Add here when another restated table deserves its own words. Must not be here: why a number changed; `restatements`
says so.
"""

from __future__ import annotations

from typing import Any

from journey_pipeline.report.reading import Released, Row
from journey_pipeline.report.scorecard import unit
from journey_pipeline.report.wording import count, day, name

_TABLES = 12

# cause -> what it is called, what it means
_CAUSES = {
    "rule_or_configuration_change": ("Rules or settings", "the same data, counted by today's rules"),
    "late_data": ("Late data", "happened in those weeks, arrived after they were reported"),
    "corrected_delivery": ("Corrected deliveries", "files that replace what was delivered before"),
    "identity_change": ("Who is who", "customers that turned out to be one, or to be two"),
    "refund": ("Refunds", "refunds and voids of sales of those weeks"),
    "consent": ("Consent", "given or withdrawn, as far as it reaches back"),
    "new_week": ("The time since", "later steps of the same journeys, windows that ended, models that know more"),
    "erasure": ("Erased people", "counted only; no value is told"),
    "not_split": ("Not told apart", "this release did not tell causes apart"),
}

# A cell has a key; what is only counted has none. `*` is the row itself.
_HEAD = """
    select count(distinct struct_pack(table_name, week, key, column_name))
            filter (where column_name <> '*' and delta is not null) as numbers,
        count(distinct week) as weeks, min(previous_release_id) as previous
    from restatements
"""
_BY_CAUSE = """
    select cause, count(distinct table_name) as tables, count(distinct week) as weeks,
        count(*) filter (where key is not null and column_name <> '*' and cause_delta is not null) as numbers,
        count(*) filter (where key is not null and column_name <> '*' and cause_delta is null) as texts,
        sum(rows_added)::bigint + count(*) filter (where column_name = '*' and cause_value_after = 'row') as added,
        sum(rows_removed)::bigint + count(*) filter (where column_name = '*' and cause_value_before = 'row') as removed
    from restatements group by cause order by min(cause_position), cause
"""
# Of each goal the week that moved most, as a share of what was reported.
_GOALS = """
    with moves as (
        select distinct week, json_extract_string(key, '$.kpi') as kpi, value_before::double as before,
            value_after::double as after, cause, cause_position, cause_value_before::double as step_before,
            cause_value_after::double as step_after
        from restatements
        where table_name = 'kpi_scorecard' and column_name = 'actual' and key is not null and delta is not null
    ),
    weeks as (
        select kpi, week, count(*) over (partition by kpi) as weeks,
            max(abs(coalesce(after, 0) - coalesce(before, 0)) / coalesce(nullif(abs(before), 0), 1)) as change
        from moves
        group by kpi, week
        qualify row_number() over (partition by kpi order by change desc, week desc) = 1
    )
    select *
    from moves
    inner join weeks using (kpi, week)
    order by change desc, kpi, cause_position
"""
_BY_TABLE = """
    select table_name, count(distinct week) as weeks,
        count(distinct struct_pack(week, key, column_name)) filter (where column_name <> '*') as cells,
        count(distinct week || key) filter (where column_name = '*' and is_new_row) as added,
        count(distinct week || key) filter (where column_name = '*' and is_gone) as removed
    from restatements where week is not null
    group by table_name order by cells desc, table_name
"""


def restated(released: Released) -> dict[str, Any]:
    """The headline, causes, goals that moved, and tables, each empty when nothing was restated."""
    head = next(iter(released.rows("restatements", _HEAD)), None)
    causes = released.rows("restatements", _BY_CAUSE)
    tables = released.rows("restatements", _BY_TABLE)
    moves = _moves(released.rows("restatements", _GOALS), released.currency)
    return {
        "is_told": head is not None,
        "headline": _headline(head, moves) if head is not None and causes else "",
        "causes": [_cause(row) for row in causes],
        "goals": moves,
        "tables": [_table(row) for row in tables[:_TABLES]],
        "more_tables": count(len(tables) - _TABLES) if len(tables) > _TABLES else "",
    }


def _headline(head: Row, moves: list[dict[str, Any]]) -> str:
    weeks = f"{count(head['weeks'])} week{'' if head['weeks'] == 1 else 's'}"
    text = f"{count(head['numbers'])} numbers of {weeks} are not what release {head['previous']} said."
    if moves:
        top = moves[0]
        text += (
            f" The goal that moved most: {top['goal']}, week of {top['week']}, from {top['before']} to {top['after']}."
        )
    return text


def _cause(row: Row) -> dict[str, str]:
    label, meaning = _CAUSES.get(row["cause"], (name(row["cause"]), ""))
    numbers = ("tables", "weeks", "numbers", "texts", "added", "removed")
    return {"label": label, "meaning": meaning, **{key: count(row[key]) for key in numbers}}


def _table(row: Row) -> dict[str, str]:
    return {"name": name(row["table_name"]), **{key: count(row[key]) for key in ("weeks", "cells", "added", "removed")}}


def _moves(rows: list[Row], currency: str) -> list[dict[str, Any]]:
    """One entry per goal, largest relative move first, with its steps in words."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        form = unit({"kpi": row["kpi"], "baseline": row["before"], "actual": row["after"]}, currency)
        move = found.setdefault(
            row["kpi"],
            {
                "goal": name(row["kpi"]),
                "week": day(row["week"]),
                "others": count(row["weeks"] - 1) if row["weeks"] > 1 else "",
                "before": form(row["before"]),
                "after": form(row["after"]),
                "steps": [],
            },
        )
        label = _CAUSES.get(row["cause"], (name(row["cause"]), ""))[0]
        move["steps"].append(f"{label}: {form(row['step_before'])} to {form(row['step_after'])}")
    return list(found.values())
