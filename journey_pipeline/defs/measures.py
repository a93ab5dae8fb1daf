"""measures: the mathematics on small aggregates. Each asset reads cells, calls one pure function, writes a table.

Add a measure as one entry of MEASURES; one that also reads the lake is a step of its own. Must not be here: formulas
(the pure modules), scans of row-scale tables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from journey_pipeline import (
    action_register,
    action_values,
    actions,
    attribution,
    change,
    comments,
    consistency,
    conversion,
    drivers,
    experience,
    journey_health,
    maturity,
    pain_points,
    path_measures,
    personas,
    report,
    response_bias,
    scorecard,
    segments,
    verdicts,
)
from journey_pipeline.action_proposals import Facts
from journey_pipeline.baselines import Baselines
from journey_pipeline.defs.gates import require_left
from journey_pipeline.defs.resources import (
    CUSTOMER_EXPERIENCE,
    MARKETING,
    ONE_BY_ONE,
    WEEKS,
    WRITER_POOL,
    Home,
    Warehouse,
    week_end,
)
from journey_pipeline.defs.tables import table_metadata, write_table
from journey_pipeline.experiments import effects, looks
from journey_pipeline.fault_points import point
from journey_pipeline.predictions import impact
from journey_pipeline.settings import shared_numbers

MIN_N = int(shared_numbers()["min_n"])
SMALL_CELL = int(shared_numbers()["small_cell"])
FITTED_MODELS = attribution.chosen_models(
    shared_numbers()["fitted_models"], markov_order=int(shared_numbers()["markov_order"])
)
PLANNED_REDUCTION = float(shared_numbers()["planned_drop_off_reduction"])
PROGRAM_START = date.fromisoformat(str(shared_numbers()["program_start"]))


@dataclass(frozen=True)
class Measure:
    """Cells to read (schema.table), the pure function over them, and what the table holds."""

    cells: tuple[str, ...]
    compute: Callable[..., pd.DataFrame]
    owner: str
    description: str
    needs_as_of: bool = False  # the function also takes the local midnight that ends the last week
    plot: Callable[[pd.DataFrame], Any] | None = None  # where a picture says more than a row count
    after: tuple[str, ...] = ()  # relations that must stand although no cell of them is read


def _stage_conversion(
    cells: pd.DataFrame, lag_cells: pd.DataFrame, entry_age_cells: pd.DataFrame, as_of: datetime
) -> pd.DataFrame:
    table = conversion.stage_conversion(cells, as_of, min_n=MIN_N)
    return maturity.add_nowcast(table, lag_cells, entry_age_cells, min_n=MIN_N)


def _kpi_scorecard(
    cells: pd.DataFrame,
    kpis: pd.DataFrame,
    targets: pd.DataFrame,
    signals: pd.DataFrame,
    stages: pd.DataFrame,
    funnels: pd.DataFrame,
    as_of: datetime,
) -> pd.DataFrame:
    return scorecard.kpi_scorecard(
        cells, kpis, targets, as_of, PROGRAM_START, min_n=MIN_N, signals=signals, stages=stages, funnels=funnels
    )


def _actions(
    effect_cells: pd.DataFrame,
    kpi_cells: pd.DataFrame,
    kpis: pd.DataFrame,
    stages: pd.DataFrame,
    table: pd.DataFrame,
    improvements: pd.DataFrame,
    points: pd.DataFrame,
    experiments: pd.DataFrame,
    as_of: datetime,
) -> pd.DataFrame:
    facts = Facts(
        effect_cells=effect_cells,
        kpi_cells=kpi_cells,
        kpis=kpis,
        stages=stages,
        scorecard=table,
        improvements=improvements,
        experiments=experiments[experiments["is_incremental"].astype(bool)],
        pain_points=points,
        as_of=as_of,
        reduction=PLANNED_REDUCTION,
    )
    return actions.actions(action_register.load(), facts)


MEASURES: dict[str, Measure] = {
    "stage_conversion": Measure(
        ("journeys.stage_cells", "journeys.lag_cells", "journeys.entry_age_cells"),
        _stage_conversion,
        CUSTOMER_EXPERIENCE,
        "One row per week, view, transition, breakdown and member: rate, Wilson interval, maturity, nowcast.",
        needs_as_of=True,
        plot=report.stage_conversion_plot,
    ),
    "change_explained": Measure(
        ("journeys.stage_cells",),
        partial(change.change_explained, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, metric, breakdown and member: what of the change is mix and what is rate.",
        needs_as_of=True,
    ),
    "attribution": Measure(
        ("journeys.credit_cells", "journeys.path_cells", "journeys.spend_cells", "measures.hazard_rows"),
        partial(attribution.attribution, models=FITTED_MODELS, min_n=MIN_N),
        MARKETING,
        "One row per week, conversion type, model, channel, campaign: credit and spend. Credit is not causation.",
        plot=report.attribution_plot,
    ),
    "attribution_stability": Measure(
        ("journeys.credit_bucket_cells", "journeys.path_cells"),
        partial(attribution.attribution_stability, models=FITTED_MODELS),
        MARKETING,
        "One row per week, conversion type and model: how far the channels' shares moved from the week before.",
    ),
    "self_reported_sources": Measure(
        ("journeys.self_reported_cells",),
        partial(attribution.self_reported_sources, min_n=MIN_N),
        MARKETING,
        "One row per week, conversion type and channel: how customers say they heard of us, and what was tracked.",
    ),
    "segments": Measure(
        (),
        segments.segments,
        MARKETING,
        "One row per rule of a segment set, in the order they are tried.",
        after=("journeys.segment_cells",),
    ),
    "segment_sets": Measure(
        (
            "journeys.segment_cells",
            "measures.cluster_cells",
            "measures.value_segment_cells",
            "journeys.attitude_scales",
            "measures.cluster_quality",
            "measures.prediction_models",
        ),
        segments.segment_sets,
        MARKETING,
        "One row per segment set: of how many customers it can say something, and why not of the others.",
        needs_as_of=True,
    ),
    "segment_metrics": Measure(
        ("journeys.segment_cells", "measures.cluster_cells", "measures.value_segment_cells"),
        partial(segments.segment_metrics, min_n=MIN_N, min_customers=int(shared_numbers()["segment_min_customers"])),
        MARKETING,
        "One row per week, segment and metric.",
        needs_as_of=True,
    ),
    "segment_migration": Measure(
        ("journeys.migration_cells", "measures.cluster_moves"),
        partial(segments.segment_migration, min_n=MIN_N),
        MARKETING,
        "One row per week, segment before and after.",
    ),
    "segment_stability": Measure(
        ("journeys.migration_cells", "measures.cluster_moves"),
        segments.segment_stability,
        MARKETING,
        "One row per week and segment set: stayers, stability index, how many went dormant.",
    ),
    "retention": Measure(
        ("journeys.retention_cells",),
        partial(segments.retention, min_n=MIN_N),
        MARKETING,
        "One row per cohort week, interval and kind of retention: share active, with interval.",
    ),
    "value_concentration": Measure(
        ("journeys.value_cells",),
        segments.value_concentration,
        MARKETING,
        "One row per week: Gini coefficient of the year's revenue, and the share of the best tenth of customers.",
    ),
    "experience": Measure(
        ("journeys.experience_cells",),
        partial(experience.experience, min_n=MIN_N, min_customers=int(shared_numbers()["segment_min_customers"])),
        CUSTOMER_EXPERIENCE,
        "One row per week, stage, family, question and segment: score as answered and reweighted, response rate.",
    ),
    "response_bias": Measure(
        ("journeys.response_strata", "journeys.response_left", "measures.kpi_scorecard"),
        partial(response_bias.response_bias, min_n=MIN_N, min_answers=SMALL_CELL),
        CUSTOMER_EXPERIENCE,
        "One row per week and question: who answered is not who buys, and what that does to the score.",
    ),
    "consistency": Measure(
        (
            "journeys.consistency_cells",
            "journeys.consistency_touchpoint_cells",
            "journeys.service_cells",
            "seeds.kpi_targets",
        ),
        partial(consistency.consistency, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week and measure: do the touchpoints of a customer agree, and touchpoints among each other.",
    ),
    "consistency_touchpoints": Measure(
        ("journeys.consistency_touchpoint_cells",),
        partial(consistency.consistency_touchpoints, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, family and question: score, and whether it is near the others.",
    ),
    "experience_drivers": Measure(
        ("journeys.driver_cells",),
        partial(drivers.experience_drivers, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per outcome, driver and level: what of the journey before goes with it. An association.",
    ),
    "friction": Measure(
        ("journeys.friction_cells",),
        partial(experience.friction, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, stage, group of pages and signal: visits affected, their share and its interval.",
    ),
    "top_paths": Measure(
        ("journeys.top_path_cells",),
        partial(path_measures.top_paths, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per cohort and path: journeys, share, conversion rate with interval; rare paths are one row.",
    ),
    "path_contrast": Measure(
        ("journeys.path_contrast_cells",),
        partial(path_measures.path_contrast, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per activity: its share among converting and other journeys. An association, never an effect.",
    ),
    "conformance": Measure(
        ("journeys.conformance_cells",),
        partial(path_measures.conformance, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, designed journey and finding: the share of journeys that conform, skip or go out of order.",
    ),
    "journey_map": Measure(
        ("journeys.journey_map_cells",),
        partial(path_measures.journey_map, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, stage, family and interaction: touches, conversion to the next stage, sentiment, pain.",
        needs_as_of=True,
    ),
    "pain_points": Measure(
        ("journeys.pain_step_cells", "journeys.pain_answer_cells", "journeys.pain_order_cells"),
        partial(pain_points.pain_points, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per judged week, step, breakdown and member: what is lost beyond the usual, and what it is worth.",
        needs_as_of=True,
    ),
    "pain_flags": Measure(
        ("journeys.pain_flag_cells",),
        partial(journey_health.pain_flags, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week and flag of journeys: share, and how flagged journeys fare. An association, never an effect.",
        needs_as_of=True,
    ),
    "onboarding": Measure(
        ("journeys.onboarding_cells", "journeys.onboarding_lag_cells"),
        partial(journey_health.onboarding, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week of purchase, breakdown and member: who began to use what they bought, and how soon.",
        needs_as_of=True,
    ),
    "support_effort": Measure(
        ("journeys.support_cells", "journeys.support_lag_cells"),
        partial(journey_health.support_effort, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, stage and desk: contacts, replies, solutions.",
        needs_as_of=True,
    ),
    "contact_reasons": Measure(
        ("journeys.contact_reason_cells",),
        journey_health.contact_reasons,
        CUSTOMER_EXPERIENCE,
        "One row per week, desk and reason for a contact, most frequent first.",
    ),
    "comment_themes": Measure(
        ("journeys.comment_theme_cells",),
        comments.comment_themes,
        CUSTOMER_EXPERIENCE,
        "One row per week, weeks up to it, family, instrument and theme of comments, in counts.",
    ),
    "personas": Measure(
        (
            "measures.segment_metrics",
            "journeys.persona_channel_cells",
            "journeys.persona_flag_cells",
            "seeds.personas",
            "seeds.segment_rules",
        ),
        partial(personas.personas, min_people=SMALL_CELL),
        CUSTOMER_EXPERIENCE,
        "One row per week and persona: rule, description, and what the data says of its customers.",
    ),
    "planned_improvements": Measure(
        ("journeys.stage_cells", "seeds.stages", "seeds.funnels"),
        partial(impact.planned_improvements, reduction=PLANNED_REDUCTION, min_n=MIN_N),
        CUSTOMER_EXPERIENCE,
        "One row per week, funnel, step and scenario: conversions that a smaller drop-off would bring. An association.",
        needs_as_of=True,
    ),
    "experiment_arms": Measure(
        ("journeys.experiment_arm_cells",),
        effects.experiment_arms,
        MARKETING,
        "One row per experiment, variant and whether its people count, with the test of the split.",
        after=("seeds.experiment_designs",),
    ),
    "experiments": Measure(
        ("journeys.experiment_cells", "journeys.experiment_arm_cells"),
        partial(effects.experiments, min_n=MIN_N),
        MARKETING,
        "One row per experiment, metric and variant: effect, interval and verdict of what was drawn by lot.",
        needs_as_of=True,
        after=("seeds.experiment_designs",),
    ),
    "experiment_looks": Measure(
        ("journeys.experiment_cells",),
        partial(looks.experiment_looks, min_n=MIN_N),
        MARKETING,
        "One row per experiment, metric, variant and week: the reading that holds at every look.",
        after=("seeds.experiment_designs",),
    ),
    "action_values": Measure(
        ("journeys.action_cells", "measures.experiments", "seeds.action_terms"),
        action_values.action_values,
        MARKETING,
        "One row per segment, stage and action: what it is worth by its experiment, or by others' as a hypothesis.",
    ),
    "kpi_scorecard": Measure(
        (
            "journeys.kpi_cells",
            "seeds.kpis",
            "seeds.kpi_targets",
            "measures.weekly_signals",
            "seeds.stages",
            "seeds.funnels",
        ),
        _kpi_scorecard,
        CUSTOMER_EXPERIENCE,
        "One row per week, target set and KPI: baseline, actual, interval, verdict and owner.",
        needs_as_of=True,
    ),
    "actions": Measure(
        (
            "journeys.effect_cells",
            "journeys.kpi_cells",
            "seeds.kpis",
            "seeds.stages",
            "measures.kpi_scorecard",
            "measures.planned_improvements",
            "measures.pain_points",
            "measures.experiments",
        ),
        _actions,
        CUSTOMER_EXPERIENCE,
        "One row per registered or proposed action: size of the prize, owner, priority, what changed after it.",
        needs_as_of=True,
    ),
}


def asset_of(name: str, measure: Measure) -> dg.AssetsDefinition:
    """The asset of one measure."""

    @dg.asset(
        key=["measures", name],
        group_name="measures",
        deps=[dg.AssetKey(cells.split(".")) for cells in (*measure.cells, *measure.after)],
        partitions_def=WEEKS,
        backfill_policy=ONE_BY_ONE,
        pool=WRITER_POOL,
        owners=[measure.owner],
        kinds={"python", "pandas"},
        description=measure.description,
    )
    def _measure(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult:  # type: ignore[type-arg]
        with warehouse.get_connection() as connection:
            require_left(context, connection, "measures")
            frames = [read_cells(connection, cells) for cells in measure.cells]
            arguments = [week_end(context.partition_key)] if measure.needs_as_of else []
            measured = measure.compute(*frames, *arguments)
            point("measure_computed")
            write_table(connection, name, measured)
            point("measure_written")
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            point("measure_recorded")
            return dg.MaterializeResult(
                metadata={**table_metadata(connection, "measures", name), **_picture(measure, measured)}
            )

    return _measure


def _picture(measure: Measure, measured: pd.DataFrame) -> dict[str, Any]:
    chart = measure.plot(measured) if measure.plot else None
    if chart is None:
        return {}
    return {
        "plot": dg.MetadataValue.md(f"![{measure.description}](data:image/png;base64,{report.to_png_base64(chart)})")
    }


def read_cells(connection: duckdb.DuckDBPyConnection, relation: str) -> pd.DataFrame:
    """Cells in a total order, so that sums in floating point do not depend on threads."""
    return connection.execute(f"select * from {relation} order by all").df()


_SIGNALS = {
    "baselines": "One row per metric, breakdown and member of the baselines in force, frozen or to be frozen.",
    "weekly_signals": "One row per week and metric: control limits, and the lift over the frozen baseline.",
}


@dg.multi_asset(
    # One step: signals over the baselines of another candidate would look like an improvement.
    specs=[
        dg.AssetSpec(
            ["measures", name],
            group_name="measures",
            deps=[["journeys", "stage_cells"], ["seeds", "kpi_targets"]],
            owners=[CUSTOMER_EXPERIENCE],
            kinds={"python", "pandas"},
            description=description,
        )
        for name, description in _SIGNALS.items()
    ],
    partitions_def=WEEKS,
    backfill_policy=ONE_BY_ONE,
    pool=WRITER_POOL,
)
def signals(context: dg.AssetExecutionContext, home: Home, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Hold every mature week against the weeks before it and against the baseline that the lake has frozen."""
    as_of = week_end(context.partition_key)
    with warehouse.get_connection() as connection:
        require_left(context, connection, "measures")
        cells = read_cells(connection, "journeys.stage_cells")
        counted = change.baseline_counts(change.mature_cohorts(cells, as_of), PROGRAM_START, as_of).assign(
            program_start=str(PROGRAM_START),
            time_zone=home.settings.time_zone,
            definition_version=str(shared_numbers()["definition_version"]),
        )
        known_at, until = connection.execute("select known_at, as_of from raw.run_parameters").fetchall()[0]
        baselines = Baselines(home.lake.root / "baselines", known_at, until).in_force(counted)
        targets = read_cells(connection, "seeds.kpi_targets")
        signalled = change.weekly_signals(cells, baselines, targets, as_of, PROGRAM_START, min_n=MIN_N)
        for name, table in zip(_SIGNALS, (baselines, signalled), strict=True):
            write_table(connection, name, table)
            point("signals_written")
            verdicts.record(connection, [verdicts.Verdict(verdicts.BUILT, f"measures/{name}", True)])
            yield dg.MaterializeResult(
                asset_key=["measures", name], metadata=table_metadata(connection, "measures", name)
            )


measures = [*(asset_of(name, measure) for name, measure in MEASURES.items()), signals]
