"""The policy of journeys: their steps in order, and by which event each step is known."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from domain.policy.bounds import Days
from domain.policy.relationship import Rules

StepType = Literal[
    "app_click", "transaction", "complaint", "survey", "service_contact", "feedback", "profile",
    "campaign", "care",
]  # fmt: skip
COMPARED: Final[dict[str, tuple[str, ...]]] = {
    "app_click": ("channel", "action", "function"),
    "transaction": ("channel", "direction", "category", "product"),
    "complaint": ("channel", "status", "category"),
    "survey": ("channel", "instrument", "stage"),
    "service_contact": ("channel", "outcome", "stage"),
    "feedback": ("channel", "kind"),
    "profile": ("channel",),
    "campaign": ("channel", "action", "campaign_id"),
    "care": ("channel", "action"),
}
"""By type the fields that a step may ask for."""
MOST_JOURNEYS: Final = 8
MOST_STEPS: Final = 12
StepName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9_]+$")]
FieldName = Annotated[str, Field(min_length=1, max_length=32)]
FieldValue = Annotated[str, Field(min_length=1, max_length=64)]


class JourneyStep(Rules):
    """A step: an event of this type whose fields have these values.

    >>> JourneyStep(name="apply", type="app_click", where={"function": "loan"}).type
    'app_click'
    """

    name: StepName
    type: StepType
    where: dict[FieldName, FieldValue] = Field(default={}, max_length=4)

    @field_validator("where")
    @classmethod
    def _of_the_type(cls, where: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = COMPARED.get(info.data.get("type", ""), ())
        strange = [name for name in where if known and name not in known]
        if strange:
            raise ValueError(f"{strange[0]} cannot be asked for: choose from {', '.join(known)}")
        return where

    def is_of(self, event: Any) -> bool:
        """Whether an event of this type is the step."""
        return all(getattr(event, name) == value for name, value in self.where.items())


class JourneyPath(Rules):
    """A journey: its steps in order. Who rests longer at one has dropped off there (our default).

    >>> steps = tuple(JourneyStep(name=name, type="campaign") for name in ("sent", "opened"))
    >>> JourneyPath(name="offer", steps=steps).key_of("sent")
    'offer.sent'
    """

    name: StepName
    steps: Annotated[tuple[JourneyStep, ...], Field(min_length=2, max_length=MOST_STEPS)]
    rest_days: Days = 7.0

    @field_validator("steps")
    @classmethod
    def _each_once(cls, steps: tuple[JourneyStep, ...]) -> tuple[JourneyStep, ...]:
        names = [step.name for step in steps]
        if len(set(names)) < len(names):
            raise ValueError("must name each step once")
        return steps

    def key_of(self, step: str) -> str:
        """The name under which a customer's state keeps a step."""
        return f"{self.name}.{step}"
