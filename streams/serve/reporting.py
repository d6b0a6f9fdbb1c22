"""Reports for the API: made in a process of their own, which ends with each, and kept a while."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import structlog
from anyio import CapacityLimiter, to_thread

from domain.policy import Policy
from schemas.errors import OperatingError
from streams.serve.following import end_with_parent
from streams.serve.problems import Problem
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.reports.form.document import Document
    from streams.reports.report import Report

Kind = Literal[
    "experience", "complaints", "value", "relationship", "campaigns", "identification"
]  # fmt: skip
Form = Literal["json", "html"]
KEPT_SECONDS: Final = 60.0
"""A report is answered again for so long, without being made anew."""
MOST_SECONDS: Final = 600.0
MOST_WAITING: Final = 8
NICE: Final = 10

_spawn = multiprocessing.get_context("spawn")
log = structlog.get_logger("touchline.serve")


class Wanted(NamedTuple):
    """Which report, cut by which group, in which form."""

    kind: Kind
    by: str | None
    form: Form


class Reporting:
    """Makes reports one at a time; whoever asks for one that is being made waits for that."""

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._settings, self._policy = settings, policy
        self._limiter = CapacityLimiter(1)
        self._made: dict[Wanted, tuple[float, bytes]] = {}
        self._making: dict[Wanted, asyncio.Task[bytes]] = {}
        self._process = _Process()

    async def report(self, wanted: Wanted) -> bytes:
        """The report. Raises ``Problem`` 503 where it cannot be made just now."""
        now = time.monotonic()
        self._made = {
            each: (at, told) for each, (at, told) in self._made.items() if now - at < KEPT_SECONDS
        }
        if wanted in self._made:
            return self._made[wanted][1]
        making = self._making.get(wanted)
        if making is None:
            if len(self._making) >= MOST_WAITING:
                raise _busy("Too many reports are being made")
            making = asyncio.create_task(self._make(wanted), name="report")
            self._making[wanted] = making
            making.add_done_callback(lambda _: self._making.pop(wanted, None))
        return await asyncio.shield(making)

    async def close(self) -> None:
        """Wait for none of them, and let no process go on."""
        for making in self._making.values():
            making.cancel()
        self._process.end()

    async def _make(self, wanted: Wanted) -> bytes:
        told = await to_thread.run_sync(
            _in_a_process,
            self._process,
            self._settings,
            self._policy,
            wanted,
            limiter=self._limiter,
            abandon_on_cancel=True,
        )
        self._made[wanted] = time.monotonic(), told
        return told


def _busy(title: str) -> Problem:
    return Problem(503, "no_report", title, headers={"Retry-After": "5"})


class _Process:
    """The process that makes a report, while there is one; it may be ended from another thread."""

    def __init__(self) -> None:
        self.ended = False
        self._running: BaseProcess | None = None

    def began(self, process: BaseProcess) -> None:
        """This one runs now."""
        self._running = process
        if self.ended:
            process.terminate()

    def end(self) -> None:
        """End it, and whatever begins yet."""
        self.ended = True
        process = self._running
        if process is not None and process.exitcode is None:
            process.terminate()


def _in_a_process(running: _Process, settings: Settings, policy: Policy, wanted: Wanted) -> bytes:
    if running.ended:
        raise _busy("No report is made any more")
    ours, theirs = _spawn.Pipe(duplex=False)
    process = _spawn.Process(
        target=_make, args=(theirs, settings, policy, wanted), name="touchline-report", daemon=True
    )
    process.start()
    running.began(process)
    theirs.close()
    try:
        if not ours.poll(MOST_SECONDS):
            raise _busy("The report takes too long")
        told: bytes | str = ours.recv()
    except (EOFError, OSError):
        if not running.ended:
            log.error("a report could not be made", kind=wanted.kind)
        raise _busy("The report could not be made; the log says why") from None
    finally:
        ours.close()
        process.terminate()
        process.join()
    if isinstance(told, str):
        log.warning("a report could not be made", kind=wanted.kind, why=told)
        raise _busy("The report cannot be made just now")
    return told


# -- in the process ---------------------------------------------------------------------


def _make(told: Connection, settings: Settings, policy: Policy, wanted: Wanted) -> None:
    """Make the report and send it: bytes, or in a sentence why not."""
    from streams.worker.logs import configure_logs

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.nice(NICE)
    configure_logs(settings)
    try:
        told.send(_written(document(settings, policy, wanted.kind, wanted.by), wanted.form))
    except OperatingError as error:
        told.send(str(error))


def document(settings: Settings, policy: Policy, kind: Kind, by: str | None) -> Document:
    """A report of the live state, as `touchline report` makes it. Raises OperatingError."""
    from streams.queries import connect
    from streams.reports import live

    report = _kinds()[kind](policy, by)
    with connect.admin(settings) as client:
        partitions = connect.partition_count(client, settings.changelog)

    about = live.read_live(settings, policy, partitions, report, lambda: None)
    return report.document(connect.run(about))


def _kinds() -> dict[Kind, Callable[[Policy, str | None], Report]]:
    from streams.reports.campaigns.report import CampaignsReport
    from streams.reports.complaints import ComplaintsReport
    from streams.reports.experience.report import ExperienceReport
    from streams.reports.identification import IdentificationsReport
    from streams.reports.relationship.report import RelationshipsReport
    from streams.reports.value.report import ValueReport

    return {
        "experience": lambda policy, by: ExperienceReport(policy, by, None),
        "complaints": ComplaintsReport,
        "value": ValueReport,
        "relationship": RelationshipsReport,
        "campaigns": CampaignsReport,
        "identification": IdentificationsReport,
    }


def _written(document: Document, form: Form) -> bytes:
    if form == "html":
        from streams.reports.form.html import html

        return html(document).encode()
    import msgspec

    from streams.reports.form.document import as_dict

    return msgspec.json.encode(as_dict(document))
