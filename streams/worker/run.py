"""A worker from its settings to its end: here settings, topics, rules, engine and pages meet."""

from __future__ import annotations

import threading

import structlog

from agents.customers import customers
from agents.modellings import modellings
from agents.workers import workers
from domain.policy import Policy
from domain.value.clv import load
from streams.engine.clock import WallClock
from streams.engine.rights import sentences
from streams.errors import WorkerFailed
from streams.recording.writing import Recorder
from streams.settings import Settings
from streams.topics.ensure import TopicError, ensure_topics_of
from streams.worker.identity import identity
from streams.worker.logs import configure_logs
from streams.worker.metrics import Metrics
from streams.worker.pages import Pages
from streams.worker.process import Worker, run_worker

log = structlog.get_logger("touchline.worker")


def work(settings: Settings, rules: Policy, clock: WallClock | None = None) -> None:
    """Run a worker by these rules until it is told to stop; its ``clock`` is the machine's.

    Raises TopicError where topics are missing or have another partition count, WorkerFailed where
    something must not go on.
    """
    configure_logs(settings)
    clock = WallClock() if clock is None else clock
    topology = customers(rules)
    _check_topics(settings)
    limit, kept = settings.record_megabytes << 20, settings.record
    recorder = None if kept is None else Recorder(kept, rules, limit, clock.ns)

    by = identity(rules)
    log.info("goes by", policy=by.policy, forms=by.forms, version=by.version, worker=by.worker)

    # while Kafka is waited for; else the first snapshot of values would hold up events
    threading.Thread(target=load, name="loading", daemon=True).start()

    async def run() -> None:
        metrics = Metrics(settings.clock, clock.ms, by)
        made = (*modellings(rules), workers())
        running = Worker(settings, topology, metrics, made, recorder, clock=clock, by=by)
        async with Pages(settings.http, metrics, running):
            try:
                await running.run()
            except WorkerFailed as failed:
                raise await running.reach.explained(failed) from failed

    run_worker(run)


def _check_topics(settings: Settings) -> None:
    """A worker needs its topics, with its partition count; anything else is only told."""
    report = ensure_topics_of(settings, dry_run=True)
    unread = [right for right in report.denied if right.operation == "DescribeConfigs"]
    for sentence in sentences(settings, unread):
        log.warning("topics cannot be compared with what they must be", why=sentence)
    if report.created:
        shown = ", ".join(report.created[:3]) + (" and more" if len(report.created) > 3 else "")
        raise TopicError(f"{shown}: no such topic; run `touchline topics` first")
    for mismatch in report.mismatches:
        if mismatch.property == "partitions":
            raise TopicError(str(mismatch))
        log.warning("topic differs", topic=mismatch.topic, what=str(mismatch))
