"""What experiments showed, how they read while they run, and whether the lot was drawn as planned.

Add here when a reader needs more of an experiment. Must not be here: statistics.
"""

from __future__ import annotations

from typing import Any

from journey_pipeline.report.reading import Released, Row, spread
from journey_pipeline.report.wording import count, name, share, short_day

# While it runs, the interval that holds at every look; once it is over, the adjusted one.
_EFFECTS = """
    select shown.*,
        case when reading = 'final' then adjusted_effect else looks.effect end as told_effect,
        case when reading = 'final' then adjusted_low else looks.ci_low end as low,
        case when reading = 'final' then adjusted_high else looks.ci_high end as high
    from experiments as shown
    left join (
        select experiment_id, metric, variant, max_by(effect, week) as effect, max_by(ci_low, week) as ci_low,
            max_by(ci_high, week) as ci_high
        from experiment_looks group by all
    ) as looks using (experiment_id, metric, variant)
    where not is_control order by experiment_id, is_first_metric desc, metric, variant
"""
_ARMS = """
    select experiment_id, max(sample_ratio_p) as p, bool_or(is_sample_ratio_mismatch) as is_mismatch,
        sum(units) filter (where counted_as = 'counted') as counted,
        sum(units) filter (where counted_as <> 'counted') as left_out
    from experiment_arms group by experiment_id order by experiment_id
"""
_LOOKS = """
    select looks.*, experiments.is_share from experiment_looks as looks
    inner join experiments using (experiment_id, metric, variant)
    where experiments.is_first_metric and looks.effect is not null order by experiment_id, variant, week desc
"""
_VERDICTS = {
    "positive": ("good", "▲", "more"),
    "negative": ("poor", "▼", "less"),
    "inconclusive": ("fair", "•", "not certain"),
    "invalid_sample_ratio": ("poor", "×", "lot not as planned"),
    "not_enough": ("fair", "…", "too few yet"),
    "not_randomised": ("poor", "×", "no lot was drawn"),
}


def experiments(released: Released) -> dict[str, Any]:
    """Effects of every experiment with verdict, the split of its people, and the reading week by week."""
    if not {"experiments", "experiment_arms", "experiment_looks"} <= released.tables:
        return {"effects": [], "arms": [], "looks": []}
    effects, looks = released.rows("experiments", _EFFECTS), released.rows("experiment_looks", _LOOKS)
    return {
        "effects": [_effect(row) for row in effects],
        "arms": [_split(row) for row in released.rows("experiment_arms", _ARMS)],
        "looks": [_look(row) for row in looks],
    }


def _value(row: Row, value: float | None, is_difference: bool = False) -> str:
    if value is None:
        return ""
    if not is_difference:
        return share(value) if row["is_share"] else f"{value:,.2f}"
    told = f"{100 * value:+,.2f} points" if row["is_share"] else f"{value:+,.2f}"
    return told.replace("-", "\N{MINUS SIGN}")


def _effect(row: Row) -> dict[str, Any]:
    tone, sign, words = _VERDICTS[row["verdict"]]
    is_sure = row["is_incremental"]
    return {
        "experiment": name(row["experiment_id"]),
        "metric": name(row["metric"]),
        "variant": name(row["variant"]),
        "people": count(row["units"]),
        "open": count(row["open_units"]) if row["open_units"] else "",
        "control": _value(row, row["control_mean"]),
        "mean": _value(row, row["mean"]),
        "effect": _value(row, row["told_effect"], True) if is_sure else "",
        "interval": spread(row["low"], row["high"], lambda end: _value(row, end, True)) if is_sure else "",
        "is_running": row["reading"] == "sequential",
        "tone": tone,
        "sign": sign,
        "verdict": words,
    }


def _split(row: Row) -> dict[str, str]:
    if row["p"] is None:
        said = "no design, nothing is read from it" if row["left_out"] else "nobody was assigned yet"
    else:
        said = "not as planned: nothing is read from it" if row["is_mismatch"] else "as planned"
    return {
        "experiment": name(row["experiment_id"]),
        "counted": count(row["counted"] or 0),
        "left_out": count(row["left_out"] or 0),
        "split": said,
        "p": "" if row["p"] is None else f"{row['p']:.3f}" if row["p"] >= 0.001 else "below 0.001",
    }


def _look(row: Row) -> dict[str, str]:
    return {
        "experiment": f"{name(row['experiment_id'])}, {name(row['variant']).lower()}",
        "week": short_day(row["week"]),
        "people": f"{count(row['control_units'])} and {count(row['units'])}",
        "effect": _value(row, row["effect"], True),
        "interval": spread(row["ci_low"], row["ci_high"], lambda end: _value(row, end, True)),
        "p": f"{row['always_valid_p']:.3f}",
        "decision": "may be stopped" if row["decision"] == "stop_reject" else "goes on",
    }
