"""What customers are expected to do next, how such expectations came true before, and how they spread over customers.

Add here when a reader needs more of a model card. Must not be here: anything that scores.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from journey_pipeline.report.charts import calibration_chart
from journey_pipeline.report.plots import calibration_points
from journey_pipeline.report.reading import Picture, Released, Row, spread
from journey_pipeline.report.wording import count, name, share

_CARDS = """
    select cards.*, scores.scored, scores.mean, scores.refused
    from prediction_models as cards
    left join (
        select target, count(value) filter (where outcome in ('yes', 'next')) as scored,
            avg(value) filter (where outcome in ('yes', 'next')) as mean,
            count(*) filter (where outcome is null) as refused
        from predictions group by target
    ) as scores using (target)
    order by is_released desc, is_baseline, target
"""
_TENTHS = """
    select target, member, model, bin, metric, value from prediction_quality
    where metric in ('decile_predicted', 'decile_observed') and member = 'yes'
        and target in (select target from prediction_models where is_released and not is_baseline)
    order by all
"""
# Groups of fewer customers say more about persons than about groups.
_LEAST = 30
_GROUPS = f"""
    select target, grouped_by, member, count(*) as customers, avg(value) as mean,
        quantile_cont(value, 0.9) as high
    from (
        select predictions.target, predictions.value, unnest(['Market', 'RFM segment']) as grouped_by,
            unnest([coalesce(country, 'unknown'), rfm_segment]) as member
        from predictions inner join customers using (customer_id)
        where predictions.outcome = 'yes' and predictions.value is not null
    )
    group by all having count(*) >= {_LEAST} order by target, grouped_by, customers desc, member
"""


def predictions(released: Released) -> dict[str, Any]:
    """Targets with their track record, the calibration of what is released, and scores by market and segment."""
    if not {"predictions", "prediction_models", "prediction_quality"} <= released.tables:
        return {"targets": [], "picture": None, "groups": []}
    groups = released.rows("predictions", _GROUPS) if "customers" in released.tables else []
    return {
        "targets": [_target(row) for row in released.rows("prediction_models", _CARDS)],
        "picture": _picture(released.rows("prediction_quality", _TENTHS)),
        "groups": [
            {"name": name(target), "rows": [_group(row) for row in groups if row["target"] == target]}
            for target in dict.fromkeys(row["target"] for row in groups)
        ],
    }


def _target(row: Row) -> dict[str, Any]:
    scored_by = "nothing" if not row["is_released"] else "baseline" if row["is_baseline"] else "model"
    is_rate = row["label_days"] is not None and not row["target"].startswith("value")
    return {
        "name": name(row["target"]),
        "definition": row["definition"],
        "scored_by": scored_by,
        "reason": row["reason"] or "",
        "customers": count(row["scored"] or 0),
        "refused": count(row["refused"] or 0),
        "mean": share(row["mean"]) if row["mean"] is not None else "",
        "gain": "" if row["gain"] is None or not is_rate else f"{row['gain']:.4f}",
        "interval": spread(row["gain_low"], row["gain_high"], "{:.4f}".format) if is_rate else "",
        "origins": count(row["origins"] or 0),
        "not_for": row["not_for"],
    }


def _group(row: Row) -> dict[str, str]:
    return {
        "by": row["grouped_by"],
        "member": name(row["member"]),
        "customers": count(row["customers"]),
        "mean": share(row["mean"]),
        "high": share(row["high"]),
    }


def _picture(rows: list[Row]) -> Picture | None:
    if not rows:
        return None
    frame = pd.DataFrame(rows)
    points = calibration_points(frame.assign(member=frame["target"]))
    label = "For each tenth of the customers, what was predicted against what came true"
    named = ", ".join(dict.fromkeys(points["panel"]))
    caption = f"{named}: one point per tenth of the customers; the naive baseline is hollow. On the line both agree."
    return Picture(label, calibration_chart, points, "calibration", caption)
