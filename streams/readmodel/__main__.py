"""The follower alone, as a process of its own: ``python -m streams.readmodel``."""

from __future__ import annotations

import argparse
import sys

import structlog

from schemas.errors import OperatingError
from streams.readmodel.follower import follow
from streams.settings import load_settings


def main() -> int:
    """Follow until SIGTERM; status 2 for what an operator has to put right."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, help="end when this is no longer the parent process")
    given = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        follow(load_settings(), parent=given.parent)
    except OperatingError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
