"""The staged hazard model of one conversion type: intent, push, pull, and the credit of every conversion.

Holds: the stages in order, what each may read, credit with its replicates, and where the data cannot tell.
Add here: a stage or a reason not to trust a channel. Must not be here: the likelihood (`hazard`), columns
(`hazard_design`), calibration and published rows (`hazard_rows`).

Intent: the chance that a customer comes by themselves (earned or navigational) on the days after. What a click signals
of intent is learnt from visits that follow it, which it is not credited for: a negative-control outcome.
Push: conversion days held against other days of the same customer (case-crossover, Maclure 1991), so that who is shown
more, by traits seen or unseen, drops out. Delivery must not follow from the conversion; visits are no covariates, as
they are how an exposure works.
Pull: conversion days against days of everybody, at equal intent and exposure.
Navigational and earned channels have no column that earns: they are how the decided come, part of the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from journey_pipeline.attribution.hazard import BUCKETS, Fit, Integers, Sample, fit, jackknife_variance, shares
from journey_pipeline.attribution.hazard_design import Design, Term
from journey_pipeline.conversion import Bools, Floats

# Against separation only: at a million days and 5,000 events it moves a coefficient by about a hundredth.
STAGE_L2 = 1e-5
# Quantiles of the intent score at which its slope may change.
KNOTS = (0.3, 0.6, 0.8, 0.9, 0.97, 0.995)
EVENTS_PER_PARAMETER = 10
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


def matched_rows(events: Floats, customers: Integers) -> tuple[Integers, Integers]:
    """Rows and sets: each event, then the other sampled days of its customer. Both inputs in the order of the rows."""
    cases = np.flatnonzero(events > 0)
    others = np.flatnonzero(events == 0)
    first = np.searchsorted(customers[others], customers[cases], side="left")
    count = np.searchsorted(customers[others], customers[cases], side="right") - first
    sets = np.repeat(np.arange(len(cases)), count + 1)
    starts = np.cumsum(count + 1) - count - 1
    within = np.arange(len(sets)) - np.repeat(starts, count + 1)
    rows = np.where(within == 0, cases[sets], others[np.minimum(first[sets] + within - 1, max(len(others) - 1, 0))])
    return rows, sets


def _matched(design: Design, columns: Integers) -> Sample:
    days = design.days
    rows, sets = matched_rows(days.events, days.customers)
    return Sample(design.matrix, columns, rows, days.events[rows], np.ones(len(rows)), days.buckets[rows], sets)


def _stage(name: str, design: Design, sample: Sample, held: tuple[str, ...], l2: float = STAGE_L2) -> Stage:
    terms = tuple((*design.terms, *INTENT)[column] for column in sample.columns)
    nonnegative = np.array([term.group in held for term in terms], bool)
    events = int(sample.events.sum())
    return Stage(name, terms, fit(sample, nonnegative, l2), len(sample.events), events)


def _add_intent(design: Design, stage: Stage, columns: Integers) -> Design:
    """The design with the intent score, and its hinges at the knots, behind the matrix."""
    beta = stage.fit.coefficients
    score = (design.matrix[:, columns] @ beta[1:].astype(np.float32) + np.float32(beta[0])).astype(np.float32)
    usual = score[design.days.is_population & (design.days.events == 0)]
    hinges = [np.maximum(score - np.float32(knot), 0) for knot in np.quantile(usual, KNOTS)]
    matrix = np.column_stack([design.matrix, score, *hinges])
    return Design(**{**design.__dict__, "matrix": matrix})


def hazard_model(design: Design, roles: Mapping[str, str]) -> HazardModel | None:
    """Fit the stages and credit every conversion; None with fewer conversions than coefficients.

    With fewer than ten per coefficient it is fitted, and no channel is identified.
    """
    days = design.days
    events, population = days.events > 0, days.weights > 0
    common = design.columns("calendar", "base")
    followed = population & days.is_followed
    intent_columns = design.columns("calendar", "base", "push", "pull", "own", "signal", "visited")
    push_columns = design.columns("week", "weekday", "push")
    push_terms = design.columns("push")
    wanted = len(common) + len(INTENT) + len(design.columns("push", "pull"))
    came = design.followed_by_visit[followed].sum()
    if events.sum() < wanted or not 0 < came < followed.sum():
        return None
    intent = _stage("intent", design, _sample(design, intent_columns, followed, design.followed_by_visit), ())
    whole = _add_intent(design, intent, intent_columns)
    stages = [intent]
    if len(push_terms):
        stages.append(_stage("push", whole, _matched(whole, push_columns), ("push",)))
    score = np.arange(len(design.terms), len(design.terms) + len(INTENT))
    pull_columns = np.concatenate([common, score, design.columns("visited", "push", "pull")])
    if len(design.columns("pull")):
        stages.append(_stage("pull", whole, _sample(whole, pull_columns, population, days.events), ("push", "pull")))
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
    if own_variation(stage.fit.hessian, columns) < OWN_VARIATION:
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
                    "term": [term.name for term in terms],
                    "channel": [term.channel for term in terms],
                    "half_life_days": pd.array([term.half_life_days for term in terms], dtype="Int64"),
                    "coefficient": stage.fit.coefficients,
                    "standard_error": error,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
