"""The kill test can fail: on plain Faust tables it finds customers that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.plain import FAULTS, PlainRun

pytestmark = pytest.mark.live


@pytest.mark.timeout(300)
def test_a_plain_faust_table_is_found_wrong_after_kills(tmp_path: Path) -> None:
    with PlainRun(tmp_path, seed=3, rate=300) as run:
        run.begin()
        run.inflict(FAULTS)
        verdict = run.finish()
    assert verdict.events > 3_000
    assert verdict.wrong_customers
