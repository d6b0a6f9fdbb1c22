"""Ids of alerts, as their form is told: who acts on one need not have read it."""

from __future__ import annotations

import xxhash


def alert_id(kind: str, customer: str, *cause: str) -> str:
    """The id of an alert, as the documents have it: made of its cause and its customer."""
    parts = "".join(f"{len(part)}:{part}" for part in (kind, customer, *cause))
    digits = xxhash.xxh3_128_hexdigest(parts.encode())
    return digits + xxhash.xxh3_64_hexdigest(f"{digits}:{customer}".encode())[:8]
