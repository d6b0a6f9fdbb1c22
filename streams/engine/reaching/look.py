"""Looking at all addresses of a bootstrap at once, and at those that the brokers name."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from streams.engine.reaching import faults
from streams.engine.reaching.faults import Fault, Faulty, Unreachable
from streams.engine.reaching.probe import Options, encrypt, probe
from streams.engine.reaching.wire import Wire
from streams.errors import ClusterError

LOOK_SECONDS: Final = 6.0
"""How long the way to an address may take, from looking up its name to the brokers' addresses."""
_GRACE: Final = 0.5
_SHOWN: Final = 3
_OF_THE_WAY: Final = frozenset(
    {
        "AuthenticationFailedError",
        "IllegalSaslStateError",
        "IllegalSaslState",
        "IncompatibleBrokerVersion",
        "KafkaConnectionError",
        "KafkaTimeoutError",
        "NoBrokersAvailable",
        "NodeNotReadyError",
        "RequestTimedOutError",
        "SaslAuthenticationFailedError",
        "SaslAuthenticationFailed",
        "UnsupportedSaslMechanismError",
        "UnsupportedVersionError",
    }
)
"""Errors of kafka-python and aiokafka, which have each their own, that may come of the way."""

_Result = TypeVar("_Result")


@dataclass(slots=True)
class Sight:
    """What was seen: addresses that serve, and what is wrong with others.

    ``brokers`` has the addresses that the brokers name themselves, by broker's name, and ``away``
    what is wrong with those of them that cannot be worked with.
    """

    good: list[str] = field(default_factory=list)
    bad: dict[str, Fault] = field(default_factory=dict)
    brokers: dict[str, str] = field(default_factory=dict)
    away: dict[str, Fault] = field(default_factory=dict)

    def why(self) -> Unreachable | None:
        """Why no work can be done at all, or ``None``: an address and a broker serve."""
        if not self.good:
            return self._worst()
        if self.brokers and len(self.away) == len(self.brokers):
            return self._absent()
        return None

    def remarks(self) -> list[str]:
        """What is wrong although work can be done, a line each."""
        if self.why() is not None:
            return []
        lines = [fault.line(at) for at, fault in sorted(self.bad.items())]
        absent = self._absent() if self.away else None
        return [*lines, str(absent)] if absent is not None else lines

    def _worst(self) -> Unreachable:
        """The fault that lies furthest on, with all addresses that have it."""
        fault = max(self.bad.values(), key=lambda one: one.far)
        at = ",".join(at for at, one in self.bad.items() if one.kind is fault.kind)
        return Unreachable(fault.line(at), fault.kind)

    def _absent(self) -> Unreachable:
        alike: defaultdict[Fault, list[str]] = defaultdict(list)
        for name, fault in self.away.items():
            alike[fault].append(f"{name} as {self.brokers[name]}")
        fault = max(alike, key=lambda one: len(alike[one]))
        names = alike[fault]
        shown = ", ".join(names[:_SHOWN]) + (" and more" if names[_SHOWN:] else "")
        why = fault.says.rpartition(f"{faults.AT}: ")[2].replace(faults.AT, "it")
        told = faults.advertised(shown, why)
        return Unreachable(told.line(",".join(self.good)), told.kind)


def look(options: Options, seconds: float = LOOK_SECONDS, *, everywhere: bool = False) -> Sight:
    """Go the way to Kafka with these options of kafka-python; never raises for what is wrong.

    The first address that serves is enough, unless ``everywhere``. Threads that hang in the lookup
    of a name are left behind.
    """
    servers: Sequence[str] = options["bootstrap_servers"]
    sight = Sight()

    def enough(address: str, found: dict[str, str] | Fault) -> bool:
        if isinstance(found, Fault):
            sight.bad[address] = found
            return False
        sight.good.append(address)
        sight.brokers |= found
        return not everywhere

    _each(
        {server: server for server in servers},
        lambda server: _caught(lambda: probe(server, options, seconds)),
        enough,
        seconds,
    )
    if sight.good:
        known = set(sight.good)
        others = {name: at for name, at in sight.brokers.items() if at not in known}
        serves = len(others) < len(sight.brokers)

        def seen(name: str, found: Fault | None) -> bool:
            if found is not None:
                sight.away[name] = found
            return not everywhere and found is None

        if others and (everywhere or not serves):
            _each(others, lambda at: _caught(lambda: _touch(at, options, seconds)), seen, seconds)
    return sight


def require(options: Options, seconds: float = LOOK_SECONDS) -> None:
    """Raise :class:`Unreachable` where Kafka cannot be worked with."""
    why = look(options, seconds).why()
    if why is not None:
        raise why


def cause(
    options: Options, error: BaseException, words: str, seconds: float = LOOK_SECONDS
) -> ClusterError:
    """What lies behind an error of one of Kafka's clients: what a look finds, else its ``words``.

    Looks only where the error may come of the connection.
    """
    if isinstance(error, ClusterError):
        return error
    if isinstance(error, TimeoutError) or any(
        each.__name__ in _OF_THE_WAY for each in type(error).__mro__
    ):
        why = look(options, seconds, everywhere=True).why()
        if why is not None:
            return why
    return ClusterError(f"Kafka at {','.join(options['bootstrap_servers'])}: {words}")


def _touch(address: str, options: Options, seconds: float) -> None:
    with Wire(address, str(options.get("client_id", "touchline")), seconds) as wire:
        encrypt(wire, options)


def _caught(work: Callable[[], _Result]) -> _Result | Fault:
    try:
        return work()
    except Faulty as faulty:
        return faulty.fault


def _each(
    addresses: Mapping[str, str],
    work: Callable[[str], _Result | Fault],
    enough: Callable[[str, _Result | Fault], bool],
    seconds: float,
) -> None:
    """Work on all addresses at once, until one is enough or the time is over."""
    done: queue.SimpleQueue[tuple[str, _Result | Fault]] = queue.SimpleQueue()

    def run(name: str, address: str) -> None:
        try:
            done.put((name, work(address)))
        except Exception as error:  # a fault of the look itself must not hide what it is for
            done.put((name, faults.unreachable(f"{type(error).__name__} while looking")))

    for name, address in addresses.items():
        threading.Thread(target=run, args=(name, address), daemon=True).start()
    left, until = set(addresses), time.monotonic() + seconds + _GRACE
    while left:
        try:
            name, found = done.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        left.discard(name)
        if enough(name, found):
            return
    for name in sorted(left):
        enough(name, faults.unreachable(f"no answer within {seconds:.0f} s"))
