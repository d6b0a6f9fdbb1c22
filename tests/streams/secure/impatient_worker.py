"""``touchline worker`` that looks at its rights and its clock every second or two, for tests."""

from __future__ import annotations

import sys

from streams.engine import comparing, permits


def main() -> None:
    """Run the worker with other times."""
    permits.LOOK_SECONDS = permits.AGAIN_SECONDS = 1.0  # type: ignore[misc]
    comparing.COMPARE_SECONDS = 2.0  # type: ignore[misc]
    sys.argv = ["touchline", "worker", "--http-port", "0"]
    from streams.cli import main as touchline

    touchline()


if __name__ == "__main__":
    main()
