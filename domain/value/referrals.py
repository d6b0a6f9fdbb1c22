"""Referral value: a share of the CLV of those whom a customer referred.

Whoever was referred tells the referrer: at each purchase, at each change of the customer state,
when another referrer is named, at erasure. What is told are the purchases that a CLV follows from
too, so that the value can be worked out as of any later time, whatever the order of arrival. A
referrer keeps the newest of each referred customer, 256 at most: those with the smallest CLV
leave into nothing and are counted. A record of another's doing is no event of the referrer.

Records of one referred customer are written by one partition, one after another, and stay in
that order; a repeated or older one changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from math import fsum
from typing import Any, Final, NamedTuple

import numpy as np

from domain.customer import parts
from domain.customer.cause import Cause, Given
from domain.customer.parts import Referred
from domain.customer.state import FILE, IDENTITY, LEDGER, REFERRALS, Customer
from domain.kernel.days import day_of, number_of
from domain.kernel.phrases import counted
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.value.clv import lifetime, lifetimes
from domain.value.history import Histories, History, age_weeks, purchase_history
from domain.value.ledger import first_value
from schemas import published
from schemas.fields import milliseconds, moment, rfc3339
from schemas.outputs import Purchases, Referral, output_id
from schemas.told import Told

MAX_REFERRED: Final = 256
NO_PURCHASE: Final = -1


# -- of one who was referred --------------------------------------------------------------


def referrer_of(customer: Customer) -> str | None:
    """Who the profile says referred the customer; nobody refers themselves."""
    known = customer.file.fields.get("referred_by") if customer.has(FILE) else None
    referrer = None if known is None or known[2] is None else str(known[2])
    own = referrer == customer.customer_id or (
        customer.has(IDENTITY) and referrer in customer.identity.merged
    )
    return None if own else referrer


def name_referrer(customer: Customer, cause: Cause) -> None:
    """A profile event named a referrer, or none: tell the one before that it is no more."""
    referrer, told = referrer_of(customer), customer.referrals.told_to or None
    if told is not None and told != referrer:
        _withdraw(customer, told, f"{referrer or 'Nobody'} is named as the referrer now.", cause)
    if referrer is not None and referrer != told:
        _tell(customer, referrer, "Named as the referrer", cause)


def look(customer: Customer, cause: Cause) -> None:
    """Tell the referrer, if there is one, of purchases and of another customer state."""
    referrer = referrer_of(customer)
    if referrer is None:
        return
    told, core = customer.referrals, customer.core
    if customer.has(LEDGER) and _moves(customer) != told.told_purchases:
        _tell(customer, referrer, "A purchase", cause)
    elif core.relation != told.told_relation:
        _tell(customer, referrer, "The customer state changed", cause)


def withdraw(customer: Customer, why: str, cause: Cause) -> None:
    """Tell the referrer that this customer counts no more, and why."""
    if customer.has(REFERRALS) and customer.referrals.told_to:
        _withdraw(customer, customer.referrals.told_to, why, cause)


def forget_referrer(customer: Customer, names: Collection[str]) -> None:
    """Let nobody of these ids be the customer's referrer: that person was erased."""
    known = customer.file.fields.get("referred_by") if customer.has(FILE) else None
    if known is not None and known[2] in names:
        customer.file.fields["referred_by"] = (*known[:2], None)
        customer.touch(FILE)
    if customer.has(REFERRALS) and customer.referrals.told_to in names:
        customer.referrals.told_to = ""
        customer.touch(REFERRALS)


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let those whom another id referred be referred by this one."""
    customer.touch(REFERRALS)
    mine, theirs = customer.referrals, other.referrals
    for name, told in theirs.referred.items():
        kept = mine.referred.get(name)
        if kept is None or kept[:2] < told[:2]:
            mine.referred[name] = told
    mine.dropped += theirs.dropped
    for own in (customer.customer_id, *customer.identity.merged):
        mine.referred.pop(own, None)
    while len(mine.referred) > MAX_REFERRED:
        _drop_least(mine)


def _tell(customer: Customer, referrer: str, why: str, cause: Cause) -> None:
    core, policy, base = customer.core, cause.policy, cause.policy.currency.base
    clock, bought, clv = max(core.newest, core.judged), None, 0.0
    worth = "nothing was bought yet"
    if customer.has(LEDGER) and customer.ledger.purchases:
        ledger = customer.ledger
        history = purchase_history(ledger, first_value(customer))
        clv = lifetime(history, age_weeks(ledger, clock), policy.value.clv).clv
        last_day = ledger.times[-1] // MS_PER_DAY
        bought = Purchases(
            repeats=history.repeats,
            first_day=day_of(ledger.first_day),
            last_day=day_of(last_day),
            mean_spend=history.mean_spend,
        )
        purchases = counted(history.repeats, "repeat purchase")
        worth = f"with {purchases} the lifetime value is {clv:,.2f} {base}"
    told = customer.referrals
    told.told_to, told.told_relation = referrer, core.relation
    told.told_purchases = _moves(customer) if customer.has(LEDGER) else 0
    _send(customer, cause, referrer=referrer, clv=clv, purchases=bought, reason=f"{why}: {worth}.")


def _moves(customer: Customer) -> int:
    """How often the value moved: purchases and refunds."""
    return customer.ledger.purchases + customer.ledger.refunds


def _withdraw(customer: Customer, referrer: str, why: str, cause: Cause) -> None:
    customer.referrals.told_to = ""
    _send(customer, cause, referrer=referrer, clv=0.0, state="withdrawn", reason=why)


def _send(customer: Customer, cause: Cause, **fields: Any) -> None:
    core, told = customer.core, customer.referrals
    customer.touch(REFERRALS)
    told.told += 1
    name = customer.customer_id
    cause.outputs.append(
        Referral(
            referral_id=output_id("referral", name, *cause.named, fields["referrer"], told.told),
            referred=name,
            occurred_at=rfc3339(moment(max(core.newest, core.judged))),
            version=told.told,
            cause=cause.event_ids,
            **fields,
        )
    )


def sent_on(told: published.Referral, referrer: str) -> Referral:
    """What was told to an id that was merged, for the id that it was merged into."""
    bought = told.purchases
    return Referral(
        referral_id=output_id("referral on", told.referral_id, referrer),
        referrer=referrer,
        referred=told.referred,
        state=told.state,
        clv=told.clv,
        purchases=None if bought is None else Purchases(**dict(bought)),
        version=told.version,
        cause=told.cause,
        occurred_at=rfc3339(told.occurred_at),
        reason=told.reason,
    )


# -- of the referrer ----------------------------------------------------------------------


def take(customer: Customer, record: published.Referral, ctx: Given) -> None:
    """Keep what was told of a customer whom this one referred."""
    customer.touch(REFERRALS)
    part, at, bought = customer.referrals, milliseconds(record.occurred_at), record.purchases
    kept = part.referred.get(record.referred)
    if kept is not None and kept[:2] >= (at, record.version):
        return
    if record.state == "withdrawn":
        part.referred.pop(record.referred, None)
        return
    part.referred[record.referred] = Referred(
        at,
        record.version,
        record.clv,
        NO_PURCHASE if bought is None else bought.repeats,
        0 if bought is None else number_of(bought.first_day),
        0 if bought is None else number_of(bought.last_day),
        None if bought is None else bought.mean_spend,
    )
    if len(part.referred) > MAX_REFERRED:
        _drop_least(part)


def _drop_least(part: parts.Referrals) -> None:
    least = min(part.referred, key=lambda name: (part.referred[name].clv, name))
    del part.referred[least]
    part.dropped += 1


NOBODY: Final = Wording("referral.nobody", "No customer names this one as the referrer.")
WORTH: Final = Wording(
    "referral.worth",
    "{share:g} of the lifetime value of {referred:count referred customer}, {bought} of whom have"
    " bought, is {value:,.2f} {currency}.",
)
LEFT_OUT: Final = Wording(
    "referral.left_out", "{why:said} {dropped:,} more were left out: at most {most} are kept."
)


class Referrals(NamedTuple):
    """How many customers one referred, what that is worth (base currency), and why."""

    customers: int
    value: float
    reason: Told


def referral_figures(customer: Customer, clock: int, policy: Policy) -> Referrals:
    """How many customers this one referred, and what that is worth as of ``clock`` (ms)."""
    part = customer.referrals if customer.has(REFERRALS) else None
    referred = part.referred if part is not None else {}
    share, base = policy.value.referral_share, policy.currency.base
    # sorted: a sum must not depend on the order of arrival
    bought = [each for _, each in sorted(referred.items()) if each.repeats != NO_PURCHASE]
    value = share * fsum(_clv_of(bought, clock, policy)) if bought else 0.0
    if not referred:
        reason = NOBODY()
    else:
        reason = WORTH(
            share=share, referred=len(referred), bought=len(bought), value=value, currency=base
        )
    if part is not None and part.dropped:
        reason = LEFT_OUT(why=reason, dropped=part.dropped, most=MAX_REFERRED)
    return Referrals(len(referred), value, reason)


def _clv_of(bought: list[Referred], clock: int, policy: Policy) -> list[float]:
    """CLV of each as of ``clock``, or of the last purchase where that is later."""
    rows = [
        History(each.repeats, (each.last_day - each.first_day) / 7, each.mean_spend)
        for each in bought
    ]
    ages = [(max(clock / MS_PER_DAY, float(each.last_day)) - each.first_day) / 7 for each in bought]
    means = [np.nan if row.mean_spend is None else row.mean_spend for row in rows]
    columns = ([float(row.repeats) for row in rows], [row.recency for row in rows], ages, means)
    histories = Histories(*np.array(columns))
    found: list[float] = lifetimes(histories, policy.value.clv).tolist()
    return found
