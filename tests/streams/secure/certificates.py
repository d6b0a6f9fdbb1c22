"""An authority of the tests' own, and what it signs: made by openssl, good for a day."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

_NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"
_NEW = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc")


class Signed(NamedTuple):
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Makes certificates in a directory; its own is in ``certificate``."""

    def __init__(self, directory: Path, name: str = "authority") -> None:
        self._directory = directory
        self.certificate, self._key = self._paths(name)
        self._make(name, "-x509", "-days", "1")

    def sign(self, name: str) -> Signed:
        """A certificate for this name on 127.0.0.1 and localhost."""
        certificate, key = self._paths(name)
        self._make(
            name,
            *("-x509", "-days", "1"),
            *("-CA", str(self.certificate), "-CAkey", str(self._key)),
            *("-addext", _NAMES),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
        )
        return Signed(certificate, key)

    def expired(self, name: str) -> Signed:
        """A certificate as :meth:`sign` makes them, that ended yesterday."""
        certificate, key = self._paths(name)
        request = certificate.with_suffix(".csr")
        words = [*_NEW, "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(request)]
        _openssl([*words, "-addext", _NAMES])
        words = ["x509", "-req", "-in", str(request), "-out", str(certificate), "-days", "-1"]
        words += ["-copy_extensions", "copyall"]
        _openssl([*words, "-CA", str(self.certificate), "-CAkey", str(self._key)])
        return Signed(certificate, key)

    def encrypt(self, key: Path, password: str) -> Path:
        """The same key, encrypted."""
        out = key.with_suffix(".encrypted.pem")
        words = ["pkcs8", "-topk8", "-in", str(key), "-out", str(out), "-passout", "stdin"]
        _openssl(words, password)
        return out

    def _paths(self, name: str) -> Signed:
        return Signed(self._directory / f"{name}.pem", self._directory / f"{name}.key.pem")

    def _make(self, name: str, *more: str) -> None:
        certificate, key = self._paths(name)
        words = [
            *_NEW,
            "-subj",
            f"/CN={name}",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
            *more,
        ]
        _openssl(words)


def _openssl(words: list[str], given: str = "") -> None:
    subprocess.run(["openssl", *words], input=given.encode(), capture_output=True, check=True)
