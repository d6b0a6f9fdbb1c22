"""What a command says where Kafka refuses a right: which, and the line that gives it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from aiokafka.errors import KafkaError
from kafka.errors import KafkaError as BlockingKafkaError

from schemas.errors import OperatingError
from streams.engine.client.refusals import refusal, unseen
from streams.engine.rights import lacking, sentences
from streams.settings import load_settings
from streams.topics.acls import needs, of_command


def told(error: BaseException, words: Sequence[str]) -> str | None:
    """Which rights the command of these words lacks, where that is why it failed."""
    who = of_command(words) if words else None
    if who is None or not (refusal(error) or unseen(error)):
        return None
    try:
        settings = load_settings()
        missing = asyncio.run(lacking(settings, needs(settings, who)))
    except (KafkaError, BlockingKafkaError, OperatingError, TimeoutError):
        return None  # what went wrong first is told
    return "; ".join(sentences(settings, missing)) or None
