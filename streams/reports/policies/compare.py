"""One file of events, two policies: what would come, what would go, and who would be another."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from agents.customers import Touched, customers
from agents.modellings import modellings
from domain.assembly.context import Context
from domain.customer.state import Customer
from domain.policy import Policy
from domain.policy.changes import ABSENT, Change, changes
from schemas.segments import SegmentModel
from streams.files.reading import Line
from streams.replay.events import CHUNK_LINES, Replay, watched
from streams.reports.policies.classes import Classes, Move
from streams.reports.policies.outputs import NEW, OLD, Outputs, Tally


class Comparison(NamedTuple):
    """What differs between two policies over the same events.

    ``outputs`` are tallies by topic and kind, ``classes`` the moves by figure; ``dead_letters``
    are the events that either replay refused.
    """

    fields: list[Change]
    events: int
    dead_letters: int
    customers: int
    outputs: dict[str, dict[str, Tally]]
    classes: dict[str, list[Move]]

    @property
    def changed(self) -> bool:
        """Whether anything would come, go, be moved or be of another class."""
        tallies = itertools.chain.from_iterable(kinds.values() for kinds in self.outputs.values())
        return any(one.only_old or one.only_new or one.moved for one in tallies) or any(
            self.classes.values()
        )


def compare(
    old: Policy,
    new: Policy,
    source: Iterable[Line],
    *,
    partitions: int,
    examples: int = 3,
    limit: int | None = None,
    until: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Replay ``source`` (JSON lines with their numbers) under both policies, reading it once.

    At most ``limit`` lines are read; timers due by ``until`` (ms) fire at the end. Examples are
    up to ``examples`` for each kind and side. Raises RuleFailed, as a replay does.
    """
    wall = time.time_ns() // 1_000_000
    replays = [_replay(policy, partitions, wall) for policy in (old, new)]
    names: list[dict[str, str]] = [{}, {}]
    outputs = Outputs(examples)

    def take(side: int, sent: Iterator[tuple[str, bytes]]) -> None:
        for topic, value in sent:
            outputs.add(side, topic, value)
        model = replays[side].models.get(SegmentModel.kind)
        if isinstance(model, SegmentModel):
            names[side].update((card.segment_id, card.name) for card in model.segments)

    lines = itertools.islice(watched(source, progress), limit)
    while chunk := list(itertools.islice(lines, CHUNK_LINES)):
        for side in (OLD, NEW):
            take(side, replays[side].take(chunk))
    for side in (OLD, NEW):
        take(side, replays[side].end())
        if until is not None:
            take(side, replays[side].until(until))
    classes = Classes(examples)
    for (_, was), (_, becomes) in zip(*(each.exported() for each in replays), strict=True):
        classes.add(was, becomes, (names[OLD], names[NEW]))
    return Comparison(
        fields=changes(old, new),
        events=replays[OLD].events,
        dead_letters=sum(n for (kind, _), n in replays[OLD].counts.items() if kind == LETTER),
        customers=classes.customers,
        outputs=outputs.tallies(),
        classes=classes.moves(),
    )


def as_dict(found: Comparison) -> dict[str, Any]:
    """The comparison as plain values, for JSON."""
    return {
        "fields": [
            {"field": one.field, "was": _plain(one.was), "becomes": _plain(one.becomes)}
            for one in found.fields
        ],
        "events": found.events,
        "dead_letters": found.dead_letters,
        "customers": found.customers,
        "changed": found.changed,
        "outputs": {
            topic: {kind: _tally(tally) for kind, tally in kinds.items()}
            for topic, kinds in found.outputs.items()
        },
        "classes": {
            figure: [_move(move) for move in moves] for figure, moves in found.classes.items()
        },
    }


LETTER = "dead_letter"


def _replay(policy: Policy, partitions: int, wall: int) -> Replay[Touched, Customer, Context]:
    return Replay(customers(policy), partitions, modellings(policy), wall=wall)


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "only_old": tally.only_old,
        "only_new": tally.only_new,
        "both": tally.both,
        "moved": tally.moved,
        "examples": {
            "only_old": [one._asdict() for one in tally.examples_old],
            "only_new": [one._asdict() for one in tally.examples_new],
            "moved": [
                one._asdict()
                | {"differs": {name: list(both) for name, both in one.differs.items()}}
                for one in tally.examples_moved
            ],
        },
    }


def _move(move: Move) -> dict[str, Any]:
    examples = [{"customer_id": one, "reason": reason} for one, reason in move.examples]
    return {
        "was": move.was,
        "becomes": move.becomes,
        "customers": move.customers,
        "examples": examples,
    }


def _plain(value: Any) -> Any:
    """``ABSENT`` has no JSON of its own: what is not there is null."""
    return None if value is ABSENT else value
