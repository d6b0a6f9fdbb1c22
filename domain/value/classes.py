"""The classes of a customer among all customers, each with the figures and lines it follows from.

A figure is compared as a whole number with a line that is one too, and is in the upper class only
above it; so a customer's score agrees with the totals of the standings, although a line lies up
to ``relative_error`` beside the exact one. Without standings, what needs all customers is unknown.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

from domain.kernel.finding import Finding, unknown
from domain.kernel.phrases import counted
from domain.policy import Policy
from domain.policy.value import SCORES
from domain.value.row import HUNDREDTHS, Row
from schemas.figures.value import AbcClass, ClvClass, RelationClass
from schemas.standings import Standings

NO_PURCHASE: Final = ("a purchase",)
NO_STANDINGS: Final = ("standings of all customers",)


class Scores(NamedTuple):
    """RFM scores, 1-5 each; 5 is best."""

    recency: int
    frequency: int
    monetary: int

    @property
    def text(self) -> str:
        """The scores as they are written."""
        return f"{self.recency}-{self.frequency}-{self.monetary}"


class Classes(NamedTuple):
    """Every class of a customer's value."""

    rfm: Finding[Scores]
    abc: Finding[AbcClass]
    relation_class: Finding[RelationClass]
    clv_class: Finding[ClvClass]


def classes(row: Row | None, standings: Standings | None, policy: Policy) -> Classes:
    """All classes of the customer with this row; ``None`` stands for one without a purchase."""
    return Classes(
        rfm(row, standings, policy),
        abc(row, standings, policy),
        relation_class(row, standings, policy),
        clv_class(row, standings, policy),
    )


def rfm(row: Row | None, standings: Standings | None, policy: Policy) -> Finding[Scores]:
    """Recency, frequency and monetary value, each scored by four lines: above more, higher."""
    lacking = _lacking(row, standings)
    if row is None or standings is None:
        return unknown("The RFM score", lacking)
    days, purchases, value = row.recency_days, row.facts.frequency, row.facts.monetary
    amount = value / HUNDREDTHS
    scores = Scores(
        SCORES - bisect_left(standings.recency_days, days),
        1 + bisect_left(standings.frequency, purchases),
        1 + bisect_left(standings.monetary, amount),
    )
    recent = _between(standings.recency_days, SCORES - scores.recency, "{:,.0f}")
    often = _between(standings.frequency, scores.frequency - 1, "{:,.0f}")
    much = _between(standings.monetary, scores.monetary - 1, "{:,.2f}")
    return Finding(
        scores,
        f"Last purchase {counted(days, 'day')} ago ({scores.recency}: {recent}),"
        f" {counted(purchases, 'purchase')} in {standings.window_days} days"
        f" ({scores.frequency}: {often}), worth {_money(value, policy)}"
        f" ({scores.monetary}: {much}).",
    )


def abc(row: Row | None, standings: Standings | None, policy: Policy) -> Finding[AbcClass]:
    """A are those who make most of all value, B those who make most of the rest, C the others."""
    lacking = _lacking(row, standings)
    if row is None or standings is None:
        return unknown("The ABC class", lacking)
    a_above, b_above = standings.a_above, standings.b_above
    if a_above is None or b_above is None:
        return unknown("The ABC class", (f"value in {standings.window_days} days",))
    shares, value = policy.value.abc, row.facts.monetary / HUNDREDTHS
    worth = f"Worth {_money(row.facts.monetary, policy)} in {standings.window_days} days"
    a_line = f"{a_above:,.2f}, above which customers make {_percent(shares.a_until)} of all value"
    b_line = f"{b_above:,.2f}, above which they make {_percent(shares.b_until)}"
    if value > a_above:
        return Finding("A", f"{worth}, above {a_line}.")
    if value > b_above:
        return Finding("B", f"{worth}, up to {a_line}, and above {b_line}.")
    return Finding("C", f"{worth}, up to {b_line} of all value.")


