"""What the policy refuses of a valid event, and that it then changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from domain import dispatch as rules
from domain.assembly.admission import ID_FIELDS
from domain.customer.state import Customer
from domain.policy import Policy, load_policy
from domain.policy.sections import Ids
from schemas.codec import Bad, at_ms, decode_many
from schemas.examples import EXAMPLES
from schemas.touchpoints import MODEL_OF_TYPE
from tests.domain.bank import CUSTOMER, Task
from tests.schemas.test_quick import written

POLICY = Policy()
ALONE = ("event_id", "customer_id", "occurred_at", "channel")
FIELDS = [
    (kind, name)
    for kind, model in MODEL_OF_TYPE.items()
    for name in ("event_id", "customer_id", *ID_FIELDS[model])
]


def given(kind: str, name: str, value: Any) -> dict[str, Any]:
    """An example that has this field, with another value of it."""
    if name == "merged_into":  # stands alone
        several = [{field: EXAMPLES[kind][0][field] for field in ALONE} | {"type": kind}]
        return {**several[0], name: value}
    several = [each for each in EXAMPLES[kind] if name in each] or [
        each | ({"direction": "credit"} if name == "refund_of" else {}) for each in EXAMPLES[kind]
    ]
    return {**several[0], name: value}


def outcome(event: dict[str, Any], policy: Policy = POLICY) -> tuple[str, str, str]:
    """Status, reason and detail; where the schema refuses it, as a dead letter says it."""
    [found] = decode_many([written([*event.items()])])
    if isinstance(found, Bad):
        return "refused", found.reason, found.detail
    task = Task(policy)
    customer = Customer.new(found.customer_id)
    made = rules.apply(customer, found, at_ms(found), task.ctx)
    if made.status == "rejected":
        assert customer.dump() == []
        assert task.ctx.aggregates.customers == [0] * 5
    return made.status, made.reason, made.detail


@pytest.mark.parametrize(("kind", "name"), FIELDS)
@pytest.mark.parametrize("nobody", ["undefined", "NULL", "None", "NaN", "[object object]"])
def test_an_id_that_names_nobody_is_refused_in_every_field(
    kind: str, name: str, nobody: str
) -> None:
    status, reason, detail = outcome(given(kind, name, nobody))
    assert (status, reason) == ("rejected", "invalid")
    assert detail.startswith(f"{name}: got {nobody!r}, which programs write")


@pytest.mark.parametrize(("kind", "name"), FIELDS)
@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u200b\u200b", "a ", "\u3000a", "\ufeffa"])
def test_blank_ids_and_white_space_at_an_end_are_refused(kind: str, name: str, blank: str) -> None:
    if name in {"task_id", "alert_id"}:
        return  # our own ids, which come back
    status, reason, detail = outcome(given(kind, name, blank))
    assert (status, reason) == ("refused", "invalid")
    assert detail.startswith(f"{name}: got ")
    assert "nor white space at either end" in detail


def test_the_list_is_the_policys() -> None:
    event = given("app_click", "customer_id", "undefined")
    assert outcome(event, Policy(ids=Ids(refused=())))[0] == "accepted"
    event = given("app_click", "customer_id", "TEST")
    assert outcome(event)[0] == "accepted"
    assert outcome(event, Policy(ids=Ids(refused=("test",))))[1] == "invalid"
    assert load_policy(None).ids.refused[0] == "undefined"


def paid(**fields: Any) -> tuple[str, str, str]:
    return outcome({**EXAMPLES["transaction"][0], "customer_id": CUSTOMER, **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"amount": 4.9e-7, "currency": "CNY"}, "amount: got 4.9e-07 CNY, which is 4.9e-07 CNY"),
        ({"amount": 1e-5, "currency": "JPY"}, "amount: got 1e-05 JPY, which is 4.8e-07 CNY"),
        ({"amount": 1e15, "currency": "USD"}, "amount: got 1e+15 USD, which is 7.1e+15 CNY"),
        ({"margin": -1e-9, "currency": "CNY"}, "margin: got -1e-09 CNY"),
        ({"balance_after": -1e15, "currency": "EUR"}, "balance_after: got -1e+15 EUR"),
    ],
)
def test_amounts_that_are_nothing_or_too_much_in_base_currency_are_refused(
    fields: dict[str, Any], said: str
) -> None:
    status, reason, detail = paid(**fields)
    assert (status, reason) == ("rejected", "invalid")
    assert detail.startswith(said)
    assert "must be worth at" in detail


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": 5e-7, "currency": "CNY"},
        {"amount": 1.1e-5, "currency": "JPY"},
        {"amount": 1e15, "currency": "CNY"},
        {"margin": 0, "currency": "CNY"},
        {"balance_after": 5e-324, "currency": "CNY"},
        {"amount": 5e-324, "currency": "XAU"},
    ],
)
def test_amounts_up_to_the_bounds_are_taken(fields: dict[str, Any]) -> None:
    assert paid(**fields)[0] == "accepted"
