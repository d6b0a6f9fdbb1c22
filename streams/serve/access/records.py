"""What is kept of who may come in: records of the compacted topic `<app_id>-access`, as JSON.

No secret can be worked out from them: of a key's secret, which is 256 random bits, only its
SHA-256 is kept, of a password what Argon2id makes of it. Times are milliseconds since 1970.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from streams.serve.access.who import Role, Scope

ACCESS_PARTITION: Final = 0
"""The one partition that is written to: all of it has one order, so a first use can be told."""


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="key"):
    """A key of a program; a client has one, and two while it changes from one to the other."""

    id: str
    client: str
    scopes: tuple[Scope, ...]
    made_at: int
    hash: str = ""
    """SHA-256 of the secret (hex); empty once it is revoked."""
    expires_at: int | None = None
    owner_id: str | None = None
    label: str | None = None
    revoked_at: int | None = None

    @property
    def key(self) -> bytes:
        """Its Kafka key."""
        return f"key:{self.id}".encode()

    def alive(self, at: int) -> bool:
        """Whether it lets anybody in at this time."""
        return bool(self.hash) and (self.expires_at is None or at < self.expires_at)


class PersonRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="person"):
    """A local account. Sessions name its ``stamp``: another one ends them."""

    name: str
    role: Role
    stamp: str
    changed_at: int
    password: str | None = None
    """Argon2id in its own notation; ``None``: comes in by one-time links alone."""
    owner_id: str | None = None
    language: str | None = None

    @property
    def key(self) -> bytes:
        """Its Kafka key."""
        return person_key(self.name)


class EndedRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="ended"):
    """What may not be used again: ``session:ID``, ``link:ID``, or all sessions of ``person:NAME``
    that began up to ``at``. Of no use after ``until``, when all of it has expired anyway."""

    what: str
    at: int
    until: int

    @property
    def key(self) -> bytes:
        """Its Kafka key."""
        return f"ended:{self.what}".encode()


AccessRecord: TypeAlias = KeyRecord | PersonRecord | EndedRecord


def person_key(name: str) -> bytes:
    """The Kafka key of an account."""
    return f"person:{name}".encode()


_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AccessRecord] = msgspec.json.Decoder(AccessRecord)


def dump(record: AccessRecord) -> bytes:
    """As it lies in Kafka."""
    return _encoder.encode(record)


def load(value: bytes) -> AccessRecord:
    """Raises msgspec.ValidationError or msgspec.DecodeError for what is none of ours."""
    return _decoder.decode(value)
