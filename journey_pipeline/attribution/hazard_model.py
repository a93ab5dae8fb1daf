"""The staged hazard model of one conversion type: intent, push, pull, and the credit of every conversion.

Holds: the stages in order, what each may read, credit with its replicates, and where the data cannot tell.
Add here: a stage or a reason not to trust a channel. Must not be here: the likelihood (`hazard`), columns
(`hazard_design`), calibration and published rows (`hazard_rows`).

Intent: the chance that a customer comes by themselves (earned or navigational) on the days after. What a click signals
of intent is learnt from visits that follow it, which it is not credited for: a negative-control outcome.
Push: conversion days against days of everybody, at equal traits and equal deliveries. Who is shown more, by traits seen
or unseen, has more exposures in all; given how many, when they came is chance (Mundlak 1978: a person's mean in the
place of the trait). Delivery must not follow from the conversion; visits are no covariates, as they are how an exposure
works.
Pull: conversion days against days of everybody, at equal intent and exposure.
Navigational and earned channels have no column that earns: they are how the decided come, part of the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from journey_pipeline.attribution.hazard import (
    BUCKETS,
    Fit,
    Integers,
    Sample,
    fit,
    jackknife_variance,
    replicates,
    shares,
)
from journey_pipeline.attribution.hazard_design import Design, Term
from journey_pipeline.conversion import Bools, Floats

# Against separation only: at a million days and 5,000 events it moves a coefficient by about a hundredth.
STAGE_L2 = 1e-5
# Quantiles of the intent score at which its slope may change.
KNOTS = (0.3, 0.6, 0.8, 0.9, 0.97, 0.995)
EVENTS_PER_PARAMETER = 10
# What touches of these add to the hazard is never below nothing.
HELD = ("push", "pull")
# Share of a channel's variation that the other columns do not hold.
OWN_VARIATION = 0.1
# The intent score stands in these columns behind the matrix.
INTENT = (Term("intent", "score"), *(Term("intent", f"score_above_{int(knot * 1000)}") for knot in KNOTS))


@dataclass(frozen=True)
class Stage:
    """One fit: its terms in the order of the coefficients behind the intercept."""

    name: str
    terms: tuple[Term, ...]
    fit: Fit
    rows: int
    events: int


@dataclass(frozen=True)
class HazardModel:
    """Credit of every conversion (rows) by channel (columns), and the same from the fit without each bucket.

    `notes` says for a channel why its credit is not identified. A replicate holds the conversions of every bucket; drop
    those of its own before summing.
    """

    channels: tuple[str, ...]
    roles: Mapping[str, str]
    credit: Floats
    replicates: Floats
    buckets: Integers
    event_rows: Integers
    stages: tuple[Stage, ...]
    notes: Mapping[str, str]


def _sample(design: Design, columns: Integers, keep: Bools, outcome: Floats) -> Sample:
    rows = np.flatnonzero(keep)
    return Sample(design.matrix, columns, rows, outcome[rows], design.days.weights[rows], design.days.buckets[rows])


def _stage(name: str, design: Design, sample: Sample) -> Stage:
    terms = tuple((*design.terms, *INTENT)[column] for column in sample.columns)
    nonnegative = np.array([name != "intent" and term.group in HELD for term in terms], bool)
    events = int(sample.events.sum())
    return Stage(name, terms, fit(sample, nonnegative, STAGE_L2), len(sample.events), events)


def _add_intent(design: Design, stage: Stage, columns: Integers) -> tuple[Design, Floats]:
    """The design with the intent score, and its hinges, behind the matrix; and the knots of the hinges."""
    beta = stage.fit.coefficients
    score = (design.matrix[:, columns] @ beta[1:].astype(np.float32) + np.float32(beta[0])).astype(np.float32)
    usual = score[design.days.is_population & (design.days.events == 0)]
    knots = np.quantile(usual, KNOTS)
    hinges = [np.maximum(score - np.float32(knot), 0) for knot in knots]
    matrix = np.column_stack([design.matrix, score, *hinges])
    return Design(**{**design.__dict__, "matrix": matrix}), knots


def _carry_intent(stage: Stage, sample: Sample, knots: Floats, intent: Stage, columns: Integers) -> Stage:
    """The stage with replicates that hold what is not known of the intent score.

    The score without a bucket moves the stage's gradient by its derivative in the coefficients of the score. Taking the
    score for known makes an interval of what is adjusted for it several times too narrow.
    """
    beta = stage.fit.coefficients
    places = np.array([1 + n for n, term in enumerate(stage.terms) if term.group == "intent"])
    cross = np.zeros((len(beta), len(columns) + 1))
    for _, x, rows in sample.blocks():
        y, w, score = sample.events[rows], sample.weights[rows], x[:, places[0]]
        chance = 1 / (1 + np.exp(-(x @ beta)))
        bends = np.column_stack([np.ones(len(score)), score[:, None] > knots])
        behind = np.column_stack([np.ones(len(score)), sample.features[sample.rows[rows]][:, columns]])
        cross += x.T @ (behind * (w * chance * (1 - chance) * (bends @ beta[places]))[:, None])
        cross[places] += (bends * (w * (chance - y))[:, None]).T @ behind
    moved = (intent.fit.replicates - intent.fit.coefficients) @ cross.T
    nonnegative = np.array([term.group in HELD for term in stage.terms], bool)
    carried = replicates(beta, stage.fit.found, nonnegative, STAGE_L2, moved)
    return replace(stage, fit=replace(stage.fit, replicates=carried))


def hazard_model(design: Design, roles: Mapping[str, str]) -> HazardModel | None:
    """Fit the stages and credit every conversion; None with fewer conversions than coefficients.

    With fewer than ten per coefficient it is fitted, and no channel is identified.
    """
    days = design.days
    events, everybody = days.events > 0, np.ones(len(days.events), bool)
    common = design.columns("calendar", "base")
    intent_columns = design.columns("calendar", "base", "push", "pull", "own", "signal", "count", "visited")
    wanted = len(common) + len(INTENT) + len(design.columns("delivered", "push", "pull"))
    came = design.followed_by_visit[days.is_followed].sum()
    if events.sum() < wanted or not 0 < came < days.is_followed.sum():
        return None
    intent = _stage("intent", design, _sample(design, intent_columns, days.is_followed, design.followed_by_visit))
    whole, knots = _add_intent(design, intent, intent_columns)
    stages = [intent]
    if len(design.columns("push")):
        columns = np.concatenate([common, design.columns("delivered", "push")])
        stages.append(_stage("push", whole, _sample(whole, columns, everybody, days.events)))
    if len(design.columns("pull")):
        score = np.arange(len(design.terms), len(design.terms) + len(INTENT))
        columns = np.concatenate([common, score, design.columns("visited", "push", "pull")])
        sample = _sample(whole, columns, everybody, days.events)
        stages.append(_carry_intent(_stage("pull", whole, sample), sample, knots, intent, intent_columns))
    earning = tuple(
        c for c in design.channels if any(t.channel == c and t.group in ("push", "pull") for t in design.terms)
    )
    rows = np.flatnonzero(events)
    credit = _credit(whole, stages, earning, rows, None)
    replicates = np.stack([_credit(whole, stages, earning, rows, bucket) for bucket in range(BUCKETS)])
    notes = {channel: note for channel in earning if (note := _doubt(channel, roles[channel], stages))}
    return HazardModel(earning, roles, credit, replicates, days.buckets[rows], rows, tuple(stages), notes)


def _credit(
    design: Design, stages: list[Stage], channels: tuple[str, ...], rows: Integers, bucket: int | None
) -> Floats:
    """Closed-form credit of the conversions at `rows`, by the whole fit or by the one without a bucket."""
    log_hazard = np.zeros((len(rows), len(channels)))
    place = {term: column for column, term in enumerate(design.terms)}
    for stage in stages:
        beta = stage.fit.coefficients if bucket is None else stage.fit.replicates[bucket]
        for term, coefficient in zip(stage.terms, beta[1:], strict=True):
            if term.group == stage.name and term.channel in channels and coefficient > 0:
                column = design.matrix[rows, place[term]].astype(float)
                log_hazard[:, channels.index(str(term.channel))] += coefficient * column
    return shares(log_hazard)[0]


def own_variation(hessian: Floats, columns: Integers) -> float:
    """Share of the curvature along a channel's columns that is left when all other coefficients adjust.

    1 is a channel that varies by itself, 0 one that others tell exactly.
    """
    others = np.setdiff1d(np.arange(1, len(hessian)), columns)
    step = np.ones(len(columns))

    def left(kept: Integers) -> float:
        between = hessian[np.ix_(kept, columns)] @ step
        within = hessian[np.ix_(kept, kept)] + 1e-9 * np.eye(len(kept))
        return float(step @ hessian[np.ix_(columns, columns)] @ step - between @ np.linalg.solve(within, between))

    alone = left(np.array([0]))
    return left(np.concatenate([[0], others])) / alone if alone > 0 else 0.0


def _doubt(channel: str, role: str, stages: list[Stage]) -> str | None:
    """Why the data cannot tell what a channel earns; None where they can."""
    stage = next(s for s in stages if any(t.channel == channel and t.group == s.name for t in s.terms))
    if role == "push" and stage.name == "pull":
        return "only clicks are told of a channel that works by being seen; its exposures are needed"
    if stage.events < EVENTS_PER_PARAMETER * len(stage.terms):
        return f"{stage.events} conversions for {len(stage.terms)} coefficients; {EVENTS_PER_PARAMETER} each are needed"
    columns = np.array([1 + n for n, t in enumerate(stage.terms) if t.channel == channel and t.group == stage.name])
    if own_variation(stage.fit.found.hessian.sum(axis=0), columns) < OWN_VARIATION:
        return "its touches come and go with those of other channels; more than nine tenths of them are told by others"
    return None


def coefficients(model: HazardModel) -> pd.DataFrame:
    """One row per stage and term: coefficient and its jackknife standard error."""
    parts = []
    for stage in model.stages:
        error = np.sqrt(jackknife_variance(stage.fit.replicates))
        terms = (Term("base", "intercept"), *stage.terms)
        parts.append(
            pd.DataFrame(
                {
                    "stage": stage.name,
                    # What counts touches unsaturated stands beside the same touches as a term of its own.
                    "term": [f"{term.name}_count" if term.group == "count" else term.name for term in terms],
                    "channel": [term.channel for term in terms],
                    "half_life_days": pd.array([term.half_life_days for term in terms], dtype="Int64"),
                    "coefficient": stage.fit.coefficients,
                    "standard_error": error,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
