"""The desk: what people do about alerts, and what happens where they do nothing.

An alert of priority 1 that nobody acknowledges in time is raised again one level up, to level 3,
and once more for each time that it is reopened there; unless its matter was settled meanwhile. One
that waits for the end of the customer's quiet hours is then judged anew.
"""

from __future__ import annotations

from domain.alerts import acts, ids, open_alerts, settled
from domain.alerts.judging import raise_again, raise_alert
from domain.complaints import steps as complaints
from domain.customer.cause import Cause
from domain.customer.effects import Wanted
from domain.customer.parts import Early
from domain.customer.state import DESK, Customer
from domain.policy.alerts import ALERT_KINDS
from schemas.fields import milliseconds
from schemas.touchpoints import Desk


def take(customer: Customer, event: Desk, cause: Cause) -> None:
    """Let an action of the desk count for its alert or complaint, known or still to come."""
    if event.action == "ticked":
        complaints.take_tick(customer, event, cause)
        return
    assert event.alert_id is not None, "the schema asks every other action for one"
    number = ids.number_of(event.alert_id)
    if number is None:
        customer.desk.unmatched += 1
        customer.touch(DESK)
    else:
        action = Early(
            number,
            cause.at,
            acts.ACTIONS[event.action],
            until=0 if event.until is None else milliseconds(event.until),
            mark=cause.mark,
            by=event.by,
            note=event.note or "",
            assign_to=event.assign_to or "",
        )
        open_alerts.act(customer, action, cause.policy)
    open_alerts.tidy(customer, cause.policy.alerts)


def is_of_another(customer: Customer, event: Desk) -> bool:
    """Whether an action is about an alert of another customer: by its id, and by what is kept.

    What is not known says nothing: an alert may have been forgotten, or have an older id.
    """
    if event.alert_id is None:
        return False
    owners = (event.customer_id, customer.customer_id)
    if not all(ids.is_of_another(event.alert_id, owner) for owner in owners):
        return False
    return not open_alerts.concerns(customer, event.alert_id)


def fall_due(customer: Customer, cause: Cause) -> None:
    """Raise what is due at or before ``cause.at``: again, or for the first time."""
    customer.touch(DESK)
    desk = customer.desk
    due = [each for each in desk.open if 0 < each.due <= cause.at]
    for opened in sorted(due, key=lambda each: (each.due, each.number)):
        settled.judge(customer, opened, cause.policy)
        if not opened.due:
            continue
        again = Cause(cause.ctx, opened.due)
        raise_again(customer, opened, again)
        cause.outputs += again.outputs
    ready = [each for each in desk.held if each.due <= cause.at]
    desk.held = [each for each in desk.held if each.due > cause.at]
    for held in ready:
        waited = Wanted(
            ALERT_KINDS[held.kind],
            held.at,
            held.event_id or None,
            held.event_type,
            held.channel or None,
            open_alerts.words_of(held),
            customer.core.tier,
            about=held.about,
        )
        raise_alert(customer, waited, cause)
    open_alerts.tidy(customer, cause.policy.alerts)
