"""Making and taking back keys and accounts: what `touchline access` does."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

from aiokafka import AIOKafkaProducer

from schemas.audit import AuditRecord
from schemas.errors import OperatingError
from schemas.units import MS_PER_DAY
from streams.engine.client.reading import Reader
from streams.engine.client.routines import stop
from streams.engine.clients import client_options
from streams.engine.clock import local_ms
from streams.serve.access import passwords, telling, tokens
from streams.serve.access.book import Book
from streams.serve.access.records import (
    ACCESS_PARTITION,
    EndedRecord,
    KeyRecord,
    PersonRecord,
    person_key,
)
from streams.serve.access.sessions import MOST_MS
from streams.serve.access.who import Role, Scope, Who
from streams.serve.access.writing import AccessWriter
from streams.settings import Settings

KEYS_AT_ONCE: Final = 2
NAME: Final = re.compile(r"[^\W_][\w.@+-]{0,63}")
_OPERATOR: Final = "touchline access"


class AccessError(OperatingError):
    """A key or an account cannot be made or changed so; the message says what to do."""


class Made(NamedTuple):
    """A key: what is kept of it, and its token, which is kept nowhere."""

    record: KeyRecord
    token: tokens.Token


class Keeping:
    """Reads what is kept, and changes it. Raises :class:`AccessError` and aiokafka's errors."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    async def book(self) -> Book:
        """All that is kept now."""
        book = Book()
        async with Reader(self.settings, check_crcs=False) as reader:
            place = self.settings.access_topic, ACCESS_PARTITION
            async for batch in reader.batches(*place):
                for one in batch:
                    book.take(one.key, one.value, one.offset)
        return book

    async def make_key(
        self,
        client: str,
        scopes: Sequence[Scope],
        *,
        days: float | None = None,
        owner_id: str | None = None,
        label: str | None = None,
    ) -> Made:
        """A new key of a client, beside the one it has; a third is refused."""
        checked_name(client)
        checked_owner(owner_id)
        book, now = await self.book(), local_ms()
        alive = [one for one in book.keys_of(client) if one.alive(now)]
        if len(alive) >= KEYS_AT_ONCE:
            listed = ", ".join(one.id for one in alive)
            raise AccessError(
                f"{client} has {len(alive)} keys already ({listed}): "
                f"revoke one with `touchline access key revoke {alive[0].id}`"
            )
        token = tokens.made()
        record = KeyRecord(
            id=token.id,
            client=client,
            scopes=tuple(dict.fromkeys(scopes)),
            made_at=now,
            hash=token.hash,
            expires_at=None if days is None else now + round(days * MS_PER_DAY),
            owner_id=owner_id,
            label=label,
        )
        async with AccessWriter(self.settings) as writer:
            await writer.write(record)
        await self._changed((record.id,))
        return Made(record, token)

    async def revoke_key(self, key_id: str) -> KeyRecord:
        """Let a key in no more, on every replica as soon as it has read so."""
        record = (await self.book()).keys.get(key_id)
        if record is None:
            raise AccessError(f"there is no key {key_id}: `touchline access key list` tells")
        if record.hash:
            gone = KeyRecord(
                id=record.id,
                client=record.client,
                scopes=record.scopes,
                made_at=record.made_at,
                expires_at=record.expires_at,
                owner_id=record.owner_id,
                label=record.label,
                revoked_at=local_ms(),
            )
            async with AccessWriter(self.settings) as writer:
                await writer.write(gone)
            await self._changed((key_id,))
            record = gone
        return record

    async def add_person(
        self,
        name: str,
        role: Role,
        password: str | None,
        *,
        owner_id: str | None = None,
        language: str | None = None,
    ) -> PersonRecord:
        """A new account; without a password it comes in by one-time links alone."""
        checked_name(name)
        checked_owner(owner_id)
        if name in (await self.book()).people:
            raise AccessError(
                f"there is an account {name} already: `touchline access person password {name}` "
                f"changes its password, `person remove {name}` removes it"
            )
        return await self._write_person(name, role, password, owner_id, language)

    async def change_password(self, name: str, password: str) -> PersonRecord:
        """Another password; all sessions of the account end."""
        person = await self.person(name)
        return await self._write_person(
            name, person.role, password, person.owner_id, person.language
        )

    async def remove_person(self, name: str) -> None:
        """Remove an account; all its sessions end."""
        person = await self.person(name)
        async with AccessWriter(self.settings) as writer:
            await writer.delete((person_key(person.name),))
        await self._changed((name,))

    async def end_sessions(self, name: str) -> None:
        """End all sessions of somebody, wherever the account is kept."""
        now = local_ms()
        async with AccessWriter(self.settings) as writer:
            await writer.write(EndedRecord(what=f"person:{name}", at=now, until=now + MOST_MS))
        await self._changed((name,))

    async def person(self, name: str) -> PersonRecord:
        """An account. Raises :class:`AccessError` where there is none of that name."""
        person = (await self.book()).people.get(name)
        if person is None:
            raise AccessError(f"there is no account {name}: `touchline access person list` tells")
        return person

    async def _write_person(
        self,
        name: str,
        role: Role,
        password: str | None,
        owner_id: str | None,
        language: str | None,
    ) -> PersonRecord:
        record = PersonRecord(
            name=name,
            role=role,
            stamp=secrets.token_hex(8),
            changed_at=local_ms(),
            password=None if password is None else passwords.hashed(checked_password(password)),
            owner_id=owner_id,
            language=language,
        )
        async with AccessWriter(self.settings) as writer:
            await writer.write(record)
        await self._changed((name,))
        return record

    async def _changed(self, subjects: tuple[str, ...]) -> None:
        who = Who(_OPERATOR, frozenset(), is_person=False)
        await audited(
            self.settings,
            telling.record("access_changed", who, subjects=subjects, operator=True),
        )


async def audited(settings: Settings, record: AuditRecord) -> None:
    """Write one record of the audit and wait for it."""
    producer = AIOKafkaProducer(**client_options(settings), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        value = record.model_dump_json(exclude_none=True).encode()
        await producer.send_and_wait(settings.audit_topic, key=record.key, value=value)
    finally:
        await stop(producer)


def checked_name(name: str) -> str:
    """A name of a client or an account. Raises :class:`AccessError` where it cannot be one."""
    if NAME.fullmatch(name) is None:
        raise AccessError(
            "a name has 1 to 64 letters, digits or . @ + - _ and begins with a letter or a digit"
        )
    return name


def checked_owner(owner_id: str | None) -> str | None:
    """Whose customers alone are seen; ``None``: all. Raises :class:`AccessError` where it is of
    nothing: that would be taken for one of both."""
    if owner_id is not None and not owner_id.strip():
        raise AccessError("an owner has a name; leave it out to let all customers be seen")
    return owner_id


def checked_password(password: str) -> str:
    """A password that may be kept. Raises :class:`AccessError` without telling it."""
    if not passwords.MIN_CHARACTERS <= len(password) <= passwords.MAX_CHARACTERS:
        raise AccessError(
            f"a password has {passwords.MIN_CHARACTERS} to {passwords.MAX_CHARACTERS} characters"
        )
    return password