def relation_class(
    row: Row | None, standings: Standings | None, policy: Policy
) -> Finding[RelationClass]:
    """Transactional customers need no line; relational ones are ranked among themselves."""
    if row is None:
        return unknown("The relationship class", NO_PURCHASE)
    limits, facts = policy.value.relation, row.facts
    bought = f"{counted(facts.purchases, 'purchase')} over {counted(facts.span_days, 'day')}"
    least = f"{limits.purchases} over {limits.days:g}"
    if not row.relational:
        return Finding("transactional", f"{bought}; relational is from {least} on.")
    if standings is None:
        return unknown("The class among relational customers", NO_STANDINGS)
    top, upper = standings.relational_top_above, standings.relational_upper_above
    if top is None or upper is None:
        return unknown("The class among relational customers", ("other relational customers",))
    value = facts.monetary / HUNDREDTHS
    worth = f"{bought}, relational; worth {_money(facts.monetary, policy)}"
    worth += f" in {standings.window_days} days"
    top_words = f"{top:,.2f}, the line of the top {_percent(limits.top)}"
    upper_words = f"{upper:,.2f}, the line of the next {_percent(limits.upper)}"
    if value > top:
        return Finding("relational_top", f"{worth}, above {top_words}.")
    if value > upper:
        return Finding("relational_upper", f"{worth}, up to {top_words}, above {upper_words}.")
    return Finding("relational_lower", f"{worth}, up to {upper_words}.")


def clv_class(row: Row | None, standings: Standings | None, policy: Policy) -> Finding[ClvClass]:
    """The first that holds: below zero, most valuable, most growable; else a migrator.

    A wallet share that was never told, or of 0, makes nobody growable.
    """
    if row is None:
        return unknown("The CLV class", NO_PURCHASE)
    facts, shares = row.facts, policy.value.clv_classes
    if facts.below_zero:
        net = _money(facts.net, policy)
        return Finding("below_zero", f"Value less cost to serve is {net}, below 0.")
    if standings is None:
        return unknown("The CLV class", NO_STANDINGS)
    line = f"{standings.clv_above:,.2f}, the line of the top {_percent(shares.most_valuable)}"
    clv = f"CLV {_money(row.clv, policy)}"
    if row.clv / HUNDREDTHS > standings.clv_above:
        return Finding("most_valuable", f"{clv}, above {line}.")
    below = f"{clv}, up to {line}"
    if row.growable is None or standings.growable_above is None:
        return Finding("migrator", f"{below}; how growable is not known without a wallet share.")
    share = f"wallet share {facts.wallet_share:.2f} leaves {_money(row.growable, policy)} to grow"
    line = f"{standings.growable_above:,.2f}, the line of the top {_percent(shares.most_growable)}"
    if row.growable / HUNDREDTHS > standings.growable_above:
        return Finding("most_growable", f"{below}; {share}, above {line}.")
    return Finding("migrator", f"{below}; {share}, up to {line}.")


def net_value(row: Row | None) -> Finding[float]:
    """Margins less cost to serve; without margins it cannot be told what a customer brings in."""
    if row is None:
        return unknown("The value less cost to serve", NO_PURCHASE)
    if not row.facts.has_margin:
        return unknown("The value less cost to serve", ("a margin",))
    net = row.facts.net / HUNDREDTHS
    return Finding(net, f"Value of all purchases less what all contacts cost is {net:,.2f}.")


def growable(row: Row | None) -> Finding[float]:
    """CLV x (1 / wallet share - 1): what the customer may yet bring who now buys elsewhere."""
    if row is None:
        return unknown("The CLV to grow", NO_PURCHASE)
    if row.growable is None:
        return unknown("The CLV to grow", ("a wallet share above 0",))
    share, clv = row.facts.wallet_share, row.clv / HUNDREDTHS
    return Finding(row.growable / HUNDREDTHS, f"CLV {clv:,.2f} at a wallet share of {share:.2f}.")


def _lacking(row: Row | None, standings: Standings | None) -> tuple[str, ...]:
    return NO_PURCHASE if row is None else NO_STANDINGS if standings is None else ()


def _between(lines: tuple[float, ...], place: int, form: str) -> str:
    """The range of one of the five parts that four lines make.

    >>> [_between((3.0, 9.0, 24.0, 71.0), place, "{:g}") for place in (0, 1, 4)]
    ['up to 3', 'above 3 up to 9', 'above 71']
    """
    over = f"above {form.format(lines[place - 1])}" if place else ""
    until = f"up to {form.format(lines[place])}" if place < len(lines) else ""
    return " ".join(filter(None, (over, until)))


def _money(amount: int, policy: Policy) -> str:
    return f"{amount / HUNDREDTHS:,.2f} {policy.currency.base}"


def _percent(share: float) -> str:
    return f"{round(100 * share, 4):g}%"
