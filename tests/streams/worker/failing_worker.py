"""``touchline worker`` in which a rule raises on one event; the first argument is its id.

The fault is put in from outside: the product knows nothing of it.
"""

from __future__ import annotations

import sys
from typing import Any

from domain.value import purchases


def fail_on(event_id: str) -> None:
    """Let the rule of transactions meet an error in the middle of its work."""
    is_purchase = purchases.is_purchase

    def broken(event: Any, policy: Any) -> bool:
        if event.event_id == event_id:
            raise ZeroDivisionError("put in by the test")
        return is_purchase(event, policy)

    purchases.is_purchase = broken


def main() -> None:
    """Run the worker with the fault in it."""
    fail_on(sys.argv[1])
    sys.argv = ["touchline", "worker", "--http-port", "0"]
    from streams.cli import main as touchline

    touchline()


if __name__ == "__main__":
    main()
