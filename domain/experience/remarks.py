"""Suggestions and comment cards: counted by factor, each with an answer that is owed.

Who owes it is the customer's relationship manager, else whoever the policy names; until when says
the policy by kind (our defaults). What settles it is a ``feedback`` of kind ``answered`` that names
the event in ``answers``; the first counts, whichever of the two comes in first. A task tells who
owes it, at once. Bound: the newest 32 of a customer; of those before only numbers are kept.
"""

from __future__ import annotations

from bisect import insort
from typing import Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.parts import Remark, Remarks
from domain.customer.profile import owner_of
from domain.customer.state import JOURNEY, Customer
from domain.experience.record import journey_of
from domain.kernel.scales import CHANNEL_INDEX, TIERS, factor_index
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy.experience import RemarkRules
from schemas.fields import moment, rfc3339
from schemas.figures.experience import RemarkKind, RemarkStatus
from schemas.outputs import CareTask, output_id
from schemas.touchpoints import Feedback

KIND_INDEX: Final[dict[RemarkKind, int]] = {"suggestion": 1, "comment_card": 2}
"""The number of each kind in a customer's state; new ones are appended."""
KINDS: Final = tuple(KIND_INDEX)
PER_KIND: Final = 16
"""A count is kept under the number of its kind times this, plus that of its factor."""
MAX_REMARKS: Final = 32
OWED: Final = Wording(
    "answer.owed",
    "A {kind:words} of the customer is owed an answer within {days:g} days, by {owner}.",
)


class Answered(NamedTuple):
    """How many remarks were answered in time, late, and are owed or overdue."""

    in_time: int = 0
    late: int = 0
    owed: int = 0
    overdue: int = 0


def take_remark(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Count a suggestion or comment card; its answer is owed from now on."""
    remarks = _opened(customer)
    kind: RemarkKind = "suggestion" if event.kind == "suggestion" else "comment_card"
    number, factor = KIND_INDEX[kind], factor_index(event.factor)
    code = number * PER_KIND + factor
    remarks.counts[code] = remarks.counts.get(code, 0) + 1
    channel = CHANNEL_INDEX[event.channel]
    remark = Remark(cause.at, event.event_id, number, factor, channel)
    remark = _met(remark, remarks)
    insort(remarks.kept, remark)
    _forget(customer, remarks, cause.policy.experience.remarks)
    if not cause.quiet and not remark.answered_at:
        _propose(customer, kind, event.event_id, cause)


def take_answer(customer: Customer, event: Feedback, cause: Cause) -> None:
    """Settle the answer that is owed; one whose remark is not known waits for it for a day."""
    assert event.answers is not None, "the schema asks answered for answers"
    remarks = _opened(customer)
    for place, remark in enumerate(remarks.kept):
        if remark.event_id == event.answers:
            if remark.at <= cause.at and not 0 < remark.answered_at <= cause.at:
                remarks.kept[place] = remark._replace(answered_at=cause.at)
            return
    insort(remarks.early, (cause.at, event.answers))
    _forget(customer, remarks, cause.policy.experience.remarks)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let what another id remarked, and was answered, be of this one."""
    theirs = other.journey.remarks
    if theirs is None:
        return
    mine = _opened(customer)
    for code, count in theirs.counts.items():
        mine.counts[code] = mine.counts.get(code, 0) + count
    mine.in_time, mine.late = mine.in_time + theirs.in_time, mine.late + theirs.late
    mine.unanswered += theirs.unanswered
    mine.early = sorted(mine.early + theirs.early)
    mine.kept = [_met(remark, mine) for remark in sorted(mine.kept + theirs.kept)]
    _forget(customer, mine, cause.policy.experience.remarks)


def due_at(remark: Remark, rules: RemarkRules) -> int:
    """Until when (ms) the answer is owed.

    >>> due_at(Remark(0, "e-1", 1, 0, 0), RemarkRules()) // MS_PER_DAY
    7
    """
    return remark.at + round(days_of(KINDS[remark.kind - 1], rules) * MS_PER_DAY)


def days_of(kind: RemarkKind, rules: RemarkRules) -> float:
    """Within how many days a remark of this kind is to be answered."""
    return rules.suggestion_days if kind == "suggestion" else rules.comment_card_days


def standing(remark: Remark, now: int, rules: RemarkRules) -> RemarkStatus:
    """Where the answer stands as of ``now`` (ms).

    >>> rules, day = RemarkRules(), MS_PER_DAY
    >>> card = Remark(0, "e-1", KIND_INDEX["comment_card"], 0, 0)
    >>> standing(card, 3 * day, rules), standing(card, 3 * day + 1, rules)
    ('owed', 'overdue')
    >>> standing(card._replace(answered_at=4 * day), 9 * day, rules)
    'answered_late'
    """
    due = due_at(remark, rules)
    if remark.answered_at:
        return "answered" if remark.answered_at <= due else "answered_late"
    return "owed" if now <= due else "overdue"


def remarks_of(customer: Customer) -> Remarks:
    """What the customer remarked, to be read only."""
    return journey_of(customer).remarks or Remarks()


def answered(remarks: Remarks, now: int, rules: RemarkRules) -> Answered:
    """All remarks by where their answers stand as of ``now`` (ms)."""
    found = [standing(remark, now, rules) for remark in remarks.kept]
    return Answered(
        remarks.in_time + found.count("answered"),
        remarks.late + found.count("answered_late"),
        found.count("owed"),
        remarks.unanswered + found.count("overdue"),
    )


def _opened(customer: Customer) -> Remarks:
    customer.touch(JOURNEY)
    journey = customer.journey
    if journey.remarks is None:
        journey.remarks = Remarks()
    return journey.remarks


def _met(remark: Remark, remarks: Remarks) -> Remark:
    """The remark with the first of the answers that came before it was known, if there is one."""
    found = [at for at, event_id in remarks.early if event_id == remark.event_id]
    answers = [at for at in (*found, remark.answered_at) if at >= remark.at and at]
    remarks.early = [one for one in remarks.early if one[1] != remark.event_id]
    return remark._replace(answered_at=min(answers, default=0))


def _forget(customer: Customer, remarks: Remarks, rules: RemarkRules) -> None:
    """Keep the bound: what is answered goes first, the oldest of it; numbers stay."""
    horizon = customer.core.newest - LATENESS_MS
    remarks.early = [one for one in remarks.early if one[0] >= horizon][-MAX_REMARKS:]
    while len(remarks.kept) > MAX_REMARKS:
        done = next((one for one in remarks.kept if one.answered_at), remarks.kept[0])
        remarks.kept.remove(done)
        if not done.answered_at:
            remarks.unanswered += 1
        elif done.answered_at <= due_at(done, rules):
            remarks.in_time += 1
        else:
            remarks.late += 1


def _propose(customer: Customer, kind: RemarkKind, event_id: str, cause: Cause) -> None:
    """Tell who owes the answer, and until when."""
    rules, owner = cause.policy.experience.remarks, owner_of(customer)
    days = days_of(kind, rules)
    cause.outputs.append(
        CareTask(
            task_id=output_id("answer", customer.customer_id, event_id),
            customer_id=customer.customer_id,
            tier=TIERS[customer.core.tier],
            owner_id=owner,
            occasion="answer",
            means=rules.means,
            text_key="care.answer",
            due_at=rfc3339(moment(cause.at + round(days * MS_PER_DAY))),
            occurred_at=cause.when,
            reason=OWED(kind=kind, days=days, owner=owner or rules.owner),
            cause=(event_id,),
        )
    )
