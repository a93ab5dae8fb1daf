"""The small frames the two doors judge: one row per table, one count per rule, computed by SQL.

Add a mart's key here when a mart is added; the graph test names a mart that was forgotten. Must not be here: what
a count has to be (`expectations`).
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd

from journey_pipeline.ingest import Contract, UniqueKey

# The released tables and their keys: the public contract, and the order of rows in a release.
MART_KEYS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customer_id",),
    "identifiers": ("identifier_hash", "identifier_type"),
    "customer_attributes": ("customer_id", "attribute"),
    "customer_consents": ("customer_id", "purpose", "valid_from"),
    "accounts": ("account_id", "account_kind"),
    "account_members": ("account_id", "account_kind", "customer_id"),
    "identity_changes": ("identity_change_id",),
    "identity_exceptions": ("reason", "identifier_hash"),
    "identity_coverage": ("week", "source"),
    "touchpoints": ("touchpoint_id",),
    "sessions": ("session_id",),
    "channel_groupings": ("week", "ruleset", "rules_from", "channel"),
    "session_hygiene": ("week", "hygiene_rule", "machine_rule"),
    "journeys": ("journey_id",),
    "conversions": ("conversion_id",),
    "stage_conversion": ("week", "view", "funnel", "mode", "from_stage", "to_stage", "breakdown", "member"),
    "drop_offs": (
        "week",
        "from_stage",
        "to_stage",
        "window_seconds",
        "last_touch",
        "last_channel",
        "next_touch",
        "next_channel",
    ),
    "change_explained": ("week", "metric", "breakdown", "member"),
    "weekly_signals": ("week", "metric", "member"),
    "breakdowns": ("breakdown",),
    "journey_sub_stages": ("week", "stage", "sub_stage"),
    "path_steps": ("week", "cohort_set", "cohort", "step_number", "activity"),
    "transitions": ("week", "cohort_set", "cohort", "from_activity", "to_activity"),
    "journey_paths": ("journey_id",),
    "top_paths": ("cohort_set", "cohort", "path"),
    "path_contrast": ("activity",),
    "conformance": ("week", "design", "finding"),
    "customer_timeline": ("customer_id", "occurred_at", "kind", "event_id"),
    "journey_map": ("week", "stage", "family", "interaction_type"),
    "journey_consents": ("week", "stage_number"),
    "credits": ("conversion_id", "conversion_type", "model", "channel", "touchpoint_id"),
    "credit_consents": ("week", "conversion_type", "channel"),
    "self_reported_sources": ("week", "conversion_type", "channel"),
    "attribution": ("week", "conversion_type", "model", "channel", "campaign"),
    "attribution_stability": ("week", "conversion_type", "model"),
    "attribution_models": ("conversion_type", "model"),
    "channel_role_checks": ("conversion_type", "channel"),
    "hazard_coefficients": ("conversion_type", "stage", "term", "channel", "half_life_days"),
    "spend": ("spend_id",),
    "content_metrics": ("content_metric_id",),
    "customer_segments": ("customer_id", "segment_set"),
    "segments": ("segment_set", "valid_from", "position"),
    "segment_sets": ("segment_set",),
    "segment_metrics": ("week", "segment_set", "segment", "metric"),
    "segment_migration": ("week", "segment_set", "from_segment", "to_segment"),
    "segment_stability": ("week", "segment_set"),
    "retention": ("cohort_week", "interval_number", "kind"),
    "revenue_bridge": ("week",),
    "value_concentration": ("week",),
    "attitude_scales": ("scale",),
    "cluster_quality": ("week", "k"),
    "cluster_profiles": ("week", "segment", "feature"),
    "predictions": ("customer_id", "target", "outcome"),
    "prediction_quality": ("target", "origin_date", "model", "metric", "member", "bin"),
    "prediction_models": ("target",),
    "experience": ("week", "stage", "family", "instrument", "definition_id", "segment_set", "segment"),
    "survey_answers": ("answer_id",),
    "response_bias": ("week", "instrument", "definition_id"),
    "consistency": ("week", "measure"),
    "consistency_touchpoints": ("week", "family", "instrument", "definition_id"),
    "experience_drivers": ("outcome", "driver", "level"),
    "experiment_arms": ("experiment_id", "variant", "counted_as"),
    "experiments": ("experiment_id", "metric", "variant"),
    "experiment_looks": ("experiment_id", "metric", "variant", "week"),
    "uplift_quality": ("experiment_id", "metric", "variant"),
    "uplift_scores": ("customer_id", "experiment_id", "metric", "variant"),
    "action_values": ("segment_set", "segment", "stage", "action"),
    "next_best_actions": ("customer_id", "recommendation"),
    "performance": ("week", "stage", "device", "metric"),
    "friction": ("week", "stage", "page_group", "signal"),
    "pain_points": ("week", "step", "breakdown", "member"),
    "pain_point_evidence": ("pain_point_id", "kind", "ref"),
    "pain_steps": ("week", "step", "breakdown", "member"),
    "pain_flags": ("week", "flag"),
    "journey_flags": ("journey_id",),
    "support_contacts": ("contact_id",),
    "support_effort": ("week", "stage", "source"),
    "contact_reasons": ("week", "source", "reason"),
    "onboarding": ("week", "breakdown", "member"),
    "comment_themes": ("week", "weeks", "family", "instrument", "theme"),
    "personas": ("week", "persona"),
    "planned_improvements": ("week", "funnel", "step", "reduction", "marginal_quality"),
    "kpi_scorecard": ("week", "target_set", "kpi"),
    "kpi_weeks": ("week", "kpi"),
    "governance_roles": ("role",),
    "actions": ("action_id",),
    "coverage": ("week", "source", "events_table"),
    "volumes": ("week", "source", "events_table"),
    "late_arrivals": ("week", "source", "events_table", "weeks_late"),
    "link_audit": ("week", "channel", "campaign"),
    "source_files": ("path", "file_id"),
    "quarantine": ("file_id", "row_number", "column_name", "rule"),
}

# Key columns that may be empty: a conversion without a touch, a touch that earned nothing, one without a campaign, a
# customer who is not scored, a metric of all origins or of everybody.
_MAY_BE_EMPTY = {
    ("predictions", "outcome"),
    ("prediction_quality", "origin_date"),
    ("prediction_quality", "member"),
    ("prediction_quality", "bin"),
    ("hazard_coefficients", "channel"),
    ("hazard_coefficients", "half_life_days"),
    ("credits", "touchpoint_id"),
    ("credits", "model"),
    ("attribution", "campaign"),
    ("link_audit", "campaign"),
}


def raw(connection: duckdb.DuckDBPyConnection, contracts: Mapping[str, Contract]) -> pd.DataFrame:
    """Columns: table, unaccounted_records, missing_required, duplicate_keys. One row per source object."""
    selects = []
    for name, contract in contracts.items():
        required = [f'count(*) filter (where "{c.name}" is null)' for c in contract.columns if c.required]
        selects.append(
            f"""
            select '{name}' as "table",
                (select coalesce(sum(abs(records - accepted - quarantined - dropped - erased)), 0) from raw.source_files
                    where contract = '{name}' and outcome in ('loaded', 'superseded')) as unaccounted_records,
                (select {" + ".join(required) or "0"} from raw."{name}" where _is_current) as missing_required,
                {" + ".join(_repeated(name, key) for key in contract.unique_keys) or "0"} as duplicate_keys
            """
        )
    return connection.execute(" union all ".join(selects)).df()


def _repeated(contract: str, key: UniqueKey) -> str:
    columns = ", ".join(f'"{column}"' for column in [*key.given, *key.optional])
    filled = " and ".join(f'"{column}" is not null' for column in key.given)
    return f"""(select count(*) from (
        select 1 from raw."{contract}" where _is_current and {filled}
        group by {columns}, _file_id having count(*) > 1))"""


def marts(connection: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """Columns: table, missing_keys, duplicate_keys, shares_outside, crossed_intervals, missing_as_of."""
    return connection.execute(" union all ".join(_mart_counts(connection, t) for t in MART_KEYS)).df()


def _mart_counts(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    columns = {
        row[0]
        for row in connection.execute(
            "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ?", [table]
        ).fetchall()
    }
    keys = MART_KEYS[table]
    empty = [f'"{k}" is null' for k in keys if (table, k) not in _MAY_BE_EMPTY]
    shares = [f'"{c}" not between 0 and 1' for c in sorted(columns) if c.endswith("_share") or c == "share"]
    if table == "stage_conversion":  # a flow is a ratio of different people and may exceed one
        shares.append("view <> 'flow' and rate not between 0 and 1")
        shares += ["completeness not between 0 and 1", "rate_nowcast not between 0 and 1"]
    pairs = [("ci_low", "ci_high"), ("nowcast_low", "nowcast_high")]
    crossed = [f"{low} > {high}" for low, high in pairs if {low, high} <= columns]
    stamped = ["as_of is null", "definition_version is null"] if "week" in columns else []

    def count(conditions: list[str]) -> str:
        return f"count(*) filter (where {' or '.join(conditions)})" if conditions else "0"

    key = ", ".join(f'"{k}"' for k in keys)
    return f"""
        select '{table}' as "table", {count(empty)} as missing_keys,
            (select count(*) from (select 1 from marts."{table}" group by {key} having count(*) > 1))
                as duplicate_keys,
            {count(shares)} as shares_outside, {count(crossed)} as crossed_intervals,
            {count(stamped)} as missing_as_of
        from marts."{table}"
    """
