"""Every background task of a running worker by kind, and what becomes of a fault in it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final

from typer.testing import CliRunner

from streams.cli import app
from tests.streams.running import environment, until
from tests.streams.worker.faults import CUSTOMERS, Bench

HEALED: Final = (
    "AIOKafkaClient._md_synchronizer",
    "AIOKafkaConnection._read",
    "FetchSessions.take_over.<locals>.guarded",
    "Fetcher._fetch_requests_routine",
    "Fetcher._proc_fetch_request",
    "NoGroupCoordinator._reset_committed_routine",
    "Recovery._slurp_changelogs",
    "Sender._sender_routine",
    "ThrowableQueue.get",
)
"""Kinds after whose end the same worker goes on, all of them begun anew."""
HEALED_BY_FAUST: Final = ("Agent._execute_actor",)
"""The same, after the five seconds that Faust lets go by."""
GONE: Final = (
    "Conductor._subscriber",
    "Fetcher._fetcher",
    "GroupCoordinator._coordination_routine",
    "GroupCoordinator._heartbeat_routine",
    "PartitionTask._run",
    "Tasks._watch_load",
)
"""Kinds that end the worker; one at least of each way to that."""
GONE_ALIKE: Final = (
    "Comparing.run",
    "Consumer._hear_refusals",
    "Ends.run",
    "Event.wait",
    "Fitting.run",
    "GroupCoordinator._commit_refresh_routine",
    "Models.run",
    "Monitor._sampler",
    "Permits.run",
    "ProducerBuffer._handle_pending",
    "Reach.run",
    "Recovery._publish_stats",
    "Recovery._restart_recovery",
    "SupervisorStrategy._supervisor",
    "Tasks._begin.<locals>.work",
    "Watch.run",
    "Watching.run",
    "Worker._watch_faust",
    "work.<locals>.run",
)
"""Kinds that end it in the same ways."""
HUNG: Final = (
    "FetchSessions.take_over.<locals>.guarded",
    "Fetcher._fetch_requests_routine",
    "Sender._sender_routine",
)
"""Kinds that heal where they hang."""
HUNG_FOR_EVER: Final = ("PartitionTask._run", "Tasks._watch_load", "Fetcher._fetcher", "Ends.run")
"""Kinds that do not: the worker is not ready."""
MOMENTARY: Final = {
    *("Openings._close_idle", "Permits._look", "RequestHandler.start", "Service._execute_task"),
}
"""Kinds that end by themselves, and the one that only waits for Faust's agent."""
LASTING: Final = {*HEALED, *GONE, *GONE_ALIKE} - {"Event.wait", "ThrowableQueue.get"}
KNOWN: Final = {*HEALED, *HEALED_BY_FAUST, *GONE, *GONE_ALIKE, *MOMENTARY}


def assert_nothing_lost(bench: Bench, monkeypatch: Any) -> None:
    """Each customer has each of its events once: a worker takes what the last one left."""
    for name, value in environment(bench.app_id, bench.bootstrap).items():
        if name.startswith("TOUCHLINE_"):
            monkeypatch.setenv(name, value)
    found: dict[str, tuple[int, float]] = {}

    def all_there() -> bool:
        """What the workers before left untaken may come after what is sent now."""
        said = CliRunner().invoke(app, ["state", "--all", "--json"])
        assert said.exit_code == 0, said.output
        figures = map(json.loads, said.stdout.splitlines())
        found.update({one["customer_id"]: (one["events"], one["balance"]) for one in figures})
        return found == {name: (bench.sent, float(bench.sent)) for name in CUSTOMERS}

    with bench.worker() as worker:
        assert bench.outcome(worker, "list") == "healed"
        with suppress(AssertionError):
            until(all_there, "the state of all customers", 30.0)
    assert found == {name: (bench.sent, float(bench.sent)) for name in CUSTOMERS}, found
