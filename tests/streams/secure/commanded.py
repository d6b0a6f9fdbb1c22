"""Every command once against a secured broker: what it printed, by its words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.streams.running import until, worker_process

EVENTS = Path(__file__).resolve().parents[3] / "docs/events.jsonl"
CUSTOMER, ERASED = "c-000042", "c-000017"


class Command(NamedTuple):
    """A line of ours, how it is to end, and what it must print."""

    words: tuple[str, ...]
    status: int = 0
    prints: str = ""

    def __str__(self) -> str:
        return " ".join(self.words)


class Ended(NamedTuple):
    """How a command ended, and what it said on both streams."""

    status: int
    said: str


def line(words: str, prints: str = "", status: int = 0) -> Command:
    """A command of these words."""
    return Command(tuple(words.split()), status, prints)


MAKING = (
    line("topics", "as they must be"),
    line(f"produce {EVENTS}", "produced 10 records"),
    line("simulate --customers 150 --records 1500 --bad 0.01", "simulated "),
)
"""In this order. The worker starts after the first."""

READING = (
    line("topics --check", "0 topics missing"),
    line(f"state {CUSTOMER}", CUSTOMER),
    line("state --all --json", CUSTOMER),
    line("doctor", "nothing is wrong"),
    line("doctor --accept-loss 0 --yes", "nothing to accept"),
    line("dead-letters list --json", "{letter}"),
    line("dead-letters show {letter}", "refused for"),
    line("segments"),
    line("segments --json", '"segment_id":"s'),
    line("segments export quarantine", "customers in quarantine"),
    line("segments explain {member}", "{member}"),
    *(
        line(f"report {kind} --format json", '"sections"')
        for kind in (
            "experience",
            "complaints",
            "value",
            "relationship",
            "campaigns",
            "identification",
        )
    ),
    line("report value --by tier", "tier"),
    line("brief --out {folder}", "Customer briefing "),
    line("access key list --json"),
    line("access person list"),
    line("access audit --json"),
)
"""In any order; what is in braces was found before."""

WRITING = (
    line("access key make crm --scope read", "tl_"),
    line("access key revoke 0123456789", "there is no key 0123456789", 1),
    line("access person add chen --role desk --stdin", "chen may come in as desk"),
    line("access person password nobody --stdin", "there is no account nobody", 1),
    line("access person remove nobody", "there is no account nobody", 1),
    line("access person end nobody", "sessions of nobody have ended"),
    line("access login-link nobody", "there is no account nobody", 1),
    line("dead-letters resend {letter} --yes", "sent 1 again"),
    line(f"erase {ERASED} --wait --yes", "erased: "),
)

DEMO = line("demo --seconds 5 --customers 60 --rate 60 --workers 1", " events, ")
"""With an application of its own, and alone: two on one input say everything twice."""

TRIED = (*MAKING, *READING, *WRITING, DEMO)


def ended(variables: Mapping[str, str], command: Command) -> Ended:
    """Run it to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", *command.words],
        env={**variables, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        input="correct horse battery\n",
        timeout=120,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def all_of_them(
    variables: Mapping[str, str], directory: Path, pool: ThreadPoolExecutor
) -> dict[Command, Ended]:
    """Run every command but the demo beside a worker; how each ended, nothing in its braces."""
    told: dict[Command, Ended] = {}

    def first(command: Command) -> None:
        told[command] = ended(variables, command)

    first(MAKING[0])
    quick = {**variables, "TOUCHLINE_SEGMENTS__SUMMARY_SECONDS": "0.2"}
    with worker_process(quick, directory / "log"):
        for command in MAKING[1:]:
            first(command)
        found = until(lambda: _found(variables), "a model, its members and a dead letter", 240)
        found |= {"folder": str(directory / "briefings")}
        others = (*READING, *WRITING)
        told |= _beside(pool, lambda command: ended(variables, filled(command, found)), others)
        told = {filled(command, found): one for command, one in told.items()}
    return told


def _beside(
    pool: ThreadPoolExecutor, run: Callable[[Command], Ended], commands: Iterable[Command]
) -> dict[Command, Ended]:
    commands = list(commands)
    return dict(zip(commands, pool.map(run, commands), strict=True))


def filled(command: Command, found: Mapping[str, str]) -> Command:
    """The command with what was found in its braces."""

    def of(text: str) -> str:
        for name, value in found.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    return Command(tuple(map(of, command.words)), command.status, of(command.prints))


def _found(variables: Mapping[str, str]) -> dict[str, str] | None:
    """A segment, one who is in it, and a dead letter; nothing while one is missing."""
    cards = ended(variables, line("segments --json"))
    if cards.status:
        return None
    for card in json.loads(cards.said)["segments"]:
        segment = card["segment_id"]
        members = ended(variables, line(f"segments export {segment}"))
        if members.status == 0 and members.said.startswith("{"):
            member = json.loads(members.said.splitlines()[0])["customer_id"]
            letters = ended(variables, line("dead-letters list --json"))
            if letters.status == 0 and letters.said.startswith("{"):
                letter = json.loads(letters.said.splitlines()[0])["dead_letter_id"]
                return {"segment": segment, "member": member, "letter": letter}
    return None
