"""Experience of many customers together.

It takes customers as `domain.assembly` gives them. Counts and sums in whole billionths make
it one answer, to the last digit, whatever the order and whatever the partitions that are merged.
Kept: some 100 numbers. ``domain.customer.grouping.Grouped`` makes one for each group of customers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from domain.customer.adding_up import AddsUp
from domain.customer.grouping import UNKNOWN
from domain.experience.accumulated import Accumulated
from domain.experience.group_report import GroupReport, group_report
from domain.experience.indices import nps_group
from domain.experience.path_figures import count_paths
from domain.experience.recovery_portfolio import count_first
from domain.experience.remark_portfolio import count_remarks
from domain.experience.score_rows import inconsistency_signal
from domain.policy import Policy
from schemas.figures import CustomerFigures, ExperienceFigures
from schemas.outputs import Signal


class ExperiencePortfolio(AddsUp):
    """What customers' experience adds up to.

    >>> from msgspec.structs import replace
    >>> from schemas.figures.published import example
    >>> calm = replace(example(), experience=replace(example().experience, nps=9.0))
    >>> angry = replace(calm, experience=replace(calm.experience, nps=2.0, outrage=True))
    >>> found = ExperiencePortfolio.of([calm, calm, angry, angry], Policy()).report()
    >>> found.customers, found.nps.value, found.outrage.value
    (4, 0.0, 0.5)
    """

    def __init__(self, policy: Policy) -> None:
        self._policy, self._rules = policy, policy.experience
        self._sums = Accumulated()

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self._sums.customers += 1
        self._note(customer.satisfaction, customer.experience)
        self._count(customer)

    def merge(self, other: ExperiencePortfolio) -> None:
        """Take the customers of another portfolio."""
        self._sums.merge(other._sums)

    def report(self, name: str = "all") -> GroupReport:
        """All figures, under the name of the group."""
        return group_report(name, self._sums, self._policy)

    def _note(self, satisfaction: float | None, said: ExperienceFigures) -> None:
        """Add what means are made of."""
        note = self._sums.note
        note("satisfaction", satisfaction)
        note("ces", said.ces)
        note("delivered_value", said.delivered_value)
        note("peak_end", said.peak_end)
        for kind, values in (
            ("channel", said.satisfaction_by_channel),
            ("servqual", said.servqual),
            ("acsi", said.acsi_items),
            ("emotion", said.emotions),
        ):
            for name, value in values.items():
                note(f"{kind}.{name}", value)
        for factor, row in said.gaps.items():
            note(f"experience.{factor}", row.experience)
            note(f"expectation.{factor}", row.expectation)
            note(f"importance.{factor}", row.importance)
            note(f"ideal.{factor}", row.ideal if row.ideal_given else None)

    def _count(self, customer: CustomerFigures) -> None:
        """Add what is counted."""
        said, rules, counts = customer.experience, self._rules, self._sums.counts
        if customer.satisfaction is not None:
            level = round(customer.satisfaction, 9)
            counts["satisfied"] += level >= rules.moments.good_from
            counts["dissatisfied"] += level < rules.moments.bad_below
        if said.nps is not None:
            counts[nps_group(said.nps, rules)] += 1
            counts["nps"] += 1
        if said.csat is not None:
            counts["csat_good"] += said.csat >= rules.indices.csat_from
            counts["csat"] += 1
        if said.ratio_band is not None:
            counts[f"band.{said.ratio_band}"] += 1
        count_first(customer, counts)
        counts["complaints"] += customer.complaints
        counts["outraged"] += said.outrage
        _count_lived(said, counts)


def _count_lived(said: ExperienceFigures, counts: Counter[str]) -> None:
    count_paths(said, counts)
    count_remarks(said, counts)
    if said.emotion is not None:
        counts[f"prevails.{said.emotion}"] += 1
    counts["good"] += said.good_moments
    counts["bad"] += said.bad_moments
    counts["kept"] += said.promises_kept
    counts["broken"] += said.promises_broken
    counts["visits"] += bool(said.visit_reasons)
    for reason in said.visit_reasons:
        counts[f"visit.{reason}"] += 1
    for grade, cohort in said.repurchase.items():
        counts[f"{grade}.answers"] += cohort.answers
        counts[f"{grade}.bought"] += cohort.bought


def inconsistency_signals(by: str, groups: Iterable[GroupReport], now: int) -> list[Signal]:
    """A signal for each group that is treated unlike from channel to channel (``now``: ms).

    ``by`` names what they are groups of, such as ``tier``.
    """
    found = [
        inconsistency_signal(by, group.name, group.consistency.finding(), now)
        for group in groups
        if group.name != UNKNOWN
    ]
    return [each for each in found if each is not None]
