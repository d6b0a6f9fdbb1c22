"""Everything that is worked out over all customers, as the policy asks for it."""

from __future__ import annotations

from agents.modelling import Modelling
from agents.segments import segments
from domain.policy import Policy


def modellings(policy: Policy) -> tuple[Modelling, ...]:
    """The modellings under a policy."""
    return (segments(policy),) if policy.segments.enabled else ()


__all__ = ["modellings"]
