"""What sessions and one-time links are signed with."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

from schemas.errors import OperatingError
from streams.readmodel.directory import directory_of
from streams.settings import Settings

FILE: Final = "secret"
CHARACTERS: Final = 32
_VARIABLE: Final = "TOUCHLINE_SERVE__SECRET"


class SecretUnfit(OperatingError):
    """The secret cannot be used, kept or read; the message says what to do and tells none of it."""


def secret_of(settings: Settings) -> str:
    """That of the settings; else the one in the directory of serve, made where there is none yet.

    Raises :class:`SecretUnfit`.
    """
    given = settings.serve.secret
    if given is None:
        return _kept(directory_of(settings) / FILE)
    if len(given.get_secret_value()) < CHARACTERS:
        raise SecretUnfit(
            f"{_VARIABLE} must have {CHARACTERS} characters or more: "
            "`openssl rand -base64 48` makes one"
        )
    return given.get_secret_value()


def _kept(file: Path) -> str:
    try:
        if not file.exists():
            _make(file)
        if file.stat().st_mode & 0o077:
            raise SecretUnfit(f"{file} can be read by others than its owner: chmod 600 {file}")
        found = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SecretUnfit(
            f"{file} cannot be kept or read ({why}): mend it, or set {_VARIABLE}"
        ) from None
    if len(found) < CHARACTERS:
        raise SecretUnfit(f"{file} is too short: remove it, and another is made")
    return found


def _make(file: Path) -> None:
    """Whole or not at all; where somebody else was first, theirs stays."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = file.with_name(f"{FILE}.{secrets.token_hex(6)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(48) + "\n")
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(made)
    finally:
        made.unlink()
