"""MBG/NBD: how probable it is that a customer still buys, and until when.

P(alive | x, t_x, T) = 1 / (1 + a / (b + x) * ((alpha + T) / (alpha + t_x)) ** (r + x)), with x
repeat purchases, the last at t_x, and T since the first, in weeks. Unlike in BG/NBD it is below
1 for one-time buyers too. Source: Batislam, Denizel and Filiztekin (2007), equation 7.
"""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

from domain.policy_sections import Positive, Section

LARGEST_EXPONENT = 700.0


class PurchaseModel(Section):
    """Parameters of MBG/NBD; weeks. The defaults are those of the CDNOW data set."""

    r: Positive = 0.5248
    alpha: Positive = 6.1830
    a: Positive = 0.8914
    b: Positive = 1.6140


class History(NamedTuple):
    """``repeats`` purchases after the first, the last ``recency`` weeks behind it."""

    repeats: int
    recency: float


def p_alive(model: PurchaseModel, history: History, age: float) -> float:
    """The probability at ``age`` weeks after the first purchase.

    >>> round(p_alive(PurchaseModel(), History(2, 30.43), 38.86), 4)
    0.7061
    """
    x, recency = history
    power = (model.r + x) * log((model.alpha + age) / (model.alpha + recency))
    odds = log(model.a / (model.b + x)) + power
    return 1.0 / (1.0 + exp(min(odds, LARGEST_EXPONENT)))


def age_at(model: PurchaseModel, history: History, probability: float) -> float:
    """At how many weeks after the first purchase P(alive) has come down to ``probability``.

    >>> history = History(2, 30.43)
    >>> round(p_alive(PurchaseModel(), history, age_at(PurchaseModel(), history, 0.4)), 9)
    0.4
    """
    x, recency = history
    odds = (1.0 / probability - 1.0) * (model.b + x) / model.a
    power = min(log(odds) / (model.r + x), LARGEST_EXPONENT) if odds > 0 else 0.0
    return (model.alpha + recency) * exp(power) - model.alpha
