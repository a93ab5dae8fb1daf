"""Laws of who answers for what: no KPI and no stage without an owner, and no owner that nobody knows.

Add here what must have an owner. Must not be here: who the owners are (seeds), any other law (`laws`).
"""

from __future__ import annotations

from journey_pipeline.law import Connection, Outcome, offending


def kpis_have_owners(connection: Connection) -> Outcome:
    """Every KPI has an owner that is a declared role of governance_roles."""
    return offending(
        connection,
        """
        select kpi, coalesce(owner, '(none)') as owner from seeds.kpis
        where owner is null or owner not in (select role from seeds.governance_roles)
        """,
    )


def stages_have_owners(connection: Connection) -> Outcome:
    """Every stage of every funnel has an owner that is a declared role of governance_roles."""
    return offending(
        connection,
        """
        select funnel, stage, coalesce(owner, '(none)') as owner from seeds.stages
        where owner is null or owner not in (select role from seeds.governance_roles)
        """,
    )
