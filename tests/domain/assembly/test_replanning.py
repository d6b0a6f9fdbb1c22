"""A promise made shorter or longer by another policy falls due when that policy says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.assembly.aggregates import Aggregates
from domain.assembly.context import Context
from domain.assembly.replanning import replan
from domain.customer.state import Customer
from domain.dispatch import apply, fire
from domain.kernel.units import MS_PER_DAY, MS_PER_HOUR
from domain.policy import Policy
from schemas.fields import moment
from schemas.touchpoints import Complaint, Transaction

AT = 1_700_000_000_000
TIERS = ("standard", "prospect", "key", "vip", "private")


def promising(hours: float, grace_days: float = 30.0) -> Policy:
    """A policy by which each complaint is to be acknowledged within so many hours."""
    return Policy.model_validate(
        {
            "complaints": {
                "acknowledge_hours": dict.fromkeys(TIERS, hours),
                "resolve_hours": dict.fromkeys(TIERS, 8_000.0),
                "complex_resolve_hours": dict.fromkeys(TIERS, 8_000.0),
                "regulator_days": 360,
                "regulator_complex_days": 360,
            },
            "tiers": {"grace_days": grace_days},
        }
    )


def complaining(policy: Policy) -> Customer:
    """Who opened a complaint at ``AT``."""
    customer, context = Customer.new("c"), Context(policy, Aggregates())
    event = Complaint.model_validate(
        {
            "event_id": "k-1", "customer_id": "c", "occurred_at": moment(AT), "channel": "app",
            "type": "complaint", "complaint_id": "k", "status": "opened", "severity": 3,
            "factor": "service", "category": "fees",
        }
    )  # fmt: skip
    apply(customer, event, AT, context)
    return customer


def raised(customer: Customer, policy: Policy, now: int) -> list[str]:
    """The kinds of what is due by ``now``."""
    context = Context(policy, Aggregates())
    context.now = now
    due = customer.next_due
    sent = fire(customer, context) if due is not None and due <= now else ()
    return [one.kind for one in sent if one.topic == "alerts"]  # type: ignore[attr-defined]


def test_a_shorter_promise_is_told_broken_when_it_is() -> None:
    customer = complaining(promising(500))
    assert customer.next_due == AT + 500 * MS_PER_HOUR
    assert replan(customer, promising(2))
    assert customer.next_due == AT + 2 * MS_PER_HOUR
    assert raised(customer, promising(2), AT + 3 * MS_PER_HOUR) == ["complaint_escalated"]
    assert not replan(customer, promising(2))


def test_what_was_told_is_not_told_again_under_another_policy() -> None:
    customer = complaining(promising(2))
    assert raised(customer, promising(2), AT + 3 * MS_PER_HOUR) == ["complaint_escalated"]
    replan(customer, promising(500))
    assert raised(customer, promising(500), AT + 501 * MS_PER_HOUR) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 2_000), min_size=2, max_size=6))
def test_however_often_it_changes_the_last_policy_counts(hours: list[int]) -> None:
    customer = complaining(promising(hours[0]))
    for each in hours[1:]:
        replan(customer, promising(each))
    assert customer.next_due == AT + hours[-1] * MS_PER_HOUR


def test_a_grace_made_shorter_lets_a_tier_fall_at_once() -> None:
    long, short = promising(2, 30), promising(2, 5)
    customer, context = Customer.new("c"), Context(long, Aggregates())
    for number, (day, balance) in enumerate([(0, 250_000), (1, 10), (11, 10)]):
        at = AT + day * MS_PER_DAY
        event = Transaction.model_validate(
            {
                "event_id": f"t-{number}", "customer_id": "c", "occurred_at": moment(at),
                "channel": "app",
                "type": "transaction", "amount": 1, "currency": "CNY", "direction": "credit",
                "account_id": "a", "balance_after": balance,
            }
        )  # fmt: skip
        context.now = at
        apply(customer, event, at, context)
    assert (customer.core.tier, customer.core.tier_due) == (2, AT + 31 * MS_PER_DAY)
    assert replan(customer, short)
    assert customer.core.tier_due == AT + 11 * MS_PER_DAY
    context = Context(short, Aggregates())
    context.now = AT + 11 * MS_PER_DAY
    sent = fire(customer, context)
    assert [getattr(one, "to_state", "") for one in sent][:1] == ["standard"]
    assert customer.core.tier == 0
