"""The merge of topics by event time."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.deadletter import Original
from streams.engine.inbox import Inbox, Waiting


def waiting(topic: str, offset: int, at: int) -> Waiting:
    return at, "k", f"{topic}{offset}", Original(topic, 0, offset, at, b"k", b"v")


@given(st.lists(st.lists(st.integers(0, 50), max_size=20), max_size=4))
def test_every_record_comes_out_once_and_topics_keep_their_order(topics: list[list[int]]) -> None:
    inbox = Inbox()
    for number, times in enumerate(topics):
        items = [waiting(f"t{number}", offset, at) for offset, at in enumerate(times)]
        inbox.add(f"t{number}", items, len(items))
    out = [item for _ in range(100) for item in inbox.take(3)]
    assert inbox.waiting == 0
    for number, times in enumerate(topics):
        mine = [item[3].offset for item in out if item[3].topic == f"t{number}"]
        assert mine == list(range(len(times)))


@given(st.lists(st.lists(st.integers(0, 50), max_size=20).map(sorted), max_size=4))
def test_sorted_topics_merge_into_one_sorted_stream(topics: list[list[int]]) -> None:
    inbox = Inbox()
    for number, times in enumerate(topics):
        items = [waiting(f"t{number}", offset, at) for offset, at in enumerate(times)]
        inbox.add(f"t{number}", items, len(items))
    out = [item[0] for item in inbox.take(1000)]
    assert out == sorted(at for times in topics for at in times)


def test_the_position_goes_past_control_records_only_behind_the_last_record() -> None:
    inbox = Inbox()
    inbox.add("t", [waiting("t", 0, 1), waiting("t", 1, 2)], 5)
    assert [item[3].offset for item in inbox.take(1)] == [0]
    assert inbox.position_after("t", 0) == 1
    assert [item[3].offset for item in inbox.take(1)] == [1]
    assert inbox.position_after("t", 1) == 5


def test_nothing_later_than_the_bound_is_handed_out() -> None:
    inbox = Inbox()
    inbox.add("read to here", [waiting("read to here", n, at) for n, at in enumerate((1, 5))], 2)
    inbox.add("ahead", [waiting("ahead", n, at) for n, at in enumerate((2, 5, 6, 9))], 4)
    assert [item[0] for item in inbox.take(10, inbox.high("read to here"))] == [1, 2, 5, 5]
    inbox.add("read to here", [waiting("read to here", 2, 7)], 3)
    assert [item[0] for item in inbox.take(10)] == [6, 7, 9]
