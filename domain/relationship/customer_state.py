"""The state of a customer: a pure function of facts, with the reason in a sentence.

Precedence, the first that holds is the state:
1. without a purchase: ``target`` if a campaign was sent to the customer, else ``potential``;
2. ``lost``: probability of being alive below 0.4, or a gap over twice the lapse point;
3. ``at_risk``: that probability below 0.6, or a gap over the lapse point;
4. ``reactivated``: for 30 days from the first purchase after ``lost``;
5. ``loyal``: 2 purchases or more, 3 in 180 days, and an attitude of 7 or more;
6. ``repeat``: 2 purchases or more;
7. ``first_time``.

So somebody who came back and falls silent again is at risk, not reactivated, and only a customer
in no danger is called loyal. A fact that is not known meets no condition; it is named in
``missing``. The probability is MBG/NBD's (Batislam, Denizel and Filiztekin 2007), which falls
for one-time buyers too; BG/NBD's stays at 1 for them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from domain.kernel.finding import absent
from domain.kernel.phrases import counted, cut, days
from domain.policy.relationship import RelationshipRules
from schemas.figures.relationship import State

STATE_INDEX: Final[dict[State, int]] = {
    "potential": 0, "target": 1, "first_time": 2, "repeat": 3,
    "loyal": 4, "at_risk": 5, "lost": 6, "reactivated": 7,
}  # fmt: skip
"""The number of each state in a customer's core record; new ones are appended."""
STATES: Final = tuple(STATE_INDEX)


class Facts(NamedTuple):
    """What the state follows from. Times and lengths in ms; ``None`` = never, or not known."""

    now: int
    purchases: int = 0
    recent_purchases: int = 0
    """Purchases within ``states.loyal_days``."""
    last_purchase: int | None = None
    lapse_point: int | None = None
    p_alive: float | None = None
    attitude: float | None = None
    first_campaign: int | None = None
    lost_since: int | None = None
    """When the customer was last found lost."""
    reactivated_at: int | None = None
    """The first purchase after that; see :func:`reactivated_at`."""


class CustomerState(NamedTuple):
    """A state, why, and the inputs that were not known."""

    state: State
    reason: str
    missing: tuple[str, ...] = ()


def customer_state(facts: Facts, rules: RelationshipRules) -> CustomerState:
    """The one state that these facts give.

    >>> from domain.kernel.units import MS_PER_DAY as DAY
    >>> facts = Facts(now=100 * DAY, purchases=6, recent_purchases=4, last_purchase=38 * DAY,
    ...     lapse_point=40 * DAY, p_alive=0.7, attitude=8.0)
    >>> customer_state(facts, RelationshipRules())[:2]
    ('at_risk', 'No purchase for 62 days; the lapse point is 40 days.')
    >>> customer_state(facts._replace(lapse_point=30 * DAY), RelationshipRules())[:2]
    ('lost', 'No purchase for 62 days; 2 times the lapse point is 60 days.')
    >>> customer_state(facts._replace(last_purchase=90 * DAY), RelationshipRules()).state
    'loyal'
    """
    state = state_of(facts, rules)
    return CustomerState(state, _WHY[state](facts, rules), _missing(facts))


def state_of(facts: Facts, rules: RelationshipRules) -> State:
    """The state alone, without a sentence: it is asked for at every look, and seldom moves.

    >>> state_of(Facts(now=0, first_campaign=0), RelationshipRules())
    'target'
    """
    states = rules.states
    if facts.purchases < 1:
        return "potential" if facts.first_campaign is None else "target"
    if _fades(facts, states.lost_p_alive, states.lost_lapse_points):
        return "lost"
    if _fades(facts, states.at_risk_p_alive, 1.0):
        return "at_risk"
    back = facts.reactivated_at
    if back is not None and facts.now - back < rules.reactivated_ms:
        return "reactivated"
    if facts.purchases < 2:
        return "first_time"
    if facts.recent_purchases >= states.loyal_purchases and facts.attitude is not None:
        return "loyal" if facts.attitude >= rules.attitude.high else "repeat"
    return "repeat"


