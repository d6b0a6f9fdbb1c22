"""Of a file that was removed nothing is held open for long, whether anybody asks or not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from domain.policy import Policy
from streams.readmodel.opening import make_file
from streams.serve import app
from tests.streams.readmodel.test_not_built import held_open
from tests.streams.running import until
from tests.streams.serve.pages.house import PARTITIONS, House


def _removed(directory: Path) -> list[str]:
    return [name for name in held_open(directory) if name.endswith("(deleted)")]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="handles are listed by Linux alone")
async def test_a_removed_file_is_let_go_of_though_nobody_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert app.LET_GO_SECONDS < 10
    monkeypatch.setattr(app, "LET_GO_SECONDS", 0.05)
    here = House(tmp_path)
    async with here.client as client:
        asked = await asyncio.gather(*(client.get("/strip") for _ in range(8)))
    assert {answer.status_code for answer in asked} == {200}
    here.file.close()
    make_file(tmp_path, {}, range(PARTITIONS), Policy()).close()
    assert _removed(tmp_path)
    letting_go = asyncio.create_task(app._let_go(here.app))
    try:
        await asyncio.to_thread(until, lambda: not _removed(tmp_path), "its being let go of")
    finally:
        letting_go.cancel()
