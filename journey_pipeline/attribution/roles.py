"""Channel roles: how customers come by a channel, and whether the data agree with what was declared.

Holds: same-day enrichment, the role it suggests, the role in force. Add here: a rule about roles.
Must not be here: what a role means in the fit (`hazard_design`), the declared roles (seed `channel_roles`).

push: delivered without the customer asking. pull: started by the customer, or sent because of a visit. navigational:
used to get to us once decided. earned: cannot be bought. Same-day enrichment is the share of conversion days with a
touch of the channel over the share of other days at risk with one: near 1 where exposure is random, in the hundreds
where the decision to buy comes first.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from journey_pipeline.conversion import Z95, floats, ratio

ROLES = ("push", "pull", "navigational", "earned")
# Simulated: push 1 to 2.3, retargeting 5, generic search 21, brand search and affiliates 198 to 250.
PULL_FROM, NAVIGATIONAL_FROM = 3.0, 50.0
# Fewer days with a touch on either side say nothing of a ratio.
MIN_DAYS = 5

CHECK_COLUMNS = [
    "conversion_type",
    "channel",
    "declared_role",
    "is_default",
    "suggested_role",
    "role",
    "conversion_days",
    "conversion_days_touched",
    "other_days",
    "other_days_touched",
    "same_day_enrichment",
    "enrichment_ci_low",
    "enrichment_ci_high",
    "note",
]


def suggested_role(enrichment: float) -> str | None:
    """Role that a same-day enrichment is usual for; None where it is unknown."""
    if np.isnan(enrichment):
        return None
    if enrichment < PULL_FROM:
        return "push"
    return "pull" if enrichment < NAVIGATIONAL_FROM else "navigational"


def role_checks(day_counts: pd.DataFrame, channel_roles: pd.DataFrame) -> pd.DataFrame:
    """One row per conversion type and channel: enrichment, declared, suggested and effective role, a note.

    `day_counts` has conversion_type, channel, conversion_days, conversion_days_touched, other_days,
    other_days_touched; `channel_roles` is the seed. An undeclared channel takes the suggested role, and without one
    `navigational`: it then earns nothing and says that it is not known. Raises ValueError for an unknown role.
    """
    unknown = sorted(set(channel_roles["role"]) - set(ROLES))
    if unknown:
        raise ValueError(f"channel_roles: expected a role of {', '.join(ROLES)}; found {', '.join(unknown)}")
    declared = channel_roles.rename(columns={"role": "declared_role"})[["channel", "declared_role", "is_default"]]
    table = day_counts.merge(declared, on="channel", how="left")
    hits, days = floats(table["conversion_days_touched"]), floats(table["conversion_days"])
    others, other_days = floats(table["other_days_touched"]), floats(table["other_days"])
    enough = (hits >= MIN_DAYS) & (others >= MIN_DAYS)
    enrichment = np.where(enough, ratio(ratio(hits, days), ratio(others, other_days)), np.nan)
    # Log of a ratio of two shares: Katz et al. 1978.
    width = Z95 * np.sqrt(np.where(enough, ratio(1.0, hits) - ratio(1.0, days) + ratio(1.0, others), np.nan))
    table["same_day_enrichment"] = enrichment
    table["enrichment_ci_low"], table["enrichment_ci_high"] = enrichment * np.exp(-width), enrichment * np.exp(width)
    table["suggested_role"] = pd.Series([suggested_role(value) for value in enrichment], table.index, dtype="object")
    table["role"] = table["declared_role"].fillna(table["suggested_role"]).fillna("navigational")
    table["is_default"] = table["is_default"].astype("boolean").fillna(False).astype(bool)
    table["note"] = [_note(row) for row in table.to_dict("records")]
    return table[CHECK_COLUMNS].sort_values(["conversion_type", "channel"], ignore_index=True)


def _note(row: Mapping[Hashable, Any]) -> str | None:
    """What a reader should know of the role: undeclared, or declared and far from what the days show."""
    declared, suggested = row["declared_role"], row["suggested_role"]
    if not isinstance(declared, str):
        return f"no role declared: taken as {row['role']}; declare it in the seed channel_roles"
    band = {suggested_role(float(row[name])) for name in ("enrichment_ci_low", "enrichment_ci_high")}
    if not isinstance(suggested, str) or declared == "earned" or declared in band:
        return None
    return f"declared {declared}, its touches fall on conversion days as those of a {suggested} channel"
