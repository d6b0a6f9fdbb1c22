"""Handover: a customer who goes from one relationship manager to another is to be handed over.

The newest 8 namings of an owner are kept by (time, event id), so that a change is seen whichever
of its two events came first. The tier that counts is that of the time of the change, also where
the balance that gave it came later. A change more than 24 hours old makes no task.
"""

from __future__ import annotations

from typing import Final

from domain.customer.cause import Cause
from domain.customer.parts import Owner
from domain.customer.state import FILE, Customer
from domain.kernel import order
from domain.kernel.scales import TIERS
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.kernel.wording import Wording
from domain.tiers.known import tier_history
from schemas.fields import moment, rfc3339
from schemas.outputs import CareTask, output_id

MAX_OWNERS = 8
CHANGED: Final = Wording(
    "handover.changed",
    "The owner of a {tier} customer changed from {before} to {owner}: to be handed over within"
    " {days:g} days.",
)


def note_owner(customer: Customer, owner_id: str | None, cause: Cause) -> None:
    """Keep who an event named as the owner (``None``: nobody any more)."""
    customer.touch(FILE)
    owners = customer.file.owners
    order.insert(owners, (cause.at, cause.mark, owner_id or "", False))
    del owners[:-MAX_OWNERS]


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's owners be of this one."""
    owners = sorted([*customer.file.owners, *other.file.owners], key=order.place)
    customer.file.owners = owners[-MAX_OWNERS:]
    customer.touch(FILE)


def look(customer: Customer, cause: Cause) -> None:
    """Make the task of the newest change of owner, if it is due one and has made none."""
    owners = customer.file.owners if customer.has(FILE) else []
    place = newest_change(owners)
    if place is None:
        return
    at, mark, owner_id, _ = owners[place]
    rules = cause.policy.relationship.handover
    tier = tier_history(customer, cause.policy).tier_at(at)
    if tier < TIERS.index(rules.from_tier) or at < customer.core.newest - LATENESS_MS:
        return
    before = next(owner for _, _, owner, _ in reversed(owners[:place]) if owner)
    owners[place] = (at, mark, owner_id, True)
    event_id = order.id_of(mark)
    customer.touch(FILE)
    cause.outputs.append(
        CareTask(
            task_id=output_id("handover", customer.customer_id, event_id),
            customer_id=customer.customer_id,
            tier=TIERS[tier],
            owner_id=owner_id,
            occasion="handover",
            means=rules.means,
            text_key="care.handover",
            due_at=rfc3339(moment(at + round(rules.due_days * MS_PER_DAY))),
            occurred_at=rfc3339(moment(at)),
            reason=CHANGED(tier=TIERS[tier], before=before, owner=owner_id, days=rules.due_days),
            cause=(event_id,),
        )
    )


def newest_change(owners: list[Owner]) -> int | None:
    """Where the owner in force took over from another; ``None``: nowhere, or it made its task.

    >>> newest_change([(1, "a", "li", False), (2, "b", "wu", False), (3, "c", "wu", False)])
    1
    >>> newest_change([(1, "a", "li", False), (2, "b", "", False), (3, "c", "li", False)])
    >>> newest_change([(1, "a", "li", False), (2, "b", "wu", True)])
    """
    found = None
    for place in range(len(owners) - 1, -1, -1):
        _, _, owner, raised = owners[place]
        if owner and owner != owners[-1][2]:
            return found
        if raised or not owners[-1][2]:
            return None
        if owner:
            found = place
    return None
