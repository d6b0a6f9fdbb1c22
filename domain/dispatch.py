"""The rules of one customer: an event comes in, a time falls due, figures go out.

Pure: the state, the event and the task clock are handed in; outputs are returned. Within 24
hours of lateness the figures of ``export`` do not depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from xxhash import xxh3_64_digest

from domain.alerts import desk, states
from domain.alerts import judging as alerts
from domain.assembly import erasure, joining, merging
from domain.assembly.admission import refusal
from domain.assembly.aggregates import Counted
from domain.assembly.context import Context
from domain.assembly.figures import export
from domain.assembly.takes import CODE_OF, TAKE, click_code, follow_tiers, judge_promises
from domain.campaigns import expenses
from domain.care import follow as care
from domain.complaints import steps as complaints
from domain.complaints.escalation import escalate
from domain.customer.cause import Cause, signal
from domain.customer.parts import Core
from domain.customer.recent import (
    CODES,
    ERROR,
)
from domain.customer.state import CORE, LEDGER, REFERRALS, Customer
from domain.experience import paths
from domain.kernel.units import LATENESS_MS, MS_PER_DAY, MS_PER_SECOND, WINDOW_MS
from domain.kernel.wording import Wording
from domain.kernel.words import duration
from domain.policy import Policy
from domain.proactive import inspections
from domain.propensity import awaited
from domain.relationship import known as relation
from domain.tiers.changes import update_tier
from domain.value import referrals
from schemas import published
from schemas.codec import Bad, Event, decode
from schemas.moves import CustomerMove
from schemas.outputs import Output
from schemas.quick import Quick, QuickClick
from schemas.touchpoints import (
    AppClick,
    Campaign,
    Desk,
    Profile,
)


class Outcome(NamedTuple):
    """What became of an event; ``reason`` and ``detail`` say why it was rejected.

    ``erased``: it occurred before its customer was erased. ``sent_on``: its customer was merged
    into another one, for whom it counts. ``read_back``: it was no event.
    """

    status: Literal["accepted", "repeated", "rejected", "erased", "sent_on", "read_back"]
    reason: str = ""
    detail: str = ""
    outputs: Sequence[Output] = ()


OVERFLOW: Final = Wording(
    "repeats.overflow",
    "customer {customer} has more than 2,048 events within 7 days: repeats of the oldest of them"
    " can no longer be told",
)
ACCEPTED = Outcome("accepted")
REPEATED = Outcome("repeated")
ERASED = Outcome("erased")


def apply(customer: Customer, event: Event | Quick, at: int, ctx: Context) -> Outcome:
    """Let one event act on its customer; ``at`` is its ``occurred_at`` in ms.

    A repeat within 7 days changes nothing but the count of repeats; an event more than 7 days
    behind the customer's newest is rejected as ``too_late`` and changes nothing, unless it erases
    or merges: what that says holds whenever it comes. So is what the desk did about an alert of
    another customer, as ``wrong_customer``.
    """
    kind, event_id, ends = type(event), event.event_id, ctx.policy.refused_ends
    is_click = kind is QuickClick or kind is AppClick
    # of most clicks it is seen at once that there is nothing to refuse
    if not is_click or event_id[-1] in ends or event.customer_id[-1] in ends:
        refused = _refused(customer, event, at, ctx.policy)
        if refused is not None:
            return refused
    core = customer.core
    digest = xxh3_64_digest(event_id.encode())
    code = click_code(event) if is_click else CODE_OF[kind]
    newest = core.newest
    quiet = False
    if core.events:
        if at < newest:
            if (behind := _behind(core, event, at)) is not None:
                return behind
            quiet = at < newest - LATENESS_MS
        else:
            newest = at
        if customer.recent.seen(digest, newest - WINDOW_MS, code):
            return _repeated(customer)
        core.newest = newest
        core.first = at if at < core.first else core.first
    elif (done := _without_state(customer, event, at, ctx)) is not None:
        return done
    else:
        core.newest = core.first = at
        core.born = at // MS_PER_SECOND
        ctx.aggregates.add_customer()
    core.events += 1
    core.event_xor ^= int.from_bytes(digest, "big")
    customer.touched |= CORE
    lost = customer.seal_page() if customer.recent.add(digest, at, code) else 0
    if is_click or ctx.segments.by_any_event:
        _note_move(customer, code, at, ctx)
    if code < ERROR and not lost and not ctx.follows_clicks:
        return ACCEPTED
    cause = Cause(ctx, at, event, quiet)
    if lost:
        _overflowed(customer, lost, cause)
    _act(customer, event, cause, ctx)
    return Outcome("accepted", outputs=cause.outputs) if cause.outputs else ACCEPTED


def _act(customer: Customer, event: Event | Quick, cause: Cause, ctx: Context) -> None:
    """Everything that an event does, in this order."""
    if type(event) is Profile:
        if event.erase:
            erasure.erase(customer, cause, ctx)
            return
        if _merges(customer, event):
            merging.merge(customer, event, cause, ctx)
            return
    core, before, touched = customer.core, _counted(customer.core), customer.touched
    stood = core.tier, core.relation, core.other_parts & LEDGER
    customer.touched = 0
    if ctx.follows_journeys:
        paths.take(customer, event, cause)
    TAKE[type(event)](customer, event, cause)
    inspections.begin(customer, cause)
    _look(customer, cause)
    stands = core.tier, core.relation, core.other_parts & LEDGER
    care.look(customer, cause, event, moved=stands != stood)
    alerts.judge(customer, cause)
    if customer.touched & states.HANG_ON or customer.core.tier != before[0]:
        states.tell(customer, cause, ctx.now)
    customer.touched |= touched
    _keep(customer, before, cause, ctx)


def take_move(customer: Customer, told: CustomerMove, ctx: Context) -> Outcome:
    """Let what came of another id act on this customer, or go on to where it was merged itself."""
    if told.kind == "forget" and (customer.customer_id in told.names or not customer.merged_into):
        return Outcome("read_back", outputs=erasure.forget(customer, told, ctx))
    quiet = told.at < customer.core.newest - LATENESS_MS
    cause = erasure.told_by(told, ctx, quiet)
    if customer.merged_into:
        onward = merging.sent_on(customer, told, cause)
        if onward is not None:
            return Outcome("sent_on", outputs=(onward,))
    if told.kind == "event":
        return _take_sent(customer, told, cause, ctx)
    core = customer.core
    if merging.joined_at(customer, told) <= erasure.erased_at(customer, ctx):
        return Outcome("erased", outputs=erasure.forget_joined(customer, told))
    before = _counted(core)
    if not core.events:
        ctx.aggregates.add_customer()
    theirs = joining.join(customer, told, cause, ctx)
    if theirs.events:
        _follow_merge(customer, cause)
        care.look(customer, cause, moved=True)
    elif not core.events:
        ctx.aggregates.remove_customer(0, 0, 0)
    alerts.judge(customer, cause)
    states.tell(customer, cause, ctx.now)
    cause.value_moved = customer.has(LEDGER)
    _keep(customer, before, cause, ctx)
    return Outcome("read_back", outputs=cause.outputs)


def take_referral(customer: Customer, told: published.Referral, ctx: Context) -> Outcome:
    """Let what was told of a customer whom this one referred count, if this one still counts."""
    outputs: tuple[Output, ...] = ()
    if into := customer.merged_into:
        outputs = (referrals.sent_on(told, into),)
    elif not customer.core.events and (at := ctx.erasures.of(customer.customer_id)):
        if told.state != "withdrawn":
            outputs = (erasure.forget_at(told.referred, (told.referrer,), at, told.referral_id),)
    else:
        referrals.take(customer, told, ctx)
    return Outcome("read_back", outputs=outputs)


def _take_sent(customer: Customer, told: CustomerMove, cause: Cause, ctx: Context) -> Outcome:
    """Apply an event of another id as one of this customer's."""
    event = decode((told.event or "").encode())
    if isinstance(event, Bad):
        return Outcome("rejected", event.reason, event.detail)
    outcome = apply(customer, event, told.at, ctx)
    if not cause.outputs:
        return outcome
    return outcome._replace(outputs=(*cause.outputs, *outcome.outputs))


