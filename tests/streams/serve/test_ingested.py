"""What was posted is counted while somebody looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest

from streams.serve.ingested import Ingested
from streams.serve.sending import Sending
from streams.settings import Settings


def test_what_is_counted_meanwhile_ends_no_look() -> None:
    sending = Sending(Settings())

    class Meanwhile(tuple[str, str]):
        """Labels; an event of another type is judged while they are read."""

        def __iter__(self) -> Iterator[str]:
            sending.judged["profile", ""] += 1
            return super().__iter__()

    class Kind(str):
        def __str__(self) -> str:
            sending.failed["kafka_away"] += 1
            return "too_many_bytes"

    sending.judged = Counter({Meanwhile(("app_click", "")): 3})
    sending.failed = Counter({Kind(): 1})
    registry = CollectorRegistry()
    registry.register(Ingested(sending))
    told = generate_latest(registry).decode()
    assert 'touchline_serve_events_total{reason="",type="app_click"} 3.0' in told
    assert "touchline_serve_unsent_requests_total" in told
