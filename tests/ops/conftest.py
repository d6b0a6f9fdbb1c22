"""The tools that judge what is in `ops/`; fetched in fixtures, where no time limit runs."""

from pathlib import Path

import pytest

from tests.ops.tools import ToolMissing, tool


def _or_skip(name: str) -> Path:
    try:
        return tool(name)
    except ToolMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus's own check of rules."""
    return _or_skip("promtool")


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Alertmanager's own check of its configuration."""
    return _or_skip("amtool")


@pytest.fixture(scope="session")
def prometheus() -> Path:
    """The server."""
    return _or_skip("prometheus")
