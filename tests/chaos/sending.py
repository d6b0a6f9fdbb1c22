"""Sends the load at a steady rate, through outages of the broker."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from kafka import KafkaProducer
from kafka.errors import KafkaError
from kafka.partitioner import murmur2

from tests.chaos.load import Maker
from tests.chaos.record import MARK, Record


class Load:
    """Sends a maker's records at a steady rate from a thread until stopped."""

    def __init__(self, bootstrap: str, maker: Maker, rate: float) -> None:
        self._maker, self._rate = maker, rate
        self._producer = KafkaProducer(
            bootstrap_servers=bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            delivery_timeout_ms=120_000,
            max_request_size=1 << 20,
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.sent = 0
        self.error: BaseException | None = None

    def begin(self) -> None:
        """Send the customers' first events, and wait until Kafka has them."""
        for record in self._maker.beginnings():
            self._send(record)
        self._producer.flush(60)

    def start(self) -> None:
        """Begin the steady load."""
        self._thread.start()

    def stop(self) -> None:
        """End the load; raises what went wrong in it."""
        self._stop.set()
        self._thread.join(150)
        self._producer.close(timeout=60)
        if self.error is not None:
            raise self.error

    def abandon(self) -> None:
        """End the load at once, whatever waits."""
        self._stop.set()
        with suppress(KafkaError):  # what could not be sent is meant to be given up
            self._producer.close(timeout=0)

    def send(self, records: list[Record]) -> None:
        """Send these records and wait until Kafka has them."""
        for record in records:
            self._send(record)
        self._producer.flush(60)

    def _elsewhere(self, record: Record) -> int:
        """The partition behind the one of the record's key; there must be two at least."""
        numbers = self._producer.partitions_for(record.topic)
        assert record.key is not None
        own: int = murmur2(record.key) & 0x7FFFFFFF
        return (own + 1) % len(numbers)

    def _run(self) -> None:
        began = time.monotonic()
        try:
            while not self._stop.is_set():
                due = (time.monotonic() - began) * self._rate - self.sent
                # After an outage no more than a second's worth is caught up on at once.
                began += max(0.0, due - self._rate) / self._rate
                if due < 1:
                    time.sleep(min(0.05, 1 / self._rate))
                    continue
                for record in self._maker.next():
                    self._send(record)
            self._producer.flush(120)
        except KafkaError as error:
            self.error = error

    def _send(self, record: Record) -> None:
        headers = [(MARK, record.mark)]
        number = None if not record.elsewhere else self._elsewhere(record)
        self._producer.send(
            record.topic, key=record.key, value=record.value, headers=headers, partition=number
        )
        self.sent += 1
