"""Delivered value: what the customer gets less what it costs, both 0-10.

value = mean(product, service, relationship, brand ratings) - mean(10 - price rating, 10 - wait
score, 10 - convenience rating, 2 x worst open severity). The benefits are product, service,
personnel and image, the costs money, time, energy and psychic cost of Kotler's delivered value
("Marketing Management", 1997). Parts that nobody told are left out of their mean, and named.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules
from schemas.told import Told

BEST: Final = 10.0
BENEFITS: Final = ("product", "service", "relationship", "brand")


NO_BENEFIT: Final = Wording(
    "delivered.no_benefit", "Delivered value is unknown without any benefit: {missing:list}."
)
NO_COST: Final = Wording(
    "delivered.no_cost", "Delivered value is unknown without any cost: {missing:list}."
)
WHOLE: Final = Wording(
    "delivered.value", "Benefit {benefit:.1f} less cost {cost:.1f} is {value:.1f}."
)
PARTLY: Final = Wording(
    "delivered.value_partly",
    "Benefit {benefit:.1f} less cost {cost:.1f} is {value:.1f}; left out: {missing:list}.",
)


class Delivered(NamedTuple):
    """Value (-10 to 10), its two means and all parts that are known, by name."""

    value: float | None
    benefit: float | None
    cost: float | None
    parts: dict[str, float]
    reason: Told
    missing: tuple[str, ...] = ()


class Worth(NamedTuple):
    """Ratings 0-10 of the six factors by name, the score of the wait, and the worst open severity.

    ``severity`` is 0 where no complaint is open; ``None`` = not known.
    """

    ratings: dict[str, float]
    wait_score: float | None = None
    severity: float | None = 0.0


def delivered_value(worth: Worth, rules: ExperienceRules) -> Delivered:
    """Delivered value from what is known.

    >>> found = delivered_value(Worth({"product": 8.0, "brand": 6.0, "price": 7.0}, 9.0, 2),
    ...     ExperienceRules())
    >>> round(found.value, 3), found.missing
    (4.333, ('service', 'relationship', 'effort'))
    >>> found.reason
    'Benefit 7.0 less cost 2.7 is 4.3; left out: service, relationship and effort.'
    """
    rated = worth.ratings
    benefits = {name: rated.get(name) for name in BENEFITS}
    price, convenience, severity = rated.get("price"), rated.get("convenience"), worth.severity
    stress = rules.delivered.stress_per_severity
    costs = {
        "money": None if price is None else BEST - price,
        "time": None if worth.wait_score is None else BEST - worth.wait_score,
        "effort": None if convenience is None else BEST - convenience,
        "stress": None if severity is None else stress * severity,
    }
    everything = benefits | costs
    parts = {name: part for name, part in everything.items() if part is not None}
    missing = tuple(name for name, part in everything.items() if part is None)
    benefit, cost = _mean(parts, tuple(benefits)), _mean(parts, tuple(costs))
    if benefit is None or cost is None:
        reason = (NO_BENEFIT if benefit is None else NO_COST)(missing=missing)
        return Delivered(None, benefit, cost, parts, reason, missing)
    value = benefit - cost
    sums = {"benefit": benefit, "cost": cost, "value": value}
    reason = PARTLY(missing=missing, **sums) if missing else WHOLE(**sums)
    return Delivered(value, benefit, cost, parts, reason, missing)


def _mean(parts: dict[str, float], names: tuple[str, ...]) -> float | None:
    known = [parts[name] for name in names if name in parts]
    return sum(known) / len(known) if known else None
