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


def actions_name_known_members(connection: Connection) -> Outcome:
    """Every registered action that names a member of a breakdown names one that occurs in its metric."""
    return offending(
        connection,
        """
        select 'actions.csv, line ' || line || ', column member' as "where",
            'a member of ' || breakdown || ' that occurs in ' || metric as expected, member as found
        from measures.actions
        where origin = 'register' and member is not null
            and (metric, breakdown, member) not in (select (metric, breakdown, member) from journeys.effect_cells)
        """,
    )


def actions_have_owners(connection: Connection) -> Outcome:
    """A week after it was proposed an action has an owner; it only warns."""
    found = offending(
        connection,
        """
        select action_id, cast(proposed_on as date) as proposed_on from measures.actions
        cross join raw.run_parameters
        where owner is null and coalesce(status, '') not in ('done', 'dropped')
            and proposed_on + interval 7 day < as_of
        """,
    )
    return Outcome(found.failing, found.description, refuses=False)
