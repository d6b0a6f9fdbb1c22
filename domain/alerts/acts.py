"""What people did about an alert, and how it stands by that: whatever the order of arrival.

Of each kind of action the newest by (time, mark) is kept, with who did it; so too the newest note
and who is to see to the alert. A reopening begins anew: what was done before it counts no more, but
notes and assignments stay. Of what counts the furthest step is the alert's: resolved, settled,
acknowledged; a snooze made after an acknowledgement hides that until it ends.
"""

from __future__ import annotations

from typing import NamedTuple

from domain.customer.parts import Act, Early, Open
from domain.kernel import order
from schemas.published import AlertStatus

ACKNOWLEDGED, RESOLVED, SNOOZED, REOPENED, ASSIGNED, NOTED = 1, 2, 3, 4, 5, 6
ACTIONS = {
    "acknowledged": ACKNOWLEDGED,
    "resolved": RESOLVED,
    "snoozed": SNOOZED,
    "reopened": REOPENED,
    "assigned": ASSIGNED,
    "noted": NOTED,
}
"""The number of each action in a customer's records; new ones are appended."""


class Standing(NamedTuple):
    """How an alert stands: since when (ms), by whom ("" nobody), a snooze until when (0 none)."""

    status: AlertStatus
    since: int
    by: str = ""
    until: int = 0

    @property
    def closed(self) -> bool:
        """Whether nobody is asked to do anything any more."""
        return self.status in ("resolved", "settled")


def note(opened: Open, early: Early, longest_ms: int) -> None:
    """Let what was done count for the alert it is about; a snooze lasts ``longest_ms`` at most."""
    _number, at, what, until, mark, by, text, assign_to = early
    acts = opened.acts = _acts(opened)
    if order.is_newer(at, mark, acts.get(what)):
        acts[what] = Act(at, mark, by)
        if what == SNOOZED:
            opened.snoozed = at, max(at, min(until, at + longest_ms))
        elif what == ASSIGNED:
            opened.assignee = assign_to
    if text and order.is_newer(at, mark, opened.note if opened.note[2] else None):
        opened.note = at, mark, text
    opened.done = next((step for step in (RESOLVED, ACKNOWLEDGED) if _counted(opened, step)), 0)


def reopened_at(opened: Open) -> int:
    """When (ms) it was last reopened; 0: never."""
    began = opened.acts.get(REOPENED)
    return 0 if began is None else began.at


def snoozed_until(opened: Open) -> int:
    """Until when (ms) the newest snooze that counts lasts; 0 without any."""
    return opened.snoozed[1] if _counted(opened, SNOOZED) else 0


def is_settled(opened: Open) -> bool:
    """Whether its matter is known to be settled, and nobody reopened the alert since."""
    return max(opened.settled, opened.called) > reopened_at(opened)


def standing(opened: Open, now: int) -> Standing:
    """How the alert stands at ``now`` (ms)."""
    resolved, taken = _counted(opened, RESOLVED), _counted(opened, ACKNOWLEDGED)
    if resolved is not None:
        return Standing("resolved", resolved.at, resolved.by)
    if is_settled(opened):
        is_first = opened.settled > reopened_at(opened)
        return Standing("settled", opened.settled if is_first else opened.called)
    began = opened.acts.get(REOPENED)
    if taken is not None:
        stands = Standing("acknowledged", taken.at, taken.by)
    elif began is not None:
        stands = Standing("open", began.at, began.by)
    else:
        stands = Standing("open", opened.raised)
    snooze, until = _counted(opened, SNOOZED), opened.snoozed[1]
    if snooze is None or (taken is not None and order.before(*snooze[:2], *taken[:2])):
        return stands
    if until > now:
        return Standing("snoozed", snooze.at, snooze.by, until)
    return stands._replace(since=max(stands.since, until))


def _counted(opened: Open, what: int) -> Act | None:
    """The newest action of a kind, unless the alert was reopened since."""
    acts = _acts(opened)
    act, began = acts.get(what), acts.get(REOPENED)
    if act is None or (began is not None and not order.is_newer(act.at, act.mark, began)):
        return None
    return act


def _acts(opened: Open) -> dict[int, Act]:
    """What was done by kind; of alerts that an earlier version kept it did not say when and who."""
    if opened.acts or not (opened.done or opened.snoozed[0]):
        return opened.acts
    acts = {opened.done: Act(opened.at)} if opened.done else {}
    if opened.snoozed[0]:
        acts[SNOOZED] = Act(opened.snoozed[0])
    return acts