def reactivated_at(times: Sequence[int], lost_since: int | None) -> int | None:
    """The first of the purchases ``times`` (ms, ascending) after the customer was found lost.

    >>> reactivated_at([10, 20, 70, 80], lost_since=50)
    70
    """
    if lost_since is None:
        return None
    place = bisect_right(times, lost_since)
    return times[place] if place < len(times) else None


def _missing(facts: Facts) -> tuple[str, ...]:
    if facts.purchases < 1:
        return ()
    return absent(p_alive=facts.p_alive, lapse_point=facts.lapse_point, attitude=facts.attitude)


def _fades(facts: Facts, floor: float, lapse_points: float) -> bool:
    """Whether p_alive is below ``floor``, or the gap over so many lapse points."""
    if facts.p_alive is not None and facts.p_alive < floor:
        return True
    if facts.last_purchase is None or facts.lapse_point is None:
        return False
    return facts.now - facts.last_purchase > lapse_points * facts.lapse_point


def _potential(facts: Facts, rules: RelationshipRules) -> str:
    return "No purchase and no campaign sent yet."


def _target(facts: Facts, rules: RelationshipRules) -> str:
    assert facts.first_campaign is not None
    ago = days(facts.now - facts.first_campaign)
    return f"No purchase yet; the first campaign was sent {ago} ago."


def _lost(facts: Facts, rules: RelationshipRules) -> str:
    return _fading(facts, rules.states.lost_p_alive, rules.states.lost_lapse_points)


def _at_risk(facts: Facts, rules: RelationshipRules) -> str:
    return _fading(facts, rules.states.at_risk_p_alive, 1.0)


def _fading(facts: Facts, floor: float, lapse_points: float) -> str:
    """Why the customer fades: p_alive below ``floor``, a gap over so many lapse points, or both."""
    reasons: list[str] = []
    if facts.last_purchase is not None and facts.lapse_point is not None:
        gap, limit = facts.now - facts.last_purchase, lapse_points * facts.lapse_point
        if gap > limit:
            times = "" if lapse_points == 1 else f"{lapse_points:g} times "
            reasons.append(f"No purchase for {days(gap)}; {times}the lapse point is {days(limit)}.")
    if facts.p_alive is not None and facts.p_alive < floor:
        reasons.append(f"The probability of being alive is {cut(facts.p_alive)}, below {floor:g}.")
    return " ".join(reasons)


def _reactivated(facts: Facts, rules: RelationshipRules) -> str:
    since = facts.reactivated_at
    assert since is not None
    lost = "lost" if facts.lost_since is None else f"lost for {days(since - facts.lost_since)}"
    return f"Bought again {days(facts.now - since)} ago after being {lost}."


def _loyal(facts: Facts, rules: RelationshipRules) -> str:
    return (
        f"{counted(facts.recent_purchases, 'purchase')} within {days(rules.loyal_ms)}"
        f" and an attitude of {facts.attitude:.1f};"
        f" loyal is from {rules.states.loyal_purchases} and {rules.attitude.high:g} on."
    )


def _repeat(facts: Facts, rules: RelationshipRules) -> str:
    least, high = rules.states.loyal_purchases, rules.attitude.high
    bought = f"{counted(facts.purchases, 'purchase')}, {facts.recent_purchases} within"
    bought += f" {days(rules.loyal_ms)}"
    if facts.recent_purchases < least:
        return f"{bought}; loyal is from {least} on."
    if facts.attitude is None:
        return f"{bought}; the attitude is unknown."
    return f"{bought}; the attitude is {cut(facts.attitude)}, loyal is from {high:g} on."


def _first_time(facts: Facts, rules: RelationshipRules) -> str:
    if facts.last_purchase is None:
        return "One purchase."
    return f"One purchase, {days(facts.now - facts.last_purchase)} ago."


_WHY: Final[dict[State, Callable[[Facts, RelationshipRules], str]]] = {
    "potential": _potential,
    "target": _target,
    "first_time": _first_time,
    "repeat": _repeat,
    "loyal": _loyal,
    "at_risk": _at_risk,
    "lost": _lost,
    "reactivated": _reactivated,
}
