"""Who may come in, as the records that were read so far tell it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import structlog

from streams.serve.access.records import EndedRecord, KeyRecord, PersonRecord, load

log = structlog.get_logger("touchline.access")


class Ended(NamedTuple):
    """What ended, and the offset of the record that said so first."""

    record: EndedRecord
    offset: int


class Book:
    """Keys by their id, people by their name, what has ended by what it is."""

    def __init__(self) -> None:
        self.keys: dict[str, KeyRecord] = {}
        self.people: dict[str, PersonRecord] = {}
        self.ended: dict[str, Ended] = {}

    def take(self, key: bytes | None, value: bytes | None, offset: int) -> None:
        """Take a record over. One that cannot be read is told of and lets nobody in."""
        kind, _, name = (key or b"").decode(errors="replace").partition(":")
        record = None
        if value is not None:
            try:
                record = load(value)
            except (msgspec.ValidationError, msgspec.DecodeError):
                log.error("access record refused", offset=offset, kind=kind[:16])
            else:
                if record.key != key:
                    log.error("access record refused", offset=offset, kind=kind[:16])
                    record = None
        if isinstance(record, KeyRecord):
            self.keys[record.id] = record
        elif isinstance(record, PersonRecord):
            self.people[record.name] = record
        elif isinstance(record, EndedRecord):
            first = self.ended.get(record.what)
            self.ended[record.what] = Ended(record, offset if first is None else first.offset)
        elif kind == "key":
            self.keys.pop(name, None)
        elif kind == "person":
            self.people.pop(name, None)
        elif kind == "ended" and value is None:
            self.ended.pop(name, None)

    def keys_of(self, client: str) -> list[KeyRecord]:
        """The keys of a client that are not revoked, oldest first."""
        found = [one for one in self.keys.values() if one.client == client and one.hash]
        return sorted(found, key=lambda one: one.made_at)

    def over(self, at: int) -> list[EndedRecord]:
        """What ended and is of no use any more."""
        return [one.record for one in self.ended.values() if one.record.until < at]
