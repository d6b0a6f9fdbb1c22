"""The classes of a customer among all customers, each with the figures and lines it follows from.

A figure is compared as a whole number with a line that is one too, and is in the upper class only
above it; so a customer's score agrees with the totals of the standings, although a line lies up
to ``relative_error`` beside the exact one. Without standings, what needs all customers is unknown.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final, NamedTuple

from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.policy.value import SCORES
from domain.value.row import HUNDREDTHS, Row
from schemas.figures.value import AbcClass, ClvClass, RelationClass
from schemas.standings import Standings
from schemas.told import Argument, Told

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


_LINES: Final = {"count": ",.0f", "money": ",.2f"}
UP_TO: Final = {
    name: Wording(f"between.up_to_{name}", f"up to {{until:{form}}}")
    for name, form in _LINES.items()
}
ABOVE: Final = {
    name: Wording(f"between.above_{name}", f"above {{over:{form}}}")
    for name, form in _LINES.items()
}
BETWEEN: Final = {
    name: Wording(f"between.lines_{name}", f"above {{over:{form}}} up to {{until:{form}}}")
    for name, form in _LINES.items()
}
RFM: Final = Wording(
    "rfm.scores",
    "Last purchase {recency:count day} ago ({r}: {recent:said}), {frequency:count purchase} in"
    " {days} days ({f}: {often:said}), worth {value:,.2f} {currency} ({m}: {much:said}).",
)
_WORTH: Final = "Worth {value:,.2f} {currency} in {days} days,"
_A: Final = "{a_line:,.2f}, above which customers make {a_share:share} of all value"
_B: Final = "{b_line:,.2f}, above which they make {b_share:share}"
ABC_A: Final = Wording("abc.a", f"{_WORTH} above {_A}.")
ABC_B: Final = Wording("abc.b", f"{_WORTH} up to {_A}, and above {_B}.")
ABC_C: Final = Wording("abc.c", f"{_WORTH} up to {_B} of all value.")
_BOUGHT: Final = "{purchases:count purchase} over {span:count day}"
TRANSACTIONAL: Final = Wording(
    "relation_class.transactional",
    _BOUGHT + "; relational is from {least} over {least_days:g} on.",
)
_RELATIONAL: Final = _BOUGHT + ", relational; worth {value:,.2f} {currency} in {days} days,"
_TOP: Final = "{top:,.2f}, above which customers make the first {top_share:share} of sales"
_UPPER: Final = "{upper:,.2f}, above which they make the next {upper_share:share}"
TOP: Final = Wording("relation_class.top_of_sales", f"{_RELATIONAL} above {_TOP}.")
UPPER: Final = Wording(
    "relation_class.upper_of_sales", f"{_RELATIONAL} up to {_TOP}, and above {_UPPER}."
)
LOWER: Final = Wording("relation_class.lower_of_sales", f"{_RELATIONAL} up to {_UPPER}.")
BELOW_ZERO: Final = Wording(
    "clv_class.below_zero", "Value less cost to serve is {net:,.2f} {currency}, below 0."
)
_LINE: Final = "{line:,.2f}, the line of the top {share:share}"
VALUABLE: Final = Wording("clv_class.valuable", f"CLV {{clv:,.2f}} {{currency}}, above {_LINE}.")
_BELOW: Final = f"CLV {{clv:,.2f}} {{currency}}, up to {_LINE};"
NO_SHARE: Final = Wording(
    "clv_class.no_share", f"{_BELOW} how growable is not known without a wallet share."
)
_GROWS: Final = (
    f"{_BELOW} wallet share {{wallet:.2f}} leaves {{growable:,.2f}} {{currency}} to grow,"
)
_GROWING: Final = "{growable_line:,.2f}, the line of the top {growable_share:share}"
GROWABLE: Final = Wording("clv_class.growable", f"{_GROWS} above {_GROWING}.")
MIGRATOR: Final = Wording("clv_class.migrator", f"{_GROWS} up to {_GROWING}.")
NET: Final = Wording(
    "value.net", "Value of all purchases less what all contacts cost is {net:,.2f}."
)
TO_GROW: Final = Wording("value.to_grow", "CLV {clv:,.2f} at a wallet share of {share:.2f}.")


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
    reason = RFM(
        recency=days,
        r=scores.recency,
        recent=_between(standings.recency_days, SCORES - scores.recency, "count"),
        frequency=purchases,
        days=standings.window_days,
        f=scores.frequency,
        often=_between(standings.frequency, scores.frequency - 1, "count"),
        value=amount,
        currency=policy.currency.base,
        m=scores.monetary,
        much=_between(standings.monetary, scores.monetary - 1, "money"),
    )
    return Finding(scores, reason)


def abc(row: Row | None, standings: Standings | None, policy: Policy) -> Finding[AbcClass]:
    """A are those who make most of all value, B those who make most of the rest, C the others."""
    lacking = _lacking(row, standings)
    if row is None or standings is None:
        return unknown("The ABC class", lacking)
    a_above, b_above = standings.a_above, standings.b_above
    if a_above is None or b_above is None:
        return unknown("The ABC class", (f"value in {standings.window_days} days",))
    shares, value = policy.value.abc, row.facts.monetary / HUNDREDTHS
    worth: dict[str, Argument] = {
        "value": value,
        "currency": policy.currency.base,
        "days": standings.window_days,
    }
    a_line = {"a_line": a_above, "a_share": shares.a_until}
    b_line = {"b_line": b_above, "b_share": shares.b_until}
    if value > a_above:
        return Finding("A", ABC_A(**worth, **a_line))
    if value > b_above:
        return Finding("B", ABC_B(**worth, **a_line, **b_line))
    return Finding("C", ABC_C(**worth, **b_line))


def relation_class(
    row: Row | None, standings: Standings | None, policy: Policy
) -> Finding[RelationClass]:
    """Transactional customers need no line; relational ones are ranked among themselves.

    In falling order of value those are the top who make up the first tenth of all their sales
    (purchases), the upper class those who make up the next 40 %, the lower half the others.
    """
    if row is None:
        return unknown("The relationship class", NO_PURCHASE)
    limits, facts = policy.value.relation, row.facts
    bought = {"purchases": facts.purchases, "span": facts.span_days}
    if not row.relational:
        reason = TRANSACTIONAL(least=limits.purchases, least_days=limits.days, **bought)
        return Finding("transactional", reason)
    if standings is None:
        return unknown("The class among relational customers", NO_STANDINGS)
    top, upper = standings.relational_top_above, standings.relational_upper_above
    if top is None or upper is None:
        return unknown("The class among relational customers", ("sales to relational customers",))
    value = facts.monetary / HUNDREDTHS
    worth: dict[str, Argument] = {
        **bought,
        "value": value,
        "currency": policy.currency.base,
        "days": standings.window_days,
    }
    top_line = {"top": top, "top_share": limits.top}
    upper_line = {"upper": upper, "upper_share": limits.upper}
    if value > top:
        return Finding("relational_top", TOP(**worth, **top_line))
    if value > upper:
        return Finding("relational_upper", UPPER(**worth, **top_line, **upper_line))
    return Finding("relational_lower", LOWER(**worth, **upper_line))


def clv_class(row: Row | None, standings: Standings | None, policy: Policy) -> Finding[ClvClass]:
    """The first that holds: below zero, most valuable, most growable; else a migrator.

    A wallet share that was never told, or of 0, makes nobody growable.
    """
    if row is None:
        return unknown("The CLV class", NO_PURCHASE)
    facts, shares = row.facts, policy.value.clv_classes
    if facts.below_zero:
        reason = BELOW_ZERO(net=facts.net / HUNDREDTHS, currency=policy.currency.base)
        return Finding("below_zero", reason)
    if standings is None:
        return unknown("The CLV class", NO_STANDINGS)
    clv: dict[str, Argument] = {
        "clv": row.clv / HUNDREDTHS,
        "currency": policy.currency.base,
        "line": standings.clv_above,
        "share": shares.most_valuable,
    }
    if row.clv / HUNDREDTHS > standings.clv_above:
        return Finding("most_valuable", VALUABLE(**clv))
    if row.growable is None or standings.growable_above is None:
        return Finding("migrator", NO_SHARE(**clv))
    clv |= {
        "wallet": facts.wallet_share,
        "growable": row.growable / HUNDREDTHS,
        "growable_line": standings.growable_above,
        "growable_share": shares.most_growable,
    }
    if row.growable / HUNDREDTHS > standings.growable_above:
        return Finding("most_growable", GROWABLE(**clv))
    return Finding("migrator", MIGRATOR(**clv))


def net_value(row: Row | None) -> Finding[float]:
    """Margins less cost to serve; without margins it cannot be told what a customer brings in."""
    if row is None:
        return unknown("The value less cost to serve", NO_PURCHASE)
    if not row.facts.has_margin:
        return unknown("The value less cost to serve", ("a margin",))
    net = row.facts.net / HUNDREDTHS
    return Finding(net, NET(net=net))


def growable(row: Row | None) -> Finding[float]:
    """CLV x (1 / wallet share - 1): what the customer may yet bring who now buys elsewhere."""
    if row is None:
        return unknown("The CLV to grow", NO_PURCHASE)
    if row.growable is None:
        return unknown("The CLV to grow", ("a wallet share above 0",))
    share, clv = row.facts.wallet_share, row.clv / HUNDREDTHS
    return Finding(row.growable / HUNDREDTHS, TO_GROW(clv=clv, share=share))


def _lacking(row: Row | None, standings: Standings | None) -> tuple[str, ...]:
    return NO_PURCHASE if row is None else NO_STANDINGS if standings is None else ()


def _between(lines: tuple[float, ...], place: int, form: str) -> Told:
    """The range of one of the five parts that four lines make.

    >>> [_between((3.0, 9.0, 24.0, 71.0), place, "count") for place in (0, 1, 4)]
    ['up to 3', 'above 3 up to 9', 'above 71']
    """
    if not place:
        return UP_TO[form](until=lines[0])
    if place == len(lines):
        return ABOVE[form](over=lines[-1])
    return BETWEEN[form](over=lines[place - 1], until=lines[place])
