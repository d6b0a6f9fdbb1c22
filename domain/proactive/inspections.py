"""The inspection plan of a customer as it is known: the timer, what is overdue, what was found.

Overdue is a signal, once until the inspection is made or the plan is another one's. A ``care``
event of action ``done`` and occasion ``inspection`` closes it; the newest by time counts. Namings
of an organisation are kept for 24 hours, and the one that held before them: 34 at most.
"""

from __future__ import annotations

from typing import Final

from domain.customer.cause import Cause, signal
from domain.customer.parts import Health
from domain.customer.profile import owner_of
from domain.customer.state import CORE, FILE, HEALTH, Customer
from domain.kernel import order
from domain.kernel.scales import KEY, TIERS, VIP
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.proactive.plan import Due, Naming, earliest, run_start
from domain.proactive.record import health_of
from domain.tiers.known import tier_history
from schemas.fields import moment, rfc3339
from schemas.touchpoints import Care

MAX_NAMINGS: Final = 34
OVERDUE: Final = Wording(
    "inspection.overdue",
    "The inspection of a {tier} customer was due at {due}, {days:g} days after {since}, and was not"
    " made. It is {owner}'s to make.",
)
NOBODY: Final = "nobody"


def take_care(customer: Customer, event: Care, cause: Cause) -> None:
    """Keep what an inspection found."""
    if event.occasion != "inspection" or event.action != "done":
        return
    customer.touch(HEALTH)
    health = customer.health
    if order.is_newer(cause.at, cause.mark, health.inspected):
        health.inspected = (cause.at, cause.mark, event.found or "")
    look(customer, cause)


def begin(customer: Customer, cause: Cause) -> None:
    """Bring a key customer or VIP of before there were plans under one, at its next event."""
    if customer.core.tier >= KEY and not health_of(customer).planned:
        look(customer, cause)


def note_organisation(customer: Customer, organisation: str | None, cause: Cause) -> None:
    """Keep which organisation a profile named; to be called before the field itself is kept."""
    if organisation is None and not customer.has(HEALTH) and not _is_member(customer):
        return  # the field tells it, should a naming of before it come late
    customer.touch(HEALTH)
    namings = customer.health.organisations
    _follow_profile(customer)
    order.insert(namings, (cause.at, cause.mark, organisation or ""))
    _thin(namings, customer.core.newest - LATENESS_MS)


def look(customer: Customer, cause: Cause) -> None:
    """Work the plan out anew where tier, organisation or inspection moved; set the timer."""
    core, policy = customer.core, cause.policy
    if core.tier < KEY and not customer.has(HEALTH) and not _is_member(customer):
        return
    health, clock = customer.health, max(core.newest, core.judged)
    before = _kept(health)
    _follow_profile(customer)
    history, settled = tier_history(customer, policy), core.newest - LATENESS_MS
    since = [
        run_start(history, level, clock, kept, settled)
        for level, kept in ((KEY, health.key_since), (VIP, health.vip_since))
    ]
    if not health.planned:  # who was a VIP before there were plans came under one only now
        since = [at and max(at, settled) for at in since]
    health.key_since, health.vip_since = since
    health.planned = True
    if _kept(health) != before:
        customer.touch(HEALTH)
    _plan(customer, clock, policy)


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's plan and inspections be of this one; the timer follows from the tiers."""
    customer.touch(HEALTH)
    mine, theirs = customer.health, other.health
    if theirs.inspected is not None and order.is_newer(*theirs.inspected[:2], mine.inspected):
        mine.inspected = theirs.inspected
    mine.organisations = sorted({*mine.organisations, *theirs.organisations}, key=order.place)
    _thin(mine.organisations, customer.core.newest - LATENESS_MS)
    for name in ("key_since", "vip_since"):
        known = [at for at in (getattr(mine, name), getattr(theirs, name)) if at]
        setattr(mine, name, min(known, default=0))
    mine.planned |= theirs.planned
    mine.overdue = max(mine.overdue, theirs.overdue)


