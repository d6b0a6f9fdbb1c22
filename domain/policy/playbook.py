"""The policy of the playbook: the steps of a complaint in order, by its category.

The steps are the reference's; which solution a category has is our default. A text key names what
the desk's own texts say, as those of care tasks do.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Final

from pydantic import Field, field_validator

from domain.policy.journeys import StepName
from domain.policy.relationship import Rules
from domain.policy.sections import Category
from schemas.fields import Label

MOST_STEPS: Final = 12
MOST_CATEGORIES: Final = 64


class CategoryPlaybook(Rules):
    """The steps of a complaint in order, and the text key of what is offered to solve it.

    >>> CategoryPlaybook(steps=("apologise", "refund")).steps[1]
    'refund'
    """

    steps: Annotated[tuple[StepName, ...], Field(min_length=1, max_length=MOST_STEPS)] = (
        "accept", "apologise", "understand", "solve", "agree", "follow_up",
    )  # fmt: skip
    solution: Label = "complaint.solution"

    @field_validator("steps")
    @classmethod
    def _each_once(cls, steps: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(steps)) < len(steps):
            raise ValueError("must name each step once")
        return steps


class Playbook(Rules):
    """The playbook of each category of complaints; ``default`` is that of all others."""

    default: CategoryPlaybook = CategoryPlaybook()
    categories: dict[Category, CategoryPlaybook] = Field(default={}, max_length=MOST_CATEGORIES)

    def of(self, category: str) -> CategoryPlaybook:
        """That of a category; "" where none is known.

        >>> Playbook().of("fees").steps[0]
        'accept'
        """
        return self.categories.get(category, self.default)

    @cached_property
    def names(self) -> frozenset[str]:
        """Every step that any category has."""
        books = (self.default, *self.categories.values())
        return frozenset(step for book in books for step in book.steps)
