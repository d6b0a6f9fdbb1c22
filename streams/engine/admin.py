"""Opening kafka-python's admin client; why it could not be is said in one line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streams.engine.reaching.look import cause, require

_ADDRESSES: Final = re.compile(r"\[(?:\('[^']*', \d+, [^()]*\)(?:, )?)+\]")
"""As aiokafka tells where it could not bootstrap from."""
_ADDRESS: Final = re.compile(r"\('([^']*)', (\d+), [^()]*\)")


def open_admin(options: Mapping[str, Any], answer_ms: int) -> KafkaAdminClient:
    """An admin client of these options of kafka-python, connected within ``answer_ms``.

    Raises :class:`ClusterError` where no address answers, or Kafka lets nobody in.
    """
    require(options)
    try:
        return KafkaAdminClient(**{**options, "bootstrap_timeout_ms": answer_ms})
    except KafkaError as error:
        raise cause(options, error, plain(error)) from None


def plain(error: BaseException) -> str:
    """The kind and the text of one of Kafka's errors, on one line and each once."""
    text = _ADDRESSES.sub(_shown, " ".join(str(error).split()))
    name = type(error).__name__
    return text if name in text else f"{name}: {text}".removesuffix(": ")


def _shown(addresses: re.Match[str]) -> str:
    return ",".join(f"{host}:{port}" for host, port in _ADDRESS.findall(addresses[0]))
