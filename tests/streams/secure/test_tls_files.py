"""Certificates and keys that do not serve are named by their setting; what serves is used."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from streams.engine import tls
from streams.engine.tls import ssl_context
from streams.settings import KafkaSettings, SettingError
from tests.streams.secure.certificates import Authority, Signed

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
PASSWORD = "key-s3cret"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Signed:
    return authority.sign("worker")


@pytest.fixture(scope="module")
def other(authority: Authority) -> Signed:
    return authority.sign("other")


@pytest.fixture(scope="module")
def encrypted(authority: Authority, ours: Signed) -> Path:
    return authority.encrypt(ours.key, PASSWORD)


@pytest.fixture(autouse=True)
def nothing_good_before() -> None:
    tls._last_good.clear()


def told(**given: object) -> str:
    """What is refused."""
    with pytest.raises(SettingError) as refused:
        ssl_context(KafkaSettings(security_protocol="SSL", **given))  # type: ignore[arg-type]
    assert refused.value.__cause__ is None
    return str(refused.value).removeprefix("setting TOUCHLINE_KAFKA__")


def test_without_tls_no_file_is_read() -> None:
    for protocol in ("PLAINTEXT", "SASL_PLAINTEXT"):
        kafka = KafkaSettings(
            security_protocol=protocol,
            sasl_username="touchline",
            sasl_password=SecretStr("s3cret"),
            ssl_cafile=Path("/nothing"),
        )
        assert ssl_context(kafka) is None


def test_authorities_that_cannot_be_had(tmp_path: Path) -> None:
    no_pem, binary = tmp_path / "text", tmp_path / "binary"
    no_pem.write_text("no PEM")
    binary.write_bytes(b"\xff\xfe\x00")
    nothing = "SSL_CAFILE: the file cannot be read (No such file or directory)"
    assert told(ssl_cafile=tmp_path / "nothing") == nothing
    assert told(ssl_cafile=no_pem) == "SSL_CAFILE: there is no certificate in PEM in it"
    assert told(ssl_cafile=binary) == "SSL_CAFILE: it is no PEM file, which is text"
    assert told(ssl_cafile=tmp_path) == "SSL_CAFILE: the file cannot be read (Is a directory)"


def test_a_certificate_and_key_that_do_not_serve(
    tmp_path: Path, ours: Signed, other: Signed, encrypted: Path
) -> None:
    certificate, key = ours
    broken = tmp_path / "broken.pem"
    broken.write_text(key.read_text()[:60] + "\n-----END PRIVATE KEY-----\n")
    nothing = "the file cannot be read (No such file or directory)"
    assert told(ssl_certfile=tmp_path / "no", ssl_keyfile=key) == f"SSL_CERTFILE: {nothing}"
    assert told(ssl_certfile=certificate, ssl_keyfile=tmp_path / "no") == f"SSL_KEYFILE: {nothing}"
    assert (
        told(ssl_certfile=key, ssl_keyfile=key)
        == "SSL_CERTFILE: there is no certificate in PEM in it"
    )
    assert told(ssl_certfile=certificate) == "SSL_CERTFILE: there is no private key in PEM in it"
    assert (
        told(ssl_certfile=certificate, ssl_keyfile=certificate)
        == "SSL_KEYFILE: there is no private key in PEM in it"
    )
    assert (
        told(ssl_certfile=certificate, ssl_keyfile=other.key)
        == "SSL_KEYFILE: it is not the key of the certificate in TOUCHLINE_KAFKA__SSL_CERTFILE"
    )
    assert (
        told(ssl_certfile=certificate, ssl_keyfile=broken)
        == "SSL_KEYFILE: certificate and key cannot be used"
    )


def test_the_password_of_a_key(ours: Signed, other: Signed, encrypted: Path) -> None:
    """OpenSSL never asks for it on the terminal."""
    files = {"ssl_certfile": ours.certificate, "ssl_keyfile": encrypted}
    assert (
        told(**files) == "SSL_KEYFILE: the key is encrypted; set TOUCHLINE_KAFKA__SSL_KEY_PASSWORD"
    )
    wrong = told(**files, ssl_key_password="key-wrong")
    assert wrong == "SSL_KEY_PASSWORD: it does not open the key of TOUCHLINE_KAFKA__SSL_KEYFILE"
    mismatch = {"ssl_certfile": other.certificate, "ssl_keyfile": encrypted}
    assert told(**mismatch, ssl_key_password=PASSWORD).startswith("SSL_KEYFILE: it is not the key")


@contextmanager
def server(authority: Authority, ours: Signed) -> Iterator[int]:
    """A server that wants a certificate of this authority and says whose it got; its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.certificate))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*ours)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(30)

        def serve() -> None:
            try:
                connection, _ = listening.accept()
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.sendall(str(secured.getpeercert()).encode())
            except OSError:
                connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def heard(context: ssl.SSLContext | None, port: int) -> str:
    """What the server says."""
    assert context is not None
    with (
        socket.create_connection(("127.0.0.1", port), timeout=30) as connection,
        context.wrap_socket(connection, server_hostname="127.0.0.1") as secured,
    ):
        return secured.recv(65_536).decode()


