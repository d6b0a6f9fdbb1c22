"""An erased customer leaves nothing behind but a record that says so."""

from __future__ import annotations

import numpy as np
import pytest

from domain.assembly.erasures import Erasures
from domain.complaints.surges.hourly import Series
from domain.customer.state import Customer
from domain.policy import Policy
from domain.segmentation.summary import Summary, load_summary
from domain.segments.live import Segments
from schemas.outputs import SegmentUpdate
from schemas.topics import RETAINED_TOPICS
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task
from tests.domain.segments.test_live import TWO, Live, model


def busy(make: Events) -> Task:
    """A customer with every part of state: pages, days, complaints, promises, a profile."""
    task = Task()
    task.take(make.profile(0, region="Zhejiang", tier_pin="vip", referred_by="bob"))
    for n in range(60):
        task.take(make.click(n * HOUR), make.transaction(n * HOUR + MINUTE, 400_000.0))
    task.take(make.survey(61 * HOUR, "nps", 2.0))
    task.take(make.complaint(62 * HOUR, "opened", severity=5))
    task.take(make.contact(63 * HOUR, 900.0, "unresolved"))
    task.take(make.campaign(63 * HOUR, "sent"))
    task.take(make.feedback(63 * HOUR + MINUTE, "suggestion"))
    return task


def test_every_record_is_deleted_and_no_timer_stays() -> None:
    make = Events()
    task = busy(make)
    task.reload()
    letters = "cmsxrpladnkjofvghuq"
    assert {key[:1] for key in task.records} == {letter.encode() for letter in letters}
    task.take(make.profile(64 * HOUR, erase=True))
    assert task.customer.next_due is None
    task.save()
    assert task.records == {}
    assert task.ctx.aggregates.customers == [0] * 5
    assert task.ctx.aggregates.complaints_open == [0] * 5
    assert task.ctx.aggregates.complaints_overdue == [0] * 5


def test_what_was_never_written_is_not_written_either() -> None:
    make = Events()
    task = busy(make).take(make.profile(64 * HOUR, erase=True))
    assert all(value is None for _, value in task.customer.dump())


def test_a_record_proves_it_and_its_id_is_that_of_the_request() -> None:
    make = Events()
    first, again = Task().take(make.click(0)), Task()
    request = make.profile(HOUR, erase=True)
    [proof] = first.take(request).transitions("customer")
    assert (proof.dimension, proof.from_state, proof.to_state) == ("customer", "known", "erased")
    assert "figures of 1 events" in proof.reason
    assert proof.cause == (request.event_id,)
    assert again.take(request).transitions("customer")[0].transition_id == proof.transition_id


def test_the_record_names_the_topics_that_hold_the_customers_records_and_until_when() -> None:
    policy = Policy.model_validate({"retention": {"output_days": 8}})
    make = Events()
    [proof] = (
        Task(policy).take(make.click(0), make.profile(HOUR, erase=True)).transitions("customer")
    )
    held = proof.held_until
    assert held is not None
    assert set(held) == set(RETAINED_TOPICS)
    # START is 2026-03-02T00:00:00Z
    assert held["touchpoints.app"] == held["referrals"] == "2026-03-17T01:00:00.000Z"
    assert held["alerts"] == "2026-03-10T01:00:00.000Z"
    assert held["dead-letters"] == "2026-06-01T01:00:00.000Z"
    assert proof.reason.endswith(
        " Topics hold its records until their retention ends: inputs until 2026-03-17, outputs"
        " until 2026-03-10, dead-letters until 2026-06-01."
    )


def test_its_complaints_are_counted_by_hour_without_it_being_named() -> None:
    make = Events()
    task = busy(make)
    hourly = task.ctx.hourly
    hourly.add(START + 62 * HOUR, Series("fees", "", "call_centre"), "somebody-else")
    hourly.untold = False
    task.take(make.profile(64 * HOUR, erase=True))
    [(_, hour)] = list(hourly.hours_of(Series("fees", "", "call_centre")))
    assert (hour.count, [event_id for _, event_id in hour.examples]) == (2, ["somebody-else"])
    assert hourly.untold
    [(_, record)] = [one for one in hourly.changed_records() if b"fees" in one[0]]
    assert record is not None and b"e-00" not in record


def test_later_events_start_anew() -> None:
    make = Events()
    task = busy(make).take(make.profile(64 * HOUR, erase=True))
    after = [make.click(65 * HOUR), make.transaction(66 * HOUR, 50_000.0)]
    task.take(*after).reload()
    fresh = Task().take(*after)
    assert task.figures() == fresh.figures(66 * HOUR)
    assert task.ctx.aggregates.customers == [1, 0, 0, 0, 0]
    assert {key[:1] for key in task.records} == {key[:1] for key in _written(fresh)}


