"""Organisations: members' figures together, made of customers as they leave the product."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from domain import dispatch as rules
from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from domain.relationship.organisations import Average, organisations
from schemas.cases import TouchpointBase
from schemas.fields import milliseconds
from schemas.figures import CustomerFigures, decode
from tests.domain.bank import DAY, START, Events


def exported(customer_id: str, *events: TouchpointBase) -> CustomerFigures:
    """A line of ``customers.jsonl``, as it is read from the file."""
    context, customer = Context(Policy(), Aggregates()), Customer.new(customer_id)
    for event in events:
        context.now = milliseconds(event.occurred_at)
        rules.apply(customer, event, context.now, context)  # type: ignore[arg-type]
    figures = rules.export(customer, START + 10 * DAY, context.policy)
    return decode(msgspec.json.encode(figures))


def test_members_roll_up_to_their_organisation_with_key_persons_marked() -> None:
    make = Events()
    lines = [
        exported(
            "ann",
            make.profile(0, organisation_id="acme", key_person=True, region="north"),
            make.transaction(1, 400_000.0, amount=90.0),
            make.survey(2, "nps", 9),
        ),
        exported(
            "bob",
            make.profile(0, organisation_id="acme"),
            make.transaction(1, 50_000.0, amount=10.0),
            make.transaction(DAY, 60_000.0, amount=20.0),
            make.complaint(2 * DAY, "opened", severity=3),
        ),
        exported("cid", make.profile(0, organisation_id="acme", key_person=False)),
        exported("dan", make.profile(0, organisation_id="zen", key_person=True)),
        exported("eve", make.transaction(1, 9e6)),
    ]
    Random(3).shuffle(lines)
    acme, zen = organisations(lines)
    assert (acme.organisation_id, zen.organisation_id) == ("acme", "zen")
    assert acme.members == ("ann", "bob", "cid")
    assert acme.key_persons == ("ann",)
    assert acme.tiers == {"vip": 1, "standard": 2}
    assert (acme.balance, acme.balances) == (460_000.0, 2)
    assert (acme.purchases_365_days, acme.total_365_days, acme.total) == (3, 120.0, 120.0)
    assert (acme.complaints, acme.complaints_open) == (1, 1)
    # ann 9, bob 5 - 3; the key person alone 9
    assert acme.satisfaction.value == pytest.approx(5.5)
    assert acme.key_person_satisfaction.value == pytest.approx(9.0)
    assert (acme.satisfaction.known, acme.key_person_satisfaction.known) == (2, 1)
    assert acme.attitude.known == 2
    risks = [line.relationship.churn_risk for line in lines if line.groups.organisation_id]
    known = [risk for risk in risks if risk is not None]
    assert acme.highest_churn_risk == max(known)
    assert (zen.members, zen.balance, zen.satisfaction) == (("dan",), None, Average(None, 0))


def test_who_left_an_organisation_is_no_member() -> None:
    make = Events()
    line = exported(
        "ann",
        make.profile(0, organisation_id="acme"),
        make.profile(1, organisation_id="zen"),
        make.profile(2, organisation_id=None),
    )
    assert organisations([line]) == []
