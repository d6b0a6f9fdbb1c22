"""A small bank with much service in it, replayed once for all tests of reports."""

from __future__ import annotations

import io
import json
from itertools import islice
from pathlib import Path
from typing import Any

from agents.customers import customers
from agents.modellings import modellings
from domain.policy import Policy, load_policy
from streams.files.reading import numbered
from streams.replay.events import Replay, replay_file
from streams.reports.folder import read_folder
from streams.reports.form.document import Document, as_dict
from streams.reports.report import Report
from streams.sources.bank import Bank, Mix

MIX = Mix(
    app_click=0.4, transaction=0.25, complaint=0.06, survey=0.15, contact=0.08, feedback=0.03,
    campaign=0.03,
)  # fmt: skip
# a pinned K: to choose one takes long
SEGMENTS = "segments: {k: 3, restarts: 5}\n"
CUSTOMERS = 80


def events(records: int = 3_000) -> bytes:
    """The bank's first records, none of them refused."""
    bank = Bank(7, CUSTOMERS, vip_share=0.2, mix=MIX, bad=0.0)
    return b"".join(record.value + b"\n" for record in islice(bank.events(), records))


def policy_in(folder: Path) -> Policy:
    """The policy of these tests, as a file in this folder."""
    path = folder / "policy.yaml"
    path.write_text(SEGMENTS)
    return load_policy(path)


def replayed(lines: bytes, folder: Path, policy: Policy) -> Path:
    """A folder with everything that a replay writes."""
    replay = Replay(customers(policy), 3, modellings(policy))
    replay_file(replay, numbered(io.BytesIO(lines)), folder / "replay")
    return folder / "replay"


def document(folder: Path, report: Report) -> Document:
    """A report of a folder."""
    return report.document(read_folder(folder, report, lambda size: None))


def tables(told: Document) -> dict[str, list[dict[str, Any]]]:
    """All tables of a report by name, as JSON has them."""
    plain = json.loads(json.dumps(as_dict(told)))
    return {
        name: rows
        for section in plain["sections"].values()
        for name, rows in section["tables"].items()
    }


def lines_of(folder: Path, name: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
