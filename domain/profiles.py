"""Profile events: of each field the value newest by (occurred_at, event_id) is kept."""

from __future__ import annotations

from bisect import insort
from datetime import date

from domain import handover, referrals, standing
from domain.cause import Cause
from domain.erasure import erase
from domain.policy import TIERS
from domain.state import FILE, Customer
from domain.tiers import NO_PIN
from schemas.touchpoints import Profile, QuietHours

MAX_PINS = 8
FIELDS = (
    "birth_date",
    "sex",
    "occupation",
    "position",
    "region",
    "first_seen",
    "time_zone",
    "consent",
    "quiet_hours",
    "referred_by",
    "owner_id",
    "tier_pin",
    "organisation_id",
    "key_person",
)


def take_profile(customer: Customer, event: Profile, cause: Cause) -> None:
    """Keep the fields an event gives; one given as null is cleared, one not given stays."""
    if event.erase:
        erase(customer, cause)
        return
    given = event.model_fields_set
    fields = customer.file.fields
    key = (cause.at, event.event_id)
    customer.touch(FILE)
    for name in FIELDS:
        if name in given:
            kept = fields.get(name)
            if kept is None or kept[:2] < key:
                fields[name] = (*key, _plain(getattr(event, name)))
    if "tier_pin" in given:
        pin = NO_PIN if event.tier_pin is None else TIERS.index(event.tier_pin)
        insort(customer.file.pins, (*key, pin))
        del customer.file.pins[:-MAX_PINS]
        standing.update_tier(customer, cause)
    if "referred_by" in given:
        referrals.name_referrer(customer, cause)
    if "owner_id" in given:
        handover.note_owner(customer, event.owner_id, cause)
        handover.look(customer, cause)


def field(customer: Customer, name: str) -> object:
    """The value of a profile field; ``None`` where it is not known."""
    kept = customer.file.fields.get(name) if customer.has(FILE) else None
    return None if kept is None else kept[2]


def _plain(value: object) -> object:
    """A value as msgpack holds it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, QuietHours):
        return [value.start, value.end]
    return value
