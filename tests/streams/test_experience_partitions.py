"""Reports of experience are one answer whatever the partitions: a simulated bank, replayed."""

from __future__ import annotations

from itertools import islice

import pytest

from agents.customers import customers
from domain.customer.grouping import Grouped
from domain.experience.group_report import GroupReport
from domain.experience.portfolio import ExperiencePortfolio
from domain.experience.score_rows import ScoreRow, rows
from domain.policy import Policy
from domain.satisfaction.scorecards import Scorecards
from streams.replay.events import Replay
from streams.sources.bank import Bank, Mix
from tests.streams.running import CustomersPartition

pytestmark = pytest.mark.long

POLICY = Policy.model_validate({"segments": {"enabled": False}})
GROUPINGS = ("tier", "region", "age_band")


def grouped(by: str) -> Grouped[ExperiencePortfolio]:
    """Portfolios of groups, empty."""
    return Grouped(by, lambda: ExperiencePortfolio(POLICY))


class Reported:
    """What a replay over so many partitions reports."""

    def __init__(self, lines: list[bytes], partitions: int) -> None:
        replay = Replay(customers(POLICY), partitions)
        list(replay.feed(lines))
        held: list[CustomersPartition] = list(replay.partitions.values())
        now = max(partition.now for partition in held)
        whole = ExperiencePortfolio(POLICY)
        cut = {by: grouped(by) for by in GROUPINGS}
        for partition in held:
            partition.advance(now)
            partition.drain()
            exported = [figures for _, figures in partition.export()]
            whole.merge(ExperiencePortfolio.of(exported, POLICY))
            for by, groups in cut.items():
                part = grouped(by)
                for figures in exported:
                    part.add(figures)
                groups.merge(part)
        self.reports: list[GroupReport] = [whole.report()]
        for groups in cut.values():
            self.reports += [each.report(name) for name, _, each in groups.parts()]
        # as a report reads them: from the records of each partition
        cards = [
            Scorecards.from_records(
                {key.removeprefix(b"!s/"): value for key, value in partition.store.items()}
            )
            for partition in held
        ]
        self.rows: list[ScoreRow] = rows(Scorecards(bounded=False).merge(cards), now)


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """Events of a bank with much service in it."""
    mix = Mix(
        app_click=0.2, transaction=0.2, complaint=0.1, survey=0.25, contact=0.2, feedback=0.05
    )
    bank = Bank(seed=11, customers=60, bad=0.0, mix=mix)
    return [record.value for record in islice(bank.events(), 4_000)]


@pytest.fixture(scope="module")
def one(lines: list[bytes]) -> Reported:
    """The report of one partition."""
    return Reported(lines, 1)


@pytest.mark.parametrize("partitions", [4, 12])
def test_reports_are_the_same_over_any_number_of_partitions(
    lines: list[bytes], one: Reported, partitions: int
) -> None:
    several = Reported(lines, partitions)
    assert several.reports == one.reports
    assert len(several.rows) == len(one.rows)
    for mine, other in zip(several.rows, one.rows, strict=True):
        assert mine[:2] == other[:2]
        for one_figure, figure in zip(mine[2:], other[2:], strict=True):
            assert one_figure == (
                None if figure is None else pytest.approx(figure, rel=1e-9, abs=1e-9)
            )


def test_the_bank_has_something_to_report(one: Reported) -> None:
    whole = one.reports[0]
    assert whole.customers == 60
    for measure in (whole.satisfaction, whole.nps, whole.csat, whole.ces, whole.promises_kept):
        assert measure.value is not None
    assert whole.gaps.key is not None
    assert whole.outrage.value
    dimensions = {row.dimension for row in one.rows}
    assert dimensions == {"factor", "tier", "channel", "stage", "region", "agent", "branch"}
    agents = [row for row in one.rows if row.dimension == "agent"]
    assert len(agents) == 60
    assert any(row.promises_kept_share for row in agents)
