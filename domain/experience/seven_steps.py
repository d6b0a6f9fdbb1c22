"""The seven-step cycle of one group: from why customers come to what a decision has brought.

1 brand value - 2 experience and expectation - 3 key experience - 4 gap to ideal: from data.
5 requirements - 6 fit with strategy and ability: an operator's decision. 7 feedback: the next
measurement beside the last, and effect = result multiple / input multiple, where the result is one
of business (shops, sales, customers) that the operator records before and after. An effect above
1 says that the business grew by more than what was put into it. Then step 1 begins again.
"""

from __future__ import annotations

from typing import Final

import msgspec

from domain.experience.decision import BusinessMeasure, Decision, Input, Result
from domain.experience.group_report import GapRow, GroupReport, VisitReason
from domain.kernel.finding import UNKNOWN, Finding
from domain.kernel.wording import Wording


class Fit(msgspec.Struct, frozen=True):
    """Step 6 as decided."""

    strategy: str
    ability: str
    decision: str
    decided_on: str
    decided_by: str


class Effect(msgspec.Struct, frozen=True):
    """What became of one figure of the business, for what was put in."""

    measure: BusinessMeasure
    before: float
    after: float
    result_multiple: float
    effect: float | None
    reason: str


class Feedback(msgspec.Struct, frozen=True):
    """Step 7: experience of the factor as it was and is, and what the decision has brought.

    ``effect`` is that of the first of ``results``.
    """

    factor: str
    last: float | None
    last_on: str | None
    now: float | None
    input_multiple: float | None
    results: list[Effect]
    effect: float | None
    reason: str


class SevenSteps(msgspec.Struct, frozen=True):
    """The cycle of one group; what is ``None`` or empty is named in ``missing``."""

    group: str
    brand_value: list[VisitReason]
    experience: dict[str, GapRow]
    key_experience: str | None
    key_reason: str
    gap_to_ideal: dict[str, float]
    requirements: list[str] | None
    fit: Fit | None
    feedback: Feedback | None
    missing: list[str]


def seven_steps(group: GroupReport, decision: Decision | None = None) -> SevenSteps:
    """The cycle as of a report, with an operator's decision where there is one."""
    rows = group.gaps.factors
    steps = SevenSteps(
        group=group.name,
        brand_value=group.visit_reasons,
        experience=rows,
        key_experience=group.gaps.key,
        key_reason=group.gaps.reason,
        gap_to_ideal={
            name: row.gap_to_ideal for name, row in rows.items() if row.gap_to_ideal is not None
        },
        requirements=None if decision is None else list(decision.requirements),
        fit=None if decision is None else _fit(decision),
        feedback=None if decision is None else _feedback(group, decision),
        missing=[],
    )
    return msgspec.structs.replace(steps, missing=_missing(steps))


EFFECT: Final = Wording(
    "effect.business",
    "The {measure} went from {before:,.6g} to {after:,.6g}, x {result:.2f}, for input"
    " x {put_in:.2f}.",
)


def effect(result: Result | None, put_in: Input | None) -> Finding[float]:
    """Result multiple / input multiple.

    The published case: with 2 shops for 1 the business grew 2 times, with 3 shops 3 times, with 4
    more than 4 times.

    >>> def shops(after, times):
    ...     sold = Result(measure="sales", before=100, after=100 * times)
    ...     return effect(sold, Input(before=1, after=after)).value
    >>> shops(2, 2), shops(3, 3), shops(4, 4.6)
    (1.0, 1.0, 1.15)
    >>> effect(None, None).reason
    'The effect is unknown without a result of business and input.'
    """
    missing = ("a result of business",) * (result is None) + ("input",) * (put_in is None)
    if result is None or put_in is None:
        return Finding(None, UNKNOWN(subject="The effect", missing=missing), missing)
    grown, more = result.after / result.before, put_in.after / put_in.before
    said = EFFECT(
        measure=result.measure, before=result.before, after=result.after, result=grown, put_in=more
    )
    return Finding(grown / more, said)


def _fit(decision: Decision) -> Fit:
    return Fit(
        strategy=decision.fit.strategy,
        ability=decision.fit.ability,
        decision=decision.fit.decision,
        decided_on=decision.decided_on.isoformat(),
        decided_by=decision.decided_by,
    )


def _feedback(group: GroupReport, decision: Decision) -> Feedback:
    row, last, put_in = group.gaps.factors.get(decision.factor), decision.last, decision.input
    results = [_effect(each, put_in) for each in decision.results]
    found = effect(next(iter(decision.results), None), put_in)
    return Feedback(
        factor=decision.factor,
        last=None if last is None else last.experience,
        last_on=None if last is None else last.measured_on.isoformat(),
        now=None if row is None else row.experience,
        input_multiple=None if put_in is None else put_in.after / put_in.before,
        results=results,
        effect=found.value,
        reason=str(found.reason),
    )


def _effect(result: Result, put_in: Input | None) -> Effect:
    found = effect(result, put_in)
    return Effect(
        measure=result.measure,
        before=result.before,
        after=result.after,
        result_multiple=result.after / result.before,
        effect=found.value,
        reason=str(found.reason),
    )


def _missing(steps: SevenSteps) -> list[str]:
    """The steps that have nothing to show, and what they need."""
    found = []
    if not steps.brand_value:
        found.append("1 brand value: answers to visit_reason")
    if not steps.experience:
        found.append("2 experience and expectation: answers to factor_rating")
    if steps.key_experience is None:
        found.append("3 key experience: ratings of experience, expectation and importance")
    if not steps.gap_to_ideal:
        found.append("4 gap to ideal: ratings of experience")
    if steps.requirements is None:
        found += ["5 requirements: a decision", "6 fit with strategy and ability: a decision"]
    if steps.feedback is None or steps.feedback.effect is None:
        found.append("7 feedback: a decision with a result of business and input, before and after")
    return found
