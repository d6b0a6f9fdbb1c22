"""How much work waits for this worker: what tells a quiet time from a loaded one."""

from __future__ import annotations


class Load:
    """``backlog``: records fetched or still in Kafka that no task has applied yet."""

    __slots__ = ("backlog",)

    def __init__(self) -> None:
        self.backlog = 0
