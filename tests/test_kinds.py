"""Tests without a mark are fast: no broker runs in them."""

from __future__ import annotations

import pytest

from streams.cluster.broker import LocalBroker
from tests.kinds import StartedBroker


def test_a_test_that_is_not_live_cannot_start_a_broker() -> None:
    with pytest.raises(StartedBroker, match="mark the test `live`"):
        LocalBroker().start()
    with pytest.raises(StartedBroker), LocalBroker():
        pass
