"""The judge of what customers end with: money, complaints, referrals, and lives that are over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from math import isclose
from typing import Any

from tests.chaos.expected import Expected, Money
from tests.chaos.verdict import Verdict

REFERRAL_SHARE = 0.25


def judge_money(verdict: Verdict, expected: Expected, states: Iterable[dict[str, Any]]) -> None:
    """Complaints, balances, purchases and what they are worth less refunds, of each customer."""
    for state in states:
        customer, value = state["customer_id"], state["value"]
        if customer in expected.undecided or customer not in expected.money:
            continue  # who should not be there at all is told elsewhere
        last = value["last_purchase_at"]
        have = Money(
            state["complaints"],
            state["balance"],
            value["purchases"],
            value["total"],
            None if last is None else datetime.fromisoformat(last).timestamp(),
        )
        if have != expected.money[customer]:
            verdict.wrong_money.append(f"{customer}: must be {expected.money[customer]}, is {have}")


def judge_ends(verdict: Verdict, expected: Expected, told: Iterable[dict[str, Any]]) -> None:
    """Each id that was merged ends once, and each person who was erased once under each id."""
    people = expected.people
    ends = [one for one in told if one["dimension"] == "customer"]
    for to_state, must, lost in (
        ("merged", people.merged, verdict.lost_merges),
        ("erased", people.erased, verdict.lost_erasures),
    ):
        found = Counter(one["customer_id"] for one in ends if one["to_state"] == to_state)
        lost.extend(sorted(must - found.keys()))
        verdict.doubled_ends += [f"{one} {to_state} {n} times" for one, n in found.items() if n > 1]
        for one in sorted(found.keys() - must):
            if to_state == "merged" or people.of(one) not in must:
                verdict.unexpected_ends.append(f"{one} {to_state}")
    verdict.merged, verdict.erased = len(people.merged), len(people.erased)


def judge_referrals(
    verdict: Verdict,
    expected: Expected,
    referrals: Iterable[dict[str, Any]],
    states: Iterable[dict[str, Any]],
) -> None:
    """Whoever referred is credited a share of what those referred are worth, all of them once."""
    seen = Counter(told["referral_id"] for told in referrals)
    verdict.referrals = seen.total()
    verdict.doubled_referrals += [f"{one} {n} times" for one, n in seen.items() if n > 1]
    value_of = {state["customer_id"]: state["value"] for state in states}
    for referrer, value in value_of.items():
        if referrer in expected.undecided:
            continue
        sure = {one for one, by in expected.referrer_of.items() if by == referrer}
        maybe = expected.maybe_referred.get(referrer, set())
        must, most = (
            REFERRAL_SHARE * sum(value_of[one]["clv"] or 0.0 for one in some if one in value_of)
            for some in (sure, sure | maybe)
        )
        have, count = value["referral_value"] or 0.0, value["referrals"]
        few, many = len(sure), len(sure | maybe)
        is_right = few < count < many and must <= have <= most
        for some, worth in ((few, must), (many, most)):
            is_right |= count == some and isclose(have, worth, rel_tol=1e-3)
        if not is_right:
            more = f", perhaps {most:.2f} of {many}" if maybe else ""
            verdict.wrong_referral_values.append(
                f"{referrer}: must be {must:.2f} of {few} customers{more}, is {have:.2f} of {count}"
            )
