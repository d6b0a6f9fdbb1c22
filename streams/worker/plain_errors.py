"""Errors that are told in one line are logged in one line: what Kafka does is no traceback."""

from __future__ import annotations

import sys
from typing import Any

from aiokafka.errors import KafkaError
from structlog.typing import EventDict

from schemas.errors import OperatingError
from streams.engine.admin import plain
from streams.engine.defects import RuleFailed


def plainly(logger: Any, method: str, event: EventDict) -> EventDict:
    """Of an event of structlog whose exception is Kafka's or an operator's: ``why`` instead."""
    given = event.get("exc_info")
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if isinstance(error, OperatingError) and not isinstance(error, RuleFailed):
        why = str(error)
    elif isinstance(error, KafkaError | TimeoutError):
        why = plain(error)
    else:
        return event
    del event["exc_info"]
    event.setdefault("why", why)
    return event
