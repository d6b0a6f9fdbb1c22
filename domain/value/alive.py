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

from domain.policy.value import BgNbd, MbgNbd
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
    return (model.alpha + history[1]) * exp(_power(model, history[0], probability)) - model.alpha


class Fade:
    """When P(alive) comes down to one probability, of any customer: the powers are worked out once.

    After the last purchase it takes (alpha + t_x) (exp(power) - 1) weeks, and the power hangs on
    the number of repeats alone. Those are bounded by the days that customers have bought on.
    """

    __slots__ = ("_factors", "_least", "_model", "_probability")

    def __init__(self, model: MbgNbd, probability: float) -> None:
        self._model = model
        self._probability = probability
        self._factors: list[float] = []
        self._least: list[float] = []

    def age(self, history: History) -> float:
        """:func:`age_at` of this model and probability."""
        repeats, alpha = history[0], self._model.alpha
        if repeats >= len(self._factors):
            self._extend(repeats)
        return (alpha + history[1]) * self._factors[repeats] - alpha

    def least_weeks(self, repeats: int) -> float:
        """The least silence that it takes of all customers with at most so many repeats.

        >>> fade = Fade(MbgNbd(), 0.4)
        >>> round(fade.least_weeks(0), 1), round(fade.least_weeks(10), 1)
        (35.3, 2.0)
        """
        if repeats >= len(self._least):
            self._extend(repeats)
        return self._least[repeats]

    def _extend(self, repeats: int) -> None:
        for x in range(len(self._factors), repeats + 1):
            factor = exp(_power(self._model, x, self._probability))
            silence = self._model.alpha * (factor - 1.0)  # for t_x = 0, where it is least
            self._factors.append(factor)
            self._least.append(max(0.0, min(silence, self._least[-1] if x else silence)))


def _power(model: MbgNbd, repeats: int, probability: float) -> float:
    """Where P(alive) is ``probability``: ln((alpha + T) / (alpha + t_x)); 0 it never is."""
    if probability <= 0.0:
        return LARGEST_EXPONENT
    odds = (1.0 / probability - 1.0) * (model.b + repeats) / model.a
    return min(log(odds) / (model.r + repeats), LARGEST_EXPONENT) if odds > 0 else 0.0


def _alive(model: BgNbd | MbgNbd, stays: float, history: History, age: float) -> float:
    x, recency, _ = history
    power = (model.r + x) * log((model.alpha + age) / (model.alpha + recency))
    return 1.0 / (1.0 + exp(min(log(model.a / stays) + power, LARGEST_EXPONENT)))
