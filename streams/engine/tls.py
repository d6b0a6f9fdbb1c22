"""The TLS context of Kafka clients; a file that does not serve is named by its setting."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

import structlog
from pydantic import SecretStr

from streams.engine.tls_close import PromptlyClosed
from streams.settings import KafkaSettings, SettingError

log = structlog.get_logger("touchline.tls")

_Files = tuple[Path | None, Path | None, Path | None]
_Stamps = tuple[tuple[int, ...] | None, ...]


class _Made(NamedTuple):
    """A context, and what it was made of."""

    context: ssl.SSLContext
    stamps: _Stamps
    password: SecretStr | None


_last_good: dict[_Files, _Made] = {}
_held: WeakKeyDictionary[ssl.SSLContext, tuple[_Files, _Stamps]] = WeakKeyDictionary()
"""Contexts of clients that live on, and what their files were like when they were read."""
_PREFIX = "setting TOUCHLINE_KAFKA__"
_NO_CERTIFICATE = ": there is no certificate in PEM in it"


def ssl_context(kafka: KafkaSettings, *, held: bool = False) -> ssl.SSLContext | None:
    """The TLS context where the protocol asks for one, from the files as they are now.

    It is made anew where one of them, or the key's password, is another than before. While they
    are being renewed, and do not fit for a moment, it is the one before. A context that is ``held``
    by a client of this thread gets what was renewed for its next connection, too, once any client
    is made. Raises
    :class:`SettingError` where a file cannot be read, is no PEM, or key, certificate and password
    do not belong together.
    """
    if "SSL" not in kafka.security_protocol.split("_"):
        return None
    files = (kafka.ssl_cafile, kafka.ssl_certfile, kafka.ssl_keyfile)
    stamps, password = tuple(map(_stamp, files)), kafka.ssl_key_password
    made = _last_good.get(files)
    if made is None or made[1:] != (stamps, password):
        try:
            made = _last_good[files] = _Made(_context(kafka), stamps, password)
        except SettingError as error:
            if made is None:
                raise
            log.warning("certificates cannot be read anew, the former stay in use", why=str(error))
    if held:
        _renew(kafka, files, made)
    return made.context


def _stamp(file: Path | None) -> tuple[int, ...] | None:
    """What tells whether a file was written or replaced; the system's authorities stay."""
    if file is None:
        return None
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _renew(kafka: KafkaSettings, files: _Files, newest: _Made) -> None:
    """Load into contexts that are held what their files have now, where they have changed."""
    for context, (named, before) in list(_held.items()):
        if named == files and before != newest.stamps and context is not newest.context:
            try:
                _load(context, kafka)
            except (SettingError, ssl.SSLError) as error:  # exchanged just now; tried again
                log.warning("certificates cannot be given to a client that lives", why=str(error))
                continue
            _held[context] = files, newest.stamps
            log.info("certificates were renewed")
    _held[newest.context] = files, newest.stamps


def _load(context: ssl.SSLContext, kafka: KafkaSettings) -> None:
    if kafka.ssl_cafile is not None:
        context.load_verify_locations(cadata=_pem("SSL_CAFILE", kafka.ssl_cafile))
    if kafka.ssl_certfile is not None:
        _load_certificate(context, kafka, kafka.ssl_certfile)


def _context(kafka: KafkaSettings) -> ssl.SSLContext:
    if kafka.ssl_cafile is None:
        context = ssl.create_default_context()
    else:
        authorities = _pem("SSL_CAFILE", kafka.ssl_cafile)
        try:
            context = ssl.create_default_context(cadata=authorities)
        except (ssl.SSLError, ValueError):
            raise SettingError(_PREFIX + "SSL_CAFILE" + _NO_CERTIFICATE) from None
    context.sslobject_class = PromptlyClosed
    if kafka.ssl_certfile is not None:
        _load_certificate(context, kafka, kafka.ssl_certfile)
    return context


def _load_certificate(context: ssl.SSLContext, kafka: KafkaSettings, certificate: Path) -> None:
    if "-----BEGIN CERTIFICATE" not in _pem("SSL_CERTFILE", certificate):
        raise SettingError(_PREFIX + "SSL_CERTFILE" + _NO_CERTIFICATE)
    key, name = certificate, "SSL_CERTFILE"
    if kafka.ssl_keyfile is not None:
        key, name = kafka.ssl_keyfile, "SSL_KEYFILE"
    if "PRIVATE KEY-----" not in _pem(name, key):
        raise SettingError(f"{_PREFIX}{name}: there is no private key in PEM in it")
    given = kafka.ssl_key_password
    asked = False

    def password() -> str:  # without it, OpenSSL would ask on the terminal
        nonlocal asked
        asked = True
        return given.get_secret_value() if given is not None else ""

    try:
        context.load_cert_chain(certificate, key, password)
    except (ssl.SSLError, ValueError) as error:
        if asked and given is None:
            why = f"{name}: the key is encrypted; set TOUCHLINE_KAFKA__SSL_KEY_PASSWORD"
        elif asked and "MISMATCH" not in str(error):
            why = f"SSL_KEY_PASSWORD: it does not open the key of TOUCHLINE_KAFKA__{name}"
        elif "MISMATCH" in str(error):
            why = f"{name}: it is not the key of the certificate in TOUCHLINE_KAFKA__SSL_CERTFILE"
        else:
            why = f"{name}: certificate and key cannot be used"
        raise SettingError(_PREFIX + why) from None


def _pem(name: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{_PREFIX}{name}: the file cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise SettingError(f"{_PREFIX}{name}: it is no PEM file, which is text") from None
