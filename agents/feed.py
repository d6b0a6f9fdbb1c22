"""The Faust agent that feeds a topology: chunks from all its sources, in one stream."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import faust

from agents.topology import Topology


class ChunkSchema(faust.Schema[Any, Any]):
    """Hands a fetched chunk through as it is: decoding is the partition task's work."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        """What Faust calls for each message: the chunk as a Faust event."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            return app.create_event(None, message.value, message.headers, message)

        return decode


def feed(app: faust.App, topology: Topology, accept: Callable[[Any], None]) -> Any:
    """Attach the agent of ``topology`` to ``app``; each chunk goes to ``accept``."""
    topic = app.topic(*topology.topics, schema=ChunkSchema())

    async def agent(chunks: Any) -> None:
        async for chunk in chunks:
            accept(chunk)

    return app.agent(topic, name=topology.name)(agent)