def test_both_sides_know_each_other(authority: Authority, ours: Signed, encrypted: Path) -> None:
    kafka = KafkaSettings(
        security_protocol="SSL",
        ssl_cafile=authority.certificate,
        ssl_certfile=ours.certificate,
        ssl_keyfile=encrypted,
        ssl_key_password=SecretStr(PASSWORD),
    )
    with server(authority, authority.sign("server")) as port:
        assert "'worker'" in heard(ssl_context(kafka), port)


def test_one_file_may_hold_certificate_and_key(
    tmp_path: Path, authority: Authority, ours: Signed
) -> None:
    both = tmp_path / "both.pem"
    both.write_text(ours.certificate.read_text() + ours.key.read_text())
    kafka = KafkaSettings(
        security_protocol="SSL", ssl_cafile=authority.certificate, ssl_certfile=both
    )
    with server(authority, authority.sign("server")) as port:
        assert "'worker'" in heard(ssl_context(kafka), port)


def test_a_server_of_another_authority_is_not_trusted(
    tmp_path: Path, authority: Authority, ours: Signed
) -> None:
    stranger = Authority(tmp_path, "stranger")
    kafka = KafkaSettings(security_protocol="SSL", ssl_cafile=authority.certificate)
    with (
        server(stranger, stranger.sign("server")) as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        heard(ssl_context(kafka), port)


def test_files_that_are_being_renewed(tmp_path: Path, ours: Signed, other: Signed) -> None:
    """Certificate first, key a moment later: in between the former context stays in use."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    kafka = KafkaSettings(security_protocol="SSL", ssl_certfile=certificate, ssl_keyfile=key)
    certificate.write_text(ours.certificate.read_text())
    key.write_text(ours.key.read_text())
    first = ssl_context(kafka)
    certificate.write_text(other.certificate.read_text())
    assert ssl_context(kafka) is first
    key.write_text(other.key.read_text())
    assert ssl_context(kafka) is not first


def test_a_client_that_lives_on_shows_what_was_renewed(
    tmp_path: Path, authority: Authority, ours: Signed, other: Signed
) -> None:
    """Once any client is made anew: the worker's consumer is never."""
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    trusted = tmp_path / "a.pem"
    kafka = KafkaSettings(
        security_protocol="SSL", ssl_cafile=trusted, ssl_certfile=certificate, ssl_keyfile=key
    )
    certificate.write_text(ours.certificate.read_text())
    key.write_text(ours.key.read_text())
    trusted.write_text(Authority(tmp_path, "before").certificate.read_text())
    lives = ssl_context(kafka, held=True)
    certificate.write_text(other.certificate.read_text())
    key.write_text(other.key.read_text())
    trusted.write_text(authority.certificate.read_text())
    ssl_context(kafka)
    with (
        server(authority, authority.sign("server")) as port,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        heard(lives, port)
    ssl_context(kafka, held=True)
    with server(authority, authority.sign("server")) as port:
        assert "'other'" in heard(lives, port)
