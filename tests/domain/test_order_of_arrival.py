"""Within 24 hours of lateness, any order of arrival ends in the same figures: the right ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.alerts.ids import first_id
from domain.kernel.scales import TIERS
from schemas.cases import TouchpointBase
from tests.domain import oracle
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task

SPAN_HOURS = 24 * 20
BALANCES = (50_000.0, 150_000.0, 250_000.0, 299_999.99, 300_000.0, 900_000.0, 9_000_000.0)
# Which alerts are raised depends on what was known when; so does what the desk finds open, and
# which care tasks are proposed: what becomes of them does not (tests/domain/care/test_book.py).
DEPENDS_ON_ORDER = {
    "irregular_steps", "suppressed_alerts", "repeats",
    "alerts_open", "alerts_acknowledged", "alerts_forgotten", "desk_unmatched", "care",
}  # fmt: skip

THOROUGH = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[phase for phase in Phase if phase is not Phase.explain],
)
PATIENT = pytest.mark.timeout(600)

Made = tuple[TouchpointBase, int]


@st.composite
def arrivals(
    draw: st.DrawFn, *, most: int = 20, hours: int = SPAN_HOURS, lateness: int = DAY
) -> list[TouchpointBase]:
    """Events in an order of arrival in which none is later than ``lateness`` (ms)."""
    make = Events()
    made: list[Made] = []
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, hours)) * HOUR + draw(st.sampled_from((0, 0, MINUTE)))
        delay = draw(st.integers(0, lateness))
        made.append((draw(events_at(make, at)), at + delay))
    made.sort(key=lambda each: each[1])
    return [event for event, _ in made]


places: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={"sequence": st.integers(0, 3), "microseconds": st.sampled_from((0, 1, 999))},
)
"""What tells events of one millisecond apart."""


def event_ids(make: Events) -> st.SearchStrategy[str | None]:
    """None, or an id whose numbers are not as long as others'."""
    return st.none() | st.just(f"e-{make.made + 1}")


@st.composite
def events_at(draw: st.DrawFn, make: Events, at: int) -> TouchpointBase:
    """Any event that moves a figure."""
    kind = draw(st.integers(0, 8))
    if kind == 0:
        action = draw(st.sampled_from(("launch", "tab_switch", "news_view", "error")))
        return make.click(at, action, "push" if action == "launch" else None)
    if kind <= 2:
        account = draw(st.sampled_from(("a-1", "a-2")))
        direction = draw(st.sampled_from(("credit", "debit")))
        balance = draw(st.sampled_from(BALANCES))
        amount = draw(st.sampled_from((10.0, 10.0, 200_000.0)))
        refund = direction == "credit" and draw(st.booleans())
        return make.transaction(
            at,
            balance,
            account=account,
            direction=direction,
            amount=amount,
            currency=draw(st.sampled_from(("CNY", "CNY", "USD"))),
            refund_of="e-00001" if refund and draw(st.booleans()) else None,
            category="refund" if refund else None,
            event_id=draw(event_ids(make)),
            **draw(places),
        )
    if kind == 3:
        statuses = ("opened", "opened", "acknowledged", "resolved", "reopened", "withdrawn")
        status = draw(st.sampled_from(statuses))
        which = draw(st.sampled_from(("k-1", "k-2")))
        said = status == "opened" or draw(st.booleans())
        return make.complaint(
            at,
            status,
            complaint_id=which,
            severity=draw(st.integers(1, 5)) if said else None,
            is_complex=draw(st.sampled_from((None, True, False))),
            event_id=draw(event_ids(make)),
            **draw(places),
        )
    if kind == 4:
        return make.survey(at, draw(st.sampled_from(("csat", "nps", "ces"))), float(draw(scores)))
    if kind == 5:
        outcome = draw(st.sampled_from(("resolved", "unresolved", "abandoned")))
        which = draw(st.sampled_from(("s-1", "s-2", "s-3")))
        return make.contact(at, draw(st.sampled_from((30, 400, 700))), outcome, contact_id=which)
    if kind == 7:
        # of a large payment, or of nothing that is known
        alert_id = first_id(
            "large_transaction", CUSTOMER, "transaction", f"e-{draw(st.integers(1, 25)):05d}"
        )
        action = draw(st.sampled_from(("acknowledged", "resolved", "snoozed")))
        return make.desk(at, alert_id, action, until=at + HOUR if action == "snoozed" else None)
    if kind == 8:
        action = draw(
            st.sampled_from(("sent", "clicked", "clicked", "converted", "opted_out", "opted_in"))
        )
        return make.campaign(at, action, channel=draw(st.sampled_from(("sms", "email"))))
    if draw(st.booleans()):
        pin = draw(st.sampled_from((None, "standard", "vip", "private")))
        return make.profile(at, tier_pin=pin, owner_id="m-1", consent={"sms": True})
    which = draw(st.sampled_from(("s-1", "s-2", "s-3")))
    return make.feedback(at, draw(st.sampled_from(("praise", "callback_done"))), contact_id=which)


