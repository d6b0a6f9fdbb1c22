"""Live segments of a partition: who enters, moves and leaves, when, and with which words."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.customer.state import Customer, Record
from domain.policy import Policy
from domain.segments.live import Segments
from schemas.fields import moment, rfc3339
from schemas.outputs import SegmentUpdate
from schemas.segments import QUARANTINE, SegmentCard, SegmentModel
from tests.domain.bank import CUSTOMER, DAY, HOUR, MINUTE, START, Events, Task, ms_of
from tests.schemas.checked import checked

FEATURES = Policy().segments.features
WIDTH = len(FEATURES)
WEEK = 7 * DAY


def model(version: int, functions: dict[str, float], **changes: Any) -> SegmentModel:
    """Segments that lie apart in the logarithm of functions visited only, at these values."""
    where = FEATURES.index("functions_visited")

    def row(value: float) -> tuple[float, ...]:
        return tuple(value if place == where else 0.0 for place in range(WIDTH))

    cards = tuple(
        SegmentCard(
            segment_id=one, name=f"name of {one}", strategy="look", size=1, share=0.5,
            centroid={}, spread={}, since_version=1,
        )
        for one in functions
    )  # fmt: skip
    return SegmentModel.model_validate(
        {
            "model_id": f"m-{version}", "version": version, "occurred_at": START, "reason": "test",
            "features": FEATURES, "logged": tuple(name != "push_share" for name in FEATURES),
            "weights": tuple(1.0 if p == where else 1e-9 for p in range(WIDTH)),
            "mean": (0.0,) * WIDTH, "scale": (1.0,) * WIDTH,
            "centroids": tuple(row(value) for value in functions.values()), "margin": 0.1,
            "customers": 2, "quarantined": 0, "next_id": 9, "segments": cards,
        }
        | changes
    )  # fmt: skip


TWO = {"s1": 0.0, "s2": 3.0}
"""In logarithms: nobody visits functions, or about 19 a week; the border lies at 3.5 visits."""


class Live:
    """A task and its segments; ticks by hand."""

    def __init__(self, *, shut: bool = False) -> None:
        self.shut = shut
        self.task = Task()
        self.make = Events()
        self.updates: list[SegmentUpdate] = []
        self.written: list[Record] = []

    @property
    def segments(self) -> Segments:
        return self.task.ctx.segments

    @property
    def customer(self) -> Customer:
        return self.task.customer

    def visit(self, at: int, times: int = 1) -> None:
        """So many function visits, a minute apart, from ``at`` on."""
        self.task.take(*(self.make.click(at + n * MINUTE, "function_visit") for n in range(times)))

    def tick(self, at: int) -> list[SegmentUpdate]:
        """Let the clock come to ``at`` and everything be worked out."""
        self.task.until(at)
        changes = [*self.segments.tick(START + at, self._open)]
        while self.segments.busy:
            changes += self.segments.work(START + at, self._open, self._opened)
        if self.segments.due(START + at):
            changes += self.segments.tick(START + at, self._open)
        for change in changes:
            self.written += change.records
            self.task.records |= {key: value for key, value in change.records if value}
        found = checked(update for change in changes for update in change.outputs)
        self.updates += found
        return found

    def restart(self) -> None:
        """Go on as another worker does: with what was written, and nothing else."""
        self.task.reload()
        ctx, records = self.task.ctx, self.task.records
        ctx.segments = Segments(self.task.ctx.policy)
        ctx.segments.restore([CUSTOMER], lambda key: records.get(b"c" + key.encode()))

    def _open(self, key: str) -> Customer:
        assert key == CUSTOMER
        return self.task.customer

    def _opened(self, key: str) -> Customer | None:
        return None if self.shut else self._open(key)


def test_a_customer_enters_moves_and_leaves_with_reasons_in_numbers() -> None:
    live = Live()
    live.visit(0)
    assert live.tick(HOUR) == []
    assert live.segments.adopt(model(1, TWO)) is None
    (entered,) = live.tick(2 * HOUR)
    assert (entered.from_segment, entered.to_segment) == (None, "s1")
    assert entered.segment_name == "name of s1"
    assert entered.reason.startswith("Has become part of name of s1: ")
    assert "functions visited 1" in entered.reason

    live.visit(3 * HOUR, 14)
    (moved,) = live.tick(4 * HOUR)
    assert (moved.from_segment, moved.to_segment, moved.model_version) == ("s1", "s2", 1)
    assert "functions visited 1 to 15" in moved.reason
    assert moved.figures is not None
    assert moved.figures["functions_visited"] == 14
    assert live.task.figures()["segment"] == "s2"

    assert live.tick(WEEK + 3 * HOUR) == []
    (left,) = live.tick(8 * DAY)
    assert (left.from_segment, left.to_segment) == ("s2", None)
    last = START + 3 * HOUR + 13 * MINUTE
    assert ms_of(left.occurred_at) == last + WEEK
    assert rfc3339(moment(last)) in left.reason
    assert live.task.figures()["segment"] is None
    assert len(live.segments) == 0


def test_a_window_that_moves_without_an_event_changes_the_segment() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO))
    live.visit(0, 14)
    live.visit(3 * DAY)
    assert [update.to_segment for update in live.tick(3 * DAY + HOUR)] == ["s2"]
    (moved,) = live.tick(WEEK + HOUR)
    assert (moved.from_segment, moved.to_segment) == ("s2", "s1")
    assert "functions visited 15 to 1" in moved.reason


def test_a_new_model_moves_a_customer_whose_own_figures_stayed() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO))
    live.visit(0, 14)
    live.tick(HOUR)
    live.segments.adopt(model(2, {"s1": 0.0, "s3": 2.7}))
    (moved,) = live.tick(2 * HOUR)
    assert (moved.from_segment, moved.to_segment, moved.model_version) == ("s2", "s3", 2)
    assert moved.reason.startswith("Moved from name of s2 to name of s3: the customer's own")
    assert live.tick(3 * HOUR) == []
    assert live.segments.changes == 1


def test_whoever_is_not_open_is_judged_by_the_core_record_alone() -> None:
    lives = [Live(), Live(shut=True)]
    for live in lives:
        live.segments.adopt(model(1, TWO))
        live.visit(0, 14)
        live.tick(HOUR)
        live.restart()
        live.segments.adopt(model(2, {"s1": 0.0, "s3": 2.7}))
        live.tick(2 * HOUR)
        live.segments.adopt(model(3, {"s1": 0.0, "s4": 2.7}))
        live.tick(3 * HOUR)
    opened, shut = lives
    assert [update.to_segment for update in shut.updates] == ["s2", "s3", "s4"]
    assert shut.updates == opened.updates
    assert (len(opened.written), len(shut.written)) == (0, 2)
    opened.task.save()
    assert shut.task.records == opened.task.records


HELD = {"clear_margin": 0.3, "hold_hours": 24.0}
"""Of one in s1, four visits are past the margin (1.39 is below 0.9 x 1.61), not clearly."""


def test_a_customer_past_the_margin_moves_after_a_day_though_no_event_comes() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, **HELD))
    live.visit(0)
    live.tick(HOUR)
    live.visit(2 * HOUR, 3)
    assert live.tick(3 * HOUR) == []
    assert live.customer.core.away_since == START + 3 * HOUR
    assert live.tick(27 * HOUR - 1) == []
    assert live.segments.due(START + 27 * HOUR)
    (moved,) = live.tick(27 * HOUR)
    assert (moved.from_segment, moved.to_segment) == ("s1", "s2")
    assert "functions visited 1 to 4" in moved.reason
    assert live.customer.core.away_since == 0
    assert not live.segments.due(START + 2 * DAY)


def test_one_who_is_clearly_elsewhere_moves_at_once() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, **HELD))
    live.visit(0)
    live.tick(HOUR)
    live.visit(2 * HOUR, 4)
    assert [update.to_segment for update in live.tick(3 * HOUR)] == ["s2"]


def test_one_who_comes_back_within_the_day_stays_and_nothing_is_told() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, **HELD))
    live.visit(0)
    live.visit(20 * HOUR)
    live.tick(21 * HOUR)
    live.visit(WEEK - 10 * HOUR, 2)
    assert live.tick(WEEK - 9 * HOUR) == []
    assert live.customer.core.away_since
    assert live.tick(WEEK + HOUR) == []  # the first visit has left the window
    assert live.customer.core.away_since == 0
    assert live.tick(WEEK + 19 * HOUR) == []


def test_another_worker_goes_on_with_the_hold() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, **HELD))
    live.visit(0)
    live.tick(HOUR)
    live.visit(2 * HOUR, 3)
    live.tick(3 * HOUR)
    live.restart()
    live.segments.adopt(model(1, TWO, **HELD))
    assert live.tick(26 * HOUR) == []
    assert [update.to_segment for update in live.tick(27 * HOUR)] == ["s2"]


def test_a_model_that_moves_the_border_a_little_is_followed_after_the_hold() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, **HELD))
    live.visit(0, 3)
    live.tick(HOUR)
    live.segments.adopt(model(2, {"s1": 0.0, "s2": 2.5}, **HELD))
    assert live.tick(2 * HOUR) == []
    live.segments.adopt(model(3, {"s1": 0.0, "s2": 2.55}, **HELD))
    assert live.tick(3 * HOUR) == []
    (moved,) = live.tick(26 * HOUR)
    assert (moved.to_segment, moved.model_version) == ("s2", 3)
    assert "the customer's own figures stayed" in moved.reason


def test_a_model_by_which_one_is_clearly_elsewhere_is_followed_at_once() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, **HELD))
    live.visit(0, 3)
    live.tick(HOUR)
    live.segments.adopt(model(2, {"s1": 0.0, "s2": 1.5}, **HELD))
    assert [update.to_segment for update in live.tick(2 * HOUR)] == ["s2"]


def test_an_outlier_is_quarantined_under_that_name() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO, outliers=((0.0,) * 5 + (6.0,) + (0.0,) * 2,)))
    live.visit(0, 400)
    (update,) = live.tick(HOUR * 7)
    assert (update.to_segment, update.segment_name) == (QUARANTINE, QUARANTINE)
    assert live.segments.sizes() == {QUARANTINE: 1}


def test_models_that_are_older_or_of_other_features_are_left_aside() -> None:
    live = Live()
    live.visit(0)
    live.tick(0)
    assert live.segments.adopt(model(5, TWO)) is None
    live.segments.adopt(model(4, {"s7": 0.0}))
    assert [update.to_segment for update in live.tick(HOUR)] == ["s1"]
    short = {name: (1.0,) for name in ("weights", "mean", "scale")}
    refused = live.segments.adopt(
        model(
            6, {"s8": 0.0}, features=("news_views",), logged=(True,), centroids=((0.0,),), **short
        )
    )
    assert refused is not None
    assert "news_views" in refused
    assert live.tick(2 * HOUR) == []


def test_nobody_is_judged_by_a_model_older_than_the_one_left_behind() -> None:
    live = Live()
    live.segments.floor = 3
    live.visit(0)
    live.segments.adopt(model(2, TWO))
    assert live.tick(HOUR) == []
    live.segments.adopt(model(3, TWO))
    assert [update.model_version for update in live.tick(2 * HOUR)] == [3]


def test_after_a_restart_nothing_is_said_twice_and_what_waited_is_said() -> None:
    live = Live()
    live.segments.adopt(model(1, TWO))
    live.visit(0)
    live.tick(HOUR)
    live.restart()
    live.segments.adopt(model(1, TWO))
    assert live.tick(2 * HOUR) == []
    assert live.segments.sizes() == {"s1": 1}

    live.visit(3 * HOUR, 20)
    live.restart()  # before its tick
    live.segments.adopt(model(1, TWO))
    assert [update.to_segment for update in live.tick(4 * HOUR)] == ["s2"]

    live.restart()
    live.segments.adopt(model(1, TWO))
    assert [update.to_segment for update in live.tick(9 * DAY)] == [None]


ACTIONS = st.sampled_from(["tab_switch", "function_visit", "news_view", "account_message", "error"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["click", "click", "click", "tick", "restart"]),
        st.integers(0, 36),
        st.integers(0, 20),
        ACTIONS,
    ),
    max_size=60,
)


def lived(
    steps: list[tuple[str, int, int, str]], held: dict[str, float], *, restarts: bool = True
) -> tuple[Live, int, list[tuple[int, str]]]:
    """Who went through the steps, when they ended, and the clicks."""
    live = Live()
    live.segments.adopt(model(1, TWO, **held))
    now = 0
    clicks: list[tuple[int, str]] = []
    for what, hours, late, action in steps:
        now += hours * HOUR
        if what == "click":
            at = now - late * HOUR
            live.task.until(now)
            live.task.take(live.make.click(at, action))
            clicks.append((at, action))
        elif what == "tick":
            live.tick(now)
        elif clicks and restarts:
            live.restart()
            live.segments.adopt(model(1, TWO, **held))
    live.tick(now)
    return live, now, clicks


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_a_restart_changes_nothing_of_what_is_told_and_when(
    steps: list[tuple[str, int, int, str]],
) -> None:
    told, undisturbed = (lived(steps, HELD, restarts=each)[0] for each in (True, False))
    assert told.updates == undisturbed.updates
    assert told.customer.core.away_since == undisturbed.customer.core.away_since


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from([{}, HELD]))
def test_updates_are_a_chain_that_ends_in_the_state_however_it_is_cut(
    steps: list[tuple[str, int, int, str]], held: dict[str, float]
) -> None:
    live, now, clicks = lived(steps, held)
    chain = [(update.from_segment, update.to_segment) for update in live.updates]
    assert all(before[1] == after[0] for before, after in pairwise([(None, None), *chain]))
    last = chain[-1][1] if chain else None
    assert last == (live.customer.core.segment or None)
    assert len({update.update_id for update in live.updates}) == len(live.updates)
    # the window, counted anew from the clicks
    inside = Counter(action for at, action in clicks if at > now - WEEK)
    assert (last is None) == (not inside)
    if inside:
        window = live.customer.core.window
        assert window[4] == inside["function_visit"]
        assert sum(window) == inside.total()
