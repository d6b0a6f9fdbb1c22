"""The background tasks of an aiokafka client: which of them ended, and what sets one going again.

aiokafka notices some of these ends when its client is next used, and others never: a consumer whose
fetch routine ended gives nothing for ever, a client whose metadata routine ended never hears of
another leader. So whoever keeps a client asks here, every second or at every turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.client import ConnectionGroup
from aiokafka.conn import CloseReason
from aiokafka.consumer.group_coordinator import NoGroupCoordinator
from aiokafka.errors import KafkaError

from streams.engine.client.refusals import refusal

STOP_SECONDS = 5.0

Client: TypeAlias = AIOKafkaConsumer | AIOKafkaProducer


class ClientBroken(KafkaError):  # type: ignore[misc]
    """A background task of a client ended: it is past use, another one is to be made."""


class Ended(NamedTuple):
    """A background task of a client that ended, in an operator's words, and why."""

    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what} of the Kafka client ended: {self.why}"


FETCHING = "the fetching"
METADATA = "the look-up of leaders"
GROUP = "the life in the group"
HEARTBEAT = "the heartbeat"
COMMITTED = "the look-up of the group's offsets"
SENDING = "the sending"


def ended(client: Client) -> Iterator[Ended]:
    """What ended of a client that was started and not stopped.

    What a refusal ended goes on once the right is there and the group is asked anew.
    """
    for what, task in _routines(client):
        if task is not None and task.done() and not _is_refused(task):
            yield Ended(what, why(task))


def check(client: Client) -> None:
    """Raise :class:`ClientBroken` where something of a started client ended."""
    for one in ended(client):
        raise ClientBroken(str(one))


def why(task: asyncio.Task[Any]) -> str:
    """Why a task that is done ended, in a few words."""
    if task.cancelled():
        return "it was cancelled"
    error = task.exception()
    if error is None:
        return "it returned"
    if isinstance(error, KafkaError) and error.__cause__ is not None:
        error = error.__cause__  # aiokafka's "unexpected error" says nothing itself
    return f"{type(error).__name__}: {error}"


def _routines(client: Client) -> Iterator[tuple[str, asyncio.Task[Any] | None]]:
    if isinstance(client, AIOKafkaProducer):
        yield METADATA, client.client._sync_task
        yield SENDING, client._sender.sender_task
        return
    yield METADATA, client._client._sync_task
    yield FETCHING, client._fetcher._fetch_task
    coordinator = client._coordinator
    if isinstance(coordinator, NoGroupCoordinator):
        yield COMMITTED, coordinator._reset_committed_task
        return
    yield GROUP, coordinator._coordination_task
    # these two end with an assignment and begin with the next
    subscription = client._subscription.subscription
    assignment = None if subscription is None else subscription.assignment
    if assignment is not None and assignment.active and not coordinator._rejoin_needed_fut.done():
        yield HEARTBEAT, coordinator._heartbeat_task
        yield COMMITTED, coordinator._commit_refresh_task


def _is_refused(task: asyncio.Task[Any]) -> bool:
    return not task.cancelled() and refusal(task.exception()) is not None


async def stop(client: Client) -> None:
    """Stop a client, whatever ended of it; waits 5 s at most.

    In a task of its own: aiokafka raises again what ended, and one of its coordinators a
    cancellation that nobody asked for, where it is stopped as soon as it was started.
    """
    stopping = asyncio.create_task(client.stop())
    stopping.add_done_callback(looked_at)
    done, _ = await asyncio.wait((stopping,), timeout=STOP_SECONDS)
    if not done:
        stopping.cancel()


def restart_fetching(consumer: AIOKafkaConsumer) -> None:
    """Let a consumer fetch again from its positions; what was fetched and not taken comes again."""
    fetcher = consumer._fetcher
    for task in (fetcher._fetch_task, *fetcher._pending_tasks):
        task.cancel()
        task.add_done_callback(looked_at)
    fetcher._pending_tasks.clear()
    fetcher._in_flight.clear()
    fetcher._fetch_task = asyncio.create_task(fetcher._fetch_requests_routine())


def restart_metadata(client: Client) -> None:
    """Let a client hear of leaders again."""
    inner = _inner(client)
    inner._sync_task = asyncio.create_task(inner._md_synchronizer())


def drop_deaf_connections(client: Client) -> int:
    """Close connections that nobody reads from, to be made anew; how many."""
    deaf = [
        connection
        for connection in _inner(client)._conns.values()
        if connection.connected() and connection._read_task.done()
    ]
    for connection in deaf:
        connection.close(reason=CloseReason.CONNECTION_BROKEN)
    return len(deaf)


def drop_connection(consumer: AIOKafkaConsumer, node_id: int) -> None:
    """Close the connection that a broker is fetched from by: what waits there fails at once."""
    connection = consumer._client._conns.get((node_id, ConnectionGroup.DEFAULT))
    if connection is not None:
        connection.close(reason=CloseReason.CONNECTION_TIMEOUT)


def _inner(client: Client) -> Any:
    return client.client if isinstance(client, AIOKafkaProducer) else client._client


def looked_at(task: asyncio.Future[Any]) -> None:
    """Let nobody complain that what it failed with was not asked for: others know."""
    if not task.cancelled():
        task.exception()
