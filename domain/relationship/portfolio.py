"""The report on relationships: where all customers stand, exactly.

It takes customers as `domain.assembly` gives them. Kept: counts, and the churn risks in
tenths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import fsum
from typing import Final, get_args

import msgspec

from domain.customer.adding_up import AddsUp, share_of
from domain.customer.grouping import ORDERED, UNKNOWN, group_of
from domain.policy import Policy
from domain.relationship.customer_state import STATES
from domain.relationship.lifecycle import PHASES as LIFECYCLE
from domain.relationship.retention import Retention, RetentionPortfolio
from domain.relationship.stages import STAGES
from schemas.figures import CustomerFigures
from schemas.figures.relationship import ContactType, DiamondClass, LoyaltyPhase
from schemas.figures.value import MatrixClass

CLASSES: Final[Mapping[str, tuple[Callable[[CustomerFigures], str | None], tuple[str, ...]]]] = {
    "state": (lambda one: one.relationship.state, STATES),
    "lifecycle_phase": (lambda one: one.relationship.lifecycle_phase, LIFECYCLE),
    "stage": (lambda one: one.relationship.stage, STAGES),
    "loyalty_matrix": (lambda one: one.value.loyalty_matrix, get_args(MatrixClass)),
    "loyalty_diamond": (lambda one: one.relationship.loyalty_diamond, get_args(DiamondClass)),
    "loyalty_phase": (lambda one: one.relationship.loyalty_phase, get_args(LoyaltyPhase)),
    "contact_type": (lambda one: one.relationship.contact_type, get_args(ContactType)),
}
"""Which class of each kind a customer is in, and the values of the kind in order."""
VALUE_CLASSES: Final = ("abc", "clv_class")
BANDS: Final = 10


class Class(msgspec.Struct, frozen=True):
    """Customers of one class, their share of all, and means over those who are known.

    ``satisfaction`` 0-10; ``value`` is the mean value of 365 days in base currency.
    """

    name: str
    customers: int
    share: float
    churn_risk: float | None
    satisfaction: float | None
    value: float | None


class Band(msgspec.Struct, frozen=True):
    """Customers whose churn risk lies in [low, high), the last band with its end."""

    low: float
    high: float
    customers: int
    share: float


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    """Churn risk, and who is lost: ``lost_share`` is of those who ever bought, whenever."""

    known: int
    unknown: int
    mean: float | None
    line: float
    above: int
    above_share: float | None
    buyers: int
    lost: int
    lost_share: float | None
    bands: tuple[Band, ...]


class Cell(msgspec.Struct, frozen=True):
    """Customers of one segment in one class of value."""

    segment: str
    value_class: str
    customers: int


class RelationshipReport(msgspec.Struct, frozen=True, kw_only=True):
    """All tables; means are over the customers of whom the measure is known."""

    currency: str
    customers: int
    classes: dict[str, tuple[Class, ...]]
    churn: Churn
    retention: Retention
    quality: float | None
    quality_known: int
    attitude: float | None
    attitude_known: int
    segments_by_value: dict[str, tuple[Cell, ...]]


class _Mean:
    """Adds up a measure where it is known."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: list[float] = []

    def add(self, value: float | None) -> None:
        if value is not None:
            self.values.append(value)

    @property
    def mean(self) -> float | None:
        return fsum(self.values) / len(self.values) if self.values else None


class RelationshipPortfolio(AddsUp):
    """Adds up customers; ``report`` gives the tables at any time.

    >>> RelationshipPortfolio.of([], Policy()).report().churn.mean is None
    True
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._retention = RetentionPortfolio(policy)
        self._customers = 0
        self._sizes: Counter[tuple[str, str]] = Counter()
        self._means: dict[tuple[str, str, str], _Mean] = {}
        self._risk, self._quality, self._attitude = _Mean(), _Mean(), _Mean()
        self._unknown_risk = self._buyers = self._lost = 0
        self._crossed: dict[str, Counter[tuple[str, str]]] = {
            name: Counter() for name in VALUE_CLASSES
        }

    def add(self, customer: CustomerFigures) -> None:
        """Add one exported customer."""
        relationship, value = customer.relationship, customer.value
        self._customers += 1
        self._retention.add(customer)
        risk = relationship.churn_risk
        self._risk.add(risk)
        self._unknown_risk += risk is None
        self._quality.add(relationship.quality)
        self._attitude.add(relationship.attitude)
        if value.purchases:
            self._buyers += 1
            self._lost += relationship.state == "lost"
        measures = {
            "churn_risk": risk,
            "satisfaction": customer.satisfaction,
            "value": value.total_365_days,
        }
        for kind, (class_of, _) in CLASSES.items():
            label = class_of(customer) or UNKNOWN
            self._sizes[kind, label] += 1
            for measure, known in measures.items():
                self._means.setdefault((kind, label, measure), _Mean()).add(known)
        for name, crossed in self._crossed.items():
            crossed[group_of(customer, "segment"), group_of(customer, name)] += 1

    def report(self) -> RelationshipReport:
        """The tables of all customers added so far."""
        return RelationshipReport(
            currency=self._policy.currency.base,
            customers=self._customers,
            classes={kind: self._table(kind, names) for kind, (_, names) in CLASSES.items()},
            churn=self._churn(),
            retention=self._retention.report(),
            quality=self._quality.mean,
            quality_known=len(self._quality.values),
            attitude=self._attitude.mean,
            attitude_known=len(self._attitude.values),
            segments_by_value={name: self._cells(name) for name in VALUE_CLASSES},
        )

    # -- inside -------------------------------------------------------------------------

    def _table(self, kind: str, names: tuple[str, ...]) -> tuple[Class, ...]:
        if self._sizes[kind, UNKNOWN]:
            names = (*names, UNKNOWN)
        return tuple(
            Class(
                name,
                self._sizes[kind, name],
                share_of(self._sizes[kind, name], self._customers) or 0.0,
                self._mean(kind, name, "churn_risk"),
                self._mean(kind, name, "satisfaction"),
                self._mean(kind, name, "value"),
            )
            for name in names
        )

    def _mean(self, kind: str, name: str, measure: str) -> float | None:
        found = self._means.get((kind, name, measure))
        return None if found is None else found.mean

    def _churn(self) -> Churn:
        risks = self._risk.values
        line = self._policy.alerts.churn_risk
        above = sum(risk >= line for risk in risks)
        sizes = Counter(min(int(risk * BANDS), BANDS - 1) for risk in risks)
        bands = tuple(
            Band(
                place / BANDS,
                (place + 1) / BANDS,
                sizes[place],
                share_of(sizes[place], len(risks)) or 0.0,
            )
            for place in range(BANDS)
        )
        return Churn(
            known=len(risks),
            unknown=self._unknown_risk,
            mean=self._risk.mean,
            line=line,
            above=above,
            above_share=share_of(above, len(risks)),
            buyers=self._buyers,
            lost=self._lost,
            lost_share=share_of(self._lost, self._buyers),
            bands=bands,
        )

    def _cells(self, name: str) -> tuple[Cell, ...]:
        crossed = self._crossed[name]
        segments = sorted(
            {segment for segment, _ in crossed}, key=lambda one: (one == UNKNOWN, one)
        )
        classes = [*ORDERED[name], UNKNOWN]
        return tuple(
            Cell(segment, value_class, crossed[segment, value_class])
            for segment in segments
            for value_class in classes
            if value_class != UNKNOWN or any(crossed[one, UNKNOWN] for one in segments)
        )
