"""The models of customer value worked out a second time, from their definitions by numbers alone.

Purchases: a customer buys Poisson with rate lam while alive and leaves after a purchase with
probability p; lam is Gamma(r, alpha) and p Beta(a, b) over customers. Likelihood and expectations
are integrals over lam (Gauss-Laguerre) and p (Gauss-Jacobi), with none of the closed forms.
Spend: a purchase is Gamma(p, nu), nu is Gamma(q, v) over customers; one integral over ln nu.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import roots_genlaguerre, roots_jacobi
from scipy.stats import gamma

Floats = NDArray[np.float64]
DAY = 86_400_000
POINTS = 80


class Model(NamedTuple):
    """``at_once``: one may leave at the very first purchase too (MBG/NBD)."""

    r: float
    alpha: float
    a: float
    b: float
    at_once: bool = False


BG = Model(0.2426, 4.4135, 0.7929, 2.4258)
MBG = Model(0.5248, 6.1830, 0.8914, 1.6140, True)
SPEND = (6.249, 3.745, 15.448)
UNIT_COSTS = {"branch": 30.0, "call_centre": 15.0}


class Customer:
    """Every kind of customer there may be, weighed by how well the purchases fit it."""

    def __init__(self, model: Model, x: int, recency: float, age: float) -> None:
        decisions = x + model.at_once
        self.rate, self.leave, alive = _kinds(model, x, age)
        self.alive = alive * (1 - self.leave) ** decisions
        self.gone = np.zeros_like(alive)
        if decisions:
            _, leave, gone = _kinds(model, x, recency)
            self.gone = gone * leave * (1 - leave) ** (decisions - 1)

    @property
    def likelihood(self) -> float:
        """Of the purchases."""
        return float(self.alive.sum() + self.gone.sum())

    @property
    def p_alive(self) -> float:
        """Given the purchases."""
        return float(self.alive.sum()) / self.likelihood

    def purchases(self, weeks: float) -> float:
        """Expected in the next ``weeks``: (1 - e^(-lam p t)) / p on the average."""
        until = -np.expm1(-self.rate * self.leave * weeks) / self.leave
        return float((self.alive * until).sum()) / self.likelihood


def spend_likelihood(x: int, mean: float, model: tuple[float, float, float] = SPEND) -> float:
    """Density of a mean spend over x purchases."""
    return float(_by_kind(x, mean, model)[1].sum())


def spend(x: int, mean: float, model: tuple[float, float, float] = SPEND) -> float:
    """The mean of the customer's purchases to come, given that of x so far."""
    kinds, weights = _by_kind(x, mean, model)
    return float((weights * model[0] / kinds).sum() / weights.sum())


def clv(x: int, recency: float, age: float, mean: float) -> float:
    """39 weeks, each discounted to its end at 10 % a year."""
    customer = Customer(BG, x, recency, age)
    until = [customer.purchases(week) for week in range(40)]
    weekly = ((until[w] - until[w - 1]) / 1.1 ** (w / 52) for w in range(1, 40))
    return float(sum(weekly)) * spend(x, mean)


def outlook(purchases: list[tuple[int, float]], now: int) -> dict[str, Any]:
    """The figures of a customer with these purchases, time (ms) and value, as of ``now`` (ms)."""
    by_day: dict[int, float] = {}
    for at, value in purchases:
        by_day[at // DAY] = by_day.get(at // DAY, 0.0) + value
    first, *rest = sorted(by_day)
    x, recency = len(rest), (max(by_day) - first) / 7
    age = (now - first * DAY) / (7 * DAY)
    mean = sum(by_day[day] for day in rest) / x if x else 0.0
    times = sorted(at for at, _ in purchases)[-21:]
    return {
        "clv": clv(x, recency, age, mean),
        "clv_expected_purchases": Customer(BG, x, recency, age).purchases(39),
        "clv_mean_spend": spend(x, mean),
        "p_alive": Customer(MBG, x, recency, age).p_alive,
        "next_purchase_ms": times[-1] + float(np.median(np.diff(times))) if x else None,
    }


def _kinds(model: Model, x: int, weeks: float) -> tuple[Floats, Floats, Floats]:
    """Rates (n, 1), probabilities p (1, n), and how likely each with x purchases is (n, n).

    lam^x e^(-lam weeks) counts; the exponential is part of the weight of Gauss-Laguerre's rule.
    """
    (nodes, by_rate), (leaving, by_leaving) = _rules(model)
    scale = model.alpha + weeks
    rates = (nodes / scale)[:, None]
    prior = np.outer(by_rate / by_rate.sum(), by_leaving / by_leaving.sum())
    return rates, ((1 + leaving) / 2)[None, :], (model.alpha / scale) ** model.r * prior * rates**x


@lru_cache(maxsize=8)
def _rules(model: Model) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    with np.errstate(invalid="ignore"):  # SciPy divides by a + b - 1 where it does not matter
        leaving = roots_jacobi(POINTS, model.b - 1, model.a - 1)
    return roots_genlaguerre(POINTS, model.r - 1), leaving


def _by_kind(x: int, mean: float, model: tuple[float, float, float]) -> tuple[Floats, Floats]:
    """Values of nu, and how likely each is together with the mean."""
    p, q, v = model
    logs = np.linspace(-15, 10, 2_501)
    kinds = np.exp(logs)
    weights = gamma.pdf(kinds, q, scale=1 / v) * kinds * (logs[1] - logs[0])
    if x:
        weights = weights * gamma.pdf(mean, p * x, scale=1 / (kinds * x))
    return kinds, weights
