"""Where it hurts: what loses more than it used to, flags of journeys, support, onboarding, comments, personas.

Add here when a reader needs more of what hurts. Must not be here: what counts as pain, or as a signal.
"""

from __future__ import annotations

from typing import Any

from journey_pipeline.report.reading import Released, Row, of, spread
from journey_pipeline.report.wording import count, day, lift, money, name, ratio, share

SHOWN = 5
_HOUR, _DAY = 3600, 86_400

# One row a problem: what another row stands for is left out.
_POINTS = f"""
    select points.*, coalesce(evidence.shown, 0) as shown, evidence.of_total
    from pain_points as points
    left join (
        select pain_point_id, count(*) as shown, max(of_total) as of_total from pain_point_evidence group by all
    ) as evidence using (pain_point_id)
    where points.rank is not null and points.explained_by is null
        and points.week = (select max(week) from pain_points where rank is not null)
    order by points.rank limit {SHOWN}
"""
_FLAGS = """
    select * from pain_flags where week = (select max(week) from pain_flags where is_mature)
    order by share desc nulls last, flag
"""
_SUPPORT = """
    select * from support_effort where week = (select max(week) from support_effort) and stage = 'all' order by source
"""
_REASONS = f"""
    select * from contact_reasons where week = (select max(week) from contact_reasons) and rank <= {SHOWN}
    order by source, rank
"""
_ONBOARDING = """
    select * from onboarding where breakdown = 'all' and is_mature_7d order by week desc limit 8
"""
_THEMES = f"""
    select * from comment_themes
    where weeks = 13 and not is_withheld and theme not in ('all', 'none')
        and week = (select max(week) from comment_themes where weeks = 13)
    order by comments desc, instrument, family, theme limit {2 * SHOWN}
"""
_PERSONAS = """
    select * from personas where week = (select max(week) from personas) and customers > 0
    order by customers desc, persona
"""


def pain(released: Released) -> dict[str, Any]:
    """The first pain points of the latest judged week, and what stands beside them."""
    points = released.rows("pain_points", _POINTS) if "pain_point_evidence" in released.tables else []
    flags = released.rows("pain_flags", _FLAGS)
    return {
        "week": day(points[0]["week"]) if points else "",
        "points": [_point(row, released.currency) for row in points],
        "flags_week": day(flags[0]["week"]) if flags else "",
        "flags": [_flag(row) for row in flags],
        "support": [_support(row) for row in released.rows("support_effort", _SUPPORT)],
        "reasons": [_reason(row) for row in released.rows("contact_reasons", _REASONS)],
        "onboarding": [_onboarding(row) for row in released.rows("onboarding", _ONBOARDING)],
        "themes": [_theme(row) for row in released.rows("comment_themes", _THEMES)],
        "personas": [_persona(row, released.currency) for row in released.rows("personas", _PERSONAS)],
    }


def _point(row: Row, currency: str) -> dict[str, Any]:
    member = "" if row["breakdown"] == "all" else f"{name(row['breakdown']).lower()} {name(row['member'])}"
    step = name(row["step"]) if "_" in (row["step"] or "") else row["step"] or ""
    return {
        "title": (step[:1].upper() + step[1:]).replace("_", " "),
        "member": member,
        "owner": row["owner"] or "",
        "tone": "poor" if row["is_signal"] else "none",
        "sign": "▼" if row["is_signal"] else "○",
        "verdict": "More than chance" if row["is_signal"] else "May be chance",
        "lost": share(row["drop"]),
        "interval": spread(row["ci_low"], row["ci_high"], share),
        "counts": of(row["dropped"], row["entered"]),
        "usual": share(row["drop_reference"]),
        "excess": count(row["excess"]),
        "at_stake": money(row["value_at_stake"], currency),
        "cohort": day(row["cohort_week"]),
        "is_small": bool(row["is_small_sample"]),
        "evidence": of(row["shown"], row["of_total"]),
        "query": row["query"] or "",
    }


def _flag(row: Row) -> dict[str, Any]:
    return {
        "name": name(row["flag"]),
        "share": share(row["share"]),
        "interval": spread(row["ci_low"], row["ci_high"], share),
        "counts": of(row["flagged"], row["judged"]),
        "outcome": "a purchase" if row["outcome"] == "purchase" else "another order",
        "gap": lift(row["conversion_gap"]),
        "gap_interval": spread(row["conversion_gap_low"], row["conversion_gap_high"], lift),
        "is_small": bool(row["is_small_sample"]),
    }


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "not told"
    return f"{ratio(seconds / _HOUR)} h" if seconds < 2 * _DAY else f"{count(seconds / _DAY)} days"


def _support(row: Row) -> dict[str, Any]:
    return {
        "desk": "All desks" if row["source"] == "all" else name(row["source"]),
        "week": day(row["week"]),
        "contacts": count(row["contacts"]),
        "per_orders": ratio(row["contacts_per_100_orders"]),
        "reply": _time(row["reply_median_seconds"]),
        "clock": "office hours" if row["reply_clock"] == "office_hours" else "",
        "resolution": _time(row["resolution_median_seconds"]),
        "missed": share(row["missed_share"]),
        "interval": spread(row["missed_low"], row["missed_high"], share),
        "reopened": share(row["reopened_share"]),
        "not_told": row["not_told"] or "",
        "is_small": bool(row["is_small_sample"]),
    }


def _reason(row: Row) -> dict[str, Any]:
    return {
        "desk": name(row["source"]),
        "reason": name(row["reason"]),
        "contacts": count(row["contacts"]),
        "share": share(row["share"]),
    }


def _onboarding(row: Row) -> dict[str, Any]:
    return {
        "week": day(row["week"]),
        "counts": of(row["activated_7d"], row["purchasers"]),
        "rate_7d": share(row["rate_7d"]),
        "interval": spread(row["rate_7d_low"], row["rate_7d_high"], share),
        "rate_14d": "still open" if row["rate_14d"] is None else share(row["rate_14d"]),
        "follow_up": "still open" if row["follow_up_rate"] is None else share(row["follow_up_rate"]),
        "is_small": bool(row["is_small_sample"]),
    }


def _theme(row: Row) -> dict[str, Any]:
    return {
        "theme": name(row["theme"]),
        "rated": f"{name(row['instrument'])}, {name(row['family']).lower()}",
        "comments": count(row["comments"]),
        "share": share(row["share"]),
        "negative": share(row["negative_share"]),
    }


def _persona(row: Row, currency: str) -> dict[str, Any]:
    return {
        "title": row["title"] or name(row["persona"]),
        "rule": row["description"] or "",
        "customers": count(row["customers"]),
        "share": share(row["share"]),
        "goals": row["goals"] or "",
        "pains_in_words": row["pains_in_words"] or "",
        "top_pains": ", ".join(name(flag).lower() for flag in (row["top_pains"] or "").split(", ") if flag),
        "channel": "" if row["preferred_channel"] is None else name(row["preferred_channel"]),
        "channel_by": "as people say" if row["preferred_channel_by"] == "people" else "as most come",
        "revenue": "" if row["revenue_per_customer"] is None else money(row["revenue_per_customer"], currency),
    }
