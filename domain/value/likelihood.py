"""Log-likelihoods of BG/NBD, MBG/NBD and Gamma-Gamma over the customers of a history.

Sources as in `domain.value.clv`. Everything is in logarithms, so no count or time overflows.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln

from domain.policy.value import BgNbd, GammaGamma, MbgNbd
from domain.value.history import Floats, Histories


def bg_nbd(histories: Histories, model: BgNbd) -> Floats:
    """Log-likelihood of each customer's purchases (Fader, Hardie and Lee 2005, equation 6).

    >>> one = Histories(*(np.array([each]) for each in (2.0, 30.43, 38.86, np.nan)))
    >>> round(float(bg_nbd(one, BgNbd())[0]), 4)
    -9.4597
    """
    x = histories.repeats
    stayed = betaln(model.a, model.b + x)
    # Only who has bought again can have left; the 1 keeps the logarithm of the others finite.
    left = np.where(x > 0, betaln(model.a + 1, model.b + np.maximum(x, 1) - 1), -np.inf)
    return _both(histories, model, stayed, left)


def mbg_nbd(histories: Histories, model: MbgNbd) -> Floats:
    """Log-likelihood of each customer's purchases (Batislam et al. 2007, equation 3)."""
    x = histories.repeats
    stayed, left = betaln(model.a, model.b + x + 1), betaln(model.a + 1, model.b + x)
    return _both(histories, model, stayed, left)


def gamma_gamma(histories: Histories, model: GammaGamma) -> Floats:
    """Log-likelihood of each customer's mean spend m over x purchases (2013, equation 1a).

    Only customers with x > 0 and m > 0 count; the result has as many elements.
    """
    used = (histories.repeats > 0) & (histories.mean_spend > 0)
    x, mean = histories.repeats[used], histories.mean_spend[used]
    p, q, v = model.p, model.q, model.v
    found: Floats = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(v + mean * x)
    )
    return found


def _both(histories: Histories, model: BgNbd | MbgNbd, stayed: Floats, left: Floats) -> Floats:
    """Alive until T or gone at t_x: the two ways to the same purchases."""
    x, r, alpha = histories.repeats, model.r, model.alpha
    bought = gammaln(r + x) - gammaln(r) + r * np.log(alpha) - betaln(model.a, model.b)
    found: Floats = bought + np.logaddexp(
        stayed - (r + x) * np.log(alpha + histories.age),
        left - (r + x) * np.log(alpha + histories.recency),
    )
    return found
