"""Calibration: what experiments measured corrects what the hazard model credits, within each role.

Holds: experiments brought to the fit's window and aged, the normal-normal multipliers, the total variance.
Add here: a rule about how far an experiment speaks. Must not be here: the fit (`hazard`), what a role is (`roles`).

A channel's credit m is taken for k m. Multipliers of a role share a mean, k_c ~ N(k_role, tau^2), and an experiment
measures one: lift / m ~ N(k_c, (se / m)^2). What was not tested inherits its role's mean with tau on top, so that its
interval holds the bias no sample shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd

from journey_pipeline.conversion import floats

# Prior mean and spread of the multiplier of a role. Field experiments found brand keyword ads without measurable
# short-term benefit and other paid search at a fraction of its observed correlation (Blake, Nosko, Tadelis 2015). The
# spreads are what the model is off by, beyond sampling, on markets of the truth bench with other seeds than its own
# (21 to 23). A real market may break more of what the model takes for granted than those do.
KAPPA: Mapping[str, float] = {"push": 1.0, "pull": 1.0, "navigational": 0.1}
TAU: Mapping[str, float] = {"push": 0.15, "pull": 0.25, "navigational": 0.2}
# A result half a year old counts for half its variance's inverse.
HALVING_WEEKS = 26.0

CALIBRATED_COLUMNS = [
    "channel",
    "role",
    "role_multiplier",
    "multiplier",
    "multiplier_sd",
    "calibrated_credit",
    "calibrated_sd",
    "is_calibrated",
]


def experiments_in_window(experiments: pd.DataFrame, starts_on: date, ends_before: date) -> pd.DataFrame:
    """One row per channel: lift_conversions and standard_error as of the window, newest first in weight.

    `experiments` has channel, started_on, ended_on (dates, both inclusive), lift_conversions, standard_error. The lift
    of a test of other length is scaled by days; its standard error grows by sqrt(1 + (weeks since its end / 26)^2).
    Tests of one channel are pooled by the inverse of their variance. One that ends after the window is not known yet.
    """
    columns = ["channel", "lift_conversions", "standard_error"]
    ended = pd.to_datetime(experiments["ended_on"])
    known = experiments[ended <= pd.Timestamp(ends_before - timedelta(days=1))]
    if known.empty:
        return pd.DataFrame({name: pd.Series(dtype="object" if name == "channel" else float) for name in columns})
    started, ended = (pd.to_datetime(known[name]) for name in ("started_on", "ended_on"))
    days = (ended - started).dt.days.to_numpy(float) + 1
    weeks_old = (pd.Timestamp(ends_before) - ended).dt.days.to_numpy(float) - 1
    scale = (ends_before - starts_on).days / days
    error = floats(known["standard_error"]) * scale * np.sqrt(1 + (weeks_old / 7 / HALVING_WEEKS) ** 2)
    if not (error > 0).all():
        raise ValueError("experiments: expected a standard_error above 0 for every test, found one that is not")
    pooled = pd.DataFrame(
        {"channel": known["channel"], "w": error**-2, "e": floats(known["lift_conversions"]) * scale * error**-2}
    )
    sums = pooled.groupby("channel", as_index=False).sum()
    return pd.DataFrame(
        {
            "channel": sums["channel"],
            "lift_conversions": sums["e"] / sums["w"],
            "standard_error": sums["w"] ** -0.5,
        }
    )


def _role_multiplier(kappa: float, tau: float, ratios: np.ndarray, variances: np.ndarray) -> tuple[float, float]:
    """Posterior mean and variance of a role's multiplier from the ratios lift / credit of its tested channels."""
    precision = 1 / tau**2 + float((1 / (tau**2 + variances)).sum())
    mean = (kappa / tau**2 + float((ratios / (tau**2 + variances)).sum())) / precision
    return mean, 1 / precision


def calibrate(
    credited: pd.DataFrame,
    experiments: pd.DataFrame,
    kappa: Mapping[str, float] = KAPPA,
    tau: Mapping[str, float] = TAU,
) -> pd.DataFrame:
    """Multiplier and calibrated credit of each channel of `credited` (channel, role, credit, credit_sd).

    `experiments` has one row per channel tested: lift_conversions, standard_error, over the window of the credit.
    `credit_sd` is the jackknife's; calibrated_sd^2 = m^2 Var(k) + k^2 credit_sd^2 holds the bias as well. A tested
    channel without credit takes what its test measured, at least 0; its multiplier is null.
    """
    merged = credited.merge(experiments, on="channel", how="left")
    rows = []
    for role, members in merged.groupby("role", sort=False):
        credit, sd = floats(members["credit"]), floats(members["credit_sd"])
        lift, error = floats(members["lift_conversions"]), floats(members["standard_error"])
        tested = ~np.isnan(lift)
        ratio = np.divide(lift, credit, out=np.zeros_like(credit), where=tested & (credit > 0))
        variance = np.divide(error, credit, out=np.ones_like(credit), where=tested & (credit > 0)) ** 2
        usable = tested & (credit > 0)
        width = float(tau[str(role)])
        mean, spread = _role_multiplier(float(kappa[str(role)]), width, ratio[usable], variance[usable])
        own = 1 / (1 / width**2 + 1 / variance)
        multiplier = np.where(usable, np.maximum(own * (mean / width**2 + ratio / variance), 0), mean)
        multiplier_sd = np.sqrt(np.where(usable, own + (own / width**2) ** 2 * spread, width**2 + spread))
        only_test = tested & ~usable
        multiplier[only_test] = multiplier_sd[only_test] = np.nan
        found = members[["channel", "role"]].assign(
            role_multiplier=mean,
            multiplier=multiplier,
            multiplier_sd=multiplier_sd,
            calibrated_credit=np.where(only_test, np.maximum(lift, 0), multiplier * credit),
            calibrated_sd=np.where(only_test, error, np.hypot(credit * multiplier_sd, multiplier * sd)),
            is_calibrated=tested,
        )
        rows.append(found)
    if not rows:
        return pd.DataFrame(columns=CALIBRATED_COLUMNS)
    table = pd.concat(rows).sort_index().reset_index(drop=True)
    return table[CALIBRATED_COLUMNS]
