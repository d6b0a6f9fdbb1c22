"""Bearer tokens of programs: ``tl_<id>_<secret>``."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final, NamedTuple

SECRET_BYTES: Final = 32
ID_BYTES: Final = 5
_TOKEN: Final = re.compile(r"tl_([0-9a-f]{10})_([A-Za-z0-9_-]{43})")


class Token(NamedTuple):
    """A key as a program holds it. Its text is shown once, and kept nowhere."""

    id: str
    secret: str

    @property
    def text(self) -> str:
        """What goes behind ``Authorization: Bearer``."""
        return f"tl_{self.id}_{self.secret}"

    @property
    def hash(self) -> str:
        """What is kept. The secret is 256 random bits, so that no slow hash is needed."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def fits(self, kept: str) -> bool:
        """Whether this hash is its own; takes as long whatever it is."""
        return hmac.compare_digest(self.hash, kept)


def made() -> Token:
    """A new one."""
    return Token(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))


def parsed(text: str) -> Token | None:
    """The token of this text; ``None`` where it is none."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else Token(found[1], found[2])