def test_the_segment_is_left_in_one_chain_and_no_id_is_used_again() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO))
    live.visit(0)
    live.tick(HOUR)
    live.task.take(live.make.profile(2 * HOUR, erase=True))
    [left] = [each for each in live.task.outputs if isinstance(each, SegmentUpdate)]
    assert (left.from_segment, left.to_segment) == ("s1", None)
    assert "erased at the customer's request" in left.reason
    assert live.tick(3 * HOUR) == []
    live.visit(4 * HOUR, times=2)
    [entered] = live.tick(5 * HOUR)
    assert (entered.from_segment, entered.to_segment) == (None, "s1")
    assert len({each.update_id for each in (*live.updates, left)}) == 3


def test_a_new_model_does_not_bring_an_erased_customer_back() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO))
    live.visit(0)
    live.tick(HOUR)
    live.task.save()
    live.segments.adopt(model(2, {"s3": 0.0, "s4": 3.0}))
    live.task.take(live.make.profile(2 * HOUR, erase=True))
    assert live.tick(3 * HOUR) == []
    assert len(live.segments) == 0


def test_an_erasure_while_customers_still_come_in_is_not_undone() -> None:
    live = Live()
    live.visit(0)
    live.task.save()
    live.restart()
    live.segments.adopt(model(1, TWO))
    live.task.take(live.make.profile(2 * HOUR, erase=True))
    assert live.tick(3 * HOUR) == []
    assert len(live.segments) == 0


def test_mean_and_variance_are_as_if_the_customer_was_never_seen() -> None:
    rng = np.random.default_rng(4)
    made = {f"c{n}": rng.integers(1, 40, 3).tolist() for n in range(60)}
    others = _population(made)
    everyone = _population(made | {"erased": [4_000, 7_000, 9_000]})
    before = _summary(everyone)
    everyone.erase(Customer.new("erased"), START)
    after, expected = _summary(everyone), _summary(others)
    assert (before.customers, after.customers, expected.customers) == (61, 60, 60)
    for one, other in ((after.mean, expected.mean), (after.m2, expected.m2)):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-9)
    assert before.mean != pytest.approx(expected.mean, rel=1e-2)


def _written(task: Task) -> dict[bytes, bytes]:
    task.save()
    return task.records


def _population(made: dict[str, list[int]]) -> Segments:
    """Customers with so many tab switches, function visits and news views."""
    segments, customers = Segments(Policy()), {}
    for key, (tabs, functions, news) in made.items():
        customer = customers[key] = Customer.new(key)
        customer.core.window = [0, 1, 0, tabs, functions, 0, 0, news, 0]
        customer.core.oldest_click = customer.core.newest_click = START
        segments.moved[key] = None
    segments.tick(START + DAY, customers.__getitem__)
    return segments


def _summary(segments: Segments) -> Summary:
    found = segments.summary(0, 1, 1)
    assert found is not None
    return load_summary(found)


# -- what occurred before stays away ----------------------------------------------------------


def test_what_occurred_before_is_dropped_in_either_order() -> None:
    make = Events()
    profile, request = (
        make.profile(9 * HOUR, region="Zhejiang"),
        make.profile(10 * HOUR, erase=True),
    )
    for events in ((profile, request), (request, profile)):
        task = Task().take(*events)
        task.save()
        assert task.records == {}
        assert task.ctx.aggregates.customers == [0] * 5
        assert len(task.ctx.erasures) == 1


def test_late_events_of_the_old_life_do_not_enter_the_new_one() -> None:
    make = Events()
    task = Task().take(make.click(HOUR), make.profile(10 * HOUR, erase=True))
    task.take(make.click(11 * HOUR), make.click(9 * HOUR), make.click(10 * HOUR))
    assert task.statuses == ["accepted", "accepted", "accepted", "erased", "erased"]
    task.reload()
    task.take(make.click(8 * HOUR))
    assert task.statuses[-1] == "erased"
    assert task.figures()["events"] == 1


def test_an_erasure_is_never_too_late_and_a_repeat_of_it_changes_nothing() -> None:
    make = Events()
    request = make.profile(HOUR, erase=True)
    task = Task().take(make.click(30 * DAY), request)
    assert task.statuses == ["accepted", "accepted"]
    task.take(make.click(31 * DAY), request)
    assert task.statuses[2:] == ["accepted", "erased"]
    assert task.figures()["events"] == 1


def test_marks_outlive_a_restart_name_nobody_and_go_after_their_days() -> None:
    marks = Erasures()
    marks.note("ann", 5, until=100)
    written = dict(marks.changed_records(now=50))
    assert not any(b"ann" in name + (value or b"") for name, value in written.items())
    again = Erasures.from_records({name: value for name, value in written.items() if value})
    assert (again.of("ann"), again.of("bob")) == (5, 0)
    assert not list(again.changed_records(now=99))
    assert list(again.changed_records(now=100)) == [(name, None) for name in written]
    assert again.of("ann") == 0


def test_a_mark_that_is_renewed_lasts_as_long_as_the_newer() -> None:
    marks = Erasures()
    marks.note("ann", 5, until=100)
    marks.note("ann", 9, until=200)
    list(marks.changed_records(now=150))
    assert marks.of("ann") == 9
