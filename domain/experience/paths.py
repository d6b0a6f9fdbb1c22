"""Journeys whose steps are data: how far a customer has come, where it stopped, what stood there.

The policy names each journey's steps in order and by which event each is known. Of every step the
first time counts, so the order of arrival does not matter; a later step tells that those before
it were passed. Obstacles (errors, long waits, contacts that ended badly, complaints) belong to the
step at which the customer stood when they came. Who rests at a step longer than the policy allows
has dropped off there. Bound: 96 times, which is 8 journeys of 12 steps, and 16 obstacles.
"""

from __future__ import annotations

from bisect import insort
from typing import Any, Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.state import JOURNEY, Customer
from domain.experience.record import journey_of
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.policy.journeys import MOST_JOURNEYS, MOST_STEPS, JourneyPath
from schemas.figures.experience import Obstacle, PathStatus

MAX_OBSTACLES: Final = 16
MAX_STEPS: Final = MOST_JOURNEYS * MOST_STEPS
OBSTACLE_INDEX: Final[dict[Obstacle, int]] = {
    "error": 1, "wait": 2, "unresolved": 3, "abandoned": 4, "complaint": 5,
}  # fmt: skip
"""The number of each obstacle in a customer's state; new ones are appended."""
OBSTACLES: Final = tuple(OBSTACLE_INDEX)


class Way(NamedTuple):
    """How far a customer is: the furthest step, when each was reached (ms), what stood there."""

    furthest: int
    reached: dict[str, int]
    status: PathStatus
    obstacles: dict[str, dict[Obstacle, int]]


def take(customer: Customer, event: Any, cause: Cause) -> None:
    """Note the steps that an event is, and whether it is an obstacle."""
    kind, at = event.type, cause.at
    for key in cause.policy.experience.steps_of(kind, event):
        known = customer.journey.steps.get(key) if customer.has(JOURNEY) else None
        if known is None or at < known:
            customer.touch(JOURNEY)
            customer.journey.steps[key] = at
            _forget(customer, cause.policy)
    for obstacle in obstacles_of(event, cause.policy):
        customer.touch(JOURNEY)
        insort(customer.journey.obstacles, (at, OBSTACLE_INDEX[obstacle]))
        del customer.journey.obstacles[:-MAX_OBSTACLES]


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let the steps and obstacles of another id be of this one."""
    mine, theirs = customer.journey, other.journey
    for key, at in theirs.steps.items():
        mine.steps[key] = min(at, mine.steps.get(key, at))
    _forget(customer, cause.policy)
    mine.obstacles = sorted([*mine.obstacles, *theirs.obstacles])[-MAX_OBSTACLES:]
    customer.touch(JOURNEY)


def _forget(customer: Customer, policy: Policy) -> None:
    """Keep the bound: steps that the policy does not name any more go."""
    journey = customer.journey
    if len(journey.steps) > MAX_STEPS:
        named = {path.key_of(one.name) for path in policy.experience.journeys for one in path.steps}
        journey.steps = {key: at for key, at in journey.steps.items() if key in named}


def obstacles_of(event: Any, policy: Policy) -> list[Obstacle]:
    """What of an event stands in a customer's way."""
    kind = event.type
    if kind == "app_click":
        return ["error"] if event.action == "error" else []
    if kind == "complaint":
        return ["complaint"] if event.status == "opened" else []
    if kind != "service_contact":
        return []
    found: list[Obstacle] = []
    if event.wait_seconds > policy.satisfaction.long_wait_seconds:
        found.append("wait")
    if event.outcome != "resolved":
        found.append(event.outcome)
    return found


def way_of(customer: Customer, path: JourneyPath, clock: int) -> Way | None:
    """How far the customer is on a journey as of ``clock`` (ms); ``None``: it has not begun."""
    kept = journey_of(customer)
    names = [step.name for step in path.steps]
    known = {name: kept.steps.get(path.key_of(name)) for name in names}
    reached = {name: at for name, at in known.items() if at is not None and at <= clock}
    if not reached:
        return None
    furthest = max(names.index(name) for name in reached)
    rests = clock - reached[names[furthest]]
    status: PathStatus = "on_the_way"
    if furthest == len(names) - 1:
        status = "finished"
    elif rests > path.rest_days * MS_PER_DAY:
        status = "dropped"
    return Way(furthest, reached, status, _met(kept.obstacles, reached, names))


def _met(
    obstacles: list[tuple[int, int]], reached: dict[str, int], names: list[str]
) -> dict[str, dict[Obstacle, int]]:
    """Obstacles by the step at which the customer stood; none before the first or at the last."""
    found: dict[str, dict[Obstacle, int]] = {}
    for at, number in obstacles:
        stood = [names.index(name) for name, since in reached.items() if since <= at]
        place = max(stood, default=-1)
        if 0 <= place < len(names) - 1:
            met = found.setdefault(names[place], {})
            name = OBSTACLES[number - 1]
            met[name] = met.get(name, 0) + 1
    return found
