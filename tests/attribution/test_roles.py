"""Same-day enrichment and what it says of a declared role."""

from __future__ import annotations

import pandas as pd
import pytest

from journey_pipeline.attribution.roles import role_checks, suggested_role

ROLES = pd.DataFrame({"channel": ["video", "brand"], "role": ["push", "navigational"], "is_default": [True, True]})


def counted(channel: str, conversion_hits: int, other_hits: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "conversion_type": ["order"],
            "channel": [channel],
            "conversion_days": [1000],
            "conversion_days_touched": [conversion_hits],
            "other_days": [100_000],
            "other_days_touched": [other_hits],
        }
    )


def check(channel: str, conversion_hits: int, other_hits: int) -> pd.Series:
    return role_checks(counted(channel, conversion_hits, other_hits), ROLES).iloc[0]


@pytest.mark.parametrize(
    ("enrichment", "role"),
    # What simulated markets showed: push, retargeting, generic search, brand search.
    [(1.1, "push"), (2.3, "push"), (5, "pull"), (22, "pull"), (198, "navigational"), (float("nan"), None)],
)
def test_bands_of_enrichment(enrichment: float, role: str | None) -> None:
    assert suggested_role(enrichment) == role


def test_enrichment_is_a_ratio_of_two_shares() -> None:
    # 100 of 1,000 conversion days against 500 of 100,000 others: 10 % over 0.5 %.
    found = check("video", 100, 500)
    assert found["same_day_enrichment"] == pytest.approx(20)
    assert found["enrichment_ci_low"] < 20 < found["enrichment_ci_high"]


def test_a_declared_role_holds_and_a_departure_is_told() -> None:
    found = check("video", 100, 500)
    assert (found["role"], found["suggested_role"]) == ("push", "pull")
    assert "declared push" in found["note"]
    assert check("brand", 500, 250)["note"] is None


def test_an_undeclared_channel_takes_the_suggested_role_or_earns_nothing() -> None:
    assert check("kiosk", 100, 9_000)["role"] == "push"
    unknown = check("kiosk", 4, 3)
    assert (unknown["role"], unknown["suggested_role"]) == ("navigational", None)
    assert "no role declared" in unknown["note"]


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="found pusher"):
        role_checks(counted("video", 9, 9), ROLES.assign(role="pusher"))


def test_a_channel_never_seen_on_other_days_gets_no_suggestion_and_no_reproach() -> None:
    found = role_checks(pd.concat([counted("brand", 46, 0), counted("video", 100, 500)]), ROLES).set_index("channel")
    assert pd.isna(found.loc["brand", "note"]) and pd.isna(found.loc["brand", "suggested_role"])
