"""What scorecards say as of a time: a row for each name of a dimension, and who is inconsistent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, get_args

from domain.experience.consistency import Channel, Consistency, consistency
from domain.experience.kept import kept_share
from domain.kernel.scales import CHANNELS, FACTORS, STAGES, TIERS
from domain.kernel.units import MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy.experience import ExperienceRules
from domain.satisfaction import tallies
from domain.satisfaction.scorecards import (
    AGENT,
    BRANCH,
    CUBE,
    OTHER,
    REGION,
    SEGMENT,
    STAGE,
    Scorecards,
)
from domain.satisfaction.tallies import (
    BAD,
    BROKEN,
    CONTACTS,
    GOOD,
    KEPT,
    SCORE,
    WAITED,
    WEIGHT,
    Tally,
)
from schemas.fields import moment, rfc3339
from schemas.outputs import Signal, output_id

Dimension = Literal["factor", "tier", "channel", "stage", "region", "segment", "agent", "branch"]
DIMENSIONS: Final[tuple[Dimension, ...]] = get_args(Dimension)
LETTER: Final = {
    "stage": STAGE, "region": REGION, "segment": SEGMENT, "agent": AGENT, "branch": BRANCH,
}  # fmt: skip
STAGE_NAMES: Final = tuple(enumerate(STAGES))[1:]
NONE, OTHERS = "none", "other"
INCONSISTENT: Final = "channel_inconsistency"
UNLIKE: Final = Wording("consistency.of_group", "{by:capital} {group}: {why:said}")


class ScoreRow(NamedTuple):
    """One name of one dimension; all but ``score`` and the last two are decayed sums.

    ``refused`` counts what came under ``other`` because the dimension was full.
    """

    dimension: Dimension
    name: str
    score: float | None
    weight: float
    good: float
    bad: float
    promises_kept: float
    promises_broken: float
    promises_kept_share: float | None
    contacts: float
    mean_wait_seconds: float | None
    refused: int = 0


class CellRow(NamedTuple):
    """Satisfaction of one cell of factor, tier and channel; ``weight`` as of now."""

    factor: str
    tier: str
    channel: str
    score: float
    weight: float


def rows(cards: Scorecards, now: int) -> list[ScoreRow]:
    """A row for each name of each dimension, as of ``now`` (ms), in order."""
    found: dict[tuple[Dimension, str], Tally] = {}
    refused: dict[tuple[Dimension, str], int] = {}
    for key, tally in sorted(cards.tallies.items()):
        for label in _labels(cards, key):
            tallies.add(found.setdefault(label, tallies.blank()), tally)
            refused[label] = refused.get(label, 0) + cards.refused.get(key, 0)
    order = {name: index for index, name in enumerate((*FACTORS, *TIERS, *CHANNELS, *STAGES))}
    ordered = sorted(
        found, key=lambda each: (DIMENSIONS.index(each[0]), order.get(each[1], -1), each[1])
    )
    left = _left(cards, now)
    return [_row(label, found[label], left, refused[label]) for label in ordered]


def satisfaction_rows(cards: Scorecards, now: int) -> list[CellRow]:
    """Every cell of factor, tier and channel that has a weight, as of ``now`` (ms)."""
    left = _left(cards, now)
    return [
        CellRow(factor, TIERS[tier], CHANNELS[channel], tally[SCORE] / tally[WEIGHT],
                tally[WEIGHT] * left)
        for factor, tier, channel, tally in _cells(cards)
        if tally[WEIGHT] > 0
    ]  # fmt: skip


def stage_rows(cards: Scorecards, now: int) -> list[tuple[str, float, float]]:
    """Name, score and weight of each journey stage that has a weight, as of ``now`` (ms)."""
    left = _left(cards, now)
    found = [(name, cards.tallies.get(STAGE + bytes((index,)))) for index, name in STAGE_NAMES]
    return [
        (name, tally[SCORE] / tally[WEIGHT], tally[WEIGHT] * left)
        for name, tally in found
        if tally is not None and tally[WEIGHT] > 0
    ]


def inconsistencies(
    cards: Scorecards, now: int, rules: ExperienceRules
) -> Iterator[tuple[str, Consistency]]:
    """How consistent each tier that has moments is treated across channels, as of ``now`` (ms)."""
    left = _left(cards, now)
    groups: dict[str, dict[str, Tally]] = {}
    for _, tier, channel, tally in _cells(cards):
        group = groups.setdefault(TIERS[tier], {})
        tallies.add(group.setdefault(CHANNELS[channel], tallies.blank()), tally)
    for name, group in groups.items():
        channels = {
            channel: Channel(tally[SCORE] / tally[WEIGHT], tally[WEIGHT] * left)
            for channel, tally in group.items()
            if tally[WEIGHT] > 0
        }
        yield name, consistency(channels, rules)


def inconsistency_signal(by: str, group: str, found: Consistency, now: int) -> Signal | None:
    """What to tell of a group that is treated unlike from channel to channel, once a UTC day.

    ``by`` names what the group is one of, such as ``tier``; ``None`` where there is no signal.
    """
    if not found.inconsistent:
        return None
    assert found.highest is not None and found.lowest is not None
    return Signal(
        signal_id=output_id("signal", INCONSISTENT, by, group, now // MS_PER_DAY),
        kind=INCONSISTENT,
        occurred_at=rfc3339(moment(now)),
        value=found.spread,
        labels={by: group, "highest": found.highest, "lowest": found.lowest},
        reason=UNLIKE(by=by, group=group, why=found.reason),
    )


def _left(cards: Scorecards, now: int) -> float:
    """What is left as of ``now`` of an amount of 1 in the sums; 0 for those long silent."""
    if cards.epoch is None:
        return 0.0
    return float(2.0 ** min(1_000.0, cards.epoch - now / cards.half_life_ms))


def _cells(cards: Scorecards) -> Iterator[tuple[str, int, int, Tally]]:
    for key in sorted(key for key in cards.tallies if key[:1] == CUBE):
        tally = cards.tallies[key]
        yield FACTORS[key[1] - 1] if key[1] else NONE, key[2], key[3], tally


def _labels(cards: Scorecards, key: bytes) -> list[tuple[Dimension, str]]:
    """The names that a tally counts for."""
    letter = key[:1]
    if letter == CUBE:
        factor = FACTORS[key[1] - 1] if key[1] else NONE
        return [("factor", factor), ("tier", TIERS[key[2]]), ("channel", CHANNELS[key[3]])]
    if letter == STAGE:
        return [("stage", STAGES[key[1]])]
    name = OTHERS if key[1:] == OTHER else cards.names[key]
    return [(dimension, name) for dimension in DIMENSIONS if LETTER.get(dimension) == letter]


def _row(label: tuple[Dimension, str], tally: Tally, left: float, refused: int) -> ScoreRow:
    weight, contacts = tally[WEIGHT], tally[CONTACTS]
    return ScoreRow(
        dimension=label[0],
        name=label[1],
        score=tally[SCORE] / weight if weight > 0 else None,
        weight=weight * left,
        good=tally[GOOD] * left,
        bad=tally[BAD] * left,
        promises_kept=tally[KEPT] * left,
        promises_broken=tally[BROKEN] * left,
        promises_kept_share=kept_share(tally[KEPT], tally[BROKEN]).value,
        contacts=contacts * left,
        mean_wait_seconds=tally[WAITED] / contacts if contacts > 0 else None,
        refused=refused,
    )
