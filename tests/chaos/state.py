"""Prints the product's final state: one customer's figures a line, as ``touchline state --all``.

A process of its own, so that the oracle shares no code with what it judges.
"""

from __future__ import annotations

import asyncio
import json

from domain.state import Customer
from streams.engine.restore import restore
from streams.settings import load_settings


async def main() -> None:
    """Every customer of every changelog partition."""
    settings = load_settings()
    for number in range(settings.partitions):
        store = (await restore(settings, number)).store
        for key, _ in store.items():
            if key[:1] == b"c":
                customer = Customer.load(key[1:].decode(), store.get)
                assert customer is not None
                core = customer.core
                figures = {
                    "customer_id": customer.customer_id,
                    "events": core.events,
                    "transactions": core.transactions,
                    "transaction_sum": core.transaction_sum,
                    "event_xor": f"{core.event_xor:016x}",
                }
                print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
