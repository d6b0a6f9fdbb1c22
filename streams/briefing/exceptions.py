"""Who is named in a briefing, and why: so many of a kind, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from heapq import nlargest
from itertools import chain
from typing import Any, Final, NamedTuple

from domain.kernel.scales import TIERS
from domain.policy import Policy
from domain.policy.alerts import BROKEN_PROMISE
from schemas.fields import Tier
from schemas.figures import ComplaintFigures, CustomerFigures
from schemas.told import Told
from streams.briefing.periods import Period

STANDING_KINDS: Final = ("outrage", "complaint_overdue", "churn_risk", "dissatisfied")
"""Exceptions as they stand; the others are of the period."""
PERIOD_KINDS: Final = ("callback_broken", "lost")
KINDS: Final = (
    "outrage", "complaint_overdue", "callback_broken", "churn_risk", "dissatisfied", "lost",
)  # fmt: skip
assert set(KINDS) == {*STANDING_KINDS, *PERIOD_KINDS}
MOST_OWNERS: Final = 50
NEWEST: Final = 3
"""So many periods are kept where it is not known yet which is asked for."""
SLACK: Final = 256
"""So many beyond those to be told are kept of a kind before the mildest are let go."""


class Case(NamedTuple):
    """One who is named. ``score`` is how bad it is; ``at`` (RFC 3339) since when or when it was.

    ``figure`` is what the line of the kind is drawn on: churn risk 0-1, satisfaction 0-10.
    ``factor`` is the one that satisfaction is lowest in, as far as that is known.
    """

    score: tuple[float, ...]
    customer_id: str
    tier: Tier
    owner_id: str | None
    at: str | None = None
    complaint_id: str | None = None
    figure: float | None = None
    reason: str = ""
    factor: str | None = None


class Owner(NamedTuple):
    """One who looks after customers with overdue complaints; ``None``: nobody does."""

    owner_id: str | None
    complaints: int
    customers: int


class Named(NamedTuple):
    """Everybody of a kind: how many cases, the worst of them, and those whose customer is gone.

    Customers who were erased or merged into another are counted in ``gone`` and never named.
    """

    kind: str
    total: int
    cases: tuple[Case, ...]
    gone: int = 0
    owners: tuple[Owner, ...] = ()


class Exceptions:
    """Takes outputs and customers, and knows whom to name.

    ``of`` is the period that is asked for; ``None`` where that is known only at the end: then the
    cases of the newest periods are kept: one that runs, the one before, and one that a clock
    that is ahead has begun.
    """

    def __init__(self, policy: Policy, of: Period | None) -> None:
        rules, alerts = policy.briefing, policy.alerts
        self._most: dict[str, int] = rules.most.model_dump()
        self._tiers = frozenset(rules.tiers)
        self._risk, self._satisfied = alerts.churn_risk, alerts.dissatisfied_below
        self._of = of
        self._totals: Counter[str] = Counter()
        self._cases: dict[str, list[Case]] = {kind: [] for kind in STANDING_KINDS}
        self._owners: Counter[str | None] = Counter()
        self._owned: Counter[str | None] = Counter()
        self._told: dict[Period, list[tuple[str, Mapping[str, Any]]]] = {}
        self._known: dict[str, CustomerFigures | None] = {}

    def add_output(self, period: Period, output: Mapping[str, Any]) -> None:
        """Take an output of a period, before the customers."""
        kind = _kind_of(output)
        if kind is None or (self._of is not None and period != self._of):
            return
        if len(self._told) == NEWEST and period < min(self._told):
            return
        self._told.setdefault(period, []).append((kind, output))
        self._known.setdefault(output["customer_id"], None)
        if len(self._told) > NEWEST:
            del self._told[min(self._told)]
            kept = chain.from_iterable(self._told.values())
            self._known = {told["customer_id"]: None for _, told in kept}

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        if customer.customer_id in self._known:
            self._known[customer.customer_id] = customer
        for kind, case in self._standing(customer):
            self._totals[kind] += 1
            if kind == "complaint_overdue":
                self._owners[customer.owner_id] += 1
            kept, most = self._cases[kind], self._most[kind]
            kept.append(case)
            if len(kept) > most + SLACK:
                kept[:] = nlargest(most, kept, key=_rank)
        self._owned[customer.owner_id] += any(case.overdue for case in customer.complaint_cases)

    def named(self, period: Period, *, stands: bool) -> tuple[Named, ...]:
        """Everybody to be named; ``stands``: what the state tells holds for the period."""
        return tuple(
            self._as_it_stands(kind) if kind in STANDING_KINDS else self._of_period(kind, period)
            for kind in KINDS
            if self._most[kind] and (stands or kind in PERIOD_KINDS)
        )

    # -- inside -------------------------------------------------------------------------

    def _standing(self, customer: CustomerFigures) -> Iterator[tuple[str, Case]]:
        for complaint in customer.complaint_cases:
            if complaint.overdue:
                yield "complaint_overdue", _overdue(customer, complaint)
        if customer.tier not in self._tiers:
            return
        rank = float(TIERS.index(customer.tier))
        lived, bound = customer.experience, customer.relationship
        if lived.outrage:
            reason = lived.reasons.get("outrage_reason", lived.outrage_reason)
            yield "outrage", _case(customer, (rank,), reason=reason)
        if bound.churn_risk is not None and bound.churn_risk >= self._risk:
            reason = bound.reasons.get("churn_reason", bound.churn_reason)
            score = (rank, bound.churn_risk)
            yield "churn_risk", _case(customer, score, figure=bound.churn_risk, reason=reason)
        if customer.satisfaction is not None and customer.satisfaction < self._satisfied:
            score = (rank, -customer.satisfaction)
            by_factor = customer.satisfaction_by_factor
            factor = min(by_factor, key=lambda name: (by_factor[name], name), default=None)
            case = _case(customer, score, figure=customer.satisfaction)
            yield "dissatisfied", case._replace(factor=factor)

    def _as_it_stands(self, kind: str) -> Named:
        cases = tuple(nlargest(self._most[kind], self._cases[kind], key=_rank))
        if kind != "complaint_overdue":
            return Named(kind, self._totals[kind], cases)
        owners = sorted(self._owners.items(), key=lambda one: (-one[1], one[0] or "￿"))
        told = tuple(Owner(each, count, self._owned[each]) for each, count in owners[:MOST_OWNERS])
        place = {owner: number for number, (owner, _) in enumerate(owners)}
        cases = tuple(sorted(cases, key=lambda case: place[case.owner_id]))
        return Named(kind, self._totals[kind], cases, owners=told)

    def _of_period(self, kind: str, period: Period) -> Named:
        told = [output for of, output in self._told.get(period, ()) if of == kind]
        known = [(self._known[output["customer_id"]], output) for output in told]
        cases = [
            _told(customer, output)
            for customer, output in known
            if customer is not None and (kind != "lost" or customer.tier in self._tiers)
        ]
        gone = sum(customer is None for customer, _ in known)
        named = tuple(nlargest(self._most[kind], cases, key=_rank))
        return Named(kind, len(cases), named, gone if kind != "lost" else 0)


def _kind_of(output: Mapping[str, Any]) -> str | None:
    """Which exception of a period an output is."""
    if output.get("kind") == BROKEN_PROMISE and not output.get("raises_again"):
        return "callback_broken"
    if output.get("dimension") == "relationship" and output["to_state"] == "lost":
        return "lost"
    return None


def _case(
    customer: CustomerFigures,
    score: tuple[float, ...],
    *,
    figure: float | None = None,
    reason: str = "",
) -> Case:
    return Case(
        score, customer.customer_id, customer.tier, customer.owner_id, figure=figure, reason=reason
    )


def _overdue(customer: CustomerFigures, complaint: ComplaintFigures) -> Case:
    """The complaint that waits longest past its promise is the worst."""
    dues = [due for due in (complaint.acknowledge_due_at, complaint.resolve_due_at) if due]
    return Case(
        (complaint.escalated_to, complaint.open_hours or 0.0),
        customer.customer_id,
        customer.tier,
        customer.owner_id,
        min(dues, default=None),
        complaint.complaint_id,
        reason=complaint.reasons.get("reason", complaint.reason),
    )


def _told(customer: CustomerFigures, output: Mapping[str, Any]) -> Case:
    """A case that an output told of, under the customer's owner of now."""
    key, reason = output.get("reason_key"), str(output["reason"])
    return Case(
        (float(TIERS.index(customer.tier)),),
        customer.customer_id,
        customer.tier,
        customer.owner_id,
        output["occurred_at"],
        reason=Told(reason, key, output.get("reason_args") or {}) if key else reason,
    )


def _rank(case: Case) -> tuple[Any, ...]:
    """The worst is the largest; then the newest, then by id, whatever the order they come in."""
    return (*case.score, case.at or "", case.customer_id, case.complaint_id or "")
