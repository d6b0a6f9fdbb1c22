"""What two ids of one person bring together: part by part, each joined where its subject is.

Sums are added, sets united, of what is newest the newest is kept: for what is exact within the
last 24 hours it does not matter on which side of a merge an event came.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain.alerts import limits, offer_window, open_alerts
from domain.assembly.context import Context
from domain.campaigns import mailings
from domain.care import book as care
from domain.complaints import steps as complaints
from domain.customer import answers, consent, profile
from domain.customer.cause import Cause
from domain.customer.parts import Core
from domain.customer.recent import CODES, NOT_A_CLICK
from domain.customer.state import (
    AMOUNTS,
    ANSWERS,
    CAMPAIGNS,
    CARE,
    CASES,
    CONTACTS,
    CORE,
    DESK,
    FILE,
    HABITS,
    HEALTH,
    IDENTITY,
    JOURNEY,
    LEDGER,
    MAILINGS,
    MONEY,
    MOOD,
    REFERRALS,
    Customer,
)
from domain.experience import moments, paths, promises, record, recovery, remarks
from domain.identification import habits
from domain.kernel.units import WINDOW_MS
from domain.money import anomaly, balances
from domain.proactive import inspections, notices
from domain.propensity import awaited
from domain.relationship import contacts, handover, returns
from domain.satisfaction import sums
from domain.tiers import changes
from domain.value import ledger, referrals
from schemas.moves import CustomerMove

MAX_MERGED: Final = 1_024

Join = Callable[[Customer, Customer, Cause], None]
JOINS: Final[tuple[tuple[int, Join], ...]] = (
    (FILE | DESK, consent.join),
    (FILE, profile.join),
    (FILE, changes.join),
    (FILE, handover.join),
    (MONEY, balances.join),
    (AMOUNTS, anomaly.join),
    (ANSWERS, answers.join),
    (CAMPAIGNS | LEDGER, mailings.join),
    (LEDGER, ledger.join),
    (LEDGER, returns.join),
    (MOOD, sums.join),
    (MOOD, moments.join),
    (JOURNEY, record.join),
    (JOURNEY, remarks.join),
    (JOURNEY, paths.join),
    (JOURNEY | LEDGER, recovery.join),
    (MOOD, promises.join),
    (CASES, complaints.join),
    (CONTACTS, contacts.join),
    (DESK, offer_window.join),
    (DESK, open_alerts.join),
    (REFERRALS, referrals.join),
    (HABITS, habits.join),
    (HEALTH, inspections.join),
    (HEALTH, notices.join),
    (CARE, care.join),
    (MAILINGS, awaited.join),
)
"""By the part of the other id that each is for; what others go by comes first."""


def join(customer: Customer, told: CustomerMove, cause: Cause, ctx: Context) -> Core:
    """Let all that came of another id be of this one; the core of that one, as it was."""
    other = Customer.of_records(told.customer_id, told.records)
    _join_ids(customer, told)
    if other.core.events:
        _join_core(customer, other)
        limits.join(customer, other)
        customer.take_recent(other.recent)
        _recount_clicks(customer, ctx)
    for part, join_part in JOINS:
        if other.has(part):
            join_part(customer, other, cause)
    customer.looked = None
    return other.core


def _join_ids(customer: Customer, told: CustomerMove) -> None:
    merged = customer.identity.merged
    merged.update(told.merged)
    merged.pop(customer.customer_id, None)
    while len(merged) > MAX_MERGED:
        del merged[min(merged, key=lambda name: merged[name][1:])]
    customer.touch(IDENTITY)


def _join_core(customer: Customer, other: Customer) -> None:
    core, theirs = customer.core, other.core
    customer.touched |= CORE
    if not core.events:  # what was said of the other id is not said again
        core.first, core.born, core.relation = theirs.first, theirs.born, theirs.relation
        core.churn_high = theirs.churn_high
    core.first, core.born = min(core.first, theirs.first), min(core.born, theirs.born)
    core.newest, core.judged = max(core.newest, theirs.newest), max(core.judged, theirs.judged)
    core.tier = max(core.tier, theirs.tier)  # who was a VIP under one id is no new one
    for name in _ADDED:
        setattr(core, name, getattr(core, name) + getattr(theirs, name))
    core.event_xor ^= theirs.event_xor
    for name in ("first_purchase", "first_campaign"):
        known = [at for at in (getattr(core, name), getattr(theirs, name)) if at]
        setattr(core, name, min(known, default=getattr(core, name)))
    for number, day in theirs.signalled.items():
        core.signalled[number] = max(day, core.signalled.get(number, day))


_ADDED: Final = (
    "events",
    "transactions",
    "transaction_sum",
    "repeats",
    "complaints",
    "irregular_steps",
    "memory_overflows",
    "suppressed_alerts",
)


def _recount_clicks(customer: Customer, ctx: Context) -> None:
    core, recent = customer.core, customer.recent
    counts, oldest = recent.clicks_since(ctx.now - WINDOW_MS)
    core.window = counts if any(counts) else []
    core.oldest_click = oldest
    times = zip(recent.times, recent.codes, strict=True)
    clicks = [at for at, code in times if NOT_A_CLICK < code < CODES]
    core.newest_click = max(clicks, default=0) if oldest else 0
    if ctx.segments.by_any_event or (ctx.segments.by_clicks and core.window):
        ctx.segments.moved[customer.customer_id] = None
