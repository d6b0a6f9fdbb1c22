"""What the policy refuses of an event that is valid, before anything of it counts.

Ids that programs write where they have none, such as ``undefined``: they would make one customer of
thousands. Steps of complaints that no playbook has. And amounts that are nothing, or too much to be
added up, once in base currency.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from domain.customer.cause import AnyEvent
from domain.policy import Policy
from schemas.fields import LARGEST_AMOUNT, LEAST_AMOUNT
from schemas.quick import QuickClick, QuickTransaction
from schemas.touchpoints import MODEL_OF_TYPE, AppClick, Desk, Transaction

NAMES: Final = ("referred_by", "merged_into", "refund_of", "by")
"""Fields that bear an id, beside those whose names end with `_id`."""
ID_FIELDS: Final[dict[type, tuple[str, ...]]] = {
    model: tuple(
        name
        for name in model.model_fields
        if (name.endswith("_id") or name in NAMES) and name not in {"event_id", "customer_id"}
    )
    for model in MODEL_OF_TYPE.values()
}
"""The fields of each model that bear an id, without those that all have."""


def refusal(event: AnyEvent, policy: Policy) -> str | None:
    """Why an event is refused, in words; ``None`` where it is not."""
    # most ids end as none of these does
    refused, ends = policy.refused_ids, policy.refused_ends
    if event.event_id[-1] in ends and event.event_id.casefold() in refused:
        return _nobody("event_id", event.event_id)
    if event.customer_id[-1] in ends and event.customer_id.casefold() in refused:
        return _nobody("customer_id", event.customer_id)
    kind = type(event)
    if kind is QuickClick or kind is AppClick:
        return None
    if kind is QuickTransaction or kind is Transaction:
        return _refused_transaction(event, policy)
    for name in ID_FIELDS[kind]:
        given = getattr(event, name)
        if given is not None and given.casefold() in refused:
            return _nobody(name, given)
    if kind is Desk and event.step is not None:  # type: ignore[union-attr]
        return _refused_step(event.step, policy)  # type: ignore[union-attr]
    return None


def _refused_step(step: str, policy: Policy) -> str | None:
    known = policy.complaints.playbook.names
    if step in known:
        return None
    names = ", ".join(sorted(known))
    return f"step: got {step!r}; must be one of the policy's complaints.playbook: {names}"


def _refused_transaction(event: Any, policy: Policy) -> str | None:
    account_id = event.account_id
    if account_id[-1] in policy.refused_ends and account_id.casefold() in policy.refused_ids:
        return _nobody("account_id", event.account_id)
    of = event.refund_of
    if of is not None and of.casefold() in policy.refused_ids:
        return _nobody("refund_of", of)
    least, most = policy.sure_amounts
    margin, balance = event.margin, event.balance_after
    if (
        least <= event.amount <= most
        and (margin is None or least <= abs(margin) <= most or margin == 0)
        and (balance is None or -most <= balance <= most)
    ):
        return None
    return next(_refused_amounts(event, policy), None)


def _refused_amounts(event: Any, policy: Policy) -> Iterator[str]:
    """What is wrong with amounts that are very small or very large."""
    rate, base = policy.rates.get(event.currency), policy.currency.base
    if rate is None:
        return  # its amounts are left out, which is signalled
    for name, given in (
        ("amount", event.amount),
        ("margin", event.margin),
        ("balance_after", event.balance_after),
    ):
        if not given:
            continue
        worth = abs(given) * rate
        got = f"{name}: got {given:g} {event.currency}, which is {worth:.6g} {base}"
        if worth < LEAST_AMOUNT and name != "balance_after":
            yield f"{got}: nothing to six decimals; must be worth at least {LEAST_AMOUNT:g} {base}"
        elif worth > LARGEST_AMOUNT:
            yield f"{got}; must be worth at most {LARGEST_AMOUNT:g} {base}"


def _nobody(name: str, given: str) -> str:
    return (
        f"{name}: got {given!r}, which programs write where they have no id; must be an id (the"
        " policy's ids.refused lists what is none)"
    )
