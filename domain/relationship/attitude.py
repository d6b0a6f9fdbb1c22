"""The attitude of a customer, 0-10: what was last said, else what was last lived through.

The newest NPS answer within 365 days; else the newest CSAT answer within the same time, rescaled
(s - 1) x 2.5; else satisfaction; else unknown.
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules

Answer = tuple[int, float]
"""When it was given (ms) and the score on the instrument's own scale."""


NPS: Final = Wording("attitude.nps", "NPS {score:g}, {ago:days} ago.")
CSAT: Final = Wording("attitude.csat", "CSAT {score:g}, {ago:days} ago, is {attitude:g} out of 10.")
LIVED: Final = Wording(
    "attitude.lived",
    "No NPS and no CSAT within {within:days}; satisfaction is {satisfaction:.1f}.",
)


def attitude(
    nps: Answer | None,
    csat: Answer | None,
    satisfaction: float | None,
    now: int,
    rules: RelationshipRules,
) -> Finding[float]:
    """The attitude as of ``now`` (ms); ``missing`` names what was passed over for want of it.

    >>> from domain.kernel.units import MS_PER_DAY as DAY
    >>> attitude((0, 9.0), (300 * DAY, 4.0), 6.0, 400 * DAY, RelationshipRules())
    Finding(value=7.5, reason='CSAT 4, 100 days ago, is 7.5 out of 10.', missing=('nps',))
    >>> attitude(None, None, None, 0, RelationshipRules()).value is None
    True
    """
    start = now - rules.attitude_ms
    said = last_said(nps, csat, now, rules)
    if nps is not None and nps[0] > start:
        return Finding(said, NPS(score=nps[1], ago=now - nps[0]))
    if csat is not None and csat[0] > start:
        assert said is not None
        reason = CSAT(score=csat[1], ago=now - csat[0], attitude=said)
        return Finding(said, reason, ("nps",))
    if satisfaction is not None:
        reason = LIVED(within=rules.attitude_ms, satisfaction=satisfaction)
        return Finding(satisfaction, reason, ("nps", "csat"))
    return unknown("The attitude", ("nps", "csat", "satisfaction"))


def last_said(
    nps: Answer | None, csat: Answer | None, now: int, rules: RelationshipRules
) -> float | None:
    """What was last said, 0-10; ``None`` where nothing still stands, and satisfaction decides.

    >>> last_said(None, (0, 4.0), 1, RelationshipRules())
    7.5
    """
    start = now - rules.attitude_ms
    if nps is not None and nps[0] > start:
        return nps[1]
    if csat is not None and csat[0] > start:
        return (csat[1] - 1) * 2.5
    return None
