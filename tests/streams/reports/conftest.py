"""What the tests of reports share: one replay."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.policy import Policy
from tests.streams.reports.bank import events, policy_in, replayed


@pytest.fixture(scope="session")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The policy of these tests."""
    return policy_in(tmp_path_factory.mktemp("policy"))


@pytest.fixture(scope="session")
def folder(policy: Policy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A replay's folder."""
    return replayed(events(), tmp_path_factory.mktemp("bank"), policy)
