"""How probable it is that a customer still buys, and until when: BG/NBD and MBG/NBD.

P(alive | x, t_x, T) = 1 / (1 + a / s * ((alpha + T) / (alpha + t_x)) ** (r + x)), with x repeat
purchases, the last at t_x, and T since the first, in weeks. In MBG/NBD s = b + x; in BG/NBD
s = b + x - 1, and whoever has not bought again is certainly alive. Sources: Fader, Hardie and
Lee, "Counting Your Customers the Easy Way" (2005), and the note on P(alive) to it (2008);
Batislam, Denizel and Filiztekin, "Empirical validation and comparison of models for customer base
analysis" (2007), equation 7.
"""

from __future__ import annotations

from math import exp, log

from domain.policy_value import BgNbd, MbgNbd
from domain.value.history import History

LARGEST_EXPONENT = 700.0


def p_alive(model: MbgNbd, history: History, age: float) -> float:
    """MBG/NBD's probability at ``age`` weeks after the first purchase.

    >>> round(p_alive(MbgNbd(), History(2, 30.43), 38.86), 4)
    0.7061
    """
    return _alive(model, model.b + history[0], history, age)


def p_alive_bg(model: BgNbd, history: History, age: float) -> float:
    """BG/NBD's probability; 1 for every one-time buyer, so not for churn.

    >>> round(p_alive_bg(BgNbd(), History(2, 30.43), 38.86), 4)
    0.7266
    """
    repeats = history[0]
    return _alive(model, model.b + repeats - 1, history, age) if repeats else 1.0


def age_at(model: MbgNbd, history: History, probability: float) -> float:
    """At how many weeks after the first purchase P(alive) has come down to ``probability``.

    >>> history = History(2, 30.43)
    >>> round(p_alive(MbgNbd(), history, age_at(MbgNbd(), history, 0.4)), 9)
    0.4
    """
    x, recency, _ = history
    odds = (1.0 / probability - 1.0) * (model.b + x) / model.a
    power = min(log(odds) / (model.r + x), LARGEST_EXPONENT) if odds > 0 else 0.0
    return (model.alpha + recency) * exp(power) - model.alpha


def _alive(model: BgNbd | MbgNbd, stays: float, history: History, age: float) -> float:
    x, recency, _ = history
    power = (model.r + x) * log((model.alpha + age) / (model.alpha + recency))
    return 1.0 / (1.0 + exp(min(log(model.a / stays) + power, LARGEST_EXPONENT)))
