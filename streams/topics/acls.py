"""Who needs which rights in Kafka: a worker, and every command that goes there.

Exactly these are enough, on a broker that allows nothing else. Read and Write imply to see that a
topic, a group or a transactional id is there (Describe).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from schemas.topics import (
    ALERT_STATES,
    ALERTS,
    CARE_TASKS,
    CUSTOMER_TRANSITIONS,
    DEAD_LETTERS,
    INPUT_TOPICS,
    PERSONAL_COMPACTED_TOPICS,
    PORTFOLIO,
    RETAINED_TOPICS,
    SEGMENT_MODEL,
    SEGMENT_UPDATES,
    SIGNALS,
    SOURCE_TOPICS,
)
from schemas.touchpoints import Desk, Profile
from streams.engine.rights import Right, of_engine, of_partitions, of_topics
from streams.settings import Settings
from streams.topics.wanted import topic_specs

Rights = tuple[Right, ...]
SERVE: Final = "serve"
_FOLLOWED: Final = (
    *(ALERTS, ALERT_STATES, SEGMENT_UPDATES, CARE_TASKS, CUSTOMER_TRANSITIONS, SIGNALS),
    *(DEAD_LETTERS, PORTFOLIO, SEGMENT_MODEL),
)
"""Outputs that the read model is made of."""
DESK: Final = "desk"
"""Whoever tells what people did about alerts: a program of yours."""


def _all_topics(settings: Settings) -> list[str]:
    return [spec.name for spec in topic_specs(settings.app_id)]


def _worker(settings: Settings) -> Rights:
    return *of_engine(settings), *of_topics("DescribeConfigs", *_all_topics(settings))


def _check(settings: Settings) -> Rights:
    topics = _all_topics(settings)
    return *of_topics("Describe", *topics), *of_topics("DescribeConfigs", *topics)


def _topics(settings: Settings) -> Rights:
    return *of_topics("Create", *_all_topics(settings)), *_check(settings)


def _produce(settings: Settings) -> Rights:
    return tuple(of_topics("Write", *INPUT_TOPICS))


def _state(settings: Settings) -> Rights:
    return tuple(of_topics("Read", settings.changelog, PORTFOLIO))


def _doctor(settings: Settings) -> Rights:
    read = of_topics("Read", settings.changelog, *INPUT_TOPICS)
    return *read, *_check(settings), Right("group", settings.app_id, "Describe")


def _accept_loss(settings: Settings) -> Rights:
    return (
        *of_topics("Read", settings.changelog, *SOURCE_TOPICS),
        *of_topics("Write", settings.changelog),
        Right("group", settings.app_id, "Read"),
        *of_partitions(settings),
    )


def _erase(settings: Settings) -> Rights:
    held = (*RETAINED_TOPICS, *PERSONAL_COMPACTED_TOPICS, settings.audit_topic, settings.changelog)
    return (
        *of_topics("Write", Profile.topic),
        *of_topics("Describe", *held),
        *of_topics("DescribeConfigs", *held),
    )


def _erase_wait(settings: Settings) -> Rights:
    return *_erase(settings), *of_topics("Read", CUSTOMER_TRANSITIONS, DEAD_LETTERS)


def _letters(settings: Settings) -> Rights:
    return tuple(of_topics("Read", DEAD_LETTERS))


def _resend(settings: Settings) -> Rights:
    return *_letters(settings), *of_topics("Write", *SOURCE_TOPICS)


def _cards(settings: Settings) -> Rights:
    return *of_topics("Read", SEGMENT_MODEL), *of_topics("Describe", settings.changelog)


def _members(settings: Settings) -> Rights:
    return tuple(of_topics("Read", SEGMENT_MODEL, settings.changelog))


def _report(*outputs: str) -> Callable[[Settings], Rights]:
    def rights(settings: Settings) -> Rights:
        return *_state(settings), *of_topics("Read", SEGMENT_MODEL, *outputs)

    return rights


def of_access(settings: Settings) -> Rights:
    """What it takes to follow who may come in, to change it, and to write the audit."""
    return (
        *of_topics("Read", settings.access_topic),
        *of_topics("Write", settings.access_topic, settings.audit_topic),
    )


def _access_topics(settings: Settings) -> Rights:
    own = settings.access_topic, settings.audit_topic
    return (
        *of_topics("Create", *own),
        *of_topics("Describe", *own),
        *of_topics("DescribeConfigs", *own),
    )


def _access(settings: Settings) -> Rights:
    return *of_access(settings), *_access_topics(settings)


def _access_list(settings: Settings) -> Rights:
    return *of_topics("Read", settings.access_topic), *_access_topics(settings)


def _audit(settings: Settings) -> Rights:
    return *of_topics("Read", settings.audit_topic), *_access_topics(settings)


def _serve(settings: Settings) -> Rights:
    """To follow all that there is of customers, to send events on, and to say who may come in."""
    return (
        *of_topics("Read", settings.changelog, *INPUT_TOPICS, *_FOLLOWED),
        *of_topics("Write", *INPUT_TOPICS),
        *_erase(settings),
        *of_access(settings),
    )


def _desk(settings: Settings) -> Rights:
    return tuple(of_topics("Write", Desk.topic))


WHO: Final[Mapping[str, Callable[[Settings], Rights]]] = {
    "worker": _worker,
    "topics": _topics,
    "topics --check": _check,
    "simulate": _produce,
    "produce": _produce,
    "state": _state,
    "doctor": _doctor,
    "doctor --accept-loss": _accept_loss,
    "erase": _erase,
    "erase --wait": _erase_wait,
    "dead-letters list": _letters,
    "dead-letters show": _letters,
    "dead-letters resend": _resend,
    "segments": _cards,
    "segments export": _members,
    "segments explain": _members,
    "report experience": _report(),
    "report complaints": _report(),
    "report value": _report(CUSTOMER_TRANSITIONS),
    "report relationship": _report(CUSTOMER_TRANSITIONS, SEGMENT_UPDATES),
    "report campaigns": _report(CUSTOMER_TRANSITIONS),
    "report identification": _report(),
    "brief": _report(ALERTS, CARE_TASKS, CUSTOMER_TRANSITIONS),
    "access key make": _access,
    "access key list": _access_list,
    "access key revoke": _access,
    "access person add": _access,
    "access person list": _access_list,
    "access person password": _access,
    "access person remove": _access,
    "access person end": _access,
    "access login-link": _access_list,
    "access audit": _audit,
    SERVE: _serve,
    DESK: _desk,
}
"""What each needs, by who it is: as typed behind `touchline`, or who tells what the desk did.

Who is not here does not go to Kafka (`replay`, `policy`, `clv fit`, `segments fit`, `import`).
"""


def needs(settings: Settings, who: str) -> Rights:
    """The rights that one of ``WHO`` needs, and none that follows from another."""
    return plainest(WHO[who](settings))


def plainest(rights: Rights) -> Rights:
    """Without Describe where a right on the same thing implies it; each once."""
    implied = {right[:2] for right in rights if right.operation in ("Read", "Write")}
    told = (one for one in rights if one.operation != "Describe" or one[:2] not in implied)
    return tuple(dict.fromkeys(told))


def of_command(words: Sequence[str]) -> str | None:
    """Who is meant by these words behind `touchline`: the most that fit."""
    given = {word.partition("=")[0] for word in words}
    fitting = [who for who in WHO if who.split()[0] == words[0] and given >= set(who.split())]
    return max(fitting, key=len) if fitting else None
