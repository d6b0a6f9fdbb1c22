"""``touchline worker`` in which now and then one produce inside a transaction fails.

The fault is put in from outside: the product knows nothing of it. The batch is sent and its
acknowledgement replaced by an error, so that the transaction holds what must not be seen.
"""

from __future__ import annotations

import asyncio
import sys
from random import Random
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

SHARE = 0.02


def fail_some(random: Random) -> None:
    """Let one in fifty batches fail."""
    send_batch = AIOKafkaProducer.send_batch

    async def flawed(self: Any, *args: Any, **kwargs: Any) -> Any:
        ack = await send_batch(self, *args, **kwargs)
        if random.random() >= SHARE:
            return ack
        failed = asyncio.get_running_loop().create_future()
        failed.set_exception(MessageSizeTooLargeError("injected by the kill test"))
        return failed

    AIOKafkaProducer.send_batch = flawed


def main() -> None:
    """Run the worker with the fault in it; the first argument is its seed."""
    fail_some(Random(int(sys.argv[1])))
    sys.argv = ["touchline", "worker", "--http-port", "0"]
    from streams.cli import main as touchline

    touchline()


if __name__ == "__main__":
    main()
