"""The merge of topics by event time."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import Bad
from schemas.deadletter import Original
from streams.engine.inbox import FIRST, LAST, READ_BACK, Happened, Inbox, Refused, Returned, Waiting


def waiting(topic: str, offset: int, at: int) -> Happened[str]:
    return Happened(at, "k", f"{topic}{offset}", topic, record(topic, offset, at))


def record(topic: str, offset: int, at: int) -> Original:
    return Original(topic, 0, offset, at, b"k", b"v")


def times(items: Sequence[Waiting[str]]) -> list[int]:
    return [item.at for item in items if isinstance(item, Happened)]


@given(st.lists(st.lists(st.integers(0, 50), max_size=20), max_size=4))
def test_every_record_comes_out_once_and_topics_keep_their_order(topics: list[list[int]]) -> None:
    inbox = Inbox[str]()
    for number, given_times in enumerate(topics):
        items = [waiting(f"t{number}", offset, at) for offset, at in enumerate(given_times)]
        inbox.add(f"t{number}", items, len(items))
    out = [item for _ in range(100) for item in inbox.take(3).items]
    assert inbox.waiting == 0
    for number, given_times in enumerate(topics):
        mine = [item.record.offset for item in out if item.topic == f"t{number}"]
        assert mine == list(range(len(given_times)))


@given(st.lists(st.lists(st.integers(0, 50), max_size=20).map(sorted), max_size=4))
def test_sorted_topics_merge_into_one_sorted_stream(topics: list[list[int]]) -> None:
    inbox = Inbox[str]()
    for number, given_times in enumerate(topics):
        items = [waiting(f"t{number}", offset, at) for offset, at in enumerate(given_times)]
        inbox.add(f"t{number}", items, len(items))
    out = times(inbox.take(1000).items)
    assert out == sorted(at for topic in topics for at in topic)


def test_the_position_goes_past_control_records_only_behind_the_last_record() -> None:
    inbox = Inbox[str]()
    inbox.add("t", [waiting("t", 0, 1), waiting("t", 1, 2)], 5)
    (first, positions), (second, behind) = inbox.take(1), inbox.take(1)
    assert ([item.record.offset for item in first], positions) == ([0], {"t": 1})
    assert ([item.record.offset for item in second], behind) == ([1], {"t": 5})


def test_nothing_later_than_the_bound_is_handed_out() -> None:
    inbox = Inbox[str]()
    inbox.add("read to here", [waiting("read to here", n, at) for n, at in enumerate((1, 5))], 2)
    inbox.add("ahead", [waiting("ahead", n, at) for n, at in enumerate((2, 5, 6, 9))], 4)
    assert times(inbox.take(10, inbox.high("read to here")).items) == [1, 2, 5, 5]
    inbox.add("read to here", [waiting("read to here", 2, 7)], 3)
    assert times(inbox.take(10).items) == [6, 7, 9]


def test_one_event_of_another_century_does_not_keep_its_topic_waiting() -> None:
    inbox, ahead = Inbox[str](), 1 << 50
    future = Happened(ahead, "k", "of 2199", "a", record("a", 0, 3))
    inbox.add("a", [future, waiting("a", 1, 4), waiting("a", 2, 8)], 3)
    inbox.add("b", [waiting("b", 0, 2), waiting("b", 1, 5), waiting("b", 2, 9)], 3)
    assert times(inbox.take(10).items) == [2, ahead, 4, 5, 8, 9]


@given(
    st.lists(st.lists(st.integers(1, 50), max_size=20).map(sorted), max_size=4),
    st.sets(st.integers(0, 79)),
    st.integers(1, 1 << 50),
)
def test_topics_merge_as_they_were_appended_whatever_some_events_say_of_the_future(
    topics: list[list[int]], wrong: set[int], by: int
) -> None:
    inbox, number = Inbox[str](), 0
    for name, appended in zip("abcd", topics, strict=False):
        items: list[Waiting[str]] = []
        for offset, at in enumerate(appended):
            says = at + by if number in wrong else at
            items.append(Happened(says, "k", "", name, record(name, offset, at)))
            number += 1
        inbox.add(name, items, len(items))
    out = [item.record.timestamp for item in inbox.take(1000).items]
    assert out == sorted(at for topic in topics for at in topic)


def test_what_has_no_time_goes_with_what_its_topic_holds_before_it() -> None:
    inbox = Inbox[str]()
    bad = Bad("invalid", "no event")
    refused = [Refused(bad, "a", record("a", offset, 9)) for offset in (0, 2)]
    events = waiting("a", 1, 50), waiting("b", 0, 40), waiting("b", 1, 60)
    told = [Returned(READ_BACK, "k", "told", "c", record("c", offset, 9)) for offset in (0, 1)]
    inbox.add("c", told, 2)
    inbox.add("b", events[1:], 2)
    inbox.add("a", [refused[0], events[0], refused[1]], 3)
    # a dead letter in front of all, then what was read back, then events as they happened
    assert inbox.take(10, READ_BACK).items == [refused[0], *told]
    assert inbox.take(10).items == [events[1], events[0], refused[1], events[2]]


steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 30), max_size=30), st.integers(1, 20))
    | st.tuples(st.integers(1, 9), st.integers(0, 30) | st.just(LAST), st.integers(1, 5)),
    max_size=20,
)


@given(steps)
def test_slices_are_those_of_one_stable_sort_of_all_that_waits(plan: list[Any]) -> None:
    inbox, waits = Inbox[str](), dict[str, list[tuple[int, Waiting[str]]]]()
    offsets, ends = Counter[str](), dict[str, int]()
    for first, second, third in plan:
        if isinstance(first, str):
            items = [waiting(first, offsets[first] + n, at) for n, at in enumerate(second)]
            offsets[first] += len(items)
            ends[first] = offsets[first] + third
            inbox.add(first, items, ends[first])
            queue = waits.setdefault(first, [])
            for item in items:
                queue.append((max(item.at, queue[-1][0] if queue else FIRST), item))
            offsets[first] = ends[first]
            continue
        for _ in range(third):
            due = [one for topic in sorted(waits) for one in waits[topic] if one[0] <= second]
            due = sorted(due, key=lambda one: one[0])[:first]
            taken = inbox.take(first, second)
            assert taken.items == [item for _, item in due]
            for topic in sorted({item.topic for _, item in due}):
                mine = [item for _, item in due if item.topic == topic]
                waits[topic] = waits[topic][len(mine) :]
                after = mine[-1].record.offset + 1 if waits[topic] else ends[topic]
                assert taken.positions[topic] == after
        assert inbox.waiting == sum(map(len, waits.values()))
        assert all(inbox.waiting_in(topic) == len(queue) for topic, queue in waits.items())
        assert all(inbox.high(topic) == queue[-1][0] for topic, queue in waits.items() if queue)
