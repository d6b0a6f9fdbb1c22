"""Going on without input that is gone: the one thing a command changes in a partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kafka import TopicPartition

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.engine.lost import Loss, StateLoss
from streams.engine.partition import Drained
from streams.engine.transaction import TransactionalProducer
from streams.queries.checkpoints import checkpoints
from streams.queries.lost import Offsets, Signs
from streams.settings import Settings


async def accept(
    settings: Settings,
    number: int,
    lost: Sequence[Loss | StateLoss],
    offsets: Offsets,
    signs: Signs,
) -> Checkpoint:
    """Move the partition's checkpoint to what is there, in a transaction.

    Of input that is the earliest, of a topic made anew its beginning; without any state it is no
    customers at the positions that the group has committed, and the earliest where it has none.
    Opening the partition's producer fences the worker that has it; a stopped one tries again by
    itself and goes on from here. Topics that have lost nothing keep their position. Raises
    ``CommitFailed`` or ``Fenced`` when a worker opened the partition meanwhile.
    """
    producer = TransactionalProducer(settings, number)
    await producer.open()
    try:
        checkpoint = (await checkpoints(settings, [number])).get(number)
        if checkpoint is None:
            checkpoint = _without_state(number, offsets, signs)
        for loss in lost:
            if isinstance(loss, Loss):
                checkpoint.next_offsets[loss.topic] = loss.earliest
            if loss.now:
                checkpoint.topic_ids[loss.topic] = loss.now
        record = (CHECKPOINT_KEY, dump_checkpoint(checkpoint))
        drained = Drained([record], [], dict(checkpoint.next_offsets), Counter())
        await producer.commit(drained, settings.changelog, settings.app_id)
    finally:
        await producer.close()
    return checkpoint


def _without_state(number: int, offsets: Offsets, signs: Signs) -> Checkpoint:
    starts = {}
    for topic, position in signs.positions(number).items():
        place = TopicPartition(topic, number)
        earliest = offsets.earliest[place]
        starts[topic] = position if earliest <= position <= offsets.end[place] else earliest
    return Checkpoint(next_offsets=starts, topic_ids=dict(signs.ids))
