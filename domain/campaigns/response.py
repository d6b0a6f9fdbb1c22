"""How well a campaign was answered, and what it brought for what it cost.

Response = answered / sent: below 2 % weak, 2 to 3 % usual, above good. ROI = (receipts - expenses)
/ expenses, where receipts are the revenue of what was bought through the campaign, and expenses the
costs of its events and its expense documents. Source: domain reference, section 9. What is an
answer (a click or a purchase, of whom it was sent to) is our default.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from domain.campaigns.sums import Sums
from domain.customer.adding_up import share_of
from domain.kernel.units import MICRO
from domain.policy.campaigns import CampaignRules

Grade = Literal["weak", "usual", "good"]


class Row(NamedTuple):
    """A campaign: customers by step, its answers and money (base currency), and its rating (0-10).

    ``expenses`` are of documents alone, ``spent`` is all; ``receipts`` are purchases soon after a
    click, whatever was bought. ``first`` and ``newest`` in ms. ``None`` is what cannot be told.
    """

    campaign: str
    first: int
    newest: int
    sent: int
    reminders: int
    opened: int
    clicked: int
    converted: int
    opted_out: int
    answered: int
    response: float | None
    grade: Grade | None
    cost: float
    expenses: float
    spent: float
    revenue: float
    roi: float | None
    receipts: float
    rating: float | None
    ratings: int


def grade(response: float | None, rules: CampaignRules) -> Grade | None:
    """How good a share of answers is.

    >>> [grade(share, CampaignRules()) for share in (0.0199, 0.02, 0.03, 0.031, None)]
    ['weak', 'usual', 'usual', 'good', None]
    """
    if response is None:
        return None
    if response < rules.weak_below:
        return "weak"
    return "good" if response > rules.good_above else "usual"


def roi(receipts: float, expenses: float) -> float | None:
    """What came back beyond each unit spent; ``None`` where nothing was spent.

    >>> roi(15_000, 10_000), roi(5_000, 10_000), roi(1, 0)
    (0.5, -0.5, None)
    """
    return (receipts - expenses) / expenses if expenses > 0 else None


def row(campaign: str, sums: Sums, rules: CampaignRules) -> Row:
    """All figures of a campaign from what it adds up to over all partitions.

    >>> sums = Sums(sent=100, answered=4, cost=5_000_000, expenses=95_000_000, revenue=150_000_000)
    >>> found = row("spring", sums, CampaignRules())
    >>> found.response, found.grade, found.spent, found.roi
    (0.04, 'good', 100.0, 0.5)
    """
    response = share_of(sums.answered, sums.sent)
    spent = sums.cost + sums.expenses
    return Row(
        campaign=campaign,
        first=sums.first,
        newest=sums.newest,
        sent=sums.sent,
        reminders=sums.reminders,
        opened=sums.opened,
        clicked=sums.clicked,
        converted=sums.converted,
        opted_out=sums.opted_out,
        answered=sums.answered,
        response=response,
        grade=grade(response, rules),
        cost=sums.cost / MICRO,
        expenses=sums.expenses / MICRO,
        spent=spent / MICRO,
        revenue=sums.revenue / MICRO,
        roi=roi(sums.revenue, spent),
        receipts=sums.receipts / MICRO,
        rating=sums.rated / MICRO / sums.ratings if sums.ratings else None,
        ratings=sums.ratings,
    )
