"""Maximum likelihood fits of BG/NBD, MBG/NBD and Gamma-Gamma, and their check on a hold-out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from domain.policy_sections import Section
from domain.policy_value import BgNbd, GammaGamma, MbgNbd
from domain.value import likelihood
from domain.value.clv import expected_purchases
from domain.value.history import Histories
from streams.value.errors import ValueFileError
from streams.value.history import Purchases

Floats = NDArray[np.float64]
M = TypeVar("M", bound=Section)

LEAST_REPEATERS: Final = 10
# ln of the largest parameter and of 1 / the smallest: beyond it the data do not tell them.
LARGEST_LOG: Final = 12.0
STEPS: Final = 4_000
SEARCHES: Final = 10
SIMPLEX: Final = 0.2
GAIN: Final = 1e-6


class Fit(NamedTuple, Generic[M]):
    """A model fitted to `customers` customers; `bounded` if a parameter ran to its limit."""

    model: M
    log_likelihood: float
    customers: int
    bounded: bool = False


class Fits(NamedTuple):
    """The three models fitted to one history."""

    bg_nbd: Fit[BgNbd]
    mbg_nbd: Fit[MbgNbd]
    gamma_gamma: Fit[GammaGamma]


class Check(NamedTuple):
    """Purchases of the hold-out by week, expected (w,) and actual (w,), and since the start.

    `total_expected` is without regard to any history, `total_actual` what came: repeat purchases
    of the calibration and the hold-out together.
    """

    expected: Floats
    actual: NDArray[np.int64]
    total_expected: float
    total_actual: int

    @property
    def error(self) -> float:
        """What was expected in the hold-out less what came, as a share of what came."""
        return float(self.expected.sum() / self.actual.sum() - 1.0)

    @property
    def total_error(self) -> float:
        """The same of all repeat purchases since each customer's first."""
        return self.total_expected / self.total_actual - 1.0


def fit(histories: Histories) -> Fits:
    """The parameters under which the histories are most likely. Raises `ValueFileError`."""
    repeaters = int(np.count_nonzero(histories.repeats))
    if repeaters < LEAST_REPEATERS:
        raise ValueFileError(
            f"{repeaters} of {len(histories.repeats)} customers bought again;"
            f" a fit needs at least {LEAST_REPEATERS}: give a longer history"
        )
    return Fits(
        _fit_purchases(histories, BgNbd, likelihood.bg_nbd),
        _fit_purchases(histories, MbgNbd, likelihood.mbg_nbd),
        _fit_spend(histories),
    )


def check(
    purchases: Purchases, last_day: int, weeks: int, model: BgNbd | MbgNbd, histories: Histories
) -> Check:
    """Expected beside actual purchases in the weeks behind `last_day`, the calibration's end.

    Raises `ValueFileError` where nobody bought in those weeks.
    """
    actual = purchases.repeats_by_week(last_day, weeks)
    if not actual.sum():
        raise ValueFileError(
            f"nobody of the calibration bought in the {weeks} weeks after it:"
            " there is nothing to check against; give fewer --calibration-weeks"
        )
    distinct, counts = _distinct(histories)
    total = [float(counts @ expected_purchases(distinct, w, model)) for w in range(1, weeks + 1)]
    nothing = np.zeros_like(distinct.age)
    start = Histories(nothing, nothing, nothing, nothing)
    since = float(counts @ expected_purchases(start, distinct.age + weeks, model))
    came = int(histories.repeats.sum()) + int(actual.sum())
    return Check(np.diff(total, prepend=0.0), actual, since, came)


def _fit_purchases(
    histories: Histories,
    kind: type[M],
    log_likelihood: Callable[[Histories, M], Floats],
) -> Fit[M]:
    distinct, counts = _distinct(histories)

    def model(logs: Floats) -> M:
        return kind(**dict(zip(("r", "alpha", "a", "b"), np.exp(logs).tolist(), strict=True)))

    weeks = max(float(histories.age.mean()), 1.0)
    logs, best = _most_likely(
        lambda logs: float(counts @ log_likelihood(distinct, model(logs))),
        [np.array([r, np.log(weeks / 4), a, a + 1.0]) for r in (-1.0, 0.5) for a in (-1.0, 0.5)],
    )
    return Fit(model(logs), best, len(histories.repeats), _at_bound(logs))


def _fit_spend(histories: Histories) -> Fit[GammaGamma]:
    used = (histories.repeats > 0) & (histories.mean_spend > 0)
    if np.count_nonzero(used) < LEAST_REPEATERS:
        raise ValueFileError(
            f"{np.count_nonzero(used)} customers spent anything when they bought again;"
            f" a fit of spend needs at least {LEAST_REPEATERS}"
        )
    # In units of the mean spend v is of the size of p and q, whatever the currency.
    unit = float(np.mean(histories.mean_spend[used]))
    scaled = Histories(*(each[used] for each in histories))
    scaled = scaled._replace(mean_spend=scaled.mean_spend / unit)

    def model(logs: Floats, unit: float = 1.0) -> GammaGamma:
        p, q, v = np.exp(logs).tolist()
        return GammaGamma(p=p, q=1.0 + q, v=v * unit)

    logs, _ = _most_likely(
        lambda logs: float(likelihood.gamma_gamma(scaled, model(logs)).sum()),
        [np.zeros(3), np.full(3, 1.5)],
    )
    found = model(logs, unit)
    best = float(likelihood.gamma_gamma(histories, found).sum())
    return Fit(found, best, int(np.count_nonzero(used)), _at_bound(logs))


def _most_likely(
    log_likelihood: Callable[[Floats], float], starts: Sequence[Floats]
) -> tuple[Floats, float]:
    """The best of several descents, then a simplex about it until that gains nothing more.

    One descent may end in a valley where a and b grow without end; one of the others does not.
    """
    bounds = [(-LARGEST_LOG, LARGEST_LOG)] * len(starts[0])

    def cost(logs: Floats) -> float:
        return -log_likelihood(logs)

    descents = [minimize(cost, start, method="L-BFGS-B", bounds=bounds) for start in starts]
    found = min(descents, key=lambda descent: float(descent.fun))
    for _ in range(SEARCHES):
        before, at = float(found.fun), np.asarray(found.x)
        options = {
            "initial_simplex": np.clip(
                np.vstack([at, at + SIMPLEX * np.eye(len(at))]), -LARGEST_LOG, LARGEST_LOG
            ),
            "xatol": 1e-7, "fatol": 1e-7, "maxiter": STEPS, "maxfev": STEPS,
        }  # fmt: skip
        found = minimize(cost, at, method="Nelder-Mead", bounds=bounds, options=options)
        if found.success and before - found.fun < GAIN:
            return np.asarray(found.x), -float(found.fun)
    raise ValueFileError(
        "the search for the most likely parameters did not end; give more customers or weeks"
    )


def _at_bound(logs: Floats) -> bool:
    return bool(np.any(np.abs(logs) > LARGEST_LOG - 0.01))


def _distinct(histories: Histories) -> tuple[Histories, Floats]:
    """Customers with the same (x, t_x, T) as one, and how many there are of each."""
    rows = np.stack(histories[:3], axis=1)
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    x, recency, age = distinct.T.copy()
    return Histories(x, recency, age, np.full_like(x, np.nan)), counts.astype(np.float64)
