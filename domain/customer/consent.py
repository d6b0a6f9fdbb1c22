"""Whether and when a customer may be spoken to for marketing: consent, opt-outs, quiet hours.

Service to a customer needs neither. A channel without consent is not to be used; an opt-out
takes consent back until a later profile gives it again.
"""

from __future__ import annotations

from domain.customer.state import DESK, FILE, Customer
from domain.kernel.local_time import zone_of
from domain.kernel.quiet_hours import quiet_until
from domain.kernel.scales import CHANNEL_INDEX
from domain.policy import Policy
from domain.policy.calendar import minutes_of


def may_contact(customer: Customer, channel: str) -> bool:
    """Whether the profile consents to a channel, and no opt-out through it came after."""
    register = customer.file.fields.get("consent") if customer.has(FILE) else None
    consent = register[2] if register is not None else None
    if register is None or not isinstance(consent, dict) or not consent.get(channel):
        return False
    if not customer.has(DESK):
        return True
    return register[0] > customer.desk.opted_out.get(CHANNEL_INDEX[channel], -1)


def note_opt_out(customer: Customer, channel: str, at: int) -> None:
    """The customer wants nothing more through a channel, as of ``at`` (ms)."""
    opted_out, index = customer.desk.opted_out, CHANNEL_INDEX[channel]
    customer.touch(DESK)
    opted_out[index] = max(opted_out.get(index, at), at)


def quiet_end(customer: Customer, now: int, policy: Policy) -> int | None:
    """When the quiet hours that the customer is in at ``now`` (ms) end; ``None``: in none.

    Hours and zone are the profile's, else those of the policy.
    """
    rule = policy.alerts.quiet_hours
    hours = _field(customer, "quiet_hours")
    if isinstance(hours, (list, tuple)) and len(hours) == 2:
        start, end = minutes_of(str(hours[0])), minutes_of(str(hours[1]))
    elif rule is not None:
        start, end = minutes_of(rule.start), minutes_of(rule.end)
    else:
        return None
    own = zone_of(str(_field(customer, "time_zone") or ""))
    zone = own or zone_of(policy.alerts.time_zone)
    assert zone is not None, "the policy's time zone is checked"
    return quiet_until(now, start, end, zone)


def _field(customer: Customer, name: str) -> object:
    kept = customer.file.fields.get(name) if customer.has(FILE) else None
    return None if kept is None else kept[2]
