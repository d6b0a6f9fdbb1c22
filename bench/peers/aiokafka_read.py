"""The ceiling of this machine: `aiokafka` fetches every record and nothing is done with it."""

from __future__ import annotations

import argparse
import asyncio
import json
import time

from aiokafka import AIOKafkaConsumer

FETCH_BYTES = 4 * 1024 * 1024


async def read(bootstrap: str, topic: str, events: int) -> dict[str, float]:
    """Fetch `events` records of `topic`; seconds from the first request to the last chunk."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    seen, first = 0, time.monotonic()
    try:
        while seen < events:
            chunks = await consumer.getmany(timeout_ms=1000)
            seen += sum(map(len, chunks.values()))
        return {"events": seen, "seconds": time.monotonic() - first}
    finally:
        await consumer.stop()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--bootstrap", "--topic", "--group"):
        parser.add_argument(name, required=True)
    parser.add_argument("--events", type=int, required=True)
    options = parser.parse_args()
    report = asyncio.run(read(options.bootstrap, options.topic, options.events))
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
