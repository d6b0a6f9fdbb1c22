"""One-time links: signed, good for ten minutes, and for one use on all replicas together."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final, NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer

from streams.serve.access.book import Book
from streams.serve.access.keeping import Keeping
from streams.serve.access.records import PersonRecord
from streams.serve.access.secret import secret_of
from streams.serve.access.who import Role
from streams.settings import Settings

SECONDS: Final = 600
PATH: Final = "/login/once"


class Link(NamedTuple):
    """What a link says: its own id, and whose it is."""

    id: str
    person: PersonRecord


class Links:
    """Links of one application, signed with its secret."""

    def __init__(self, settings: Settings, secret: str) -> None:
        self._signed = URLSafeTimedSerializer(
            secret, f"{settings.app_id}.link", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def made(self, person: PersonRecord) -> str:
        """Path and query of a new link; another password makes it void."""
        told = (secrets.token_hex(16), person.name, person.stamp)
        return f"{PATH}?link={self._signed.dumps(told)}"

    def read(self, text: str, book: Book) -> Link | None:
        """The link of this text, where it may still be used."""
        try:
            one, name, stamp = self._signed.loads(text, max_age=SECONDS)
        except (BadData, ValueError, TypeError):
            return None
        person = book.people.get(name)
        if person is None or person.stamp != stamp or f"link:{one}" in book.ended:
            return None
        return Link(one, person)


async def one_time(settings: Settings, keeping: Keeping, name: str) -> str:
    """Path and query of a new link of an account, signed with the secret of serve here.

    Raises :class:`AccessError` where there is no such account, SecretUnfit, aiokafka's errors.
    """
    return Links(settings, secret_of(settings)).made(await keeping.person(name))


async def let_in(settings: Settings, name: str, role: Role) -> PersonRecord:
    """The account of this name; where there is none it is made, without a password: a demo's."""
    keeping = Keeping(settings)
    found = (await keeping.book()).people.get(name)
    return found or await keeping.add_person(name, role, None)


async def let_out(settings: Settings, name: str) -> None:
    """Remove an account that comes in by links alone; one with a password is somebody's own."""
    keeping = Keeping(settings)
    found = (await keeping.book()).people.get(name)
    if found is not None and found.password is None:
        await keeping.remove_person(name)
