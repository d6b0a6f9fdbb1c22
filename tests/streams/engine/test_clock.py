"""A worker's clock: whose time it goes by, and when it does not know."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.engine.clock import DEAF_SECONDS, SECOND, WallClock
from streams.engine.comparing import agreed

NOON = 1_780_000_000 * SECOND
MINUTE = 60.0


class Machine:
    """A machine's two clocks, which the test sets and lets go on."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.local, self.steady = NOON + round(ahead * SECOND), 5 * SECOND
        self.true = NOON
        self.clock = WallClock(lambda: self.local, lambda: self.steady)

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        for name in ("local", "steady", "true"):
            setattr(self, name, getattr(self, name) + round(seconds * SECOND))

    def set(self, seconds: float) -> None:
        """Somebody sets the wall clock by so much."""
        self.local += round(seconds * SECOND)

    def pauses(self, seconds: float) -> None:
        """The machine stands still with both its clocks, and the world does not."""
        self.true += round(seconds * SECOND)

    def compare(self) -> None:
        """What the brokers, who are right, say."""
        self.clock.compared((self.local - self.true) / SECOND)

    @property
    def off(self) -> float:
        """How far what the worker goes by is ahead of the true time, in seconds."""
        return (self.clock.ns() - self.true) / SECOND


def test_a_clock_that_is_right_is_gone_by() -> None:
    machine = Machine(1.5)
    machine.compare()
    assert machine.off == 1.5
    assert machine.clock.sure()
    assert machine.clock.unfit() is None


def test_one_that_is_wrong_is_corrected_and_from_a_minute_on_not_fit() -> None:
    for ahead, unfit in ((2.5, False), (-60.0, False), (-600.0, True), (7_200.0, True)):
        machine = Machine(ahead)
        machine.compare()
        assert machine.off == 0.0
        assert machine.clock.sure(), "the brokers' time is known: work goes on"
        assert (machine.clock.unfit() is not None) is unfit


def test_the_reason_says_which_way_how_far_and_what_to_do() -> None:
    told = {}
    for ahead in (-600.0, 7_200.0):
        machine = Machine(ahead)
        machine.compare()
        told[ahead] = machine.clock.unfit()
    rest = "the brokers': set it right (NTP, chrony); until then the brokers' time is gone by"
    assert told[-600.0] == f"this machine's clock is 600 s behind {rest}"
    assert told[7_200.0] == f"this machine's clock is 7,200 s ahead of {rest}"


def test_a_clock_that_somebody_sets_moves_nothing_and_is_compared_at_once() -> None:
    machine = Machine()
    machine.compare()
    machine.set(7_200)
    machine.passes(1)
    assert machine.off == 0.0
    assert not machine.clock.sure()
    assert machine.clock.doubted.is_set()
    assert machine.clock.unfit() == (
        "it is not known what time it is: this machine's clock was set by +7,200 s"
    )
    machine.compare()
    assert machine.clock.sure()
    assert machine.off == 0.0
    assert machine.clock.offset == 7_200.0


def test_one_that_is_set_right_is_fit_again() -> None:
    machine = Machine(-600)
    machine.compare()
    machine.set(600)
    assert not machine.clock.sure()
    machine.compare()
    assert machine.clock.sure()
    assert machine.clock.unfit() is None
    assert machine.off == 0.0


def test_a_machine_that_stood_still_is_told_by_the_stamp_of_the_first_record() -> None:
    machine = Machine()
    machine.compare()
    machine.pauses(10 * MINUTE)
    assert machine.clock.sure(), "neither of its clocks shows it"
    machine.clock.appended(machine.true // 1_000_000)
    assert not machine.clock.sure()
    machine.compare()
    assert machine.off == 0.0
    assert machine.clock.unfit() is not None, "the wall clock is still behind"


def test_stamps_that_a_comparison_does_not_bear_out_are_not_heard_for_a_minute() -> None:
    machine = Machine()
    machine.compare()
    future = machine.true // 1_000_000 + 3_600_000
    machine.clock.appended(future)
    assert not machine.clock.sure()
    machine.compare()
    machine.clock.appended(future)
    assert machine.clock.sure()
    machine.passes(DEAF_SECONDS)
    machine.clock.appended(future + 3_600_000)
    assert not machine.clock.sure()


def test_without_an_answer_a_doubt_stays_and_no_doubt_comes() -> None:
    machine = Machine()
    machine.clock.failed("no answer")
    assert machine.clock.unfit() == "it is not known what time it is: no answer"
    machine.compare()
    machine.clock.failed("no answer")
    assert machine.clock.sure()
    machine.set(-30)
    assert not machine.clock.sure()
    machine.clock.failed("no answer")
    assert not machine.clock.sure()


@given(
    st.floats(-1e5, 1e5),
    st.lists(st.tuples(st.sampled_from(["set", "passes", "compare"]), st.floats(0, 4e4))),
)
def test_a_clock_that_is_sure_is_never_further_off_than_is_borne(
    ahead: float, story: list[tuple[str, float]]
) -> None:
    machine = Machine(ahead)
    machine.compare()
    for what, seconds in story:
        if what == "compare":
            machine.compare()
        else:
            getattr(machine, what)(seconds)
        assert abs(machine.off) <= 2.0 + 1e-6
        if machine.clock.sure():
            moved = (machine.local - machine.true) / SECOND - (machine.clock.offset or 0.0)
            assert abs(moved) <= 1.0 + 1e-6


def test_of_several_brokers_the_median_counts_and_of_two_who_differ_whom_we_agree_with() -> None:
    assert agreed({1: -600.0}) == -600.0
    assert agreed({1: 0.1, 2: 7_200.0}) == 0.1
    assert agreed({1: -0.2, 2: 7_200.0, 3: 0.1}) == 0.1
    assert agreed({1: 7_200.0, 2: 7_200.1}) == 7_200.0
