"""``/v1/stream``: server-sent events of what comes out, from where a client was."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from schemas.examples import OUTPUT_EXAMPLES
from schemas.fields import moment, rfc3339
from schemas.topics import ALERT_STATES
from schemas.units import MS_PER_HOUR
from streams.engine.clock import local_ms
from streams.readmodel.rows import Positions
from streams.serve.access.gate import needs
from streams.serve.access.who import Who
from streams.serve.api.answering import problem_ref
from streams.serve.api.asking import ask_of
from streams.serve.metrics import ServeMetrics
from streams.serve.problems import Problem
from streams.serve.routing import new_router
from streams.serve.serving import Serving, serving
from streams.serve.streaming import vector
from streams.serve.streaming.client import Client
from streams.serve.streaming.frames import EVENTS, burst, event, id_line
from streams.serve.streaming.hub import Hub

HEARTBEAT_SECONDS: Final = 10.0
ADMIT_SECONDS: Final = 60.0
"""Whether a client may still look on is asked so often."""
RETRY_MS: Final = 2_000
MOST_STREAMS: Final = 1_000
MOST_OF_CLIENT: Final = 100
"""Of all keys of a program, or all windows of a person."""
OLDEST_MS: Final = 20 * MS_PER_HOUR
"""Changes are kept for a day at least; an id that is older is told to read anew."""
MOST_BEHIND: Final = 20_000
"""Changes that a client is told of one by one after it was away; else it is to read anew."""
AHEAD_SECONDS: Final = 5.0
AHEAD_LOOK_SECONDS: Final = 0.1
"""Another replica may be a little ahead of this one."""
CHUNK: Final = 200
TOPICS: Final = ",".join(EVENTS)
_EXAMPLE: Final = OUTPUT_EXAMPLES["AlertState"][0]

router = new_router(tags=["stream"])


class StreamAsked(BaseModel):
    """Of what, and from where."""

    model_config = ConfigDict(extra="forbid")

    topics: str = Field(
        default=TOPICS,
        max_length=200,
        pattern=f"^({'|'.join(EVENTS)})(,({'|'.join(EVENTS)}))*$",
        description="names of events, joined by commas",
        examples=["alert-state,signal"],
    )
    last_event_id: str | None = Field(
        default=None,
        max_length=vector.MOST_CHARACTERS,
        description="the id last got, where the header Last-Event-ID cannot be set",
    )


@router.get(
    "/v1/stream",
    summary="What comes out, as it comes",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: records of the topics asked for; `ready` first; "
            "`resync` where the client is to read anew what it shows",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": event("alert-state", _EXAMPLE, "AQABAQIArAI").decode(),
                }
            },
        },
        400: {"description": "An id that no stream told", "content": problem_ref()},
        422: {"description": "A parameter does not fit", "content": problem_ref()},
        503: {"description": "Too many streams are open", "content": problem_ref()},
    },
)
async def stream(
    request: Request,
    asked: Annotated[StreamAsked, Query()],
    who: Annotated[Who, Depends(needs("read"))],
    serve: Annotated[Serving, Depends(serving)],
    last_event_id: Annotated[
        str | None,
        Header(max_length=vector.MOST_CHARACTERS, description="the id last got, to go on there"),
    ] = None,
) -> Response:
    """Follow what comes out. Nothing is left out between an id and what comes after it; what
    stands before the next id may come again."""
    hub: Hub = request.app.state.hub
    given = last_event_id or asked.last_event_id
    since = None if not given else _since(given)
    if hub.count >= MOST_STREAMS:
        raise Problem(
            503, "too_many_streams", "Too many streams are open", headers={"Retry-After": "10"}
        )
    streams_of: Counter[str] = request.app.state.streams_of
    if streams_of[who.name] >= MOST_OF_CLIENT:
        raise Problem(
            429, "too_many_streams", "You have too many streams open", headers={"Retry-After": "10"}
        )
    await serve.gate.note(who, "listed", request=request)
    topics = frozenset(EVENTS[name] for name in asked.topics.split(","))
    told = Told(request, serve, hub, Client(topics, who.owner_id), since, who=who)
    return StreamingResponse(
        told.pieces(),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _since(given: str) -> vector.Vector:
    try:
        return vector.load(given)
    except vector.NotAVector:
        raise Problem(400, "bad_event_id", "No stream told that id") from None


class Told:
    """What one client is told, from its first byte to its last."""

    def __init__(
        self,
        request: Request,
        serve: Serving,
        hub: Hub,
        client: Client,
        since: vector.Vector | None,
        *,
        who: Who,
    ) -> None:
        self._request, self._serve, self._who = request, serve, who
        self._hub, self._client, self._since = hub, client, since
        self._admitted = time.monotonic()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Events and heartbeats, until the client goes, may not look on, or the process ends."""
        client = self._client
        looks_on = self._serve.gate.looks_on(self._request, self._who, "read", client.end)
        with self._hub.joined(client), looks_on, self._counted():
            yield b"retry: %d\n\n" % RETRY_MS
            while not await self._hub.ready(HEARTBEAT_SECONDS):
                if client.over or await self._request.is_disconnected():
                    return
                yield b": the read model is being built\n\n"
            client.found_again()  # what was lost before it begins is of no matter
            async for piece in self._begin():
                yield piece
            while True:
                came = await client.take(HEARTBEAT_SECONDS)
                if client.over or await self._is_gone(came is None):
                    return
                if client.lost:
                    yield await self._anew("slow")
                elif came is None:
                    yield self._heartbeat()
                elif came:
                    yield came

    @contextmanager
    def _counted(self) -> Iterator[None]:
        streams_of: Counter[str] = self._request.app.state.streams_of
        name = self._who.name
        streams_of[name] += 1
        try:
            yield
        finally:
            streams_of[name] -= 1
            if not streams_of[name]:
                del streams_of[name]

    async def _begin(self) -> AsyncIterator[bytes]:
        """Where the client is, or what came while it was away."""
        since, hub = self._since, self._hub
        if since is None:
            self._client.behind = hub.positions
            yield event("ready", self._now(), hub.vector)
            return
        behind = since.positions
        if self._is_far(since, hub.positions):
            yield await self._anew("away too long")
            return
        if await self._may_lack_owners(since):
            yield await self._anew("built again")
            return
        if not await self._reached(behind):
            yield await self._anew("not from here")
            return
        yield event("ready", self._now(), vector.dump(since))
        model, client = self._serve.model, self._client
        at = {place: behind.get(place, 0) for place in hub.positions}
        client.behind = at | behind
        topics = sorted(client.topics)
        while not client.over:
            some = await ask_of(
                self._request.app, model.changed, dict(client.behind), topics, CHUNK
            )
            if not some:
                return
            mine = client.new(await hub.frames(some, [client]))
            for change in some:  # those without a value too, so that we get on
                place = change.topic, change.partition
                client.behind[place] = max(client.behind.get(place, 0), change.offset + 1)
            if mine:
                yield burst(mine, vector.dump(vector.Vector(local_ms(), dict(client.behind))))

    def _is_far(self, since: vector.Vector, now: Positions) -> bool:
        if local_ms() - since.at > OLDEST_MS:
            return True
        topics = self._client.topics
        gaps = (
            max(0, at - since.positions.get(place, 0))
            for place, at in now.items()
            if place[0] in topics
        )
        return sum(gaps) > MOST_BEHIND

    async def _may_lack_owners(self, since: vector.Vector) -> bool:
        """Whether an alert may have left this client's own and the file does not say so.

        Whose it was is in a record that Kafka may have cleared away before the file was begun.
        """
        if self._client.owner_id is None or ALERT_STATES not in self._client.topics:
            return False
        made = await ask_of(self._request.app, self._serve.model.made_at)
        return made > since.at

    async def _reached(self, behind: Positions) -> bool:
        """Whether this replica comes to where the client was within some seconds.

        One that does not is of other topics: they were made anew, and offsets count from 0 again.
        """
        deadline = time.monotonic() + AHEAD_SECONDS
        while not self._client.over:
            now = self._hub.positions
            held = {number for _, number in now}
            if all(
                now.get(place, 0) >= at
                for place, at in behind.items()
                if place[1] in held and place[0] in self._client.topics
            ):
                return True
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(AHEAD_LOOK_SECONDS)
        return True

    async def _anew(self, why: str) -> bytes:
        """Tell it to read anew what it shows; from here on it is told what comes."""
        while not await self._hub.ready(HEARTBEAT_SECONDS):
            if self._client.over:
                return b""
        metrics: ServeMetrics = self._request.app.state.metrics
        metrics.resyncs.inc()
        self._client.behind = self._hub.positions
        self._client.found_again()
        return event("resync", {"why": why, **self._now()}, self._hub.vector)

    def _now(self) -> dict[str, str]:
        return {"now": rfc3339(moment(local_ms()))}

    def _heartbeat(self) -> bytes:
        """That it is alive; where the client is, unless what waits for it says so next."""
        at = self._client.at(self._hub.positions)
        if at is None:
            return b": alive\n\n"
        return b": alive\n" + id_line(vector.dump(vector.Vector(local_ms(), at)))

    async def _is_gone(self, idle: bool) -> bool:
        """Whether nobody reads any more (asked when idle), or somebody who may not."""
        gone = idle and await self._request.is_disconnected()
        return gone or not await self._may_look_on()

    async def _may_look_on(self) -> bool:
        """Whether the key or session still lets in, asked now and then."""
        if time.monotonic() - self._admitted < ADMIT_SECONDS:
            return True
        self._admitted = time.monotonic()
        try:
            who = await self._serve.gate.admit(self._request, "read")
        except Problem as problem:
            return problem.status not in (401, 403)
        return who.owner_id == self._client.owner_id
