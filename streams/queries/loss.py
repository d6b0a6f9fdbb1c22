"""Going on without input that is gone: the one thing a command changes in a partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.engine.partition import Drained
from streams.engine.transaction import TransactionalProducer
from streams.queries.checkpoints import checkpoints
from streams.queries.health import Loss
from streams.settings import Settings


async def accept(settings: Settings, number: int, lost: Sequence[Loss]) -> Checkpoint:
    """Move the partition's checkpoint to the earliest input that is there, in a transaction.

    Opening the partition's producer fences the worker that has it; a stopped one tries again by
    itself and goes on from here. Topics that have lost nothing keep their position. Raises
    ``CommitFailed`` or ``Fenced`` when a worker opened the partition meanwhile.
    """
    producer = TransactionalProducer(settings, number)
    await producer.open()
    try:
        checkpoint = (await checkpoints(settings, [number]))[number]
        for loss in lost:
            checkpoint.next_offsets[loss.topic] = loss.earliest
        record = (CHECKPOINT_KEY, dump_checkpoint(checkpoint))
        drained = Drained([record], [], dict(checkpoint.next_offsets), Counter())
        await producer.commit(drained, settings.changelog, settings.app_id)
    finally:
        await producer.close()
    return checkpoint
