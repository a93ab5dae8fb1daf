"""What denied consent takes out of journeys and of credit, and what the numbers would be with it.

Add here when another number leaves out what somebody denied. Must not be here: who denied what.
"""

from __future__ import annotations

from typing import Any

from journey_pipeline.report.reading import Released, Row
from journey_pipeline.report.wording import count, name, share

WEEKS = 4

_STAGES = f"""
    select stage, sum(touches)::double as touches, sum(denied_touches)::double as denied,
        sum(customers)::double as without, sum(customers_with_denied)::double as with_denied
    from journey_consents where week >= (select max(week) from journey_consents) - interval {7 * (WEEKS - 1)} day
    group by stage, stage_number order by stage_number
"""
_CREDIT = f"""
    select conversion_type, sum(touches)::double as touches, sum(denied_touches)::double as denied,
        sum(abs(credit - credit_with_denied)) / 2 as moved, sum(credit) as credit
    from credit_consents where week >= (select max(week) from credit_consents) - interval {7 * (WEEKS - 1)} day
    group by conversion_type having sum(touches) > 0 order by conversion_type
"""


def consent(released: Released) -> dict[str, Any]:
    """Denied shares by stage and conversion type of the last weeks, with what they move."""
    return {
        "weeks": WEEKS,
        "stages": [
            _row(row, row["stage"], f"{count(row['without'])}, {count(row['with_denied'])} with them")
            for row in released.rows("journey_consents", _STAGES)
        ],
        "credit": [
            _row(row, row["conversion_type"], f"{share(row['moved'] / row['credit'])} of the credit")
            for row in released.rows("credit_consents", _CREDIT)
            if row["credit"]
        ],
    }


def _row(row: Row, of: str, moved: str) -> dict[str, str]:
    return {
        "of": name(of),
        "touches": count(row["touches"]),
        "denied": count(row["denied"]),
        "share": share(row["denied"] / row["touches"] if row["touches"] else None),
        "moved": moved,
    }
