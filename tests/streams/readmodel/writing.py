"""A worker that is none: transactions of which it is known what each holds."""

from __future__ import annotations

import asyncio
import random
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

from domain.customer.state import CORE, FILE, Customer
from schemas.codec import encode
from schemas.fields import moment, rfc3339
from schemas.outputs import Signal
from schemas.topics import SIGNALS
from streams.engine.checkpoint import CHECKPOINT_KEY, Checkpoint, dump_checkpoint
from streams.engine.placing import partition_of
from streams.settings import Settings

COUNTED = "touchpoints.app-clicks"
SEGMENT = "s1"


def ids(number: int, partitions: int, count: int) -> list[str]:
    """So many customers of a partition."""
    found: list[str] = []
    at = 0
    while len(found) < count:
        customer_id, at = f"c-{at}", at + 1
        if partition_of(customer_id.encode(), partitions) == number:
            found.append(customer_id)
    return found


class Writer:
    """Writes transaction after transaction to one partition: each lifts every customer by one.

    ``ends`` has where the outputs of each committed transaction end.
    """

    def __init__(self, settings: Settings, number: int, customers: int = 20) -> None:
        self.number = number
        self.done = 0
        self.ends: dict[int, int] = {0: 0}
        self._settings = settings
        self._random = random.Random(number)
        self._customers = [
            Customer.new(customer_id) for customer_id in ids(number, settings.partitions, customers)
        ]
        self._producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka.bootstrap,
            transactional_id=f"{settings.app_id}-test-{number}",
            acks="all",
        )

    async def __aenter__(self) -> Self:
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self._producer.stop()

    async def write(self, *, abort: bool = False) -> None:
        """One more transaction; one that is aborted says what must never be seen."""
        told = 1_000_000 if abort else self.done + 1
        producer = self._producer
        await producer.begin_transaction()
        if self._random.random() < 0.5:
            end = await self._outputs(told)
            await self._state(told)
        else:
            await self._state(told)
            end = await self._outputs(told)
        if abort:
            await producer.abort_transaction()
            return
        self.ends[told] = end  # known before anybody can see it
        await producer.commit_transaction()
        self.done = told

    async def _outputs(self, told: int) -> int:
        sent = None
        for index in range(self._random.randrange(1, 5)):
            signal = Signal(
                signal_id=f"{told:020d}{self.number:04d}{index:08d}",
                kind="counted",
                value=float(told),
                occurred_at=rfc3339(moment(1_772_323_200_000)),
                reason="It was counted.",
            )
            sent = await self._producer.send(SIGNALS, value=encode(signal), partition=self.number)
        assert sent is not None
        await self._producer.flush()
        return int((await sent).offset) + 1

    async def _state(self, told: int) -> None:
        for customer in self._customers:
            customer.core.events, customer.core.segment = told, SEGMENT
            customer.touched |= CORE
            assert customer.file is not None
            customer.touch(FILE)
            for key, value in customer.dump():
                await self._send(key, value)
            if self._random.random() < 0.1:
                await asyncio.sleep(0.002)
        at = Checkpoint(next_offsets={COUNTED: told}, clock=told)
        await self._send(CHECKPOINT_KEY, dump_checkpoint(at))

    async def _send(self, key: bytes, value: bytes | None) -> None:
        await self._producer.send(
            self._settings.changelog, key=key, value=value, partition=self.number
        )
