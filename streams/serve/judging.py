"""Whether a worker would take an event, judged before it is sent: by the workers' own code.

What hangs on a customer's state is left to them: too late, a merge, an alert of another customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from domain.assembly.admission import refusal
from domain.kernel.units import FUTURE_MS
from domain.policy import Policy
from schemas.codec import Bad, Event, at_ms, decode_many
from schemas.quick import Quick
from schemas.topics import TOPIC_OF_TYPE
from schemas.touchpoints import Desk, Profile
from streams.engine.partition import in_future
from streams.serve.access.who import Scope, Who
from streams.serve.sending import ToSend

NOT_ALLOWED = "not_allowed"
"""The one reason that no dead letter has: the event says what its sender may not say."""


class Audited(NamedTuple):
    """What the audit says of an event on its own, beside that something was sent."""

    act: Literal["acted", "erased"]
    customer_id: str
    subjects: tuple[str, ...] = ()


class Judged(NamedTuple):
    """What is to be made of an item: its type ("" where there is none), and whether it is bad."""

    type: str
    verdict: ToSend | Bad
    audited: Audited | None = None


def judge(values: Sequence[bytes], policy: Policy, who: Who, now: int | None) -> list[Judged]:
    """What each value is and where it goes, as it is, or why it is refused. Never raises.

    ``now`` in ms; ``None`` where the task's clock goes by the events.
    """
    return [
        _judge(value, event, policy, who, now)
        for value, event in zip(values, decode_many(values), strict=True)
    ]


def _judge(
    value: bytes, event: Event | Quick | Bad, policy: Policy, who: Who, now: int | None
) -> Judged:
    if isinstance(event, Bad):
        return Judged("", event)
    kind = event.type
    bad = _unfit(event, policy, who, now)
    if bad is not None:
        return Judged(kind, bad)
    sent = ToSend(TOPIC_OF_TYPE[kind], event.customer_id.encode(), value)
    return Judged(kind, sent, _audited(event))


def _unfit(event: Event | Quick, policy: Policy, who: Who, now: int | None) -> Bad | None:
    if now is not None and (at := at_ms(event)) > now + FUTURE_MS:
        return in_future(at, now, told=True)
    if (why := refusal(event, policy)) is not None:
        return Bad("invalid", why)
    needed = _needed(event)
    if needed is not None and not who.may(needed[0]):
        return Bad(NOT_ALLOWED, f"{needed[1]}; the key must have the scope {needed[0]}")
    if type(event) is Desk and who.is_person and event.by != who.name:
        return Bad(NOT_ALLOWED, "by: a person says what they did themselves")
    return None


def _audited(event: Event | Quick) -> Audited | None:
    if type(event) is Desk:
        about = event.alert_id or event.complaint_id
        return Audited("acted", event.customer_id, (about,) if about else ())
    if type(event) is Profile and event.erase:
        return Audited("erased", event.customer_id)
    return None


def _needed(event: Event | Quick) -> tuple[Scope, str] | None:
    """The scope that an event asks for beside ``ingest``, and what it says."""
    if type(event) is Desk:
        return "act", "the event says what somebody did about an alert"
    if type(event) is Profile and event.erase:
        return "erase", "the event erases its customer"
    return None
