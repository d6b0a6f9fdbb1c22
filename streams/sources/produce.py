"""Touchpoints into Kafka: lines of JSON, or the simulated bank."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, Literal

import msgspec

from schemas.foreign import foreign
from schemas.topics import INPUT_TOPICS, TOPIC_OF_TYPE
from streams.files.reading import Line
from streams.sources.bank import Bank
from streams.sources.lines import Record
from streams.sources.pace import Pacer, Stop
from streams.sources.sender import Reject, Report, Sender

Progress = Callable[[int, int], None]
"""Called a few times a second with records and bytes handed over so far."""

PROGRESS_RECORDS = 500
HISTORY_RATE = 6_000.0
"""Old clicks go before newer events: faster than workers work, they would hold up the opening."""
PROMPT_RATE = 5_000
"""Up to this many records a second none waits for a fuller batch."""


class _Envelope(msgspec.Struct):
    """The two fields that say where a line goes; the rest is the worker's to judge."""

    type: str
    customer_id: object = None
    occurred_at: object = None


_read = msgspec.json.Decoder(_Envelope).decode


class Days:
    """Keeps the order of days across topics.

    A topic's records wait to be sent together, each topic for itself; a record of an earlier day
    could thus come behind those of another topic that are weeks newer, and be too late. So
    before a later day begins, what other topics still have waiting goes first.
    """

    def __init__(self) -> None:
        self._day = ""
        self._topics: set[str] = set()

    def turn(self, topic: str, day: str) -> bool:
        """Whether what waits must be sent before this record."""
        later = day > self._day
        first = later and bool(self._topics - {topic})
        if later:
            self._day = day
            if first:
                self._topics.clear()
        self._topics.add(topic)
        return first


def route(line: bytes) -> tuple[str, bytes | None, str] | str:
    """Topic, key and day of a line by its fields, or why it has no topic.

    A line with a known type is sent whatever else is wrong with it, without a key where it has no
    `customer_id` of text: the worker puts it into the dead letters with its bytes and a reason.
    """
    try:
        envelope = _read(line)
    except RecursionError:
        return "not an event: nested too deeply"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        strange = foreign(line)
        return f"not an event: {error}" if strange is None else f"not an event: it {strange}"
    topic = TOPIC_OF_TYPE.get(envelope.type)
    if topic is None:
        return f"type '{envelope.type[:40]}' is not one of {', '.join(TOPIC_OF_TYPE)}"
    customer = envelope.customer_id
    key = customer.encode() if isinstance(customer, str) and customer else None
    at = envelope.occurred_at
    return topic, key, at[:10] if isinstance(at, str) else ""


def produce_lines(
    lines: Iterable[Line],
    bootstrap: str,
    *,
    rate: float | None = None,
    progress: Progress | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    stop: Stop | None = None,
    client: Mapping[str, Any] | None = None,
) -> Report:
    """Produce one event a line, in order, at most `rate` a second, each line's bytes unchanged.

    Lines have their numbers in the file, for messages: the order is that in which they are given.
    A line without a topic, and one that Kafka refuses, goes to `on_reject`; blank lines are
    skipped. `stop` ends the input early: what was sent is flushed and reported.
    Raises `SourceError` when Kafka does not answer or lacks the topics.
    """
    stop = stop or Stop()
    pacer = Pacer(rate, stop)
    sender = Sender(bootstrap, INPUT_TOPICS, on_reject or _ignore, client, _pace(rate))
    days = Days()
    done = 0
    for count, (number, raw) in enumerate(stop.read(lines), 1):
        done += len(raw)
        if progress is not None and count % PROGRESS_RECORDS == 0:
            progress(count, done)
        line = raw.strip()
        if not line:
            continue
        where = route(line)
        if isinstance(where, str):
            sender.reject(Reject(number, where, line))
            continue
        pacer.wait()
        topic, key, day = where
        if days.turn(topic, day):
            sender.flush()
        sender.send(topic, key, line, number)
    sender.report.interrupted = stop.is_set()
    return sender.close()


def simulate(
    bank: Bank,
    bootstrap: str,
    *,
    rate: float | None = None,
    seconds: float | None = None,
    records: int | None = None,
    history_days: float = 0.0,
    progress: Progress | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    stop: Stop | None = None,
    client: Mapping[str, Any] | None = None,
) -> Report:
    """Produce the bank: its opening as fast as Kafka takes it, then `rate` records a second.

    In between come the clicks of `history_days` before, at `HISTORY_RATE`. Ends after `seconds`,
    after `records` (opening and history not counted) or when `stop` is set.
    Raises `SourceError` as `produce_lines` does. `Report.bad` counts records made to be refused.
    """
    stop = stop or Stop()
    pacer = Pacer(rate, stop)
    sender = Sender(bootstrap, INPUT_TOPICS, on_reject or _ignore, client, _pace(rate))
    ends = time.perf_counter() + seconds if seconds is not None else math.inf
    days = _paced(islice(bank.days(), records), pacer)
    done = 0
    history = _paced(bank.history(history_days), Pacer(HISTORY_RATE, stop))
    everything = chain(bank.opening(), history, days)
    for number, record in enumerate(stop.read(everything), 1):
        if time.perf_counter() >= ends:
            break
        sender.send(record.topic, record.key, record.value, number)
        sender.report.bad += record.is_bad
        done += len(record.value)
        if progress is not None and number % PROGRESS_RECORDS == 0:
            progress(number, done)
    sender.report.interrupted = stop.is_set()
    return sender.close()


def _paced(records: Iterator[Record], pacer: Pacer) -> Iterator[Record]:
    """Each record made when its turn comes, so that a live clock stamps it then."""
    pacer.wait()
    for record in records:
        yield record
        pacer.wait()


def _pace(rate: float | None) -> Literal["prompt", "bulk"]:
    return "prompt" if rate is not None and rate <= PROMPT_RATE else "bulk"


def _ignore(reject: Reject) -> None:
    """For callers that read only the counts of the report."""
