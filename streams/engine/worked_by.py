"""Who works a partition from now on, beside who worked it before."""

from __future__ import annotations

import structlog

from schemas.workers import WorkedBy
from streams.engine.checkpoint import Checkpoint

log = structlog.get_logger("touchline.task")


def worked_by(
    by: WorkedBy | None, checkpoint: Checkpoint | None, now: int, number: int
) -> WorkedBy | None:
    """This worker, since when its policy and version work the partition (``now``: ms).

    Says in the log where another policy, or another form of what is stored, did so before.
    """
    if by is None:
        return None
    before = checkpoint.by if checkpoint is not None else None
    if before is not None:
        for what in ("policy", "forms"):
            was, becomes = getattr(before, what), getattr(by, what)
            if was != becomes:
                log.warning(
                    f"partition was worked by another {what}: see docs/OPERATIONS.md, "
                    f"'Changing the policy'",
                    partition=number, was=was, now=becomes, worker=before.worker,
                    version=before.version,
                )  # fmt: skip
    return by.taking_over(before, now)
