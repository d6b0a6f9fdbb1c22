"""Kills a broker whose parent is gone, however that went. Run as a script beside the broker.

`prctl(PR_SET_PDEATHSIG)` would fire when the *thread* that started the broker ends, and a broker
is often started from a worker thread of asyncio; a pipe would be held open by forked children.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time

import psutil

_LOOK_SECONDS = 0.2


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def watch(parent: int, child: int, remove: str, command: list[str]) -> None:
    """Return when `child` ends; when `parent` ends first, kill `child`.

    Then also delete the directory `remove` (none when empty) and run `command` (when given).
    """
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(child)
        while os.getppid() == parent:
            if not _alive(process):
                return
            time.sleep(_LOOK_SECONDS)
        process.kill()
    if os.getppid() == parent:
        return
    if command:
        subprocess.run(command, capture_output=True, check=False)
    if remove:
        shutil.rmtree(remove, ignore_errors=True)


if __name__ == "__main__":
    watch(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:])
