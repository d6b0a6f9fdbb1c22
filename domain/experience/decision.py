"""An operator's decision on the key experience, for steps 5 to 7 of the seven-step cycle.

A file in YAML or JSON. A decision that makes no sense is refused with one line a fault: field,
what was given and what must hold.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from domain.policy.bounds import Measured, Score
from domain.policy.relationship import Rules
from domain.policy.sections import Factor
from domain.policy.yaml_file import Repeated, read_yaml

BusinessMeasure = Literal["shops", "sales", "customers"]
Sentence = Annotated[str, Field(min_length=1, max_length=1_000)]


class Fit(Rules):
    """Whether what is required fits strategy and ability, and what was decided."""

    strategy: Sentence
    ability: Sentence
    decision: Literal["go", "wait", "reject"]


class Input(Rules):
    """What is put into the factor before and after the decision, in any one unit."""

    before: Measured
    after: Measured
    unit: Annotated[str, Field(max_length=64)] = ""


class Result(Rules):
    """What the business brought before and after the decision, in any one unit."""

    measure: BusinessMeasure
    before: Measured
    after: Measured


class Measurement(Rules):
    """The ratings of the factor (0-10) on which the decision rests."""

    measured_on: date
    experience: Annotated[float, Field(gt=0, le=10)]
    expectation: Score | None = None
    importance: Score | None = None


class Decision(Rules):
    """What an operator decided about a factor; ``input`` and ``results`` once they are known.

    The effect is that of the result named first.
    """

    factor: Factor
    decided_on: date
    decided_by: Annotated[str, Field(min_length=1, max_length=64)]
    requirements: Annotated[tuple[Sentence, ...], Field(min_length=1, max_length=64)]
    fit: Fit
    input: Input | None = None
    results: Annotated[tuple[Result, ...], Field(max_length=3)] = ()
    last: Measurement | None = None

    @field_validator("results")
    @classmethod
    def _each_once(cls, value: tuple[Result, ...]) -> tuple[Result, ...]:
        measures = [each.measure for each in value]
        if len(set(measures)) < len(measures):
            raise ValueError("must name each measure once")
        return value


class DecisionError(ValueError):
    """A decision file that cannot be used; ``faults`` holds one sentence for each fault."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load_decision(text: str) -> Decision:
    """The decision that a file's text tells. Raises DecisionError.

    >>> told = '''
    ... factor: convenience
    ... decided_on: 2026-03-01
    ... decided_by: head of service
    ... requirements: [one queue less in each branch]
    ... fit: {strategy: fits, ability: two branches at a time, decision: go}
    ... input: {before: 1, after: 3, unit: shops}
    ... results: [{measure: sales, before: 200, after: 600}]
    ... last: {measured_on: 2026-02-01, experience: 5, expectation: 7}
    ... '''
    >>> load_decision(told).fit.decision
    'go'
    >>> load_decision("{}")
    Traceback (most recent call last):
    ...
    domain.experience.decision.DecisionError: factor: must be given
    decided_on: must be given
    decided_by: must be given
    requirements: must be given
    fit: must be given
    """
    try:
        given = read_yaml(text)
    except Repeated as error:
        raise DecisionError([str(error)]) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DecisionError(
            [f"is neither YAML nor JSON ({' '.join(str(error).split())})"]
        ) from error
    if not isinstance(given, Mapping):
        raise DecisionError([f"given {given!r}; must be a mapping of fields"])
    try:
        return Decision.model_validate_json(json.dumps(given, default=str), strict=True)
    except ValidationError as error:
        raise DecisionError([_fault(each) for each in error.errors()]) from error


def _fault(error: Mapping[str, object]) -> str:
    location = error["loc"]
    assert isinstance(location, tuple)
    name = ".".join(str(part) for part in location) or "(whole file)"
    if error["type"] == "missing":
        return f"{name}: must be given"
    if error["type"] == "extra_forbidden":
        return f"{name}: given {error['input']!r}; must not be there: no such field"
    said = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input should be ")
    return f"{name}: given {error['input']!r}; must hold: {said}"
