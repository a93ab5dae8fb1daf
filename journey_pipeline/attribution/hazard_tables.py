"""The tables of the hazard model: one fit per conversion type put together.

Holds: inputs of a fit, its tables, their columns. Add here: a table or a column of one. Must not be here: any I/O
(`defs.hazard`), formulas (`hazard_model`, `hazard_rows`, `roles`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from journey_pipeline.attribution.calibration import experiments_in_window
from journey_pipeline.attribution.hazard_design import SIGNAL, Design, design
from journey_pipeline.attribution.hazard_model import HazardModel, coefficients, hazard_model
from journey_pipeline.attribution.hazard_rows import CALIBRATED, MODEL, channel_rows, credit_rows, credited
from journey_pipeline.attribution.roles import role_checks

TYPES: Mapping[str, Mapping[str, str]] = {
    "hazard_rows": {
        "week": "date", "conversion_type": "varchar", "model": "varchar", "channel": "varchar", "campaign": "varchar",
        "credit": "double", "value": "double", "credit_ci_low": "double", "credit_ci_high": "double",
        "interval_kind": "varchar", "role": "varchar", "is_identified": "boolean", "is_calibrated": "boolean",
        "is_influence": "boolean", "note": "varchar",
    },
    "hazard_credits": {
        "conversion_id": "varchar", "conversion_type": "varchar", "model": "varchar", "channel": "varchar",
        "credit": "double", "value": "double",
    },
    "hazard_coefficients": {
        "conversion_type": "varchar", "stage": "varchar", "term": "varchar", "channel": "varchar",
        "half_life_days": "integer", "coefficient": "double", "standard_error": "double",
    },
    "channel_role_checks": {
        "conversion_type": "varchar", "channel": "varchar", "declared_role": "varchar", "is_default": "boolean",
        "suggested_role": "varchar", "role": "varchar", "conversion_days": "bigint",
        "conversion_days_touched": "bigint",
        "other_days": "bigint", "other_days_touched": "bigint", "same_day_enrichment": "double",
        "enrichment_ci_low": "double", "enrichment_ci_high": "double", "note": "varchar",
    },
    "attribution_models": {
        "conversion_type": "varchar", "model": "varchar", "starts_on": "date", "ends_before": "date",
        "person_days": "bigint", "conversions": "bigint", "experiments": "bigint", "log_loss": "double",
        "is_fitted": "boolean", "note": "varchar",
    },
}  # fmt: skip


@dataclass(frozen=True)
class HazardInputs:
    """What one fit reads; see `hazard_design.design`. `outside`: week, conversions, value of no known customer."""

    conversion_type: str
    starts_on: date
    ends_before: date
    days: pd.DataFrame
    stocks: Iterable[pd.DataFrame]
    deliveries: pd.DataFrame
    kinds: pd.DataFrame
    outside: pd.DataFrame
    roles: pd.DataFrame
    experiments: pd.DataFrame


def _day_counts(inputs: HazardInputs, filled: Design) -> pd.DataFrame:
    """Days of either kind with a touch of each channel, of everybody's days."""
    events = filled.days.events > 0
    others = filled.days.is_population & ~events
    rows = [
        (inputs.conversion_type, channel, events.sum(), (events & today).sum(), others.sum(), (others & today).sum())
        for channel, today in filled.touched_today.items()
    ]
    names = ["conversion_days", "conversion_days_touched", "other_days", "other_days_touched"]
    return pd.DataFrame(rows, columns=["conversion_type", "channel", *names])


def _filled(inputs: HazardInputs) -> tuple[Design, pd.DataFrame]:
    """The design under the roles in force, and the role checks; an undeclared channel is asked of the days first."""
    channels = set(inputs.kinds["channel"]) - {SIGNAL}
    declared = dict(zip(inputs.roles["channel"], inputs.roles["role"], strict=True))
    stocks = inputs.stocks if channels <= set(declared) else list(inputs.stocks)
    filled = design(
        inputs.days, stocks, inputs.deliveries, inputs.kinds, {c: declared.get(c, "navigational") for c in channels}
    )
    checks = role_checks(_day_counts(inputs, filled), inputs.roles)
    if not channels <= set(declared):
        in_force = dict(zip(checks["channel"], checks["role"], strict=True))
        filled = design(inputs.days, stocks, inputs.deliveries, inputs.kinds, in_force)
    return filled, checks


def fitted(inputs: HazardInputs) -> dict[str, pd.DataFrame]:
    """Every table of one conversion type; without enough conversions only the role checks, and why."""
    filled, checks = _filled(inputs)
    roles = dict(zip(checks["channel"], checks["role"], strict=True))
    model = hazard_model(filled, roles)
    tests = experiments_in_window(inputs.experiments, inputs.starts_on, inputs.ends_before)
    tables = {"channel_role_checks": checks, "attribution_models": _models(inputs, model, tests)}
    if model is None:
        return tables
    conversions = inputs.days.iloc[model.event_rows][["conversion_id", "week", "value"]].reset_index(drop=True)
    conversions = conversions.assign(conversion_type=inputs.conversion_type)
    cases = credited(model, filled, conversions, tests)
    return tables | {
        "hazard_rows": channel_rows(cases, model, conversions, inputs.outside),
        "hazard_credits": credit_rows(cases, conversions),
        "hazard_coefficients": coefficients(model).assign(conversion_type=inputs.conversion_type),
    }


def _models(inputs: HazardInputs, model: HazardModel | None, tests: pd.DataFrame) -> pd.DataFrame:
    used = tests if model is None else tests[tests["channel"].isin(list(model.roles))]
    names = [MODEL, *([CALIBRATED] if len(used) and model is not None else [])]
    events = int(inputs.days["is_event"].sum())
    note = None
    if model is None:
        note = f"{events} conversions are too few to fit anything: fewer than coefficients"
    return pd.DataFrame(
        {
            "conversion_type": inputs.conversion_type,
            "model": names,
            "starts_on": inputs.starts_on,
            "ends_before": inputs.ends_before,
            "person_days": len(inputs.days),
            "conversions": events,
            "experiments": [0 if name == MODEL else len(used) for name in names],
            "log_loss": None if model is None else model.stages[-1].fit.log_loss,
            "is_fitted": model is not None,
            "note": note,
        }
    )


def combined(fits: Sequence[Mapping[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    """The tables of all conversion types, with every column of TYPES also where there is no row."""
    tables = {}
    for name, columns in TYPES.items():
        parts = [fit[name] for fit in fits if name in fit and len(fit[name])]
        tables[name] = (
            pd.concat(parts, ignore_index=True)[list(columns)] if parts else pd.DataFrame(columns=list(columns))
        )
    return tables
