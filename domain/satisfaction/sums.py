"""The decayed sums of moment scores of one customer: overall, by factor, channel and stage.

Also by UTC day for the newest 32 days, so that the level of a month ago can be told by leaving
later days out.
"""

from __future__ import annotations

from domain.customer.cause import Cause
from domain.customer.parts import Moment, Mood
from domain.customer.state import MOOD, Customer
from domain.kernel.decay import MAX_EXPONENT, epoch_of, power, weight_at
from domain.kernel.scales import CHANNELS, FACTORS, STAGES
from domain.kernel.units import MS_PER_DAY
from domain.policy import Policy
from domain.satisfaction.runs import take_moment

ALL = 0
FIRST_CHANNEL = 10
FIRST_STAGE = 19
EARLY_CHANNELS = 10
FIRST_LATER_CHANNEL = 40
FIRST_DAY = 100
DAYS = 32
# A cell's number is stored. The cells of the first ten channels were followed by those of stages
# when there were no others: an 11th channel must not become a stage, nor any of them a day.
assert len(FACTORS) < FIRST_CHANNEL
assert FIRST_CHANNEL + EARLY_CHANNELS <= FIRST_STAGE + 1
assert FIRST_STAGE + len(STAGES) <= FIRST_LATER_CHANNEL
assert FIRST_LATER_CHANNEL + len(CHANNELS) - EARLY_CHANNELS <= FIRST_DAY


def day_cell(at: int) -> int:
    """The sum of the UTC day of ``at`` (ms)."""
    return FIRST_DAY + at // MS_PER_DAY


def channel_cell(channel: int) -> int:
    """The sum of a channel by its index.

    >>> [channel_cell(channel) for channel in (0, 9, 10)]
    [10, 19, 40]
    """
    later = channel - EARLY_CHANNELS
    return FIRST_CHANNEL + channel if later < 0 else FIRST_LATER_CHANNEL + later


CHANNEL_CELLS = {channel_cell(index): name for index, name in enumerate(CHANNELS)}


def cells(factor: int, channel: int, stage: int) -> list[int]:
    """The sums a moment counts in; ``factor`` and ``stage`` 0 = none."""
    found = [ALL, channel_cell(channel)]
    if factor:
        found.append(factor)
    if stage:
        found.append(FIRST_STAGE + stage)
    return found


def add(customer: Customer, moment: Moment, policy: Policy) -> None:
    """Add a moment whose weight and score no longer change."""
    at, weight, score, factor, channel, stage, _ = moment
    mood = customer.mood
    customer.touch(MOOD)
    half_life_ms = policy.half_life_ms
    prepare(mood, at, customer.core.newest, half_life_ms)
    assert mood.epoch is not None
    decayed = weight * weight_at(at, half_life_ms, mood.epoch)
    today = day_cell(at)
    for cell in (*cells(factor, channel, stage), today):
        weights, scores = mood.sums.get(cell, (0.0, 0.0))
        mood.sums[cell] = (weights + decayed, scores + decayed * score)
    take_moment(customer, moment, policy)
    oldest = day_cell(customer.core.newest) - DAYS
    for cell in [cell for cell in mood.sums if FIRST_DAY <= cell < oldest]:
        del mood.sums[cell]


def prepare(mood: Mood, at: int, newest: int, half_life_ms: float) -> None:
    """Set the landmark of the sums, or move it so that a weight at ``at`` fits a double.

    A half-life that the operator changed keeps every mean and the weights as of ``newest``.
    """
    if mood.epoch is None:
        mood.epoch, mood.half_life_ms = epoch_of(at, half_life_ms), half_life_ms
        return
    scale = 1.0
    if mood.half_life_ms != half_life_ms:
        # A moment judged by the clock may lie long after the newest event.
        then = max(newest, mood.epoch * mood.half_life_ms)
        epoch = epoch_of(then, half_life_ms)
        before = then / mood.half_life_ms - mood.epoch
        scale = power(then / half_life_ms - epoch - before)
        mood.epoch, mood.half_life_ms = epoch, half_life_ms
    elif at / half_life_ms - mood.epoch > MAX_EXPONENT:
        epoch = epoch_of(at, half_life_ms)
        scale = power(mood.epoch - epoch)
        mood.epoch = epoch
    if scale != 1.0:
        mood.sums = {cell: (w * scale, s * scale) for cell, (w, s) in mood.sums.items()}


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's settled moments count for this one."""
    mine, theirs = customer.mood, other.mood
    customer.touch(MOOD)
    if theirs.epoch is not None:
        newest, half_life_ms = customer.core.newest, cause.policy.half_life_ms
        for mood in (mine, theirs):
            prepare(mood, newest, newest, half_life_ms)
        assert mine.epoch is not None
        scale = 2.0 ** max(theirs.epoch - mine.epoch, -1_000)
        for cell, (weights, scores) in theirs.sums.items():
            kept = mine.sums.get(cell, (0.0, 0.0))
            mine.sums[cell] = (kept[0] + weights * scale, kept[1] + scores * scale)
    highest = dict(mine.days)
    for day, level in theirs.days:
        highest[day] = max(level, highest.get(day, level))
    mine.days = sorted(highest.items())
