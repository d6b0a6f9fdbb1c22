"""The only broker is frozen for 75 s (SIGSTOP), and wakes: all its clients' times have run out."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.chaos.harness import Run
from tests.chaos.long import LONG_SECONDS, MARKS, PROMISE, RATE, judged, outage

pytestmark = MARKS


def test_a_broker_frozen_75_s(tmp_path: Path) -> None:
    with Run(tmp_path, seed=33, rate=RATE, promise=PROMISE, show=True) as run:
        run.begin(2)
        time.sleep(3)
        assert run.broker.pid is not None
        with outage(run):
            run.note("the broker: SIGSTOP")
            os.kill(run.broker.pid, signal.SIGSTOP)
            time.sleep(LONG_SECONDS)
            os.kill(run.broker.pid, signal.SIGCONT)
            run.note("SIGCONT")
        judged(run)
