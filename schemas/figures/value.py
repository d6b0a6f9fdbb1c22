"""The figures of a customer's value: purchases, what is expected of them, and classes."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas.figures.terms import Count, Reason, Reasoned, Time, says

Liquidity = Literal["stable", "active", "volatile"]
AbcClass = Literal["A", "B", "C"]
RelationClass = Literal["relational_top", "relational_upper", "relational_lower", "transactional"]
ClvClass = Literal["below_zero", "most_valuable", "most_growable", "migrator"]
MatrixClass = Literal["loyal", "latent", "spurious", "none"]


class RfmFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Recency, frequency and monetary value within the policy's window.

    All are null without a purchase, scores also without standings of all customers.
    """

    recency_days: Annotated[int | None, says("UTC days since the last purchase.")]
    frequency: Annotated[Count | None, says("Purchases within the window.")]
    monetary: Annotated[float | None, says("Value of them, in base currency.")]
    r: Annotated[int | None, says("Score of recency, 1-5; 5 is the most recent fifth.")]
    f: Annotated[int | None, says("Score of frequency, 1-5; 5 is the most frequent fifth.")]
    m: Annotated[int | None, says("Score of monetary value, 1-5; 5 is the highest fifth.")]
    score: Annotated[str | None, says("The three scores as they are written, such as 5-4-3.")]


class ValueFigures(Reasoned, frozen=True, kw_only=True):
    """Purchases, what they are worth, what is expected, and the place among all customers.

    Amounts are in base currency; windows are UTC days, today's included.
    """

    purchases: Annotated[Count, says("Purchases ever, by the policy's definition of one.")]
    purchase_days: Annotated[Count, says("Days with a purchase.")]
    total: Annotated[float, says("Value of all purchases, in base currency.")]
    purchases_365_days: Annotated[Count, says("Purchases within 365 days.")]
    total_365_days: Annotated[float, says("Value of them, in base currency.")]
    last_purchase_at: Annotated[Time | None, says("When the last purchase was.")]
    days_since_purchase: Annotated[int | None, says("UTC days since the last purchase.")]
    moved_30_days: Annotated[
        float,
        says("Amounts moved on the accounts within the liquidity window (30 days), base currency."),
    ]
    liquidity: Annotated[
        Liquidity | None, says("Class of the deposit by the share of the balance that is moved.")
    ]
    liquidity_reason: Reason
    wallet_share: Annotated[
        float | None, says("Our share of what the customer spends, 0-1, as last answered.")
    ]
    clv: Annotated[float | None, says("Customer lifetime value (CLV), in base currency.")]
    clv_reason: Reason
    clv_expected_purchases: Annotated[
        float | None, says("Purchases expected within the policy's horizon (BG/NBD).")
    ]
    clv_expected_purchases_reason: Reason
    clv_mean_spend: Annotated[
        float | None, says("Expected value of a purchase (Gamma-Gamma), in base currency.")
    ]
    clv_mean_spend_reason: Reason
    p_alive: Annotated[
        float | None, says("Probability that the customer still buys, 0-1 (MBG/NBD).")
    ]
    p_alive_reason: Reason
    next_purchase_at: Annotated[
        Time | None, says("When the next purchase is expected: the last plus the median gap.")
    ]
    next_purchase_at_reason: Reason
    cost_to_serve: Annotated[float, says("What all contacts cost, in base currency.")]
    cost_to_serve_reason: Reason
    rfm: Annotated[RfmFigures, says("Recency, frequency and monetary value with their scores.")]
    rfm_reason: Reason
    net_value: Annotated[
        float | None, says("Margins of all purchases less cost to serve, in base currency.")
    ]
    net_value_reason: Reason
    growable_clv: Annotated[
        float | None, says("CLV x (1 / wallet share - 1): what may yet be won, in base currency.")
    ]
    growable_clv_reason: Reason
    abc: Annotated[AbcClass | None, says("ABC class by value within the window.")]
    abc_reason: Reason
    relation_class: Annotated[
        RelationClass | None,
        says("Class of relational customers by value and share of sales, or transactional."),
    ]
    relation_class_reason: Reason
    clv_class: Annotated[ClvClass | None, says("Class by CLV and by CLV to grow.")]
    clv_class_reason: Reason
    loyalty_matrix: Annotated[
        MatrixClass | None, says("Loyalty by attitude and repeat purchases (Dick and Basu).")
    ]
    loyalty_matrix_reason: Reason
    contacts: Annotated[Count, says("Contacts with the service, over all channels.")]
    referrals: Annotated[Count, says("Customers who name this one as their referrer, at most 256.")]
    referral_value: Annotated[float, says("The share of their CLV credited, in base currency.")]
    referral_value_reason: Reason
    value_90_days: Annotated[
        float, says("Value within the days of the trend (90), in base currency.")
    ] = 0.0
    value_90_days_before: Annotated[
        float, says("Value within as many days before them, in base currency.")
    ] = 0.0
    losing_value: Annotated[bool | None, says("Whether the value of the newest 90 days falls.")] = (
        None
    )
    losing_value_reason: Reason = ""
