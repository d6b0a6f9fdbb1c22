"""Referral value: what those are worth whom a customer referred, whatever comes when."""

from __future__ import annotations

from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.state import REFERRALS
from domain.value.referrals import MAX_REFERRED
from schemas.cases import TouchpointBase
from schemas.fields import moment, rfc3339
from schemas.outputs import Referral
from tests.domain import oracle_value as oracle
from tests.domain.bank import DAY, HOUR, START, Events, ms_of
from tests.domain.oracle import in_order, ms
from tests.domain.test_order_of_arrival import THOROUGH
from tests.domain.town import Town, of

NAMES = ("ann", "bob", "cid", "dan")
REFERRERS = ("ann", "bob", "cid", "zoe")


def expected(events: list[Any], now: int) -> dict[str, tuple[int, float]]:
    """By referrer: how many name it last, and a quarter of what they are worth, by brute force."""
    by_name: dict[str, list[Any]] = {}
    erased: dict[str, int] = {}
    for event in events:
        if ms(event) <= erased.get(event.customer_id, 0):
            continue  # occurred before the erasure, and is dropped whenever it comes
        if event.type == "profile" and event.erase:
            by_name.pop(event.customer_id, None)
            erased[event.customer_id] = ms(event)
        else:
            by_name.setdefault(event.customer_id, []).append(event)
    found: dict[str, list[float]] = {}
    for name, theirs in by_name.items():
        named = [
            event.referred_by
            for event in in_order(theirs)
            if event.type == "profile" and "referred_by" in event.model_fields_set
        ]
        if named and named[-1] not in {None, name}:
            bought = [
                (ms(event), event.amount)
                for event in theirs
                if event.type == "transaction" and event.direction == "debit"
            ]
            as_of = max([now, *(at // DAY * DAY for at, _ in bought)])
            worth = oracle.outlook(bought, as_of)["clv"] if bought else 0.0
            found.setdefault(named[-1], []).append(worth)
    return {name: (len(worth), 0.25 * fsum(worth)) for name, worth in found.items()}


@st.composite
def towns(draw: st.DrawFn) -> tuple[list[TouchpointBase], list[tuple[str, str]]]:
    """Events of four customers, each up to a day late, and letters delivered in between.

    Only dan is erased, who refers nobody: an erased referrer forgets whom it referred.
    """
    make, made = Events(), list[tuple[int, int, TouchpointBase]]()
    for number in range(draw(st.integers(1, 25))):
        at = draw(st.integers(0, 40)) * DAY // 2 + draw(st.integers(0, 3)) * HOUR
        name, kind = draw(st.sampled_from(NAMES)), draw(st.integers(0, 9))
        event: TouchpointBase
        if kind <= 3:
            event = make.transaction(at, amount=float(draw(st.integers(1, 500))))
        elif kind == 4:
            event = make.transaction(at, direction="credit")
        elif kind == 5:
            event = make.click(at)
        elif kind == 6 and draw(st.integers(0, 3)) == 0:
            event, name = make.profile(at, erase=True), "dan"
        else:
            event = make.profile(at, referred_by=draw(st.sampled_from((*REFERRERS, None))))
        made.append((at + draw(st.integers(0, DAY)), number, of(name, event)))
    pairs = st.tuples(st.sampled_from(NAMES), st.sampled_from(REFERRERS))
    letters = draw(st.lists(pairs, max_size=25))
    return [event for *_, event in sorted(made, key=lambda each: each[:2])], letters


@pytest.mark.timeout(600)
@settings(THOROUGH, max_examples=100)
@given(towns(), st.booleans(), st.integers(0, 400))
def test_it_is_a_share_of_what_all_referred_customers_are_worth_now(
    made: tuple[list[TouchpointBase], list[tuple[str, str]]], reload: bool, days: int
) -> None:
    events, letters = made
    town, left = Town(reload=reload), list(letters)
    for event in events:
        town.take(event)
        if left:
            town.deliver(*left.pop(0))
    town.until((21 + days) * DAY).deliver_all()
    right = expected(events, START + (21 + days) * DAY)
    for name in (*NAMES, "zoe"):
        figures = town.figures(name)["value"]
        count, value = right.get(name, (0, 0.0))
        assert figures["referrals"] == count, name
        assert figures["referral_value"] == pytest.approx(value, rel=1e-6), name
    assert len({each.referral_id for each in town.sent}) == len(town.sent)


def test_what_one_told_before_the_erasure_is_no_referral_whenever_it_comes() -> None:
    make = Events()
    erased = of("dan", make.profile(12 * HOUR, erase=True))
    events = [erased, of("dan", make.profile(6 * HOUR, referred_by="ann"))]
    town = Town().take(*events).until(DAY).deliver_all()
    assert (town.figures("ann")["value"]["referrals"], expected(events, START + DAY)) == (0, {})
    late = of("dan", make.profile(13 * HOUR, referred_by="ann"))
    town.take(late).deliver_all()
    assert town.figures("ann")["value"]["referrals"] == 1
    assert expected([*events, late], START + DAY) == {"ann": (1, 0.0)}


@pytest.mark.timeout(600)
@settings(THOROUGH, max_examples=100)
@given(towns())
def test_what_others_tell_is_no_event_of_the_referrer(
    made: tuple[list[TouchpointBase], list[tuple[str, str]]],
) -> None:
    told, untold = Town(), Town()
    for event in made[0]:
        told.take(event).deliver_all()
        untold.take(event)
    for town in (told, untold):
        town.until(30 * DAY)
    assert told.outputs == untold.outputs
    assert told.ctx.aggregates.to_bytes() == untold.ctx.aggregates.to_bytes()
    for name in NAMES:
        ours, theirs = told.figures(name), untold.figures(name)
        for figures in (ours, theirs):
            for figure in ("referrals", "referral_value", "referral_value_reason"):
                del figures["value"][figure]
        assert ours == theirs
        one, other = told.customer(name), untold.customer(name)
        assert one.core.other_parts | REFERRALS == other.core.other_parts | REFERRALS
        assert one.recent.window_counts(START) == other.recent.window_counts(START)
        assert one.next_due == other.next_due


def test_each_record_says_who_what_and_why() -> None:
    make = Events()
    town = Town().take(
        of("bob", make.profile(0, referred_by="ann")),
        of("bob", make.transaction(HOUR, amount=100.0)),
        of("bob", make.transaction(2 * HOUR, direction="credit")),
        of("bob", make.transaction(8 * DAY, amount=300.0)),
        of("bob", make.profile(9 * DAY, referred_by="cid")),
        of("bob", make.profile(10 * DAY, erase=True)),
    )
    told = [(each.referrer, each.state, each.version, each.cause) for each in town.sent]
    assert told == [
        ("ann", "referred", 1, ("e-00001",)),
        ("ann", "referred", 2, ("e-00002",)),
        ("ann", "referred", 3, ("e-00004",)),
        ("ann", "withdrawn", 4, ("e-00005",)),
        ("cid", "referred", 5, ("e-00005",)),
        ("cid", "withdrawn", 6, ("e-00006",)),
    ]
    assert {each.key for each in town.sent} == {b"ann", b"cid"}
    assert [each.clv > 0 for each in town.sent] == [False, True, True, False, True, False]
    third = town.sent[2]
    assert third.purchases is not None
    assert (third.purchases.repeats, third.purchases.mean_spend) == (1, 300.0)
    assert third.reason.startswith("A purchase: with 1 repeat purchase the")
    assert town.sent[3].reason == "cid is named as the referrer now."


def test_silence_is_told_when_the_state_moves() -> None:
    make = Events()
    town = Town().take(of("bob", make.profile(0, referred_by="ann")))
    town.take(*(of("bob", make.transaction(n * 7 * DAY)) for n in range(8)))
    before = len(town.sent)
    town.until(200 * DAY)
    later = town.sent[before:]
    assert [each.reason.split(":")[0] for each in later] == ["The customer state changed"] * 2
    assert all(ms_of(each.occurred_at) % DAY == 0 for each in later)
    assert town.sent[before - 1].clv > later[0].clv > later[1].clv
    told = town.deliver_all().figures("ann")["value"]["referral_value"]
    bought = [(START + n * 7 * DAY, 10.0) for n in range(8)]
    assert told == pytest.approx(0.25 * oracle.outlook(bought, START + 200 * DAY)["clv"], rel=1e-6)


def test_nobody_refers_themselves_and_who_was_not_referred_tells_nothing() -> None:
    make = Events()
    town = Town().take(
        of("ann", make.profile(0, referred_by="ann", region="north")),
        of("ann", make.transaction(1)),
        of("bob", make.transaction(2)),
        of("bob", make.profile(3, referred_by=None)),
    )
    assert town.sent == []
    for name in ("ann", "bob"):
        written = town.save(name)
        assert not [key for key, _ in written if key[:1] == b"f"]


def record(number: int, clv: float, version: int = 1, **fields: Any) -> Referral:
    return Referral(
        referral_id=f"r-{number}-{version}", referrer="ann", referred=f"c-{number:04d}",
        occurred_at=rfc3339(moment(START + number)), clv=clv, version=version, reason="Told.",
        **fields,
    )  # fmt: skip


def put(town: Town, *records: Referral) -> None:
    for each in records:
        town.send([each])
    town.deliver_all()


@pytest.mark.parametrize("falling", [False, True])
def test_of_more_than_256_the_smallest_leave_and_are_counted(falling: bool) -> None:
    town, numbers = Town(reload=True), list(range(300))
    put(town, *(record(n, float(n)) for n in (numbers[::-1] if falling else numbers)))
    kept = town.customer("ann").referrals
    assert sorted(kept.referred) == [f"c-{n:04d}" for n in range(300 - MAX_REFERRED, 300)]
    assert kept.dropped == 300 - MAX_REFERRED
    assert len(town.records[b"fann"]) < 12_000
    figures = town.figures("ann")["value"]
    assert figures["referrals"] == MAX_REFERRED
    assert "44 more were left out: at most 256 are kept." in figures["referral_value_reason"]


def test_a_repeated_or_older_record_changes_nothing() -> None:
    town = Town()
    put(town, record(1, 5.0, 2), record(1, 9.0, 3), record(1, 5.0, 2), record(1, 9.0, 3))
    assert town.customer("ann").referrals.referred["c-0001"].clv == 9.0
    put(town, record(1, 0.0, 2, state="withdrawn"))
    assert town.figures("ann")["value"]["referrals"] == 1
    put(town, record(1, 0.0, 4, state="withdrawn"))
    assert town.figures("ann")["value"]["referrals"] == 0


def test_an_erased_referrer_keeps_nothing_of_those_referred() -> None:
    make = Events()
    town = Town()
    put(town, record(1, 5.0), record(2, 6.0))
    town.take(of("ann", make.click(0)))
    town.save("ann")
    assert b"fann" in town.records
    town.take(of("ann", make.profile(1, erase=True)))
    town.save("ann")
    assert town.records == {}
