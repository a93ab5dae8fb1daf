"""The report: released tables to one self-contained page for people who act on them.

Holds the page, its words and its pictures. Add here when a reader needs a released table explained. Must not be
here: new numbers, writing anywhere but the given folder, Dagster.
"""

from journey_pipeline.report.charts import (
    bar_chart,
    calibration_chart,
    funnel_chart,
    model_chart,
    progress_chart,
    share_chart,
    to_png_base64,
    to_svg,
    trend_chart,
)
from journey_pipeline.report.page import build_report
from journey_pipeline.report.plots import attribution_plot, calibration_plot, stage_conversion_plot

__all__ = [
    "attribution_plot",
    "bar_chart",
    "build_report",
    "calibration_chart",
    "calibration_plot",
    "funnel_chart",
    "model_chart",
    "progress_chart",
    "share_chart",
    "stage_conversion_plot",
    "to_png_base64",
    "to_svg",
    "trend_chart",
]
