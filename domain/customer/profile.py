"""Profile events: of each field the value newest by (occurred_at, event_id) is kept."""

from __future__ import annotations

from datetime import date

from domain.customer.cause import Cause
from domain.customer.consent import note_consent
from domain.customer.state import FILE, Customer
from domain.kernel.order import is_newer
from schemas.touchpoints import Profile, QuietHours

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
    "source",
)


def take_profile(customer: Customer, event: Profile, cause: Cause) -> None:
    """Keep the fields an event gives; one given as null is cleared, one not given stays."""
    given = event.model_fields_set
    fields = customer.file.fields
    customer.touch(FILE)
    customer.looked = None  # what it tells may move the phase: looked at whatever is kept decoded
    if "consent" in given:
        note_consent(customer, event.consent, (cause.at, cause.mark))
    at, mark = cause.at, cause.mark
    for name in FIELDS:
        if name in given:
            kept = fields.get(name)
            if kept is None or is_newer(at, mark, kept):
                fields[name] = (at, mark, _plain(getattr(event, name)))


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's profile be of this one: of each field the newest value."""
    fields = customer.file.fields
    for name, given in other.file.fields.items():
        kept = fields.get(name)
        if is_newer(*given[:2], kept):
            fields[name] = given
    customer.touch(FILE)


def field(customer: Customer, name: str) -> object:
    """The value of a profile field; ``None`` where it is not known."""
    kept = customer.file.fields.get(name) if customer.has(FILE) else None
    return None if kept is None else kept[2]


def text(customer: Customer, name: str) -> str | None:
    """The value of a profile field that is text; ``None`` where it is not known."""
    known = field(customer, name)
    return None if known is None else str(known)


def owner_of(customer: Customer) -> str | None:
    """The relationship manager, if the profile names one."""
    return text(customer, "owner_id")


def _plain(value: object) -> object:
    """A value as msgpack holds it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, QuietHours):
        return [value.start, value.end]
    return value
