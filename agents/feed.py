"""The Faust agent that feeds a topology: chunks from all its sources, in one stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import faust
from faust.types import AgentT, AppT, EventT, Message, StreamT

from agents.topology import C, E, S, Topology

Chunk = TypeVar("Chunk")
"""Records fetched together, as the engine's transport puts them into a Faust message."""


class ChunkSchema(faust.Schema[bytes, bytes]):
    """Hands a fetched chunk through as it is: decoding is the partition task's work."""

    def compile(self, app: AppT, **_: object) -> Callable[..., Awaitable[EventT[bytes]]]:
        """What Faust calls for each message: the chunk as a Faust event."""

        async def decode(message: Message, *, propagate: bool = False) -> EventT[bytes]:
            return app.create_event(None, message.value, message.headers, message)

        return decode


def feed(
    app: faust.App, topology: Topology[E, S, C], accept: Callable[[Chunk], None]
) -> AgentT[None]:
    """Attach the agent of ``topology`` to ``app``; each chunk goes to ``accept``."""
    topic = app.topic(*topology.topics, schema=ChunkSchema())

    async def agent(chunks: StreamT[Chunk]) -> None:
        async for chunk in chunks:
            accept(chunk)

    return app.agent(topic, name=topology.name)(agent)
