"""A write to a connection that was just closed fails as on any broken connection.

uvloop raises a RuntimeError there, where aiokafka looks for an OSError: whatever routine was
sending, of ours or of aiokafka, would end for good while a broker restarts.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError

_SENDS: Final = (AIOKafkaConnection.send, AIOKafkaConnection._send_sasl_token)


def break_closed_connections() -> None:
    """Let all connections of aiokafka do so; once is enough."""
    for send in _SENDS:
        setattr(AIOKafkaConnection, send.__name__, _breaking(send))


def _breaking(send: Any) -> Any:
    @functools.wraps(send)
    def sent(self: Any, *args: Any, **options: Any) -> Any:
        try:
            return send(self, *args, **options)
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(
                f"Connection at {self.host}:{self.port} broken: {error}"
            ) from error

    return sent
