"""What a failure of TLS means: the certificate there, ours, or something else."""

from __future__ import annotations

import contextlib
import socket
import ssl
from typing import Any, Final

from streams.engine.reaching import faults
from streams.engine.reaching.faults import Fault

_NOT_YET, _EXPIRED = 9, 10
_OTHER_NAME: Final = (62, 64)
"""Codes of OpenSSL's verification: X509_V_ERR_…, of a host's name and of an IP address."""
_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python has no name for."""
_NAMES_SHOWN: Final = 4


def of_verification(
    error: ssl.SSLCertVerificationError, context: ssl.SSLContext, host: str, port: int, left: float
) -> Fault:
    """Why the certificate at an address is not taken; looks at it a second time to say more."""
    code = error.verify_code
    if code in (_NOT_YET, _EXPIRED):
        seen = _seen(context, host, port, left)
        if code == _EXPIRED:
            return faults.expired(f" (on {seen['notAfter']})" if "notAfter" in seen else "")
        return faults.not_yet_valid(f" (from {seen['notBefore']} on)" if seen else "")
    if code in _OTHER_NAME:
        names = [value for _, value in _seen(context, host, port, left).get("subjectAltName", ())]
        shown = ", ".join(names[:_NAMES_SHOWN]) + (" and more" if names[_NAMES_SHOWN:] else "")
        return faults.other_name(f", but for {shown}" if shown else "")
    return faults.untrusted(error.verify_message)


def of_error(error: ssl.SSLError, ours: bool) -> Fault:
    """What an alert of the broker means; ``ours`` says whether we have a certificate of our own."""
    reason = (error.reason or "").replace("_", " ").lower()
    alert = reason.partition("alert ")[2]
    if "certificate" in alert or alert == "unknown ca":
        return faults.certificate_refused(alert) if ours else faults.certificate_wanted()
    return faults.tls_fails(alert or reason or "no reason told")


def speaks_tls(host: str, port: int, left: float) -> bool:
    """Whether TLS is spoken there at all, whoever it is."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connected(host, port, left) as plain, context.wrap_socket(plain):
            return True
    except ssl.SSLEOFError:
        return False
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def _seen(context: ssl.SSLContext, host: str, port: int, left: float) -> dict[str, Any]:
    """The certificate there, whatever its dates and names; nothing where it is not to be had."""
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    other.check_hostname = False
    with contextlib.suppress(OSError, ValueError):  # ssl.SSLError is an OSError
        other.verify_flags |= _NO_CHECK_TIME
        for authority in context.get_ca_certs(binary_form=True):
            other.load_verify_locations(cadata=authority)
        with (
            _connected(host, port, left) as plain,
            other.wrap_socket(plain, server_hostname=host) as seen,
        ):
            return dict(seen.getpeercert() or {})
    return {}


def _connected(host: str, port: int, left: float) -> socket.socket:
    one = socket.create_connection((host, port), timeout=left)
    one.settimeout(left)
    return one
