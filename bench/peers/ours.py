"""Touchline's own engine on the job "count and sum per customer", exactly once."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from agents.topology import Get, Topology
from bench.measured import Until, measure
from schemas.codec import Bad
from streams.settings import CommitSettings, KafkaSettings, Settings


class Payment(msgspec.Struct):
    """What the job needs of an event."""

    customer_id: str
    amount: float


class Total(msgspec.Struct, array_like=True):
    """Count and sum of one customer."""

    customer_id: str
    count: int = 0
    amount: float = 0.0

    @property
    def next_due(self) -> None:
        """No timers."""

    def dump(self) -> list[tuple[bytes, bytes | None]]:
        """One record per customer."""
        return [(self.customer_id.encode(), _encode(self))]


class Outcome(msgspec.Struct):
    """Every event is accepted."""

    status: str = "accepted"
    reason: str = ""
    detail: str = ""
    outputs: tuple[()] = ()


class Nothing:
    """A context that knows nothing."""

    now = 0
    late = False
    wall = 0


_payment = msgspec.json.Decoder(Payment).decode
_encode = msgspec.msgpack.Encoder().encode
_total = msgspec.msgpack.Decoder(Total).decode
ACCEPTED = Outcome()


def decode(values: Sequence[bytes | None]) -> list[Payment | Bad]:
    """Payments; what is none is bad."""
    decoded: list[Payment | Bad] = []
    for value in values:
        try:
            decoded.append(_payment(value or b""))
        except msgspec.MsgspecError as error:
            decoded.append(Bad("invalid", str(error)))
    return decoded


def export(total: Total, now: int, context: Nothing) -> Any:
    """What is told of a customer: a count, not the figures that the product tells."""
    return {"customer_id": total.customer_id, "count": total.count}


def load(customer_id: str, get: Get) -> Total | None:
    """A customer's total as last written."""
    value = get(customer_id.encode())
    return None if value is None else _total(value)


def add(total: Total, payment: Payment, at: int, context: Nothing) -> Outcome:
    """The job."""
    total.count += 1
    total.amount += payment.amount
    return ACCEPTED


def count_and_sum(topic: str) -> Topology[Payment, Total, Nothing]:
    """The job as a topology over one topic."""
    return Topology(
        name="count-and-sum",
        sources=(topic,),
        decode=decode,
        identify=lambda payment: (payment.customer_id, 0, topic),
        kinds={Payment: "payment", Bad: "dead_letter"},
        misplaced=lambda payment, topic, key: Bad("key_mismatch", "the key is not the customer"),
        new=Total,
        load=load,
        context=lambda shared: Nothing(),
        shared=lambda context: (),
        apply=add,
        fire=lambda total, context: (),
        owner=lambda record_key: None if record_key[:1] == b"!" else record_key.decode(),
        export=export,
    )


def main() -> None:
    """Read the topic from its beginning to ``--events``; print one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--group", required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--commit-seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    settings = Settings(
        app_id=arguments.group,
        clock="event",
        kafka=KafkaSettings(bootstrap=arguments.bootstrap),
        commit=CommitSettings(interval_seconds=arguments.commit_seconds),
        cache_megabytes=4_096,
    )
    until = Until(arguments.events)
    figures = measure(settings, count_and_sum(arguments.topic), until)
    print(json.dumps({"events": arguments.events, "seconds": figures["seconds"]}))


if __name__ == "__main__":
    main()
