"""What the tests of briefings share: a replay of the town."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.streams.briefing.town import MONDAY, replayed


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A replay of the town up to the Monday after week 10."""
    return replayed(tmp_path_factory.mktemp("town"), MONDAY)
