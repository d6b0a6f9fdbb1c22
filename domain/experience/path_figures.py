"""Journeys of one customer as they leave the product, and what many customers' add up to."""

from __future__ import annotations

from collections import Counter
from typing import Final, get_args

import msgspec

from domain.customer.adding_up import share_of
from domain.customer.state import Customer
from domain.experience.paths import OBSTACLES, way_of
from domain.policy import Policy
from domain.policy.experience import ExperienceRules
from schemas.fields import moment, rfc3339
from schemas.figures import ExperienceFigures
from schemas.figures.experience import PathFigures, PathStatus

STATUSES: Final[tuple[PathStatus, ...]] = get_args(PathStatus)


class StepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A step: who came so far or farther, and who stopped here.

    ``conversion`` is of those who reached the step before, ``drop_off`` of those who reached this
    one; ``obstacles`` are those met here, by kind, ``hindered`` the customers who met any of them
    and then dropped off here.
    """

    name: str
    reached: int
    conversion: float | None
    on_the_way: int
    dropped: int
    drop_off: float | None
    obstacles: dict[str, int]
    hindered: int


class PathReport(msgspec.Struct, frozen=True):
    """One journey over many customers; ``weakest`` is the step where most of them drop off."""

    name: str
    steps: list[StepRow]
    weakest: str | None


def path_figures(customer: Customer, clock: int, policy: Policy) -> dict[str, PathFigures]:
    """The customer's journeys as of ``clock`` (ms), by name; those that have not begun are not."""
    found = {}
    for path in policy.experience.journeys:
        way = way_of(customer, path, clock)
        if way is not None:
            found[path.name] = PathFigures(
                step=path.steps[way.furthest].name,
                status=way.status,
                reached_at={name: rfc3339(moment(at)) for name, at in way.reached.items()},
                obstacles={
                    step: {str(name): count for name, count in met.items()}
                    for step, met in way.obstacles.items()
                },
            )
    return found


def count_paths(said: ExperienceFigures, counts: Counter[str]) -> None:
    """Add one customer's."""
    for name, path in said.journeys.items():
        counts[f"path.{name}.{path.step}.{path.status}"] += 1
        for step, met in path.obstacles.items():
            for obstacle, count in met.items():
                counts[f"obstacle.{name}.{step}.{obstacle}"] += count
        if path.status == "dropped" and path.obstacles.get(path.step):
            counts[f"hindered.{name}.{path.step}"] += 1


def path_reports(counts: Counter[str], rules: ExperienceRules) -> list[PathReport]:
    """A table for each journey of the policy that anybody has begun."""
    found = []
    for path in rules.journeys:
        names = [step.name for step in path.steps]
        stand = {
            (name, status): counts[f"path.{path.name}.{name}.{status}"]
            for name in names
            for status in STATUSES
        }
        at = [sum(stand[name, status] for status in STATUSES) for name in names]
        reached = [sum(at[place:]) for place in range(len(names))]
        if not reached[0]:
            continue
        rows = [
            StepRow(
                name=name,
                reached=reached[place],
                conversion=share_of(reached[place], reached[place - 1]) if place else None,
                on_the_way=stand[name, "on_the_way"],
                dropped=stand[name, "dropped"],
                drop_off=share_of(stand[name, "dropped"], reached[place]),
                obstacles={
                    one: count
                    for one in OBSTACLES
                    if (count := counts[f"obstacle.{path.name}.{name}.{one}"])
                },
                hindered=counts[f"hindered.{path.name}.{name}"],
            )
            for place, name in enumerate(names)
        ]
        worst = max(rows, key=lambda row: row.dropped)
        found.append(PathReport(path.name, rows, worst.name if worst.dropped else None))
    return found
