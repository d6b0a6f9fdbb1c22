"""Answers that are kept for requests that come again: which, for how long, and how many."""

from __future__ import annotations

import pytest
from fastapi import Response
from hypothesis import given
from hypothesis import strategies as st

from streams.serve import positions
from streams.serve.api import repeats
from streams.serve.api.repeats import Repeats
from streams.serve.problems import Problem


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_kept_for_its_time_and_for_who_got_it() -> None:
    clock = Clock()
    known = Repeats(clock)
    assert known.begin("till", "k", b"body") is None
    with pytest.raises(Problem, match="409"):
        known.begin("till", "k", b"body")
    known.end("till", "k", Response(b"told", 202, {"Touchline-Position": "a-0@1"}))
    again = known.begin("till", "k", b"body")
    assert again is not None
    assert (again.body, again.status_code) == (b"told", 202)
    assert again.headers["touchline-position"] == "a-0@1"
    assert known.begin("another", "k", b"body") is None
    with pytest.raises(Problem, match="422"):
        known.begin("till", "k", b"another body")
    clock.now = repeats.KEPT_SECONDS + 1
    assert known.begin("till", "k", b"another body") is None


def test_what_was_not_done_may_be_tried_again() -> None:
    known = Repeats()
    assert known.begin("till", "k", b"body") is None
    known.end("till", "k", None)
    assert known.begin("till", "k", b"body") is None


def test_no_more_is_kept_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST_BYTES", 10_000)
    known = Repeats()
    for number in range(50):
        assert known.begin("till", str(number), b"body") is None
        known.end("till", str(number), Response(b"x" * 1_000))
    assert known.begin("till", "0", b"body") is None
    assert known.begin("till", "49", b"body") is not None


places = st.tuples(st.from_regex(r"[a-z][a-z._-]{0,20}", fullmatch=True), st.integers(0, 999_999))


@given(st.dictionaries(places, st.integers(0, 10**18), max_size=9))
def test_positions_are_read_as_they_were_told(found: dict[tuple[str, int], int]) -> None:
    assert positions.read(positions.told(found)) == found


@pytest.mark.parametrize(
    "text", ["a", "a-1", "a-1@", "a-1@-2", "a@1", "-1@1", "a-1@1;b-1@1", "a-1@ 1"]
)
def test_what_is_no_position_is_told(text: str) -> None:
    with pytest.raises(positions.NotPositions):
        positions.read(text)


def test_the_position_is_behind_the_last_record_of_each_partition() -> None:
    kept = [("a", 0, 5), ("a", 0, 4), ("b", 1, 0)]
    assert positions.behind(kept) == {("a", 0): 6, ("b", 1): 1}