def fall_due(customer: Customer, cause: Cause) -> None:
    """Signal an inspection that fell due and was not made."""
    core, policy = customer.core, cause.policy
    clock = max(core.newest, core.judged)
    core.inspection_due = 0
    customer.touch(HEALTH)
    found = due_of(customer, clock, policy)
    if found is None or found.due > clock or customer.health.overdue:
        _plan(customer, clock, policy)
        return
    customer.health.overdue = found.due
    tier, owner = TIERS[core.tier], owner_of(customer) or NOBODY
    signal(
        customer,
        cause,
        "inspection_overdue",
        OVERDUE(
            tier=tier,
            due=rfc3339(moment(found.due)),
            days=(found.due - found.since) / MS_PER_DAY,
            since=rfc3339(moment(found.since)),
            owner=owner,
        ),
        {"plan": found.plan, "tier": tier, "owner": owner},
    )
    customer.reschedule()


def due_of(customer: Customer, clock: int, policy: Policy) -> Due | None:
    """The inspection that is due next as of ``clock`` (ms); ``None`` of who is under no plan."""
    health = health_of(customer)
    if not health.planned:
        return None
    tier = tier_history(customer, policy).tier_at(clock)
    return earliest(health, tier, health.organisations, clock, policy.proactive.inspections)


def replan(customer: Customer, policy: Policy) -> bool:
    """Time the inspection anew under another policy; whether its time is another."""
    core = customer.core
    if not customer.has(HEALTH) or not customer.health.planned:
        return False
    before = core.inspection_due, customer.health.overdue
    _plan(customer, max(core.newest, core.judged), policy)
    if before == (core.inspection_due, customer.health.overdue):
        return False
    customer.touched |= CORE
    return True


def _plan(customer: Customer, clock: int, policy: Policy) -> None:
    """Set the timer; what is no longer overdue may be so again."""
    found, health = due_of(customer, clock, policy), customer.health
    if health.overdue and (found is None or found.due > clock):
        health.overdue = 0
        customer.touch(HEALTH)
    told = found is None or bool(health.overdue)
    customer.core.inspection_due = 0 if told or found is None else found.due
    customer.reschedule()


def _kept(health: Health) -> tuple[object, ...]:
    """What a look may change."""
    return (
        health.key_since, health.vip_since, health.planned,
        len(health.organisations),
    )  # fmt: skip


def _is_member(customer: Customer) -> bool:
    """Whether the profile names an organisation."""
    named = _named(customer)
    return named is not None and bool(named[2])


def _named(customer: Customer) -> Naming | None:
    """What the profile says of the organisation."""
    kept = customer.file.fields.get("organisation_id") if customer.has(FILE) else None
    return None if kept is None else (kept[0], kept[1], str(kept[2] or ""))


def _follow_profile(customer: Customer) -> None:
    """Take over what the profile says and the plan does not know yet.

    Of before there were plans it is taken to have been said a day ago: nobody is overdue at once.
    """
    health, named = customer.health, _named(customer)
    if named is None:
        return
    last = health.organisations[-1] if health.organisations else None
    if order.is_newer(*named[:2], last):
        at, mark, organisation = named
        if not health.planned:
            at = max(at, customer.core.newest - LATENESS_MS)
        order.insert(health.organisations, (at, mark, organisation))


def _thin(namings: list[Naming], horizon: int) -> None:
    """Of what nothing can come before any more, keep what it ended with since it began."""
    old = sum(naming[0] < horizon for naming in namings)
    if old:
        first = old - 1
        while first and namings[first - 1][2] == namings[old - 1][2]:
            first -= 1
        namings[:old] = [namings[first]]
    while len(namings) > MAX_NAMINGS:
        repeats = (n for n in range(1, len(namings)) if namings[n - 1][2] == namings[n][2])
        del namings[next(repeats, 0)]
