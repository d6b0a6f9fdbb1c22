"""Making tasks by plan: the first plan of an occasion that is for the customer, if there is room.

A plan is for who has its class, tier, state, owner or place in an organisation when the occasion
falls, and through a channel that the customer lets be used. Within any 7 days there are at most as
many tasks by plan as the policy's ``week_cap``, one place of them kept for a birthday; what is of
its day alone is left out when the week is full, a regular plan waits for the first free place.
What is found later than it expires, as after an outage, is told as expired and never sent.
Sources: section 9 of the domain reference; the cap is our default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from domain.care import book
from domain.care import wordings as say
from domain.care.occasions import Occasion, is_over, next_birthday
from domain.customer.cause import Cause
from domain.customer.consent import has_refused, may_contact, quiet_end
from domain.customer.profile import field, owner_of, text
from domain.customer.state import CARE, Customer
from domain.kernel.days import day_of
from domain.kernel.scales import TIERS
from domain.kernel.units import LATENESS_MS, MS_PER_DAY, WINDOW_MS
from domain.policy.care import DATED, Plan
from domain.relationship.customer_state import STATES
from domain.tiers.known import tier_history
from domain.value.classes import abc
from domain.value.row import row_of
from schemas.fields import Channel, moment, rfc3339
from schemas.outputs import CareTask, output_id
from schemas.told import Told

MAX_LATER: Final = 32
MAX_MADE: Final = 48
OF_EVENTS: Final = ("complaint_resolved", "took_part")
Known = Callable[[], str | None]


class Means(NamedTuple):
    """A plan that is for a customer, and the channel that its task goes through."""

    plan: Plan
    channel: Channel | None


def judge(customer: Customer, occasion: Occasion, cause: Cause) -> None:
    """Make the task of an occasion that falls at ``occasion.at`` (ms), where a plan is for it."""
    means = _means_for(customer, occasion, cause)
    if means is None:
        return
    plan = means.plan
    care = customer.care
    customer.touch(CARE)
    if occasion.kind not in OF_EVENTS:
        _mark(customer, occasion)
    wall = cause.ctx.wall
    due = occasion.at + plan.due_ms
    if wall > due + plan.expire_ms:
        _tell_late(customer, occasion, means, cause)
    elif plan.capped and not _has_room(customer, occasion, cause):
        if occasion.kind in DATED or not cause.policy.care.week_cap:
            care.left_out += 1
        elif all(name != plan.name for _, name in care.later):  # it waits once
            care.later = [*care.later, (_room_at(customer, occasion.at), plan.name)][-MAX_LATER:]
    else:
        _make(customer, occasion, means, cause)


def _mark(customer: Customer, occasion: Occasion) -> None:
    """Note that a day was judged: it has no such occasion any more. Bound: 48 kinds."""
    made, key = customer.care.made, occasion.key
    made[key] = max(occasion.day, made.get(key, occasion.day))
    while len(made) > MAX_MADE:
        del made[min(made, key=lambda name: (made[name], name))]


def retry(customer: Customer, cause: Cause) -> None:
    """Let regular plans that waited for room try again: those that are due at ``cause.at``."""
    care = customer.care
    due = sorted(each for each in care.later if each[0] <= cause.at)
    heard_of = not is_over(customer, cause.at, cause.policy)
    care.later = [each for each in care.later if each[0] > cause.at]
    customer.touch(CARE)
    for at, name in due:
        kinds = {plan.name: plan for plan in cause.policy.care.plans}
        plan = kinds.get(name)
        if plan is not None and heard_of:
            key = name if plan.occasion == "regular" else plan.occasion
            judge(customer, Occasion(at, at // MS_PER_DAY, plan.occasion, key, key), cause)


def _means_for(customer: Customer, occasion: Occasion, cause: Cause) -> Means | None:
    """The first plan that is for the customer, with a channel that may be used."""
    value_class = _class_of(customer, occasion.at, cause)
    for plan in cause.policy.care.by_occasion.get(occasion.kind, ()):
        if occasion.kind == "regular" and plan.name != occasion.key:
            continue
        if occasion.kind == "holiday" and plan.festivals and occasion.name not in plan.festivals:
            continue
        if not _fits(customer, plan, occasion.at, value_class, cause):
            continue
        if not plan.channels:
            return Means(plan, None)
        for channel in plan.channels:
            given = plan.asks == "given"
            if may_contact(customer, channel) if given else not has_refused(customer, channel):
                return Means(plan, channel)
    return None


def _fits(customer: Customer, plan: Plan, at: int, value_class: Known, cause: Cause) -> bool:
    if plan.owned and owner_of(customer) is None:
        return False
    least = TIERS.index(plan.from_tier)
    if least and tier_history(customer, cause.policy).tier_at(at) < least:
        return False
    if plan.states and STATES[customer.core.relation] not in plan.states:
        return False
    if plan.key_person and not (
        field(customer, "key_person") and text(customer, "organisation_id")
    ):
        return False
    return not plan.abc or value_class() in plan.abc


def _class_of(customer: Customer, at: int, cause: Cause) -> Known:
    """The value class, worked out at the first question."""
    found: list[str | None] = []

    def known() -> str | None:
        if not found:
            clock = max(customer.core.newest, at)
            row = row_of(customer, clock, cause.policy.value)
            found.append(abc(row, cause.ctx.standings, cause.policy).value)
        return found[0]

    return known


def _has_room(customer: Customer, occasion: Occasion, cause: Cause) -> bool:
    """Whether no 7 days around have as many tasks by plan as there may be."""
    at, room = occasion.at, cause.policy.care.week_cap
    made = sum(at - WINDOW_MS < other < at + WINDOW_MS for other in customer.care.week)
    if occasion.kind != "birthday":
        birthday = next_birthday(customer, at - 1, cause.policy)
        room -= birthday is not None and birthday < at + WINDOW_MS
    return made < room


def _room_at(customer: Customer, at: int) -> int:
    """When (ms) to look again for room: as the oldest task of the week leaves it, or in a day."""
    made = [other for other in customer.care.week if other > at - WINDOW_MS]
    return max(at + 1, min(made) + WINDOW_MS) if made else at + MS_PER_DAY


def _make(customer: Customer, occasion: Occasion, means: Means, cause: Cause) -> None:
    care, at, plan = customer.care, occasion.at, means.plan
    quiet = quiet_end(customer, at, cause.policy)
    starts = at if quiet is None else quiet
    due = starts + plan.due_ms
    told = _task(customer, occasion, means, due, _why(customer, occasion, plan, cause))
    if book.knows(customer, told.task_id):
        return
    # an occasion may still come from 24 hours before
    since = at - WINDOW_MS - LATENESS_MS
    care.week = sorted([*(each for each in care.week if each > since), at])[-book.MAX_WEEK :]
    cause.outputs.append(told)
    book.keep(customer, told, due + plan.expire_ms, cause)


def _tell_late(customer: Customer, occasion: Occasion, means: Means, cause: Cause) -> None:
    """Nothing is sent: only that it was too late."""
    plan = means.plan
    reason = say.LATE(
        occasion=occasion.name,
        day=day_of(occasion.day).isoformat(),
        late=cause.ctx.wall - occasion.at,
        plan=plan.name,
    )
    due = occasion.at + plan.due_ms
    told = _task(customer, occasion, means, due, reason)
    told = msgspec.structs.replace(told, state="expired")
    if not book.knows(customer, told.task_id):
        cause.outputs.append(told)
        book.keep(customer, told, occasion.at, cause)


def _task(customer: Customer, occasion: Occasion, means: Means, due: int, reason: Told) -> CareTask:
    plan = means.plan
    return CareTask(
        task_id=output_id("care", customer.customer_id, occasion.key, occasion.day),
        customer_id=customer.customer_id,
        tier=TIERS[customer.core.tier],
        owner_id=owner_of(customer),
        occasion=occasion.name,
        means=plan.means,
        channel=means.channel,
        budget=plan.cap,
        text_key=plan.text_key,
        due_at=rfc3339(moment(due)),
        plan=plan.name,
        approver=plan.approver,
        occurred_at=rfc3339(moment(occasion.at)),
        reason=reason,
    )


def _why(customer: Customer, occasion: Occasion, plan: Plan, cause: Cause) -> Told:
    """Why the task is made: the occasion, its day, and whom the plan is for."""
    who = _who(customer, occasion.at, plan, cause)
    day = day_of(occasion.day).isoformat()
    return say.PLANNED(occasion=occasion.name, day=day, plan=plan.name, who=who)


def _who(customer: Customer, at: int, plan: Plan, cause: Cause) -> Told:
    if plan.key_person:
        return say.WHO_KEY_PERSON(organisation=text(customer, "organisation_id") or "")
    if plan.owned:
        return say.WHO_OWNED(owner=owner_of(customer) or "")
    if plan.abc:
        return say.WHO_ABC(abc=_class_of(customer, at, cause)() or "")
    if plan.from_tier != TIERS[0]:
        own = TIERS[tier_history(customer, cause.policy).tier_at(at)]
        return say.WHO_TIER(tier=plan.from_tier, own=own)
    if plan.states:
        return say.WHO_STATE(state=STATES[customer.core.relation])
    return say.WHO_ALL()
