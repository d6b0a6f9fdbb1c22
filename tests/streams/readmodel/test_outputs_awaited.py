"""State waits for outputs that are committed, however long; not for those that nobody commits."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from domain.policy import Policy
from schemas.topics import SIGNALS
from streams.engine.checkpoint import Checkpoint
from streams.readmodel import following
from streams.readmodel.newest import Newest
from streams.readmodel.opening import make_file
from streams.readmodel.places import Places
from streams.readmodel.staging import Ready
from streams.settings import Settings

PLACE = TopicPartition(SIGNALS, 0)
END = 20


class _Consumer:
    """Knows up to where there are only committed records."""

    def __init__(self, stable: int | None) -> None:
        self._stable = stable

    def last_stable_offset(self, _: TopicPartition) -> int | None:
        return self._stable


@pytest.mark.parametrize(
    ("read", "stable", "asked", "waited", "shown"),
    [
        (20, 20, 1.0, 0.0, True),
        (10, 10, 1.0, 0.0, False),
        (10, 10, 1.0, 9.0, True),
        (10, 15, 1.0, 9.0, False),
        (10, 30, 1.0, 9.0, False),
        (10, 10, -1.0, 9.0, False),
        (10, 10, 0.0, 9.0, False),
        (10, None, 1.0, 9.0, False),
    ],
    ids=[
        "read", "just come", "nobody commits", "some committed", "committed", "told before",
        "never asked", "never told",
    ],
)  # fmt: skip
def test_what_is_committed_is_waited_for(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    read: int,
    stable: int | None,
    asked: float,
    waited: float,
    shown: bool,
) -> None:
    file = make_file(tmp_path, {"partitions": "1"}, [0], Policy())
    places = Places("log", (SIGNALS,), (), (), (0,), {})
    follows = following.Following(Settings(), file, None, places, Newest(Policy()))  # type: ignore[arg-type]
    since = time.monotonic() - waited
    steady = since + asked if asked else 0.0
    monkeypatch.setattr(follows._sessions, "asked_steadily", lambda _: steady)
    ready = Ready({}, Checkpoint(clock=7), 5)
    follows._waiting[0].append(following.Waiting(ready, {PLACE: END}, since))
    with file.transaction():
        file.move(SIGNALS, 0, read)
        follows._show(_Consumer(stable))
    assert (("log", 0) in file.next) is shown
