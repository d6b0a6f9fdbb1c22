"""Lighthouse customers: whom others follow, since they buy much, stay, speak and are committed.

Four conditions: the top CLV class (``most_valuable``), the state ``loyal``, 3 or more feedbacks
within a year, a commitment of 7 or more (0-10, as last answered). One customer qualifies by itself,
so it is known live; who of all is among the 50 that are listed is for reports.

Source: the domain reference, section 9 ("Lighthouse customers").
"""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.kernel.wording import Wording
from domain.policy.identification import LighthouseRules
from schemas.figures.identification import Condition
from schemas.figures.relationship import State
from schemas.figures.value import ClvClass
from schemas.told import Told

QUALIFIES: Final = Wording(
    "lighthouse.qualifies",
    "Most valuable by CLV, loyal, {feedbacks:count feedback} in {days:,.0f} days and a commitment"
    " of {commitment:g}.",
)
LACKS: Final = Wording("lighthouse.lacks", "Not yet: {lacking:said;}.")
NO_CLASS: Final = Wording("lighthouse.no_class", "the CLV class is not known")
OTHER_CLASS: Final = Wording(
    "lighthouse.other_class", "the CLV class is {clv_class:words}, not most valuable"
)
NOT_LOYAL: Final = Wording("lighthouse.not_loyal", "the state is {state:words}, not loyal")
FEW: Final = Wording(
    "lighthouse.few_feedbacks",
    "{feedbacks:count feedback} in {days:,.0f} days, of {least:,} at least",
)
NEVER_ASKED: Final = Wording("lighthouse.never_asked", "commitment was never asked for")
UNCOMMITTED: Final = Wording(
    "lighthouse.uncommitted", "commitment is {commitment:g}, of {least:g} at least"
)


class Standing(NamedTuple):
    """What the conditions are judged by; ``feedbacks`` are those within the policy's days."""

    clv_class: ClvClass | None
    state: State
    feedbacks: int
    commitment: float | None


class Judgement(NamedTuple):
    """Which conditions are not met, none for a lighthouse, and why in a sentence."""

    missing: list[Condition]
    reason: Told


def lighthouse(standing: Standing, rules: LighthouseRules) -> Judgement:
    """Whether a customer of this standing is a lighthouse, and else what it lacks.

    >>> print(lighthouse(Standing("most_valuable", "loyal", 4, 8.0), LighthouseRules()).reason)
    Most valuable by CLV, loyal, 4 feedbacks in 365 days and a commitment of 8.
    >>> found = lighthouse(Standing("migrator", "loyal", 1, 7.0), LighthouseRules())
    >>> found.missing
    ['clv_class', 'feedback']
    >>> print(found.reason)
    Not yet: the CLV class is migrator, not most valuable; 1 feedback in 365 days, of 3 at least.
    """
    lacks: dict[Condition, Told] = {}
    if standing.clv_class is None:
        lacks["clv_class"] = NO_CLASS()
    elif standing.clv_class != "most_valuable":
        lacks["clv_class"] = OTHER_CLASS(clv_class=standing.clv_class)
    if standing.state != "loyal":
        lacks["loyal"] = NOT_LOYAL(state=standing.state)
    said = {"feedbacks": standing.feedbacks, "days": rules.feedback_days}
    if standing.feedbacks < rules.feedbacks:
        lacks["feedback"] = FEW(least=rules.feedbacks, **said)
    if standing.commitment is None:
        lacks["commitment"] = NEVER_ASKED()
    elif standing.commitment < rules.commitment:
        lacks["commitment"] = UNCOMMITTED(commitment=standing.commitment, least=rules.commitment)
    if lacks:
        return Judgement(list(lacks), LACKS(lacking=list(lacks.values())))
    assert standing.commitment is not None
    return Judgement([], QUALIFIES(commitment=standing.commitment, **said))
