"""Campaigns by groups of customers: who got each, who answered, who bought.

Customers are taken as `domain.assembly` gives them, each by the groups that it is in now, as in
every report by group; of each the newest campaigns are known. Counts and money in micro-units make
it one answer whatever the order and the partitioning. Kept: eight numbers for each campaign and
value of a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from domain.campaigns.response import Grade, grade
from domain.customer.adding_up import share_of
from domain.customer.grouping import ORDERED, UNKNOWN, group_of
from domain.kernel.units import MICRO, micro
from domain.policy import Policy
from schemas.figures import CampaignFigures, CustomerFigures

BY_DEFAULT: Final = ("segment", "tier", "abc")
_COUNTS: Final = 8
_SENT, _OPENED, _CLICKED, _CONVERTED, _OPTED_OUT, _ANSWERED, _COST, _REVENUE = range(_COUNTS)


class GroupRow(NamedTuple):
    """A group of customers in a campaign. ``of_sent`` is its share of whom it was sent to, and
    ``of_converted`` of who bought; ``lift`` is the one over the other: above 1 buys more than
    its share. Money in base currency.
    """

    group: str
    sent: int
    opened: int
    clicked: int
    converted: int
    opted_out: int
    response: float | None
    grade: Grade | None
    cost: float
    revenue: float
    of_sent: float | None
    of_converted: float | None
    lift: float | None


class CampaignPortfolio:
    """What customers' campaigns add up to, by group.

    >>> from msgspec.structs import replace
    >>> from schemas.figures.published import example
    >>> got = CampaignFigures(sent_at="2026-03-02T00:00:00.000Z")
    >>> bought = replace(got, converted_at="2026-03-03T00:00:00.000Z", revenue=10.0)
    >>> portfolio = CampaignPortfolio(Policy(), ("tier",))
    >>> for tier, met in (("vip", bought), ("vip", got), ("key", got), ("key", got)):
    ...     portfolio.add(replace(example(), tier=tier, campaigns={"spring": met}))
    >>> [(row.group, row.sent, row.response, row.lift) for row in portfolio.rows("spring", "tier")]
    [('key', 2, 0.0, 0.0), ('vip', 2, 0.5, 2.0)]
    """

    def __init__(self, policy: Policy, groups: Sequence[str] = BY_DEFAULT) -> None:
        self._rules, self.groups = policy.campaigns, tuple(groups)
        # campaign, kind of group, group -> counts
        self._counts: dict[tuple[str, str, str], list[int]] = {}
        self.forgotten = 0

    def add(self, customer: CustomerFigures) -> None:
        """Take one exported customer."""
        self.forgotten += customer.campaigns_forgotten
        if not customer.campaigns:
            return
        names = [(kind, group_of(customer, kind)) for kind in self.groups]
        for campaign, met in customer.campaigns.items():
            counts = _counts_of(met)
            for kind, name in names:
                self._take((campaign, kind, name), counts)

    def merge(self, other: CampaignPortfolio) -> None:
        """Take the customers of another portfolio of the same groups."""
        self.forgotten += other.forgotten
        for key, counts in other._counts.items():
            self._take(key, counts)

    def rows(self, campaign: str, kind: str) -> list[GroupRow]:
        """The groups of a kind in a campaign: in their own order, else the largest first."""
        found = {
            name: counts
            for (of, by, name), counts in self._counts.items()
            if (of, by) == (campaign, kind)
        }
        order = {name: place for place, name in enumerate(ORDERED.get(kind, ()))}
        names = sorted(
            found,
            key=lambda name: (name == UNKNOWN, order.get(name, 0), -found[name][_SENT], name),
        )
        total = [sum(counts) for counts in zip(*found.values(), strict=True)]
        return [self._row(name, found[name], total) for name in names]

    def _take(self, key: tuple[str, str, str], counts: list[int]) -> None:
        kept = self._counts.setdefault(key, [0] * _COUNTS)
        for place, count in enumerate(counts):
            kept[place] += count

    def _row(self, name: str, counts: list[int], total: list[int]) -> GroupRow:
        response = share_of(counts[_ANSWERED], counts[_SENT])
        of_sent = share_of(counts[_SENT], total[_SENT])
        of_converted = share_of(counts[_CONVERTED], total[_CONVERTED])
        lift = None
        if of_sent and of_converted is not None:
            lift = of_converted / of_sent
        return GroupRow(
            group=name,
            sent=counts[_SENT],
            opened=counts[_OPENED],
            clicked=counts[_CLICKED],
            converted=counts[_CONVERTED],
            opted_out=counts[_OPTED_OUT],
            response=response,
            grade=grade(response, self._rules),
            cost=counts[_COST] / MICRO,
            revenue=counts[_REVENUE] / MICRO,
            of_sent=of_sent,
            of_converted=of_converted,
            lift=lift,
        )


def _counts_of(met: CampaignFigures) -> list[int]:
    sent, clicked, converted = (
        int(at is not None) for at in (met.sent_at, met.clicked_at, met.converted_at)
    )
    opened, opted_out = (int(at is not None) for at in (met.opened_at, met.opted_out_at))
    answered = sent and (clicked or converted)
    money = (micro(met.cost), micro(met.revenue))
    return [sent, opened, clicked, converted, opted_out, answered, *money]
