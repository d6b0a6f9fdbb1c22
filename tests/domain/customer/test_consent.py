"""Consent: an opt-out stays until the profile says something else or the customer opts in."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.cause import Cause, Given
from domain.customer.consent import MAX_SAID, join, may_contact
from domain.customer.state import DESK, FILE
from domain.kernel.scales import CHANNEL_INDEX
from domain.policy import Policy
from schemas.cases import TouchpointBase
from tests.domain.bank import DAY, HOUR, MINUTE, START, Events, Task
from tests.domain.test_order_of_arrival import THOROUGH

SMS = CHANNEL_INDEX["sms"]


def profile(at: int, sms: bool | None, **others: Any) -> TouchpointBase:
    """A profile that says this of sms; ``None``: it does not name it."""
    consent = {} if sms is None else {"sms": sms}
    return Events().profile(at, consent=consent | others, event_id=f"p-{at}")


def word(at: int, action: str, channel: str = "sms") -> TouchpointBase:
    return Events().campaign(at, action, channel=channel, event_id=f"w-{at}-{channel}")


def agrees(*events: TouchpointBase) -> bool:
    """Whether sms may be used after these, in this order; it is the same after each reload."""
    kept = Task(reload_always=True).take(*events).customer
    assert may_contact(kept, "sms") == may_contact(Task().take(*events).customer, "sms")
    return may_contact(kept, "sms")


def test_a_nightly_copy_of_the_old_consent_does_not_undo_an_opt_out() -> None:
    copies = [profile(n * DAY, True) for n in range(2, 40)]
    assert not agrees(profile(0, True), word(DAY + HOUR, "opted_out"), *copies)


def test_a_value_that_differs_from_the_last_one_is_consent_again() -> None:
    out = word(DAY + HOUR, "opted_out")
    assert agrees(profile(0, True), out, profile(2 * DAY, False), profile(3 * DAY, True))
    assert agrees(profile(0, False), out, profile(2 * DAY, True), profile(3 * DAY, True))
    assert not agrees(profile(0, True), out, profile(2 * DAY, False))
    # the change was before the opt-out: what follows repeats it
    assert not agrees(profile(0, False), profile(DAY, True), out, profile(2 * DAY, True))


def test_the_first_value_of_all_is_news() -> None:
    out = word(HOUR, "opted_out")
    assert agrees(out, profile(DAY, True), profile(2 * DAY, True))
    assert not agrees(out, profile(DAY, False))


def test_an_explicit_opt_in_gives_consent_until_the_profile_says_otherwise_anew() -> None:
    out, back = word(DAY + HOUR, "opted_out"), word(3 * DAY + HOUR, "opted_in")
    before = (profile(0, True), out, profile(2 * DAY, True))
    assert agrees(*before, back)
    assert agrees(*before, back, profile(4 * DAY, True))
    assert not agrees(*before, back, profile(4 * DAY, False))
    assert not agrees(*before, back, word(4 * DAY, "opted_out"))
    # repeated, the profile's old no is no news either
    assert agrees(profile(0, False), back, profile(4 * DAY, False), profile(5 * DAY, False))
    assert agrees(back)


def test_to_name_a_channel_no_more_takes_its_consent_and_is_no_value_that_differs() -> None:
    assert not agrees(profile(0, True), profile(DAY, None, email=True))
    assert agrees(profile(0, True), profile(DAY, None), profile(2 * DAY, True))
    out = word(HOUR, "opted_out")
    assert not agrees(profile(0, True), out, profile(DAY, None), profile(2 * DAY, True))
    assert agrees(profile(0, True), word(2 * DAY, "opted_in"), profile(3 * DAY, None, email=True))


def test_channels_know_nothing_of_each_other() -> None:
    task = Task().take(
        profile(0, True, email=True),
        word(HOUR, "opted_out", channel="email"),
        profile(DAY, True, email=True),
    )
    assert may_contact(task.customer, "sms")
    assert not may_contact(task.customer, "email")
    assert not may_contact(task.customer, "app")


def test_a_tie_goes_by_the_event_id_and_a_word_before_a_profile_of_the_same_id() -> None:
    make = Events()
    given_, out = (
        make.profile(HOUR, consent={"sms": True}, event_id="e-2"),
        make.campaign(HOUR, "opted_out", event_id="e-1"),
    )
    assert agrees(given_, out) and agrees(out, given_)
    same = make.campaign(HOUR, "opted_out", event_id="e-3")
    assert not agrees(given_, same) and not agrees(same, given_)


def test_what_an_older_version_kept_means_what_it_meant_then() -> None:
    # one time of the newest map, one of the newest opt-out
    def known(given_at: int, out_at: int) -> Task:
        task = Task()
        task.take(make.click(0), make.click(3 * DAY))
        task.customer.file.fields["consent"] = (START + given_at, "e-9", {"sms": True})
        task.customer.touch(FILE)
        if out_at:
            task.customer.desk.opted_out[SMS] = START + out_at
            task.customer.touch(DESK)
        task.reload()
        return task

    make = Events()
    assert may_contact(known(DAY, 0).customer, "sms")
    assert may_contact(known(2 * DAY, DAY).customer, "sms")
    assert not may_contact(known(DAY, DAY).customer, "sms")
    assert not may_contact(known(DAY, 2 * DAY).customer, "sms")
    copy = make.profile(4 * DAY, consent={"sms": True})
    assert not may_contact(known(DAY, 2 * DAY).take(copy).customer, "sms")
    assert may_contact(known(2 * DAY, DAY).take(copy).customer, "sms")
    no, yes = make.profile(5 * DAY, consent={"sms": False}), make.profile(6 * DAY, consent={})
    assert not may_contact(known(2 * DAY, DAY).take(no).customer, "sms")
    again = make.profile(7 * DAY, consent={"sms": True})
    assert may_contact(known(DAY, 2 * DAY).take(no, yes, again).customer, "sms")
    back = make.campaign(4 * DAY, "opted_in")
    assert may_contact(known(DAY, 2 * DAY).take(back).customer, "sms")


def test_what_is_kept_of_a_channel_is_bounded() -> None:
    task = Task(reload_always=True)
    for n in range(100):
        task.take(profile(n * MINUTE, n % 7 != 3))
    assert len(task.customer.file.said[SMS]) <= MAX_SAID + 2
    for n in range(400):
        task.take(profile(n * DAY + 2 * DAY, True))
    assert len(task.customer.file.said[SMS]) <= 4


# -- two ids of one person ----------------------------------------------------------------


def joined(mine: list[TouchpointBase], theirs: list[TouchpointBase]) -> bool:
    first, second = (Task().take(*events).customer for events in (mine, theirs))
    join(first, second, Cause(Given(Policy()), 0))
    return may_contact(first, "sms")


def test_two_ids_are_one_source_and_the_newest_word_of_either_counts() -> None:
    opted_out = [profile(0, True), word(DAY, "opted_out"), profile(2 * DAY, True)]
    others: tuple[list[TouchpointBase], ...] = (
        [profile(3 * DAY, True)],
        [profile(-DAY, True)],
        [],
        [Events().click(0)],
    )
    for other in others:
        assert not joined(opted_out, other)
        assert not joined(other, opted_out)
    later = [profile(3 * DAY, False), profile(4 * DAY, True)]
    assert joined(later, opted_out)
    assert joined([word(3 * DAY, "opted_in")], opted_out)
    assert not joined([word(HOUR, "opted_in")], opted_out)


def test_repeats_that_are_no_longer_kept_one_by_one_lose_no_opt_out() -> None:
    copies = [profile(n * DAY, True) for n in range(10)]
    mine = [*copies, word(6 * DAY + HOUR, "opted_out"), Events().click(30 * DAY)]
    assert not joined(mine, [Events().profile(2 * DAY, consent={"sms": False}, event_id="q-1")])


# -- whatever the order of arrival --------------------------------------------------------


class Story(NamedTuple):
    """A thing said of sms, and after how long it arrives (ms)."""

    at: int
    what: str
    delay: int


@st.composite
def stories(draw: st.DrawFn, hours: int) -> list[Story]:
    kinds = ("yes", "yes", "yes", "no", "unnamed", "null", "opted_out", "opted_in")
    times = draw(st.lists(st.integers(0, hours), min_size=1, max_size=14, unique=True))
    return [
        Story(at * HOUR, draw(st.sampled_from(kinds)), draw(st.integers(0, DAY))) for at in times
    ]


def made(story: Story) -> TouchpointBase:
    at, what, _ = story
    if what == "null":
        return Events().profile(at, consent=None, event_id=f"p-{at}")
    if what in ("yes", "no", "unnamed"):
        return profile(at, {"yes": True, "no": False, "unnamed": None}[what], email=True)
    return word(at, what)


def ruled(told: list[Story]) -> bool:
    """By a walk along time that knows nothing of runs: what was the newest news?"""
    consent, last, withheld = False, "", False
    by_profile = False
    for each in sorted(told):
        if each.what in ("opted_in", "opted_out"):
            consent, by_profile = each.what == "opted_in", False
        elif each.what in ("yes", "no"):
            withheld = False
            if each.what != last:
                consent, by_profile, last = each.what == "yes", True, each.what
        else:
            withheld = True
    return consent and not (by_profile and withheld)


@settings(THOROUGH, max_examples=300)
@given(stories(hours=23), st.randoms(use_true_random=False), st.booleans())
def test_any_permutation_of_a_day_ends_in_what_a_walk_along_time_says(
    told: list[Story], random: Any, reload_always: bool
) -> None:
    events = [made(each) for each in told]
    random.shuffle(events)
    task = Task(reload_always=reload_always).take(*events)
    assert may_contact(task.customer, "sms") == ruled(told)


@settings(THOROUGH, max_examples=300)
@given(stories(hours=24 * 6), st.booleans())
def test_events_up_to_a_day_late_end_in_what_a_walk_along_time_says(
    told: list[Story], reload_always: bool
) -> None:
    arrived = sorted(told, key=lambda each: each.at + each.delay)
    task = Task(reload_always=reload_always).take(*map(made, arrived))
    assert may_contact(task.customer, "sms") == ruled(told)


@pytest.mark.parametrize("late", [True, False])
def test_what_comes_more_than_a_day_late_counts_where_nothing_newer_was_said(late: bool) -> None:
    no = profile(DAY, False)
    busy = Events().click(5 * DAY)
    events = [profile(0, True), busy, no] if late else [profile(0, True), no, busy]
    assert not agrees(*events)
    assert agrees(profile(2 * DAY, True), busy, no)
