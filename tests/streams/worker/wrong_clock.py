"""``touchline worker`` on a machine whose wall clock is wrong; the first argument is a file.

The file has the seconds that the clock is ahead, or behind where below 0. Whoever writes another
number into it sets the clock, as an operator or NTP does: the steady clock goes on.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

LOOK_SECONDS = 0.1


def set_wrong(ahead: Path) -> None:
    """From now on the wall clock of this process is as far ahead as the file says."""
    seconds, nanoseconds, sleep = time.time, time.time_ns, time.sleep
    wrong = [float(ahead.read_text())]

    def look() -> None:
        while True:
            sleep(LOOK_SECONDS)
            wrong[0] = float(ahead.read_text() or wrong[0])

    threading.Thread(target=look, daemon=True).start()
    time.time = lambda: seconds() + wrong[0]
    time.time_ns = lambda: nanoseconds() + int(wrong[0] * 1_000_000_000)


def main() -> None:
    """Run the worker."""
    set_wrong(Path(sys.argv[1]))
    sys.argv = ["touchline", "worker", "--http-port", "0"]
    from streams.cli import main as touchline

    touchline()


if __name__ == "__main__":
    main()
