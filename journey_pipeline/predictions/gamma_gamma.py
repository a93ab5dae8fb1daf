"""What an order of a customer is worth: the gamma-gamma model on customers who bought again.

Holds the likelihood with its slope, the fit, the expected spend of an order, and the mean and square of the spend of
several. Orders of one customer vary around a mean of their own (gamma: p), means vary between customers (inverse
gamma: q, v), and neither has to do with how often they buy; `correlation` says whether that is so.
Must not be here: when they buy (`bg_nbd`), margins and discounts (`clv`), any I/O.

Source: Fader and Hardie 2013, "The Gamma-Gamma model of monetary value".
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln

from journey_pipeline.conversion import Floats, ratio
from journey_pipeline.predictions import likelihood
from journey_pipeline.predictions.likelihood import Fitted, NotFitted

CELL = ["frequency", "mean_spend"]
MIN_REPEAT = 200
_NAMES = ("p", "q", "v")


class GammaGamma(NamedTuple):
    """Parameters; v is in money."""

    p: float
    q: float
    v: float


def fit(cells: pd.DataFrame, min_repeat: int = MIN_REPEAT) -> Fitted:
    """Fit to cells `frequency, mean_spend, bucket, customers` of customers who bought again.

    mean_spend is that of the orders after the first one; the likelihood has no place for a mean of 0 or below, such
    rows are left out. Raises NotFitted when fewer than `min_repeat` customers are left, or when their means vary so
    much that the mean of all customers would be infinite (q of 1 or less).
    """
    if wrong := int((~(cells["frequency"] > 0) | cells["mean_spend"].isna()).sum()):
        raise ValueError(
            f"spend cells: expected customers who bought again with their mean spend, {wrong} rows are not"
        )
    alike, counts = likelihood.by_bucket(cells[cells["mean_spend"] > 0], CELL)
    repeat = int(counts.sum())
    if repeat < min_repeat:
        raise NotFitted(f"{repeat} customers bought again for money, at least {min_repeat} are needed to fit the spend")
    x, mean = (alike[name].to_numpy("float64") for name in CELL)
    typical = float(np.exp(np.average(np.log(mean), weights=counts.sum(axis=1))))
    fitted = likelihood.fit(_Cells(x, mean).slope, counts, (2.0, 3.0, typical), _NAMES, repeat)
    if parameters(fitted).q <= 1:
        raise NotFitted(
            f"mean spends vary so much between customers (q = {parameters(fitted).q:.3f}, expected above 1) that the "
            "mean of all has no bound: look for orders of another kind or currency among them"
        )
    return fitted


def parameters(fitted: Fitted) -> GammaGamma:
    """The parameters of a fit."""
    return GammaGamma(*map(float, fitted.parameters))


class _Cells:
    def __init__(self, x: Floats, mean: Floats) -> None:
        self.x, self.of_x = np.unique(x, return_inverse=True)
        self.orders, self.mean, self.log_mean, self.total = x, mean, np.log(mean), x * mean

    def slope(self, logs: Floats, weights: Floats) -> tuple[float, Floats]:
        """Weighted sum of log-likelihoods and its slope by the logarithms of p, q and v."""
        p, q, v = np.exp(logs)
        x, size = self.x, weights.sum()
        many = np.bincount(self.of_x, weights, len(x))
        whole = v + self.total
        log_whole = np.log(whole)
        shape = p * x
        of_x = gammaln(shape + q) - gammaln(shape) - gammaln(q) + shape * np.log(x)
        value = (many * of_x).sum() + size * q * np.log(v)
        value += (weights * ((p * self.orders - 1) * self.log_mean - (p * self.orders + q) * log_whole)).sum()
        slopes = (
            (many * x * (digamma(shape + q) - digamma(shape) + np.log(x))).sum()
            + (weights * self.orders * (self.log_mean - log_whole)).sum(),
            (many * (digamma(shape + q) - digamma(q))).sum() + size * np.log(v) - (weights * log_whole).sum(),
            size * q / v - (weights * (p * self.orders + q) / whole).sum(),
        )
        return float(value), np.array(slopes) * np.exp(logs)


def log_likelihood(of: GammaGamma, frequency: Floats, mean_spend: Floats) -> Floats:
    """Log-likelihood of each mean spend."""
    x, mean = np.asarray(frequency, float), np.asarray(mean_spend, float)
    shape = of.p * x
    constant = gammaln(shape + of.q) - gammaln(shape) - gammaln(of.q) + of.q * np.log(of.v) + shape * np.log(x)
    return np.asarray(constant + (shape - 1) * np.log(mean) - (shape + of.q) * np.log(of.v + x * mean))


def weight_of(of: GammaGamma, frequency: Floats, mean_spend: Floats) -> Floats:
    """Scale of what the customer will spend, v + x m: all of their own history that counts beside x.

    Who bought once has none, and a mean below 0 (more was given back than bought) counts as 0.
    """
    x = np.asarray(frequency, float)
    return of.v + np.where(x > 0, x * np.clip(np.nan_to_num(np.asarray(mean_spend, float)), 0.0, None), 0.0)


def expected_spend(of: GammaGamma, frequency: Floats, mean_spend: Floats) -> Floats:
    """Expected spend of an order, p (v + x m) / (p x + q - 1): the mean of all where nothing is known."""
    return weight_of(of, frequency, mean_spend) * of.p / (of.p * np.asarray(frequency, float) + of.q - 1)


def square_of_orders(of: GammaGamma, frequency: Floats, orders: Floats, orders_squared: Floats) -> Floats:
    """Mean square of the spend of a random number of orders, in units of `weight_of`; NaN where it has no bound.

    The orders share the customer's own scale: p n (p n + 1) / ((Q - 1) (Q - 2)) for n orders, Q = p x + q.
    """
    shape = of.p * np.asarray(frequency, float) + of.q
    bounded = np.where(shape > 2, (shape - 1) * (shape - 2), np.nan)
    return (of.p**2 * orders_squared + of.p * orders) / bounded


def correlation(cells: pd.DataFrame) -> float:
    """Correlation of frequency and mean spend over customers: the model assumes there is none; NaN without spread."""
    known = cells[cells["mean_spend"] > 0]
    x, mean, weights = (known[name].to_numpy("float64") for name in (*CELL, "customers"))
    if not weights.sum():
        return np.nan
    x, mean = x - np.average(x, weights=weights), mean - np.average(mean, weights=weights)
    return float(ratio((weights * x * mean).sum(), np.sqrt((weights * x**2).sum() * (weights * mean**2).sum())))
