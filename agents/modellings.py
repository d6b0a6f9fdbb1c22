"""Everything that is worked out over all customers, as the policy asks for it."""

from __future__ import annotations

from agents.inconsistencies import inconsistencies
from agents.modelling import AnyModelling
from agents.propensity import propensity
from agents.segments import segments
from agents.standings import standings
from agents.surges import surges
from domain.policy import Policy


def modellings(policy: Policy) -> tuple[AnyModelling, ...]:
    """The modellings under a policy."""
    made: list[AnyModelling] = [standings(policy), inconsistencies(policy), propensity(policy)]
    if policy.segments.enabled:
        made.append(segments(policy))
    if policy.complaints.systemic.enabled:
        made.append(surges(policy))
    return tuple(made)


__all__ = ["modellings"]
