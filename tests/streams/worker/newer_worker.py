"""``touchline worker`` of a version to come, whose state this version must not touch."""

from __future__ import annotations

import sys
from functools import partial

from streams.engine import checkpoint, partition
from streams.worker import identity

FORMAT, VERSION = checkpoint.FORMAT + 1, "9.9.0"


def become_newer() -> None:
    """Store in the next format, under another version."""
    checkpoint.FORMAT = FORMAT
    vars(partition)["Checkpoint"] = partial(checkpoint.Checkpoint, format=FORMAT)
    identity.touchline_version = lambda: VERSION


def main() -> None:
    """Run the worker."""
    become_newer()
    sys.argv = ["touchline", "worker", "--http-port", "0"]
    from streams.cli import main as touchline

    touchline()


if __name__ == "__main__":
    main()