def _follow_merge(customer: Customer, cause: Cause) -> None:
    """Work out what follows from all that two ids bring together."""
    update_tier(customer, cause)
    follow_tiers(customer, cause)
    _look(customer, cause)


def fire(customer: Customer, ctx: Context) -> Sequence[Output]:
    """Judge everything of this customer that is due by ``ctx.now``, in order of due time.

    Silence is looked at when a UTC midnight, a broken promise or an escalation is due, not when
    the grace of a tier happens to end.
    """
    outputs: list[Output] = []
    core = customer.core
    while (due := customer.next_due) is not None and due <= ctx.now:
        if core.care_due == due:  # by itself: what else is due then comes after it
            outputs += _care(customer, due, ctx)
            continue
        if _only_turns(core, due):
            cause = Cause(ctx, due)
            states.tell(customer, cause, due)
            outputs += cause.outputs
            continue
        if _only_answers(core, due):
            cause = Cause(ctx, due)
            awaited.settle(customer, cause)
            for effect in cause.effects:
                ctx.take(effect)
            continue
        core.judged = max(core.judged, due)
        touched, customer.touched = customer.touched, CORE
        cause, before = Cause(ctx, due), _counted(core)
        looks = due % MS_PER_DAY == 0
        if core.tier_due == due:
            update_tier(customer, cause)
            follow_tiers(customer, cause)
        if core.promise_due == due:
            judge_promises(customer, due, cause)
            looks = True
        if core.complaint_due == due:
            escalate(customer, cause)
            complaints.refresh(customer, cause)
            customer.reschedule()
            looks = True
        _fall_due(customer, cause)
        if looks:
            _look(customer, cause)
        is_desk = core.desk_due == due
        care.adopt(customer, cause)
        alerts.judge(customer, cause)
        if is_desk:
            desk.fall_due(customer, cause)
        if customer.touched & states.HANG_ON or core.tier != before[0] or core.turn_due == due:
            states.tell(customer, cause, due)
        customer.touched |= touched
        _keep(customer, before, cause, ctx)
        outputs += cause.outputs
    return outputs


