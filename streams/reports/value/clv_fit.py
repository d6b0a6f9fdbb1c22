"""Maximum likelihood fits of BG/NBD, MBG/NBD and Gamma-Gamma, and their check on a hold-out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from domain.policy.sections import Section
from domain.policy.value import BgNbd, GammaGamma, MbgNbd
from domain.value import likelihood
from domain.value.clv import expected_purchases
from domain.value.history import Histories
from streams.reports.value.history import Purchases, ValueFileError

Floats = NDArray[np.float64]
M = TypeVar("M", bound=Section)
Step = Callable[[str], None]
"""Called with the name of the model that is fitted next."""

LEAST_REPEATERS: Final = 10
# ln of the largest parameter and of 1 / the smallest: beyond it the data do not tell them.
LARGEST_LOG: Final = 9.2
STEPS: Final = 4_000
SEARCHES: Final = 10
SIMPLEX: Final = 0.2
GAIN: Final = 1e-6


def _silent(_: str) -> None:
    """For who does not want to know."""


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
    """Repeat purchases by one model: (w,) in the weeks of a hold-out, and in all since the start.

    `since_first` counts each customer's repeat purchases of calibration and hold-out together,
    as expected of somebody of whom nothing but the first purchase is known.
    """

    by_week: Floats
    since_first: float


class HoldOut(NamedTuple):
    """What came in the weeks behind the calibration beside what each model expected."""

    first_day: int
    actual: NDArray[np.int64]
    actual_since_first: int
    checks: dict[str, Check]

    def error(self, model: str) -> float:
        """What the model expected in the hold-out less what came, as a share of what came."""
        return float(self.checks[model].by_week.sum() / self.actual.sum() - 1.0)

    def error_since_first(self, model: str) -> float:
        """The same of all repeat purchases since each customer's first."""
        return self.checks[model].since_first / self.actual_since_first - 1.0


def fit(histories: Histories, step: Step = _silent) -> Fits:
    """The parameters under which the histories are most likely; `step` is told what is next.

    Raises `ValueFileError` where they do not suffice.
    """
    repeaters = int(np.count_nonzero(histories.repeats))
    if repeaters < LEAST_REPEATERS:
        raise ValueFileError(
            f"{repeaters} of {len(histories.repeats)} customers bought again;"
            f" a fit needs at least {LEAST_REPEATERS}: give a longer history"
        )
    step("BG/NBD")
    bg = _fit_purchases(histories, BgNbd, likelihood.bg_nbd)
    step("MBG/NBD")
    mbg = _fit_purchases(histories, MbgNbd, likelihood.mbg_nbd)
    step("Gamma-Gamma")
    return Fits(bg, mbg, _fit_spend(histories))


def hold_out(purchases: Purchases, last_day: int, histories: Histories, fits: Fits) -> HoldOut:
    """Expected beside actual purchases in the whole weeks behind `last_day`, the calibration's end.

    Raises `ValueFileError` where there is no such week, or nobody bought in them.
    """
    weeks = (purchases.last_day - last_day) // 7
    actual = purchases.repeats_by_week(last_day, weeks) if weeks > 0 else np.zeros(0, np.int64)
    if not actual.sum():
        raise ValueFileError(
            f"no customer of the calibration bought in the {max(weeks, 0)} weeks behind it:"
            " there is nothing to check against; give fewer --calibration-weeks"
        )
    came = int(histories.repeats.sum()) + int(actual.sum())
    checks = {
        "bg_nbd": _check(histories, weeks, fits.bg_nbd.model),
        "mbg_nbd": _check(histories, weeks, fits.mbg_nbd.model),
    }
    return HoldOut(last_day + 1, actual, came, checks)


def spend_correlation(histories: Histories) -> float:
    """Pearson's correlation of repeats and mean spend of who bought again.

    Gamma-Gamma takes it to be 0 (Fader and Hardie 2013). NaN where either does not vary.
    """
    used = histories.repeats > 0
    x, mean = histories.repeats[used], histories.mean_spend[used]
    if len(x) < LEAST_REPEATERS or np.ptp(x) == 0 or np.ptp(mean) == 0:
        return float("nan")
    return float(np.corrcoef(x, mean)[0, 1])


def _check(histories: Histories, weeks: int, model: BgNbd | MbgNbd) -> Check:
    distinct, counts = _distinct(histories)
    until = counts @ expected_purchases(distinct, np.arange(1.0, weeks + 1.0), model)
    new = Histories(*np.zeros((4, 1)))
    since_first = expected_purchases(new, distinct.age + weeks, model)[0] @ counts
    return Check(np.diff(until, prepend=0.0), float(since_first))


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
        # Not asked for its own success: where rounding is coarser than its tolerances, a simplex
        # turns in its place until its steps are used up.
        if before - found.fun < GAIN:
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
