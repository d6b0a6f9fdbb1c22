"""Service contacts as the contact type needs them: when, with which agent, at which branch.

Kept are the newest 32 within the window (180 days); agent and branch as 32-bit hashes, since only
whether they are the same matters. Being the newest of a set, they do not depend on the order of
arrival.
"""

from __future__ import annotations

from bisect import insort

from xxhash import xxh3_64_intdigest

from domain.customer.cause import Cause
from domain.customer.state import CONTACTS, Customer
from domain.kernel.finding import Finding
from domain.policy import Policy
from domain.relationship.contact_type import Contact, contact_type
from schemas.figures.relationship import ContactType
from schemas.touchpoints import ServiceContact

MAX_CONTACTS = 32
_MASK = (1 << 32) - 1


def take_contact(customer: Customer, event: ServiceContact, cause: Cause) -> None:
    """Keep a contact; those that have left the window are forgotten."""
    customer.touch(CONTACTS)
    newest = customer.contacts.newest
    insort(newest, (cause.at, _mark(event.agent_id), _mark(event.branch_id)))
    _forget(customer, cause.policy)


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's contacts be of this one."""
    customer.touch(CONTACTS)
    customer.contacts.newest = sorted([*customer.contacts.newest, *other.contacts.newest])
    _forget(customer, cause.policy)


def type_of_contacts(customer: Customer, clock: int, policy: Policy) -> Finding[ContactType]:
    """How the customer and those who serve it know each other as of ``clock`` (ms), and why."""
    newest = customer.contacts.newest if customer.has(CONTACTS) else []
    met = [Contact(at, agent or None, branch or None) for at, agent, branch in newest]
    return contact_type(met, clock, policy.relationship)


def _forget(customer: Customer, policy: Policy) -> None:
    newest, start = customer.contacts.newest, customer.core.newest
    start -= policy.relationship.contacts_ms
    while newest and (newest[0][0] <= start or len(newest) > MAX_CONTACTS):
        del newest[0]


def _mark(name: str | None) -> int:
    """A name as a number above 0; 0 for none."""
    return 0 if name is None else (xxh3_64_intdigest(name.encode()) & _MASK) or 1
