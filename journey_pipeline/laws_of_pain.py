"""Laws of pain points, comments and personas, across tables.

Add here a law of what hurts. Must not be here: other laws (`laws`), how one is judged (`law`).
"""

from __future__ import annotations

import dataclasses

from journey_pipeline.law import Connection, Outcome, offending

# Kind of evidence -> the released table and column it leads to.
EVIDENCE = {
    "journey": ("journeys", "journey_id"),
    "customer": ("customers", "customer_id"),
    "contact": ("support_contacts", "contact_id"),
    "session": ("sessions", "session_id"),
}


def evidence_is_released(connection: Connection) -> Outcome:
    """Every row of evidence leads to a pain point and to a row of the table it names."""
    found = " union all ".join(
        f"select '{kind}' as kind, {column} as ref from marts.{table}" for kind, (table, column) in EVIDENCE.items()
    )
    return offending(
        connection,
        f"""
        select evidence.pain_point_id, evidence.kind from marts.pain_point_evidence as evidence
        where not exists (select 1 from marts.pain_points as p where p.pain_point_id = evidence.pain_point_id)
        union all
        select evidence.pain_point_id, evidence.kind from marts.pain_point_evidence as evidence
        anti join ({found}) as released on evidence.kind = released.kind and evidence.ref = released.ref
        """,
    )


def every_comment_has_a_theme(connection: Connection) -> Outcome:
    """Every answer with words is counted under a theme or as other, and none without words is."""
    return offending(
        connection,
        """
        select answers.week, answers.instrument
        from journeys.experience_answers as answers
        left join (
            select distinct score_id from journeys.comment_themes_of_answers where theme <> 'none'
        ) as themed on answers.score_id = themed.score_id
        where (coalesce(trim(regexp_replace(answers.comment, '[[:space:]]+', ' ', 'g')), '') <> '')
            <> (themed.score_id is not null)
        """,
    )


def personas_are_described(connection: Connection) -> Outcome:
    """Every persona of the rules has a line in personas.csv (warns)."""
    outcome = offending(
        connection,
        """
        select distinct rules.segment as persona
        from seeds.segment_rules as rules
        anti join seeds.personas as described on rules.segment = described.segment
        where rules.segment_set = 'persona'
        """,
    )
    return dataclasses.replace(outcome, refuses=False)
