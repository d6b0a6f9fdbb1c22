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
from domain.kernel.wording import Wording
from domain.policy.relationship import RelationshipRules
from domain.relationship.lapse import GAP
from schemas.figures.relationship import State
from schemas.told import Told

STATE_INDEX: Final[dict[State, int]] = {
    "potential": 0, "target": 1, "first_time": 2, "repeat": 3,
    "loyal": 4, "at_risk": 5, "lost": 6, "reactivated": 7,
}  # fmt: skip
"""The number of each state in a customer's core record; new ones are appended."""
STATES: Final = tuple(STATE_INDEX)


POTENTIAL: Final = Wording("state.potential", "No purchase and no campaign sent yet.")
TARGET: Final = Wording(
    "state.target", "No purchase yet; the first campaign was sent {ago:days} ago."
)
FADING: Final = Wording("state.fading", "{reasons:said}")
GAP_TIMES: Final = Wording(
    "lapse.gap_times",
    "No purchase for {gap:days}; {times:g} times the lapse point is {point:days}.",
)
P_ALIVE: Final = Wording(
    "state.p_alive", "The probability of being alive is {p_alive:cut}, below {line:g}."
)
REACTIVATED: Final = Wording("state.reactivated", "Bought again {ago:days} ago after being lost.")
REACTIVATED_AFTER: Final = Wording(
    "state.reactivated_after", "Bought again {ago:days} ago after being lost for {lost:days}."
)
LOYAL: Final = Wording(
    "state.loyal",
    "{purchases:count purchase} within {within:days} and an attitude of {attitude:.1f}; loyal is"
    " from {least} and {line:g} on.",
)
REPEAT: Final = Wording(
    "state.repeat",
    "{purchases:count purchase}, {recent} within {within:days}; loyal is from {least} on.",
)
REPEAT_UNKNOWN: Final = Wording(
    "state.repeat_unknown",
    "{purchases:count purchase}, {recent} within {within:days}; the attitude is unknown.",
)
REPEAT_COOL: Final = Wording(
    "state.repeat_cool",
    "{purchases:count purchase}, {recent} within {within:days}; the attitude is {attitude:cut},"
    " loyal is from {line:g} on.",
)
ONE: Final = Wording("state.first_time", "One purchase.")
ONE_AGO: Final = Wording("state.first_time_ago", "One purchase, {ago:days} ago.")


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
    reason: Told
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


def _potential(facts: Facts, rules: RelationshipRules) -> Told:
    return POTENTIAL()


def _target(facts: Facts, rules: RelationshipRules) -> Told:
    assert facts.first_campaign is not None
    return TARGET(ago=facts.now - facts.first_campaign)


def _lost(facts: Facts, rules: RelationshipRules) -> Told:
    return _fading(facts, rules.states.lost_p_alive, rules.states.lost_lapse_points)


def _at_risk(facts: Facts, rules: RelationshipRules) -> Told:
    return _fading(facts, rules.states.at_risk_p_alive, 1.0)


def _fading(facts: Facts, floor: float, lapse_points: float) -> Told:
    """Why the customer fades: p_alive below ``floor``, a gap over so many lapse points, or both."""
    reasons: list[Told] = []
    if facts.last_purchase is not None and facts.lapse_point is not None:
        gap, limit = facts.now - facts.last_purchase, lapse_points * facts.lapse_point
        if gap > limit:
            if lapse_points == 1:
                reasons.append(GAP(gap=gap, point=limit))
            else:
                reasons.append(GAP_TIMES(gap=gap, times=lapse_points, point=limit))
    if facts.p_alive is not None and facts.p_alive < floor:
        reasons.append(P_ALIVE(p_alive=facts.p_alive, line=floor))
    return reasons[0] if len(reasons) == 1 else FADING(reasons=reasons)


def _reactivated(facts: Facts, rules: RelationshipRules) -> Told:
    since = facts.reactivated_at
    assert since is not None
    ago = facts.now - since
    if facts.lost_since is None:
        return REACTIVATED(ago=ago)
    return REACTIVATED_AFTER(ago=ago, lost=since - facts.lost_since)


def _loyal(facts: Facts, rules: RelationshipRules) -> Told:
    assert facts.attitude is not None
    return LOYAL(
        purchases=facts.recent_purchases,
        within=rules.loyal_ms,
        attitude=facts.attitude,
        least=rules.states.loyal_purchases,
        line=rules.attitude.high,
    )


def _repeat(facts: Facts, rules: RelationshipRules) -> Told:
    least, high = rules.states.loyal_purchases, rules.attitude.high
    bought = {
        "purchases": facts.purchases,
        "recent": facts.recent_purchases,
        "within": rules.loyal_ms,
    }
    if facts.recent_purchases < least:
        return REPEAT(least=least, **bought)
    if facts.attitude is None:
        return REPEAT_UNKNOWN(**bought)
    return REPEAT_COOL(attitude=facts.attitude, line=high, **bought)


def _first_time(facts: Facts, rules: RelationshipRules) -> Told:
    if facts.last_purchase is None:
        return ONE()
    return ONE_AGO(ago=facts.now - facts.last_purchase)


_WHY: Final[dict[State, Callable[[Facts, RelationshipRules], Told]]] = {
    "potential": _potential,
    "target": _target,
    "first_time": _first_time,
    "repeat": _repeat,
    "loyal": _loyal,
    "at_risk": _at_risk,
    "lost": _lost,
    "reactivated": _reactivated,
}
