"""When customers buy again, and whether they still do: the BG/NBD model on cells of like histories.

Holds the likelihood with its slope, the fit, the chance of being alive, expected orders, and the chances of each number
of orders. A customer buys at a rate of their own (gamma: r, alpha) and after each purchase stops for good with a
probability of their own (beta: a, b). Times are in weeks, histories in whole days; an order is a day with a purchase,
and the first one only starts the clock.
Must not be here: money (`gamma_gamma`, `clv`), any I/O.

Source: Fader, Hardie and Lee 2005, "Counting your customers" the easy way.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma, gammaln, hyp2f1

from journey_pipeline.conversion import Floats, Numbers
from journey_pipeline.predictions import likelihood
from journey_pipeline.predictions.likelihood import Fitted, NotFitted

HISTORY = ["frequency", "recency_days", "age_days"]
MIN_REPEAT = 200
DAYS = 7.0
_NAMES = ("r", "alpha", "a", "b")
_REST = 1e-9  # chance of more orders at which their number is no longer counted
_NEAR = 1e-3  # how near a 0/0 of the formula is too near


class BgNbd(NamedTuple):
    """Parameters; alpha is in weeks."""

    r: float
    alpha: float
    a: float
    b: float


def fit(cells: pd.DataFrame, min_repeat: int = MIN_REPEAT) -> Fitted:
    """Fit to cells `frequency, recency_days, age_days, bucket, customers`, which may repeat a history.

    frequency counts the days with a purchase after the first one; recency and age are the days from the first purchase
    to the last one and to the cut-off. Raises NotFitted for fewer than `min_repeat` customers who bought again, and
    ValueError for a history that cannot be.
    """
    require_histories(cells)
    alike, counts = likelihood.by_bucket(cells, HISTORY)
    repeat = int(counts[alike["frequency"].to_numpy() > 0].sum())
    if repeat < min_repeat:
        raise NotFitted(f"{repeat} customers bought again, at least {min_repeat} are needed to fit how they buy")
    # Only logarithms move: to start alpha at a tenth of the longest history is to scale time to ten.
    start = (1.0, float(alike["age_days"].max()) / DAYS / 10, 1.0, 1.0)
    return likelihood.fit(_Cells(alike).slope, counts, start, _NAMES, repeat)


def parameters(fitted: Fitted) -> BgNbd:
    """The parameters of a fit."""
    return BgNbd(*map(float, fitted.parameters))


def require_histories(cells: pd.DataFrame) -> None:
    """Raise ValueError, with counts, for histories that no customer can have."""
    x, recency, age = (cells[name].to_numpy("float64", na_value=np.nan) for name in HISTORY)
    wrong = {
        "frequency is a whole number from 0": ~((x >= 0) & (x == np.floor(x))),
        "0 <= recency_days <= age_days and 0 < age_days": ~((recency >= 0) & (recency <= age) & (age > 0)),
        "recency_days is 0 exactly where frequency is 0": (x == 0) != (recency == 0),
    }
    told = [f"{rule} ({int(found.sum())} rows are not)" for rule, found in wrong.items() if found.any()]
    if told:
        raise ValueError("purchase histories: expected " + "; ".join(told))


class _Cells:
    """Cells with what their terms share: numbers of orders, recencies and ages are few, cells are many."""

    def __init__(self, alike: pd.DataFrame) -> None:
        x, recency, age = (alike[name].to_numpy("float64") for name in HISTORY)
        self.x, self.of_x = np.unique(x, return_inverse=True)
        self.recency, self.of_recency = np.unique(recency / DAYS, return_inverse=True)
        self.age, self.of_age = np.unique(age / DAYS, return_inverse=True)
        self.orders = x

    def slope(self, logs: Floats, weights: Floats) -> tuple[float, Floats]:
        """Weighted sum of log-likelihoods and its slope by the logarithms of r, alpha, a and b."""
        r, alpha, a, b = np.exp(logs)
        x, again = self.x, self.x > 0
        log_age, log_recency = np.log(alpha + self.age)[self.of_age], np.log(alpha + self.recency)[self.of_recency]
        gone_of_x = np.where(again, np.log(a) - np.log(np.where(again, b + x - 1, 1.0)), -np.inf)
        rate = r + self.orders
        # Of the two ways a history can end, alive at the cut-off or gone after the last order, how likely is each.
        log_odds = gone_of_x[self.of_x] + rate * (log_age - log_recency)
        gone = 1 / (1 + np.exp(-log_odds))
        either = np.logaddexp(0.0, log_odds) - rate * log_age
        many = np.bincount(self.of_x, weights, len(x))
        gone_many = np.bincount(self.of_x, weights * gone, len(x))
        of_x = (
            gammaln(r + x) - gammaln(r) + r * np.log(alpha)
            + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        )  # fmt: skip
        value = float((many * of_x).sum() + (weights * either).sum())
        waited = log_age + gone * (log_recency - log_age)
        inverse = (1 - gone) / (alpha + self.age)[self.of_age] + gone / (alpha + self.recency)[self.of_recency]
        stays = digamma(a + b) - digamma(a + b + x)
        last = np.where(again, b + x - 1, np.inf)
        slopes = (
            (many * (digamma(r + x) - digamma(r) + np.log(alpha))).sum() - (weights * waited).sum(),
            weights.sum() * r / alpha - (weights * rate * inverse).sum(),
            (many * stays).sum() + gone_many.sum() / a,
            (many * (stays + digamma(b + x) - digamma(b))).sum() - (gone_many / last).sum(),
        )
        return value, np.array(slopes) * np.exp(logs)


def log_likelihood(of: BgNbd, frequency: Floats, recency: Floats, age: Floats) -> Floats:
    """Log-likelihood of each history; recency and age in weeks."""
    x, at_age = np.asarray(frequency, float), np.asarray(age, float)
    shared = gammaln(of.r + x) - gammaln(of.r) + of.r * np.log(of.alpha) + betaln(of.a, of.b + x)
    alive = -(of.r + x) * np.log(of.alpha + at_age)
    return np.asarray(shared - betaln(of.a, of.b) + np.logaddexp(0.0, _log_odds_gone(of, x, recency, age)) + alive)


def p_alive(of: BgNbd, frequency: Floats, recency: Floats, age: Floats) -> Floats:
    """Chance that the customer will still buy; 1 for who bought once, whom the model cannot have lost yet."""
    return np.asarray(1 / (1 + np.exp(_log_odds_gone(of, frequency, recency, age))))


def _log_odds_gone(of: BgNbd, frequency: Floats, recency: Floats, age: Floats) -> Floats:
    x = np.asarray(frequency, float)
    again = x > 0
    waited = np.log((of.alpha + np.asarray(age, float)) / (of.alpha + np.asarray(recency, float)))
    odds = np.log(of.a / np.where(again, of.b + x - 1, 1.0)) + (of.r + x) * waited
    # A chance of e^-300 is 0 to any reader, and its square can still be divided by.
    return np.where(again, np.minimum(odds, 300.0), -np.inf)


def expected_if_alive(of: BgNbd, frequency: Floats, age: Floats, horizon: Numbers) -> Floats:
    """Orders expected in the `horizon` weeks after the cut-off of who is still buying then.

    With z = t / (alpha + T + t), Euler's transformation of the published formula,
        (a + b + x - 1) / (a - 1) (1 - (1 - z)^(a - 1) F(a + b - 1 - r, a - 1; a + b + x - 1; z)),
    has no parameter that grows with x, so it holds where the published form overflows (x of hundreds); where a is
    large it is the other way round, and the published form stands in. Where a or a + b + x is 1 both are 0/0 and smooth
    across: there the value is interpolated from four neighbours.
    """
    x, at_age, ahead = np.broadcast_arrays(*(np.asarray(v, float) for v in (frequency, age, horizon)))
    expected = _hypergeometric(of.a, of, x, at_age, ahead)
    near = (abs(of.a - 1) < _NEAR) | (np.abs(of.a + of.b + x - 1) < _NEAR)
    if near.any():
        values = [_hypergeometric(of.a + k * _NEAR * 2, of, x[near], at_age[near], ahead[near]) for k in (-3, -1, 1, 3)]
        expected[near] = (9 * (values[1] + values[2]) - values[0] - values[3]) / 16
    return expected


def _hypergeometric(a: float, of: BgNbd, x: Floats, age: Floats, ahead: Floats) -> Floats:
    z, shrunk = ahead / (of.alpha + age + ahead), np.log((of.alpha + age) / (of.alpha + age + ahead))
    c = a + of.b + x - 1
    with np.errstate(all="ignore"):
        rest = np.exp((a - 1) * shrunk) * hyp2f1(a + of.b - 1 - of.r, a - 1, c, z)
        if (failed := ~np.isfinite(rest)).any():
            published = np.exp((of.r + x) * shrunk) * hyp2f1(of.r + x, of.b + x, c, z)
            rest = np.where(failed, published, rest)
        return np.asarray(c / (a - 1) * (1 - rest))


def expected_orders(of: BgNbd, frequency: Floats, recency: Floats, age: Floats, horizon: Numbers) -> Floats:
    """Orders expected in the `horizon` weeks after the cut-off."""
    return p_alive(of, frequency, recency, age) * expected_if_alive(of, frequency, age, horizon)


class Spread(NamedTuple):
    """Of who is still buying at the cut-off: chance of no order, mean of the number of orders and of its square."""

    none: Floats
    mean: Floats
    square: Floats


def spread_if_alive(of: BgNbd, frequency: Floats, age: Floats, horizon: float) -> Spread:
    """How the orders of the next `horizon` weeks vary between customers of one history.

    j orders come about as j orders and no end, or as an end after the j-th, whatever time was left:
        E[(1 - p)^j] P(N = j) + E[p (1 - p)^(j - 1)] P(N >= j),
    p beta(a, b + x), N negative binomial(r + x, alpha + T).
    """
    x, at_age = np.asarray(frequency, float), np.asarray(age, float)
    beta, shape = of.b + x, of.r + x
    step = horizon / (of.alpha + at_age + horizon)
    here = np.exp(shape * np.log1p(-step))
    none, below = here.copy(), here.copy()
    stays, ends = np.ones_like(x), np.full_like(x, of.a) / (of.a + beta)
    mean, square = np.zeros_like(x), np.zeros_like(x)
    j = 0
    # A row ends by itself, so that it is the same whatever rows it stands with.
    while j < 1 or (1 - below > _REST).any():
        rest = np.where(1 - below > _REST, 1 - below, 0.0)
        here = here * (shape + j) / (j + 1) * step
        stays = stays * (beta + j) / (of.a + beta + j)
        j += 1
        chance = np.where(rest > 0, stays * here + ends * rest, 0.0)
        mean, square = mean + j * chance, square + j * j * chance
        below = below + here
        ends = ends * (beta + j - 1) / (of.a + beta + j)
    return Spread(none, mean, square)
