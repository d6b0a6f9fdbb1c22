"""Value of one customer as it leaves the product, every class with its reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from domain.customer.answers import score
from domain.customer.state import LEDGER, Customer
from domain.kernel.finding import Finding
from domain.kernel.units import MS_PER_DAY
from domain.money.balances import balance_of
from domain.money.liquidity import deposit_liquidity
from domain.policy import Policy
from domain.value.classes import Scores, classes, growable, net_value
from domain.value.ledger import sums
from domain.value.outlook import outlook
from domain.value.referrals import referral_figures
from domain.value.row import HUNDREDTHS, Row, row_of
from domain.value.trend import trend
from schemas.fields import moment, rfc3339
from schemas.figures import RfmFigures, ValueFigures
from schemas.figures.value import Liquidity, MatrixClass
from schemas.standings import Standings

YEAR_DAYS = 365


class _Bought(NamedTuple):
    """What the ledger says as of a day: over all time, within a year, and of the last purchase."""

    purchases: int
    days: int
    total: float
    year_purchases: int
    year_total: float
    last_at: str | None
    days_since: int | None


def value_figures(
    customer: Customer,
    clock: int,
    policy: Policy,
    standings: Standings | None,
    loyalty: Callable[[Row | None], Finding[MatrixClass]],
) -> ValueFigures:
    """Purchases and their value as of ``clock`` (ms); amounts in base currency.

    Windows are UTC days, today's included. Classes among all customers need ``standings``.
    """
    bought = _bought(customer, clock // MS_PER_DAY)
    moved, liquidity = _liquidity(customer, clock // MS_PER_DAY, policy)
    ahead = outlook(customer, clock, policy)
    row = row_of(customer, clock, policy.value, ahead.expected.clv.value)
    went = trend(customer, clock // MS_PER_DAY, policy.value.trend_days)
    found, net, left, loyal = (
        classes(row, standings, policy), net_value(row), growable(row), loyalty(row)
    )  # fmt: skip
    expected, following, cost = ahead.expected, ahead.next_purchase, ahead.cost_to_serve
    referred = referral_figures(customer, clock, policy)
    # a finding like the others, yet always known: without a contact it is 0
    assert cost.value is not None
    return ValueFigures(
        purchases=bought.purchases,
        purchase_days=bought.days,
        total=bought.total,
        purchases_365_days=bought.year_purchases,
        total_365_days=bought.year_total,
        last_purchase_at=bought.last_at,
        days_since_purchase=bought.days_since,
        moved_30_days=moved,
        liquidity=liquidity.value, liquidity_reason=liquidity.reason,
        wallet_share=score(customer, "wallet_share"),
        clv=expected.clv.value, clv_reason=expected.clv.reason,
        clv_expected_purchases=expected.purchases.value,
        clv_expected_purchases_reason=expected.purchases.reason,
        clv_mean_spend=expected.mean_spend.value,
        clv_mean_spend_reason=expected.mean_spend.reason,
        p_alive=ahead.p_alive.value, p_alive_reason=ahead.p_alive.reason,
        next_purchase_at=_time(following.value), next_purchase_at_reason=following.reason,
        cost_to_serve=cost.value, cost_to_serve_reason=cost.reason,
        rfm=_rfm(row, found.rfm.value), rfm_reason=found.rfm.reason,
        net_value=net.value, net_value_reason=net.reason,
        growable_clv=left.value, growable_clv_reason=left.reason,
        abc=found.abc.value, abc_reason=found.abc.reason,
        relation_class=found.relation_class.value,
        relation_class_reason=found.relation_class.reason,
        clv_class=found.clv_class.value, clv_class_reason=found.clv_class.reason,
        value_90_days=went.value, value_90_days_before=went.before,
        losing_value=went.losing.value, losing_value_reason=went.losing.reason,
        loyalty_matrix=loyal.value, loyalty_matrix_reason=loyal.reason,
        contacts=sum(customer.ledger.contacts) if customer.has(LEDGER) else 0,
        referrals=referred.customers,
        referral_value=referred.value, referral_value_reason=referred.reason,
    )  # fmt: skip


def _bought(customer: Customer, today: int) -> _Bought:
    ledger = customer.ledger if customer.has(LEDGER) else None
    year = sums(customer, today - YEAR_DAYS + 1, today)
    last = ledger.times[-1] if ledger is not None and ledger.times else None
    return _Bought(
        purchases=ledger.purchases if ledger else 0,
        days=ledger.purchase_days if ledger else 0,
        total=ledger.value if ledger else 0.0,
        year_purchases=year.purchases,
        year_total=year.value,
        last_at=_time(last),
        days_since=None if last is None else today - last // MS_PER_DAY,
    )


def _liquidity(customer: Customer, today: int, policy: Policy) -> tuple[float, Finding[Liquidity]]:
    """What was moved within the window, and the class of the deposit by it."""
    days = round(policy.relationship.groups.liquidity_days)
    moved = sums(customer, today - days + 1, today).moved
    return moved, deposit_liquidity(moved, balance_of(customer), policy.relationship)


def _rfm(row: Row | None, scores: Scores | None) -> RfmFigures:
    return RfmFigures(
        recency_days=row and row.recency_days,
        frequency=row and row.facts.frequency,
        monetary=row and row.facts.monetary / HUNDREDTHS,
        r=scores and scores.recency,
        f=scores and scores.frequency,
        m=scores and scores.monetary,
        score=scores and scores.text,
    )


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(moment(at))
