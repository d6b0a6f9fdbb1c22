"""The funnel: how far customers have come, from known to loyal, and how long each step took.

How far is told by the customers' figures, and by their transitions where those are given: a
customer who was loyal and is at risk now has been all the way. Times are told by transitions
only, so they are of those customers whose transitions are at hand. Kept: a number for each
customer, and up to five times for each that has a transition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from statistics import median
from typing import Any, Final, NamedTuple

from domain.kernel.units import MS_PER_DAY
from schemas.fields import milliseconds
from schemas.figures import CustomerFigures

STEPS: Final = ("potential", "target", "first_time", "repeat", "loyal")
DIMENSION: Final = "relationship"
# the furthest step by purchases alone: none, one, more
BY_PURCHASES: Final = (0, STEPS.index("first_time"), STEPS.index("repeat"))


class Step(NamedTuple):
    """One step. ``reached`` counts customers who came so far or farther, ``now`` who stand here.

    ``conversion`` is of those who reached the step before, ``None`` where nobody did. ``days`` is
    the median time since the step before that a customer was seen at, over ``timed`` customers.
    """

    name: str
    reached: int
    now: int
    conversion: float | None
    days: float | None
    timed: int


class Funnel:
    """Adds up customers and their transitions, each in any order.

    >>> funnel = Funnel()
    >>> from schemas.figures.published import example
    >>> funnel.add(example())  # a target
    >>> [step.reached for step in funnel.steps()]
    [1, 1, 0, 0, 0]
    """

    def __init__(self) -> None:
        self._furthest: dict[str, int] = {}
        self._state: dict[str, str] = {}
        # by customer the first time of each step, in ms
        self._times: dict[str, dict[int, int]] = {}

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        customer_id, state = customer.customer_id, customer.relationship.state
        far = BY_PURCHASES[min(customer.value.purchases, 2)]
        self._state[customer_id] = state
        if state in STEPS:
            far = max(far, STEPS.index(state))
        self._furthest[customer_id] = far
        if customer.first_event_at is not None:
            self._note(customer_id, 0, customer.first_event_at)

    def add_transition(self, transition: Mapping[str, Any]) -> None:
        """Add one transition, of whatever dimension."""
        if transition["dimension"] == DIMENSION and transition["to_state"] in STEPS:
            place = STEPS.index(transition["to_state"])
            self._note(transition["customer_id"], place, transition["occurred_at"])

    def standing(self, state: str, among: Collection[str] | None = None) -> int:
        """How many of these customers, or of all, are in a state now."""
        return self._standing(among)[state]

    def steps(self, among: Collection[str] | None = None) -> list[Step]:
        """The steps in their order, over these customers or over all that were added.

        One that was erased is not among them.
        """
        customers = self._furthest if among is None else among
        now = self._standing(among)
        far = [
            max(self._furthest[customer_id], *self._times.get(customer_id, {0: 0}))
            for customer_id in customers
        ]
        reached = [sum(step >= place for step in far) for place in range(len(STEPS))]
        found = []
        for place, name in enumerate(STEPS):
            days, before = self._days(place, customers), reached[place - 1] if place else 0
            found.append(
                Step(
                    name=name,
                    reached=reached[place],
                    now=now[name],
                    conversion=reached[place] / before if before else None,
                    days=median(days) if days else None,
                    timed=len(days),
                )
            )
        return found

    # -- inside -------------------------------------------------------------------------

    def _note(self, customer_id: str, place: int, occurred_at: str) -> None:
        at = milliseconds(datetime.fromisoformat(occurred_at))
        times = self._times.setdefault(customer_id, {})
        times[place] = min(at, times.get(place, at))

    def _standing(self, among: Collection[str] | None) -> Counter[str]:
        if among is None:
            return Counter(self._state.values())
        return Counter(self._state[customer_id] for customer_id in among)

    def _days(self, place: int, customers: Collection[str]) -> list[float]:
        found = []
        for customer_id in customers:
            times = self._times.get(customer_id, {})
            before = max((times[step] for step in range(place) if step in times), default=None)
            if place in times and before is not None and times[place] >= before:
                found.append((times[place] - before) / MS_PER_DAY)
        return found
