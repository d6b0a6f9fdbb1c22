"""From a refused record to its dead letter, and back for sending it again."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, cast

from schemas.codec import MAX_RECORD_BYTES, Bad
from schemas.fields import ID_CHARACTERS, NO_CONTROL, moment, python_pattern
from schemas.published import DeadLetter, Header, Reason, Truncated

HEAD_BYTES: Final = 1_024
"""How much is kept of the value, and at most of the key, of a record too large to keep."""
HEADER_BYTES: Final = 8_192
"""Headers up to this size are kept with a record too large to keep."""
LARGEST_KEPT_BYTES: Final = MAX_RECORD_BYTES + 32_768
"""Key, value and headers together; a larger record is kept as digest, head and position.

In base64 and JSON that makes at most 400 KiB, below a producer limit of 1 MiB.
"""
DETAIL_CHARACTERS: Final = 2_000
LATEST_MS: Final = 32_503_679_999_999
"""The end of the year 2999; a Kafka timestamp outside 1970-2999 is written as its nearer end."""

_CUSTOMER: Final = python_pattern(NO_CONTROL)


class Fetched(Protocol):
    """A record as a fetcher has it, of a topic and partition that are known beside it;
    `timestamp` in milliseconds, -1 for none."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


class KafkaRecord(Fetched, Protocol):
    """What a dead letter asks of a record: where it lies, too."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...


class Original(NamedTuple):
    """A record as it came."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


def dead_letter(record: KafkaRecord, bad: Bad) -> DeadLetter:
    """The letter for `record`, refused for `bad`: the same record gives the same letter."""
    key, headers = record.key, record.headers
    truncated = _truncated(record)
    if truncated is not None:
        key = key if truncated.key_size <= HEAD_BYTES else None
        headers = headers if truncated.headers_size <= HEADER_BYTES else ()
    return DeadLetter(
        dead_letter_id=f"{record.topic}-{record.partition}-{record.offset}",
        occurred_at=moment(min(max(record.timestamp, 0), LATEST_MS)),
        reason=cast(Reason, bad.reason),
        detail=bad.detail[:DETAIL_CHARACTERS],
        customer_id=_customer(key),
        source_topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        record_key=_base64(key),
        value=None if truncated else _base64(record.value),
        headers=tuple(Header(key=name, value=_base64(held)) for name, held in headers),
        truncated=truncated,
    )


def original(letter: DeadLetter) -> Original | None:
    """The record as it came, to be sent again; None when it was too large to be kept."""
    if letter.truncated is not None:
        return None
    return Original(
        letter.source_topic,
        letter.partition,
        letter.offset,
        letter.timestamp,
        letter.key,
        _bytes(letter.value),
        tuple((header.key, _bytes(header.value)) for header in letter.headers),
    )


def _truncated(record: KafkaRecord) -> Truncated | None:
    value, key_size = record.value or b"", len(record.key or b"")
    headers_size = sum(len(name.encode()) + len(held or b"") for name, held in record.headers)
    if len(value) + key_size + headers_size <= LARGEST_KEPT_BYTES:
        return None
    return Truncated(
        sha256=hashlib.sha256(value).hexdigest(),
        size=len(value),
        head=base64.b64encode(value[:HEAD_BYTES]).decode("ascii"),
        key_size=key_size,
        headers_size=headers_size,
    )


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _customer(key: bytes | None) -> str | None:
    """The key as a customer id, where it can be one."""
    try:
        text = (key or b"").decode()
    except UnicodeDecodeError:
        return None
    return text if len(text) <= ID_CHARACTERS and _CUSTOMER.match(text) else None
