"""Tokens of OAUTHBEARER: from a file that others renew, or from a command that prints one."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaConnectionError
from kafka.errors import SaslAuthenticationFailedError
from kafka.net.sasl.oauth import AbstractTokenProvider as BlockingTokenProvider

from streams.settings import KafkaSettings, SettingError

COMMAND_SECONDS: Final = 20.0
REUSE_SECONDS: Final = 10.0
"""A command's token serves all connections that are opened within this time: a worker opens
dozens at once. A file is read anew for each."""
MOST_BYTES: Final = 65_536

_FILE: Final = "setting TOUCHLINE_KAFKA__SASL_TOKEN_FILE"
_COMMAND: Final = "setting TOUCHLINE_KAFKA__SASL_TOKEN_COMMAND"
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1


class Tokens:
    """Where tokens come from; `token` blocks, raises :class:`SettingError` and never shows one."""

    def __init__(self, file: Path | None, command: str | None) -> None:
        self._file, self._command = file, command
        self._lock = threading.Lock()
        self._kept = ""
        self._made = float("-inf")

    def token(self) -> str:
        """A token as of now."""
        if self._file is not None:
            return _checked(_FILE, _read(self._file))
        assert self._command is not None
        with self._lock:
            if time.monotonic() - self._made > REUSE_SECONDS:
                self._kept = _checked(_COMMAND, _run(self._command))
                self._made = time.monotonic()
            return self._kept


@lru_cache(maxsize=8)
def _tokens(file: Path | None, command: str | None) -> Tokens:
    return Tokens(file, command)


def tokens_of(kafka: KafkaSettings) -> Tokens:
    """The tokens that the settings name: one for all clients of this process."""
    command = kafka.sasl_token_command
    return _tokens(kafka.sasl_token_file, command.get_secret_value() if command else None)


class Provider(AbstractTokenProvider):  # type: ignore[misc]
    """For aiokafka. A token that cannot be had is a connection that fails, and is tried again."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self) -> str:
        """A token as of now; the event loop goes on meanwhile."""
        try:
            return await asyncio.to_thread(self._tokens.token)
        except SettingError as error:
            raise KafkaConnectionError(str(error)) from None


class BlockingProvider(BlockingTokenProvider):  # type: ignore[misc]
    """For kafka-python."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    def token(self) -> str:
        """A token as of now."""
        try:
            return self._tokens.token()
        except SettingError as error:
            raise SaslAuthenticationFailedError(str(error)) from None


def _checked(setting: str, given: bytes) -> str:
    text = given.decode(errors="replace").strip()
    if not _TOKEN.fullmatch(text):
        what = "gives no token" if not text else "gives something else than a token alone"
        raise SettingError(f"{setting}: {what}")
    return text


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES)
    except OSError as error:
        raise SettingError(f"{_FILE}: the file cannot be read ({error.strerror})") from None


def _run(command: str) -> bytes:
    """What the command prints. What it says on stderr may hold secrets and is not shown."""
    try:
        words = shlex.split(command)
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError, IndexError) as error:
        why = getattr(error, "strerror", None) or "it is no command line"
        raise SettingError(f"{_COMMAND}: it cannot be run ({why})") from None
    try:
        printed, _ = process.communicate(timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        raise SettingError(f"{_COMMAND}: no end after {COMMAND_SECONDS:.0f} s") from None
    finally:
        _end(process)
    if process.returncode:
        raise SettingError(
            f"{_COMMAND}: it ended with status {process.returncode}; run it by hand to see why"
        )
    return printed[:MOST_BYTES]


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it has started, where that still runs."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