scores = st.integers(1, 5)


def agree(got: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equal, floats to 1e-9."""
    for name, value in expected.items():
        if isinstance(value, float):
            assert got[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name
        elif isinstance(value, dict):
            assert got[name].keys() == value.keys(), name
            agree(got[name], value)
        else:
            assert got[name] == value, name


def stable(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures that do not depend on the order of arrival."""
    return {name: value for name, value in figures.items() if name not in DEPENDS_ON_ORDER}


@PATIENT
@settings(THOROUGH, max_examples=100)
@given(arrivals(), st.integers(0, 40 * 24))
def test_any_order_of_arrival_ends_in_what_brute_force_says(
    events: list[TouchpointBase], hours_after: int
) -> None:
    end = (SPAN_HOURS + 1 + hours_after) * HOUR
    task = Task().take(*events).until(end)
    got = task.figures()
    agree(got, oracle.figures(events, START + end))
    agree(got["value"], oracle.bought(events, START + end))
    # The partition's counts are those of its one customer.
    tier = TIERS.index(got["tier"])
    for counts, figure in (
        (task.ctx.aggregates.customers, 1),
        (task.ctx.aggregates.complaints_open, got["complaints_open"]),
        (task.ctx.aggregates.complaints_overdue, got["complaints_overdue"]),
    ):
        assert counts == [figure if index == tier else 0 for index in range(len(TIERS))]


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(arrivals())
def test_every_figure_is_the_same_as_in_order_of_time(events: list[TouchpointBase]) -> None:
    end = (SPAN_HOURS + 24) * HOUR
    shuffled = Task().take(*events).until(end).figures()
    sorted_ = Task().take(*oracle.in_order(events)).until(end).figures()
    agree(stable(shuffled), stable(sorted_))


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(st.data())
def test_any_permutation_of_one_day_is_the_same(data: st.DataObject) -> None:
    events = data.draw(arrivals(most=20, hours=23))
    permuted = data.draw(st.permutations(events))
    end = 3 * DAY
    first = Task().take(*events).until(end).figures()
    second = Task().take(*permuted).until(end).figures()
    agree(stable(first), stable(second))


@PATIENT
@settings(THOROUGH, max_examples=100)
@given(st.data())
def test_events_of_one_instant_have_one_order(data: st.DataObject) -> None:
    events = data.draw(arrivals(most=10, hours=0))
    permuted = data.draw(st.permutations(events))
    first, second = Task().take(*events).until(DAY), Task().take(*permuted).until(DAY)
    agree(stable(first.figures()), stable(second.figures()))
    agree(second.figures(), oracle.figures(events, START + DAY))


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(arrivals())
def test_a_reload_after_every_event_changes_nothing(events: list[TouchpointBase]) -> None:
    end = (SPAN_HOURS + 24) * HOUR
    steady = Task().take(*events).until(end)
    reloaded = Task(reload_always=True).take(*events).until(end)
    assert reloaded.figures() == steady.figures()
    assert reloaded.outputs == steady.outputs
    assert reloaded.customer.next_due == steady.customer.next_due
    assert reloaded.ctx.aggregates.to_bytes() == steady.ctx.aggregates.to_bytes()
    assert reloaded.ctx.scorecards.tallies == steady.ctx.scorecards.tallies
    assert reloaded.ctx.campaigns.sums == steady.ctx.campaigns.sums


@PATIENT
@settings(THOROUGH, max_examples=50)
@given(arrivals(lateness=9 * DAY))
def test_however_late_events_come_counts_hold_and_a_reload_changes_nothing(
    events: list[TouchpointBase],
) -> None:
    end = (SPAN_HOURS + 24) * HOUR
    steady = Task().take(*events).until(end)
    reloaded = Task(reload_always=True).take(*events).until(end)
    assert reloaded.figures() == steady.figures()
    assert reloaded.outputs == steady.outputs
    accepted = [
        event for event, status in zip(events, steady.statuses, strict=True) if status == "accepted"
    ]
    expected = oracle.figures(accepted, START + end)
    for name in ("events", "transactions", "transaction_sum", "balance", "features"):
        agree({name: steady.figures()[name]}, {name: expected[name]})
