"""The candidate as it would be after one cause of change after another, from the previous release on.

Holds what a state is and the order of the causes. Add here when a cause is told apart. Must not be here: how a state
is built, or what is read from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# In the order of the chain: the effect of a cause is what it adds to all before it.
CAUSES = (
    "rule_or_configuration_change",
    "late_data",
    "corrected_delivery",
    "identity_change",
    "refund",
    "consent",
    "new_week",
    "erasure",
)


@dataclass(frozen=True)
class State:
    """A database whose schema holds the released tables as they are after `cause` and every cause before it.

    The first of a list of states is the previous release, whose cause is empty; the last is the candidate.
    """

    cause: str
    database: Path
    schema: str
