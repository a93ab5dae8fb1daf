"""A small warehouse with the public tables, plausible values and hostile names, made by SQL alone.

Used by the tests of the release and of the report. Must not be here: anything a test asserts.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from journey_pipeline import verdicts
from journey_pipeline.flow import left_of
from journey_pipeline.release import ReleaseFacts

HOSTILE = "<script>alert(1)</script>"
HOSTILE_IMAGE = '"><img src=x onerror=alert(2)>'
FIRST_AS_OF = datetime(2026, 11, 15, 23, 0, tzinfo=UTC)  # Monday midnight in Berlin

TABLES: dict[str, tuple[str, ...]] = {
    "customers": ("customer_id",),
    "identifiers": ("identifier_hash",),
    "touchpoints": ("touchpoint_id",),
    "sessions": ("session_id",),
    "journeys": ("journey_id",),
    "conversions": ("conversion_id",),
    "stage_conversion": ("week", "view", "funnel", "mode", "from_stage", "to_stage", "breakdown", "member"),
    "credits": ("conversion_id", "touchpoint_id", "model"),
    "attribution": ("week", "conversion_type", "model", "channel", "campaign"),
    "spend": ("spend_date", "platform", "channel", "campaign_id"),
    "segments": ("segment_set", "segment"),
    "segment_metrics": ("week", "segment_set", "segment", "metric"),
    "segment_migration": ("week", "segment_set", "from_segment", "to_segment"),
    "experience": ("week", "stage", "family", "instrument", "definition_id", "segment_set", "segment"),
    "response_bias": ("week", "instrument", "definition_id"),
    "consistency": ("week", "measure"),
    "experience_drivers": ("outcome", "driver", "level"),
    "pain_points": ("week", "step", "breakdown", "member"),
    "pain_point_evidence": ("pain_point_id", "kind", "ref"),
    "personas": ("week", "persona"),
    "kpi_scorecard": ("week", "target_set", "kpi"),
    "actions": ("action_id",),
    "governance_roles": ("role",),
    "change_explained": ("week", "metric", "breakdown", "member"),
    "coverage": ("week", "source", "events_table"),
    "link_audit": ("week", "channel", "campaign"),
    "source_files": ("file_id",),
    "quarantine": ("file_id", "row_number", "column_name", "rule"),
}

# Enough for tests of publishing itself, which take time per table.
FEW = ("customers", "touchpoints", "stage_conversion", "credits", "spend", "experience", "kpi_scorecard")

_CHANNELS = f"""(values
    (0, 'Paid Search', 'brand_de', 5200, 0.26), (1, 'Paid Search', 'generic_de', 7400, 0.10),
    (2, 'Paid Social', '{HOSTILE}', 4100, 0.07), (3, 'Display', '{HOSTILE_IMAGE.replace("'", "''")}', 1900, 0),
    (4, 'Email', 'newsletter', 300, 0.14), (5, 'Organic Search', null, null, 0.19),
    (6, 'Direct', null, null, 0.12), (7, 'Referral', null, null, 0.05), (8, 'unattributed', null, null, 0.07)
) as c (n, channel, campaign, weekly_spend, share)"""

_WILSON = """
create or replace temp macro wilson(k, n, side) as
    case when n > 0 then greatest(0, least(1, (k / n + 1.9208 / n + side * 1.96 * sqrt(k / n * (1 - k / n) / n
        + 0.9604 / (n * n))) / (1 + 3.8416 / n))) end;
"""

_ROWS = Path(__file__).with_suffix(".sql").read_text()


def build_warehouse(
    path: Path,
    *,
    as_of: datetime = FIRST_AS_OF,
    candidate_id: str = "ab12cd34ef",
    customers: int = 200,
    touchpoints: int = 2000,
    threads: int = 2,
    only: Collection[str] = tuple(TABLES),
) -> Path:
    """Write a warehouse file for one candidate and return its path."""
    path.unlink(missing_ok=True)
    naive = f"timestamp '{as_of.astimezone(UTC).replace(tzinfo=None).isoformat(sep=' ')}'"
    week = f"date '{((as_of + timedelta(hours=2)).date() - timedelta(days=7)).isoformat()}'"
    with duckdb.connect(str(path), config={"threads": threads}) as connection:
        connection.execute("create schema raw")
        connection.execute("create schema marts")
        connection.execute(
            f"create table raw.run_parameters as select {naive} as as_of, {naive} as known_at, "
            "'Europe/Berlin' as time_zone, 'EUR' as reporting_currency, ? as candidate_id",
            [candidate_id],
        )
        connection.execute(_WILSON)
        script = _ROWS.replace("{channels}", _CHANNELS).replace("{hostile}", HOSTILE)
        for marker, value in {
            "$as_of": naive,
            "$week": week,
            "$customers": str(customers),
            "$touchpoints": str(touchpoints),
        }.items():
            script = script.replace(marker, value)
        connection.execute(script)
        for name in TABLES.keys() - set(only):
            connection.execute(f"drop table marts.{name}")
        verdicts.record(connection, [verdicts.Verdict(gate, asset, True) for gate, asset in green_gates()])
    return path


def facts_of(
    *,
    as_of: datetime = FIRST_AS_OF,
    candidate_id: str = "ab12cd34ef",
    known_at: datetime | None = None,
    only: Collection[str] = tuple(TABLES),
) -> ReleaseFacts:
    """The facts of a warehouse made by `build_warehouse` with the same arguments."""
    return ReleaseFacts(
        as_of=as_of,
        known_at=known_at or as_of + timedelta(hours=6),
        time_zone="Europe/Berlin",
        candidate_id=candidate_id,
        configuration_hash="c0ffee" * 10,
        code_version="0.1.0",
        tables={name: TABLES[name] for name in only},
        rule_versions={"channels": "default-1", "stages": "five-1"},
        input_files=18,
    )


def green_gates(tables: Collection[str] = tuple(TABLES)) -> list[tuple[str, str]]:
    """The gates of a small warehouse, all of which passed: one per table, one per word, and that it was built."""
    words = [(gate, f"{word}/whole") for word in left_of("published") for gate in ("never_null", verdicts.BUILT)]
    return words + [("unique_key", f"marts/{table}") for table in tables]
