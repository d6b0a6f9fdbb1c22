"""Free ports on the loopback address."""

import random
import socket
from pathlib import Path

from streams.cluster.errors import BrokerError

LOOPBACK = "127.0.0.1"
_LOWEST = 10_000
_TRIES = 200


def _first_ephemeral() -> int:
    """Lowest port that the system gives to outgoing connections (Linux; its default elsewhere)."""
    try:
        return int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return 32_768


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int, *, but: frozenset[int] = frozenset()) -> list[int]:
    """So many different free ports, none of `but`.

    They lie below the ephemeral range: a client that keeps calling a stopped broker on an
    ephemeral port may be given that very port as its own, connects to itself, and the broker
    cannot come back on it.
    """
    top = _first_ephemeral()
    pool = range(_LOWEST, top) if top > _LOWEST + 1_000 else range(_LOWEST, 65_536)
    found: list[int] = []
    for port in random.SystemRandom().sample(pool, _TRIES):
        if port not in but and is_free(port):
            found.append(port)
        if len(found) == count:
            return found
    raise BrokerError(f"no {count} free ports on {LOOPBACK}; close something that listens there")


def answers(port: int) -> bool:
    """Whether something accepts connections on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=0.5).close()
    except OSError:
        return False
    return True
