"""Does everything arrive that should: each source at its newest, the weeks that lack data, links against spend.

Add here when another promise about deliveries is released. Must not be here: what counts as missing (the marts).
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from journey_pipeline.coverage import Missing, missing_deliveries
from journey_pipeline.report.reading import Released, Row, lag, of
from journey_pipeline.report.wording import age, count, day, moment, money, name, ratio, share, short_day

_LINK_ROWS = 20
_LINK_WEEKS = 4

# Worst first: a source is called what its worst table is. Word, tone and sign of its chip.
_STATES = {
    "silent": ("silent", "poor", "▼"),
    "late": ("late", "open", "!"),
    "gap": ("has a gap", "open", "!"),
    "ok": ("delivers", "good", "✔"),
    "not_expected": ("nothing expected", "open", "–"),
}
_FINDINGS = {
    "spend_without_visits": "Spend, no tagged visit",
    "visits_without_spend": "Tagged visits, no spend",
    "channel_differs": "Tagged visits, spend in another channel",
    "campaign_unknown": "Paid visits that name no campaign",
}

_LATEST = """
    select source, sum(records)::double as records, sum(touchpoints)::double as touchpoints,
        sum(identified_touchpoints)::double as identified,
        sum(identified_touchpoints) / nullif(sum(touchpoints), 0)::double as identified_share,
        max(latest_seen_at) as latest_seen_at, list(distinct status) as statuses
    from coverage where week = (select max(week) from coverage) group by source order by source
"""
_LINKS = f"""
    select finding, channel, campaign, sum(spend_amount)::double as spend, sum(clicks)::double as clicks,
        sum(tagged_visits)::double as visits, sum(visits_elsewhere)::double as elsewhere
    from link_audit
    where finding in ({", ".join(f"'{finding}'" for finding in _FINDINGS)})
        and week > (select max(week) from link_audit) - interval {7 * _LINK_WEEKS} day
    group by finding, channel, campaign
    order by spend desc, visits desc, channel, campaign limit {_LINK_ROWS}
"""
_LATE = f"""
    select source, sum(records)::double as records, count(distinct week) as weeks, max(weeks_late) as weeks_late,
        min(week) as first_week
    from late_arrivals group by source order by records desc, source limit {_LINK_ROWS}
"""


def sources(released: Released) -> dict[str, Any]:
    """Sources of the newest week (worst first), what is missing, and where links and spend do not meet."""
    order = list(_STATES)
    listed = [_source(row, released) for row in released.rows("coverage", _LATEST)]
    listed.sort(key=lambda source: (order.index(source["key"]), source["name"]))
    return {
        "sources": listed,
        "verdict": _verdict(listed),
        "late": [_late(row) for row in released.rows("late_arrivals", _LATE)],
        "missing": [_missing(one) for one in _missing_of(released)],
        "links": [_link(row, released.currency) for row in released.rows("link_audit", _LINKS)],
        "is_audited": bool(released.rows("link_audit", "select 1 from link_audit limit 1")),
        "link_weeks": _LINK_WEEKS,
    }


def _verdict(listed: list[dict[str, Any]]) -> dict[str, str] | None:
    """All sources in one line. What owes nothing (an import made once, a source declared silent) delivers nothing."""
    if not listed:
        return None
    stale = [source["name"] for source in listed if source["key"] in ("silent", "late")]
    if stale:
        return {"tone": "open", "sign": "!", "words": "Sources late or silent: " + ", ".join(stale)}
    number = Counter(source["key"] for source in listed)
    counted = [
        text
        for key, text in (
            ("ok", f"{number['ok']} deliver{'s' if number['ok'] == 1 else ''}"),
            ("gap", f"{number['gap']} with a gap"),
            ("not_expected", f"nothing is expected of {number['not_expected']}"),
        )
        if number[key]
    ]
    tone, sign = ("good", "✔") if number["ok"] and not number["gap"] else ("open", "–")
    return {"tone": tone, "sign": sign, "words": "No source is late: " + ", ".join(counted)}


def _missing_of(released: Released) -> list[Missing]:
    return missing_deliveries(released.connection, "coverage") if "coverage" in released.tables else []


def _late(row: Row) -> dict[str, str]:
    numbers = {key: count(row[key]) for key in ("records", "weeks", "weeks_late")}
    return {"source": name(row["source"]), "first_week": day(row["first_week"]), **numbers}


def _source(row: Row, released: Released) -> dict[str, Any]:
    behind = lag(row["latest_seen_at"], released.as_of)
    state = next(status for status in _STATES if status in row["statuses"])
    word, tone, sign = _STATES[state]
    return {
        "name": name(row["source"]),
        "records": count(row["records"]),
        "touchpoints": count(row["touchpoints"]),
        "identified": share(row["identified_share"]) if row["touchpoints"] else "–",
        "counts": of(row["identified"], row["touchpoints"]) if row["touchpoints"] else "",
        "last_seen": moment(row["latest_seen_at"]) if row["latest_seen_at"] else "none yet",
        "age": _age(state, behind),
        "key": state,
        "state": word,
        "tone": tone,
        "sign": sign,
    }


def _age(state: str, behind: timedelta | None) -> str:
    """How old the last record is; only a source that owes something is behind."""
    if behind is None:
        return "no record yet"
    return f"last record {age(behind)} before the cut-off" if state == "not_expected" else f"{age(behind)} behind"


def _missing(one: Missing) -> dict[str, Any]:
    return {
        "source": name(one.source),
        "table": name(one.events_table),
        "last_seen": moment(datetime.fromisoformat(one.last_seen)) if one.last_seen else "none yet",
        "weeks": ", ".join(_week(text) for text in one.weeks),
    }


def _week(text: str) -> str:
    """`2026-11-09 late` as `9 Nov late`."""
    monday, _, status = text.partition(" ")
    return f"{short_day(date.fromisoformat(monday))} {status}"


def _link(row: Row, currency: str) -> dict[str, Any]:
    return {
        "finding": _FINDINGS[row["finding"]],
        "channel": name(row["channel"]),
        "campaign": row["campaign"] or "(none)",
        "spend": money(row["spend"], currency),
        "clicks": count(row["clicks"]) if row["clicks"] is not None else "not reported",
        "visits": count(row["visits"]),
        "per_click": ratio(row["visits"] / row["clicks"]) if row["clicks"] else "",
        "elsewhere": count(row["elsewhere"]) if row["elsewhere"] else "",
    }
