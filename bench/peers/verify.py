"""Checks what an engine says it counted against what was really sent, customer by customer.

The figures are read from the engine's own changelog with `read_committed`; each engine has its own
form of record, read by the decoders below. They return (customer, count, sum), or None for a record
that is not a customer's total.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping

import msgspec
from aiokafka import AIOKafkaConsumer

from bench.harness import BenchmarkError
from bench.workload import Expected

Total = tuple[str, int, float]
Decoder = Callable[[bytes, bytes], Total | None]
CENT_TOLERANCE = 0.5
READ_TIMEOUT_MS = 200
FETCH_BYTES = 8 * 1024 * 1024


def long_double(key: bytes, value: bytes) -> Total:
    """Kafka Streams peer: the customer; count and sum as big-endian long and double.

    >>> long_double(b"c1", struct.pack(">qd", 2, 1.5))
    ('c1', 2, 1.5)
    """
    count, total = struct.unpack(">qd", value)
    return key.decode(), count, total


def quix_pair(key: bytes, value: bytes) -> Total:
    """Quix: `customer|"name of the state"`; a JSON list.

    >>> quix_pair(b'c1|"totals"', b"[2,1.5]")
    ('c1', 2, 1.5)
    """
    count, total = json.loads(value)
    return key.split(b"|", 1)[0].decode(), count, total


def faust_list(key: bytes, value: bytes) -> Total:
    """Plain Faust: a JSON string; a JSON list of count, sum and XOR.

    >>> faust_list(b'"c1"', b'[2,1.5,"00000000000000ff"]')
    ('c1', 2, 1.5)
    """
    count, total, _xor = json.loads(value)
    return json.loads(key), count, total


def touchline_record(key: bytes, value: bytes) -> Total | None:
    """Ours: the engine's own records apart, MessagePack of [customer, count, sum].

    >>> touchline_record(b"c1", msgspec.msgpack.encode(["c1", 2, 1.5]))
    ('c1', 2, 1.5)
    """
    try:
        customer, count, total = msgspec.msgpack.decode(value, type=tuple[str, int, float])
    except msgspec.MsgspecError:
        return None
    return (customer, count, total) if key == customer.encode() else None


async def totals_in_changelog(
    bootstrap: str, topic: str, decode: Decoder
) -> dict[str, tuple[int, float]]:
    """The newest committed total of every customer in `topic`, whose end is taken at the start.

    Raises `BenchmarkError` if there is no such topic.
    """
    consumer = AIOKafkaConsumer(
        topic,
        auto_offset_reset="earliest",
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    await consumer.start()
    totals: dict[str, tuple[int, float]] = {}
    try:
        places = consumer.assignment()  # without a group: every partition
        if not places:
            raise BenchmarkError(f"there is no changelog {topic}")
        ends = await consumer.end_offsets(places)
        while [p for p in places if await consumer.position(p) < ends[p]]:
            chunks = await consumer.getmany(timeout_ms=READ_TIMEOUT_MS)
            records = [record for chunk in chunks.values() for record in chunk]
            for record in records:
                total = None if record.value is None else decode(record.key, record.value)
                if total is not None:
                    totals[total[0]] = total[1:]
    finally:
        await consumer.stop()
    return totals


def faults(expected: Expected, found: Mapping[str, tuple[int, float]]) -> list[str]:
    """Sentences on every figure that is wrong: at most five, then how many more.

    >>> faults(Expected(2, 0, {"c1": [2, 150]}), {"c1": (1, 1.5)})
    ['c1: count 1, sum 1.50; sent 2, sum 1.50']
    """
    wrong = []
    for customer in sorted(expected.totals.keys() | found.keys()):
        sent_count, sent_cents = expected.totals.get(customer, [0, 0])
        count, total = found.get(customer, (0, 0.0))
        if count != sent_count or abs(total * 100 - sent_cents) > CENT_TOLERANCE:
            seen = f"{customer}: count {count}, sum {total:.2f}"
            wrong.append(f"{seen}; sent {sent_count}, sum {sent_cents / 100:.2f}")
    return wrong if len(wrong) <= 5 else [*wrong[:5], f"and {len(wrong) - 5} more customers"]
