"""The command ``touchline``.

A child process that is spawned runs the file of the command again, up to the call of ``main``: what
is imported here before that costs every follower its time and memory.
"""

from __future__ import annotations


def main() -> None:
    """What the command line says."""
    from streams.cli import main as commands  # see above

    commands()