def _care(customer: Customer, due: int, ctx: Context) -> Sequence[Output]:
    """What care has to do at a due time; it moves no clock that other rules go by."""
    cause = Cause(ctx, due)
    customer.touched |= CORE
    care.fall_due(customer, cause)
    return cause.outputs


def _fall_due(customer: Customer, cause: Cause) -> None:
    """See to an inspection and to answers of mailings that are due."""
    core = customer.core
    if core.inspection_due == cause.at:
        inspections.fall_due(customer, cause)
    if core.answer_due == cause.at:
        awaited.settle(customer, cause)


def _only_turns(core: Core, due: int) -> bool:
    """Whether nothing is due but that the state of an alert changes: then no rule has its say."""
    dues = (
        core.tier_due, core.promise_due, core.complaint_due, core.desk_due, core.inspection_due,
        core.answer_due,
    )  # fmt: skip
    return core.turn_due == due and due not in dues and core.relation_due * MS_PER_DAY != due


def _only_answers(core: Core, due: int) -> bool:
    """Whether nothing is due but that answers to mailings are known, which moves nothing else."""
    dues = (
        core.tier_due, core.promise_due, core.complaint_due, core.desk_due, core.inspection_due,
        core.care_due, core.turn_due,
    )  # fmt: skip
    return core.answer_due == due and due not in dues and core.relation_due * MS_PER_DAY != due


def _look(customer: Customer, cause: Cause) -> None:
    """Work out what follows from all that is known, and tell where it moved."""
    relation.look(customer, cause)
    if customer.core.other_parts & REFERRALS:
        referrals.look(customer, cause)


def _counted(core: Core) -> Counted:
    return core.tier, core.complaints_open, core.complaints_overdue


def _keep(customer: Customer, before: Counted, cause: Cause, ctx: Context) -> None:
    """Let the event count in what the partition keeps over its customers."""
    after = _counted(customer.core)
    if after != before:
        ctx.aggregates.change(before, after)
    if cause.value_moved:
        ctx.standing.moved[customer.customer_id] = None
    for effect in cause.effects:
        ctx.take(effect)


