"""The faults of the kill test, each a function of the stage; a seeded scenario picks them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Protocol

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from streams.cluster.broker import LocalBroker
from tests.chaos.fleet import Fleet, Note

SESSION_SECONDS = 6.0
MOST_WORKERS = 3
FLAWED = [sys.executable, "-m", "tests.chaos.flawed_worker"]


class Stage(Protocol):
    """What faults act on."""

    @property
    def broker(self) -> LocalBroker: ...

    @property
    def fleet(self) -> Fleet: ...

    @property
    def note(self) -> Note: ...

    @property
    def changelog(self) -> str: ...


Fault = Callable[[Stage, Random], None]


def kill_a_worker(stage: Stage, random: Random) -> None:
    """SIGKILL, and start it again at once."""
    name = random.choice(stage.fleet.names)
    stage.note(f"kill -9 {name}, started again at once")
    stage.fleet.kill(name)
    stage.fleet.start(name)


def a_worker_joins(stage: Stage, random: Random) -> None:
    """One worker more, up to three."""
    free = [f"w{n}" for n in range(1, MOST_WORKERS + 1) if f"w{n}" not in stage.fleet.names]
    if free:
        stage.note(f"{free[0]} joins")
        stage.fleet.start(free[0])


def a_worker_dies_for_good(stage: Stage, random: Random) -> None:
    """SIGKILL without a successor, unless it is the last."""
    if len(stage.fleet.names) > 1:
        name = random.choice(stage.fleet.names)
        stage.note(f"kill -9 {name}, for good")
        stage.fleet.kill(name)


def all_workers_die(stage: Stage, random: Random) -> None:
    """SIGKILL of all at once; nobody works for some seconds."""
    names = stage.fleet.names
    stage.note(f"kill -9 {', '.join(names)}: nobody works")
    for name in names:
        stage.fleet.kill(name)
    time.sleep(random.uniform(1, 4))
    for name in names:
        stage.fleet.start(name)
    stage.note(f"{', '.join(names)} started again")


def a_zombie(stage: Stage, random: Random) -> None:
    """A worker sleeps past its session and wakes while another has its partitions."""
    name = random.choice(stage.fleet.names)
    stage.fleet.wait_ready(name)
    seconds = SESSION_SECONDS + random.uniform(2, 5)
    stage.note(f"SIGSTOP {name} for {seconds:.1f} s")
    stage.fleet.pause(name)
    time.sleep(seconds)
    stage.fleet.wake(name)
    stage.note(f"SIGCONT {name}")


def a_short_pause(stage: Stage, random: Random) -> None:
    """A worker sleeps, but wakes within its session."""
    name = random.choice(stage.fleet.names)
    seconds = random.uniform(0.5, SESSION_SECONDS - 3)
    stage.note(f"SIGSTOP {name} for {seconds:.1f} s, within its session")
    stage.fleet.pause(name)
    time.sleep(seconds)
    stage.fleet.wake(name)


def a_worker_is_stopped(stage: Stage, random: Random) -> None:
    """SIGTERM in mid-batch; it must end by itself with status 0."""
    name = random.choice(stage.fleet.names)
    if not stage.fleet.wait_ready(name):
        return
    began = time.monotonic()
    status = stage.fleet.terminate(name)
    stage.note(f"SIGTERM {name}: status {status} after {time.monotonic() - began:.1f} s")
    if status != 0:
        stage.fleet.crashes.append(f"SIGTERM of {name} gave status {status}")
    stage.fleet.start(name)


def the_broker_restarts(stage: Stage, random: Random) -> None:
    """A clean stop of the broker, some seconds without it, and a start."""
    stage.note("broker: stop")
    stage.fleet.outage = True
    stage.broker.stop()
    time.sleep(random.uniform(0, 3))
    _bring_back(stage)


def the_broker_crashes(stage: Stage, random: Random) -> None:
    """SIGKILL of the broker, and a start."""
    stage.note("broker: kill -9")
    stage.fleet.outage = True
    stage.broker.kill()
    _bring_back(stage)


def _bring_back(stage: Stage) -> None:
    stage.broker.restart()
    time.sleep(1)  # what began without a broker and fails by it has ended by then
    stage.fleet.outage = False
    stage.note("broker: ready again")


def produces_fail(stage: Stage, random: Random) -> None:
    """For some seconds the broker refuses every changelog batch: too large."""
    seconds = random.uniform(1.5, 3)
    stage.note(f"the changelog refuses batches over 100 bytes for {seconds:.1f} s")
    limit_batches(stage, 100)
    time.sleep(seconds)
    limit_batches(stage, 1 << 20)


def a_flawed_worker(stage: Stage, random: Random) -> None:
    """A worker is replaced by one in which one produce in some fails inside a transaction."""
    name = random.choice(stage.fleet.names)
    stage.note(f"kill -9 {name}; in its place one whose produces fail at times")
    stage.fleet.kill(name)
    stage.fleet.start(name, [*FLAWED, str(random.randrange(1 << 30))])
    time.sleep(12)
    stage.note(f"kill -9 {name}; a sound one in its place")
    stage.fleet.kill(name)
    stage.fleet.start(name)


def limit_batches(stage: Stage, size: int) -> None:
    """Set the changelog's ``max.message.bytes``."""
    resource = ConfigResource(
        ConfigResourceType.TOPIC, stage.changelog, configs={"max.message.bytes": str(size)}
    )
    with closing(KafkaAdminClient(bootstrap_servers=stage.broker.bootstrap)) as admin:
        admin.alter_configs([resource])


ONCE: tuple[Fault, ...] = (
    kill_a_worker,
    kill_a_worker,
    a_worker_joins,
    kill_a_worker,
    a_worker_joins,
    a_worker_dies_for_good,
    a_zombie,
    the_broker_restarts,
    a_worker_is_stopped,
    produces_fail,
    a_worker_joins,
    the_broker_crashes,
    a_flawed_worker,
    all_workers_die,
)
"""Every fault at least once: the short run."""

OFTEN: tuple[tuple[Fault, int], ...] = (
    (kill_a_worker, 8),
    (a_worker_joins, 6),
    (a_worker_dies_for_good, 3),
    (all_workers_die, 2),
    (a_zombie, 3),
    (a_short_pause, 2),
    (a_worker_is_stopped, 3),
    (the_broker_restarts, 2),
    (the_broker_crashes, 2),
    (produces_fail, 2),
    (a_flawed_worker, 2),
)
"""Faults and their weights: the long run."""
