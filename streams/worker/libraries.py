"""What Faust, mode, aiokafka, kafka-python and Python itself log, as lines of our own log.

They come in one form with ours, with the field ``library`` that says whose they are. Libraries
are heard from warnings on, Faust's app from its start and stop on. Some lines are known
(:data:`KNOWN`): told at another level, or in words that help. Nothing that is not known is
quietened.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

import structlog

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR

FAUST_APP = "streams.worker.process"  # our app is a class of Faust's, and logs under our name
HEARD_FROM_WARNINGS = ("aiokafka", "kafka", "faust", "mode", "asyncio", "streams")
NAMED = {FAUST_APP: "faust", "streams.engine.transport": "faust", "py": "python"}

DISK = "a broker's disk is full or has failed"
DISK_REMEDY = (
    "the broker's own log names the directory: free some or mend it, and restart that broker; "
    "the worker goes on by itself"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A line known by where it comes from and how it begins: its level, ``why``, its words.

    Without ``says`` it keeps its own words.
    """

    logger: str
    pattern: str
    level: int
    why: str
    says: str = ""

    def fits(self, logger: str, text: str) -> bool:
        """Whether a line is one of these."""
        return logger.startswith(self.logger) and re.search(self.pattern, text) is not None


_AWAY = r"(NodeNotReadyError|KafkaConnectionError|RequestTimedOutError)"
_SEEKS = r"(GroupCoordinatorNotAvailable|CoordinatorNotAvailable|NotCoordinator|CoordinatorLoad)"
_LEADER = r"(NotLeaderForPartition|NotLeaderOrFollower|LeaderNotAvailable|UnknownTopicOrPartition)"
_GIVEN_UP = (
    r"(ProducerFenced|InvalidProducerEpoch|Kafka(Connection|Timeout)?Error|NodeNotReady|"
    rf"{_LEADER})"
)

KNOWN: tuple[Known, ...] = (
    Known(
        "aiokafka", r"KafkaStorageError", ERROR,
        "all that a broker whose disk is full says to clients, once for each partition", DISK,
    ),
    Known(
        FAUST_APP, r"^Missing sensor state for rebalance", DEBUG,
        "Faust times rebalances for a monitor that we do not read; ours are in `assigned`",
    ),
    Known(FAUST_APP, r"^Wait for streams|^Flush producer buffer", DEBUG, "steps of `Stopping`"),
    Known(
        "aiokafka", rf"^Failed fetch messages from .*{_AWAY}", DEBUG,
        "follows from a broker that cannot be reached, which `Unable connect` tells",
    ),
    Known(
        "aiokafka", rf"^Group Coordinator Request failed: .*({_AWAY}|{_SEEKS})", DEBUG,
        "the group's broker is looked for, until `assigned`; one out of reach is told by itself",
    ),
    Known(
        "aiokafka", rf"^(Error sending \w+ to node|Heartbeat send request failed).*{_AWAY}", DEBUG,
        "follows from a broker that cannot be reached; a lost session is told by itself",
    ),
    Known(
        "aiokafka.producer.sender",
        rf"^(Got error produce response|FindCoordinator Request failed|Cannot send .* to \S+): "
        rf".*{_AWAY}",
        DEBUG, "follows from a broker that cannot be reached; a commit that fails by it is told",
    ),
    Known(
        "asyncio", r"^Future exception was never retrieved.*exception=" + _GIVEN_UP, DEBUG,
        "what a producer that was given up still had to answer: `commit failed` told of it",
    ),
    Known(
        "asyncio", r"^Task was destroyed but it is pending! .*Sender\._sender_routine\(\) done",
        DEBUG, "the sender of a producer that was given up: `commit failed` told of it",
    ),
    Known(
        "asyncio", r"^Exception in callback (<function )?MessageAccumulator\._pop_batch", DEBUG,
        "a batch of a producer that was given up is forgotten twice",
    ),
    Known(
        "asyncio", r"^Unclosed AIOKafkaConnection", DEBUG,
        "a connection given up while it was made, which Python closes here",
    ),
    Known(
        "aiokafka", r"^Unable to (update|request) metadata from", DEBUG,
        "follows from a broker that cannot be reached, and is asked of another one",
    ),
    Known(
        "aiokafka", r"^Unable connect to", WARNING,
        "tried again until it answers: an error only where the worker says so",
    ),
    Known(
        "kafka.net.selector", r"blocking the event loop", DEBUG,
        "kafka-python watches its own loop, which stands still where the machine is busy",
    ),
    Known(
        "aiokafka", r"^Heartbeat session expired", WARNING,
        "the group gives the partitions to others and takes the worker in again",
    ),
    Known(
        "aiokafka.consumer.group_coordinator",
        r"^Heartbeat failed.*(rebalancing|generation|member_id|not valid)|^Marking the coordinator",
        DEBUG,
        "the group rebalances or its broker moves: `assigned` tells how that ended",
    ),
    Known(
        "aiokafka.producer.sender",
        rf"^Got error produce response .*retrying.*(ConcurrentTransactions|{_LEADER}|NotEnoughRep)",
        DEBUG,
        "a broker verifies a transaction or a leader moves; what fails in the end is told",
    ),
)  # fmt: skip
"""In this order; the first that fits counts."""


class ToOurs(logging.Handler):
    """Hands the standard library's lines to structlog, in our form."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line, at the level it should have."""
        try:
            text = " ".join(_without_service(record.getMessage()).split())
            level, says = record.levelno, text
            known = next((one for one in KNOWN if one.fits(record.name, text)), None)
            fields = {"library": _library(record.name)}
            if known is not None:
                level, says = known.level, known.says or text
                if known.says:
                    fields |= {"what_to_do": DISK_REMEDY}
            error = record.exc_info if record.exc_info and record.exc_info[0] else None
            structlog.get_logger().log(level, says, **fields, exc_info=error)
        except Exception:
            self.handleError(record)


def _without_service(text: str) -> str:
    """Without mode's ``[^--Name]: `` in front.

    >>> _without_service("[^---Consumer]: Starting...")
    'Consumer: Starting...'
    >>> _without_service("[^App]: Starting...")
    'Starting...'
    """
    found = re.match(r"\[\^-*(?P<name>[^\]]*)\]: (?P<rest>.*)", text, re.DOTALL)
    if found is None:
        return text
    name = found["name"]
    return found["rest"] if name == "App" else f"{name}: {found['rest']}"


def _library(logger: str) -> str:
    return NAMED.get(logger) or NAMED.get(first := logger.partition(".")[0], first)