def _refused(customer: Customer, event: Event | Quick, at: int, policy: Policy) -> Outcome | None:
    """Why an event is refused by policy or customer; ``None`` for one that is not."""
    if (why := refusal(event, policy)) is not None:
        return Outcome("rejected", "invalid", why)
    if type(event) is Desk and desk.is_of_another(customer, event):
        return _of_another(event)
    if type(event) is Profile and _merges(customer, event):
        why = merging.refusal(customer, event, at)
        return None if why is None else Outcome("rejected", "merge_refused", why)
    return None


def _behind(core: Core, event: Event | Quick, at: int) -> Outcome | None:
    """Why an event behind the newest is left out, if it is."""
    if at <= core.erased_at:
        return ERASED
    if at >= core.newest - WINDOW_MS or (
        type(event) is Profile and (event.erase or event.merged_into)
    ):
        return None
    return _too_late(at, core.newest)


def _merges(customer: Customer, event: Profile) -> bool:
    """Whether an event merges this customer; of another id that was merged it only counts."""
    return event.merged_into is not None and event.customer_id == customer.customer_id


def _without_state(
    customer: Customer, event: Event | Quick, at: int, ctx: Context
) -> Outcome | None:
    """What becomes of an event of a customer without any: ``None`` lets a life begin with it."""
    core = customer.core
    if expenses.is_campaign(customer.customer_id):
        return _take_expense(customer, event, at, ctx)
    if into := customer.merged_into:
        if at <= core.erased_at:
            return ERASED
        return Outcome("sent_on", outputs=(merging.sent_after(customer, event, at, into),))
    if at <= erasure.erased_at(customer, ctx):
        return ERASED
    if type(event) is Profile and event.erase:
        cause = Cause(ctx, at, event)
        erasure.erase(customer, cause, ctx)
        return Outcome("accepted", outputs=cause.outputs)
    return None


def _take_expense(customer: Customer, event: Event | Quick, at: int, ctx: Context) -> Outcome:
    """Count an expense of a campaign once; what lies under its key is no customer."""
    if type(event) is not Campaign or event.action != "expense":
        return Outcome("rejected", "invalid", expenses.REFUSED)
    core, newest = customer.core, max(customer.core.newest, at)
    if at < newest - WINDOW_MS:
        return _too_late(at, newest)
    digest, code = xxh3_64_digest(event.event_id.encode()), CODE_OF[Campaign]
    if customer.recent.seen(digest, newest - WINDOW_MS, code):
        return _repeated(customer)
    core.newest = newest
    customer.touched |= CORE
    if customer.recent.add(digest, at, code):
        core.memory_overflows += customer.seal_page()
    ctx.take(expenses.spent(event, at))
    return ACCEPTED


def _note_move(customer: Customer, code: int, at: int, ctx: Context) -> None:
    """Let a click enter the 7-day window, and have the customer judged at the next tick."""
    if code < CODES and at > ctx.now - WINDOW_MS:
        _count_click(customer.core, code, at)
    if ctx.segments.by_clicks:
        ctx.segments.moved[customer.customer_id] = None


def _count_click(core: Core, code: int, at: int) -> None:
    if not core.window:
        core.window = [0] * CODES
        core.oldest_click = core.newest_click = at
    elif at < core.oldest_click:
        core.oldest_click = at
    elif at > core.newest_click:
        core.newest_click = at
    core.window[code] += 1


def _repeated(customer: Customer) -> Outcome:
    customer.core.repeats += 1
    customer.touched |= CORE
    return REPEATED


def _too_late(at: int, newest: int) -> Outcome:
    return Outcome(
        "rejected",
        "too_late",
        f"occurred_at is {duration(newest - at)} behind the customer's newest event; after 7 days"
        " repeats can no longer be told, so it is not counted",
    )


def _of_another(event: Desk) -> Outcome:
    return Outcome(
        "rejected",
        "wrong_customer",
        f"alert {event.alert_id} is of another customer; what is done about an alert must name, and"
        " be keyed by, the customer_id that the alert bears",
    )


def _overflowed(customer: Customer, lost: int, cause: Cause) -> None:
    customer.core.memory_overflows += lost
    signal(
        customer,
        cause,
        "repeat_memory_overflow",
        OVERFLOW(customer=customer.customer_id),
    )


__all__ = ["Outcome", "apply", "export", "fire"]
