"""The seven-step cycle of one group: from why customers come to what a decision has brought.

1 brand value - 2 experience and expectation - 3 key experience - 4 gap to ideal: from data.
5 requirements - 6 fit with strategy and ability: an operator's decision. 7 feedback: the next
measurement beside the last, effect = result multiple / input multiple. An effect above 1 says
that the experience grew by more than what was put into it.
"""

from __future__ import annotations

import msgspec

from domain.experience.decision import Decision
from domain.experience.group_report import GapRow, GroupReport, VisitReason
from domain.kernel.finding import Finding, listed


class Fit(msgspec.Struct, frozen=True):
    """Step 6 as decided."""

    strategy: str
    ability: str
    decision: str
    decided_on: str
    decided_by: str


class Feedback(msgspec.Struct, frozen=True):
    """Step 7: experience of the factor as it was and is, and what that cost."""

    factor: str
    last: float | None
    last_on: str | None
    now: float | None
    result_multiple: float | None
    input_multiple: float | None
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


def effect(
    last: float | None, now: float | None, input_before: float | None, input_after: float | None
) -> Finding[float]:
    """Result multiple / input multiple.

    >>> effect(5.0, 7.5, 100.0, 120.0)[:2]
    (1.25, 'Experience 5.0 to 7.5 is x 1.50, for input x 1.20.')
    >>> effect(5.0, None, None, None).reason
    'The effect is unknown without the next measurement and input.'
    """
    missing = (
        ("the last measurement",) * (not last)
        + ("the next measurement",) * (now is None)
        + ("input",) * (not input_before or not input_after)
    )
    if not last or now is None or not input_before or not input_after:
        return Finding(None, f"The effect is unknown without {listed(missing)}.", missing)
    result, put_in = now / last, input_after / input_before
    said = f"Experience {last:.1f} to {now:.1f} is x {result:.2f}, for input x {put_in:.2f}."
    return Finding(result / put_in, said)


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
    now = None if row is None else row.experience
    before = None if last is None else last.experience
    inputs = (None, None) if put_in is None else (put_in.before, put_in.after)
    found = effect(before, now, *inputs)
    return Feedback(
        factor=decision.factor,
        last=before,
        last_on=None if last is None else last.measured_on.isoformat(),
        now=now,
        result_multiple=now / before if now is not None and before else None,
        input_multiple=None if put_in is None else put_in.after / put_in.before,
        effect=found.value,
        reason=found.reason,
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
        found.append("7 feedback: a decision with the last measurement and input")
    return found
