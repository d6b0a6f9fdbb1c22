"""One child process of the demonstration: any command of ours, ready to go at a word.

Run as ``python -m streams.demo.child PARENT COMMAND``. Its modules are loaded while the broker
still starts; then one line of JSON on stdin gives the rest of the arguments and the environment.
A child never outlives its parent, however that went.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.2
_MODULES = {
    "worker": ("streams.worker", "streams.metrics", "streams.pages", "agents.customers"),
    "simulate": ("streams.sources.bank", "streams.sources.produce"),
}
"""What a command imports when it runs: loaded beforehand here."""


def die_with(parent: int) -> None:
    """End this process by SIGKILL when ``parent`` ends: nothing could be finished without it.

    On Linux the kernel does it; elsewhere a thread looks a few times a second.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        sys.exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Load, wait for the word, run; an end of stdin instead of a word ends it."""
    parent, command = int(sys.argv[1]), sys.argv[2]
    die_with(parent)
    from streams import cli

    for name in _MODULES.get(command, ()):
        __import__(name)
    line = sys.stdin.readline()
    if not line:
        return
    word = json.loads(line)
    os.environ.update(word["environment"])
    sys.argv = ["touchline", command, *word["arguments"]]
    cli.main()


if __name__ == "__main__":
    main()
