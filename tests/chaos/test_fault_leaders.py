"""Three brokers under load: leaders are killed in turn, and one is frozen and wakes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from schemas.topics import ALERTS
from tests.chaos.load import TRANSACTIONS
from tests.chaos.long import LONG_SECONDS, MARKS, PROMISE, RATE, judged
from tests.chaos.three import ThreeRun

pytestmark = MARKS


def test_leaders_killed_in_turn(tmp_path: Path) -> None:
    """Of state, inputs, outputs, of the group, of the transactions: each is killed once."""
    with ThreeRun(tmp_path, seed=31, rate=RATE, promise=PROMISE, show=True) as run:
        run.begin(2)
        topics = (run.changelog, TRANSACTIONS, ALERTS, "__consumer_offsets", "__transaction_state")
        for number, topic in enumerate(topics):
            time.sleep(3)
            killed = run.kill_the_leader(topic, number % run.partitions)
            time.sleep(5)
            run.bring_back(killed)
        judged(run)


def test_a_leader_frozen_75_s(tmp_path: Path) -> None:
    """SIGSTOP: others lead meanwhile; it wakes with what it had, and must not go on from there."""
    with ThreeRun(tmp_path, seed=32, rate=RATE, promise=PROMISE, show=True) as run:
        run.begin(2)
        time.sleep(3)
        frozen = run.cluster.leader_of(run.changelog, 0)
        assert frozen.pid is not None
        run.note("the changelog's leader: SIGSTOP")
        os.kill(frozen.pid, signal.SIGSTOP)
        time.sleep(LONG_SECONDS)
        os.kill(frozen.pid, signal.SIGCONT)
        run.note("SIGCONT")
        run.cluster.wait_complete()
        judged(run)
