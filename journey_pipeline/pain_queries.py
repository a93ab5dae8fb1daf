"""The query behind a pain point: SQL over released tables that returns its `entered` and `dropped`.

Add here what a new kind of step is counted from. Must not be here: the score (`pain_points`), reading the tables.
"""

from collections.abc import Mapping
from typing import Any

# kind -> what is counted, of which released rows.
_ROWS = {
    "onboarding": ("poor_onboarding", "journey_flags", "purchase_week"),
    "support_contact": ("contacted_after_purchase", "journey_flags", "purchase_week"),
    "unresolved_support": ("is_missed", "support_contacts", "week"),
}


def query_of(row: Mapping[str, Any]) -> str:
    """One statement for the SQL prompt of the release."""
    week = f"date '{row['cohort_week']:%Y-%m-%d}'"
    if row["kind"] in _ROWS:
        dropped, table, column = _ROWS[row["kind"]]
        member = "" if row["breakdown"] == "all" else f" and {row['breakdown']} = {_text(row['member'])}"
        return (
            f"select count(*) as entered, count(*) filter (where {dropped}) as dropped "
            f"from {table} where {column} = {week}{member}"
        )
    if row["kind"] == "transition":
        return (
            "select entered, entered - converted as dropped from stage_conversion "
            f"where view = 'cohort' and is_default_mode and week = {week} and funnel = {_text(row['funnel'])} "
            f"and from_stage = {_text(row['stage'])} and to_stage = {_text(row['to_stage'])} "
            f"and window_seconds = {row['window_seconds']} "
            f"and breakdown = {_text(row['breakdown'])} and member = {_text(row['member'])}"
        )
    return (
        f"select entered, dropped from pain_steps where week = {week} and step = {_text(row['step'])} "
        f"and breakdown = {_text(row['breakdown'])} and member = {_text(row['member'])}"
    )


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
