"""The merge of topics by event time."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.deadletter import Original
from streams.engine.inbox import FIRST, LAST, Inbox, Waiting


def waiting(topic: str, offset: int, at: int) -> Waiting:
    return at, "k", f"{topic}{offset}", topic, Original(topic, 0, offset, at, b"k", b"v")


@given(st.lists(st.lists(st.integers(0, 50), max_size=20), max_size=4))
def test_every_record_comes_out_once_and_topics_keep_their_order(topics: list[list[int]]) -> None:
    inbox = Inbox()
    for number, times in enumerate(topics):
        items = [waiting(f"t{number}", offset, at) for offset, at in enumerate(times)]
        inbox.add(f"t{number}", items, len(items))
    out = [item for _ in range(100) for item in inbox.take(3).items]
    assert inbox.waiting == 0
    for number, times in enumerate(topics):
        mine = [item[4].offset for item in out if item[3] == f"t{number}"]
        assert mine == list(range(len(times)))


@given(st.lists(st.lists(st.integers(0, 50), max_size=20).map(sorted), max_size=4))
def test_sorted_topics_merge_into_one_sorted_stream(topics: list[list[int]]) -> None:
    inbox = Inbox()
    for number, times in enumerate(topics):
        items = [waiting(f"t{number}", offset, at) for offset, at in enumerate(times)]
        inbox.add(f"t{number}", items, len(items))
    out = [item[0] for item in inbox.take(1000).items]
    assert out == sorted(at for times in topics for at in times)


def test_the_position_goes_past_control_records_only_behind_the_last_record() -> None:
    inbox = Inbox()
    inbox.add("t", [waiting("t", 0, 1), waiting("t", 1, 2)], 5)
    (first, positions), (second, behind) = inbox.take(1), inbox.take(1)
    assert ([item[4].offset for item in first], positions) == ([0], {"t": 1})
    assert ([item[4].offset for item in second], behind) == ([1], {"t": 5})


def test_nothing_later_than_the_bound_is_handed_out() -> None:
    inbox = Inbox()
    inbox.add("read to here", [waiting("read to here", n, at) for n, at in enumerate((1, 5))], 2)
    inbox.add("ahead", [waiting("ahead", n, at) for n, at in enumerate((2, 5, 6, 9))], 4)
    assert [item[0] for item in inbox.take(10, inbox.high("read to here")).items] == [1, 2, 5, 5]
    inbox.add("read to here", [waiting("read to here", 2, 7)], 3)
    assert [item[0] for item in inbox.take(10).items] == [6, 7, 9]


steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(st.integers(0, 30), max_size=30), st.integers(1, 20))
    | st.tuples(st.integers(1, 9), st.integers(0, 30) | st.just(LAST), st.integers(1, 5)),
    max_size=20,
)


@given(steps)
def test_slices_are_those_of_one_stable_sort_of_all_that_waits(plan: list[Any]) -> None:
    inbox, waits = Inbox(), dict[str, list[tuple[int, Waiting]]]()
    offsets, ends = Counter[str](), dict[str, int]()
    for first, second, third in plan:
        if isinstance(first, str):
            items = [waiting(first, offsets[first] + n, at) for n, at in enumerate(second)]
            offsets[first] += len(items)
            ends[first] = offsets[first] + third
            inbox.add(first, items, ends[first])
            queue = waits.setdefault(first, [])
            for item in items:
                queue.append((max(item[0], queue[-1][0] if queue else FIRST), item))
            offsets[first] = ends[first]
            continue
        for _ in range(third):
            due = [one for topic in sorted(waits) for one in waits[topic] if one[0] <= second]
            due = sorted(due, key=lambda one: one[0])[:first]
            taken = inbox.take(first, second)
            assert taken.items == [item for _, item in due]
            for topic in sorted({item[3] for _, item in due}):
                mine = [item for _, item in due if item[3] == topic]
                waits[topic] = waits[topic][len(mine) :]
                after = mine[-1][4].offset + 1 if waits[topic] else ends[topic]
                assert taken.positions[topic] == after
        assert inbox.waiting == sum(map(len, waits.values()))
        assert all(inbox.waiting_in(topic) == len(queue) for topic, queue in waits.items())
        assert all(inbox.high(topic) == queue[-1][0] for topic, queue in waits.items() if queue)
