"""What a person can act on is one line and status 1; a fault of the program keeps its traceback."""

from __future__ import annotations

import pytest

from domain.policy import PolicyError
from schemas.errors import OperatingError
from streams import cli
from streams.cluster.errors import BrokerError
from streams.demo.run import DemoFailed
from streams.engine.clients import NoBootstrap
from streams.engine.defects import RuleFailed
from streams.errors import (
    ClusterError,
    InputUnusable,
    NotWritten,
    RecordUnreadable,
    ReportSourceError,
    WorkerFailed,
)
from streams.queries.segments import NoCustomer, NoModel, NoSegment
from streams.reports.segments.reading import SegmentFileError
from streams.reports.value.history import ValueFileError
from streams.settings import SettingError, load_settings
from streams.sources import SourceError
from streams.topics.ensure import TopicError


@pytest.mark.parametrize(
    "kind",
    [
        BrokerError, ClusterError, DemoFailed, InputUnusable, NoBootstrap, NoCustomer, NoModel,
        NoSegment, NotWritten, PolicyError, RecordUnreadable, ReportSourceError, RuleFailed,
        SegmentFileError, SettingError, SourceError, TopicError, ValueFileError, WorkerFailed,
    ],
)  # fmt: skip
def test_every_error_of_operation_is_of_the_one_kind_that_is_caught(kind: type) -> None:
    assert issubclass(kind, OperatingError)


def test_it_is_one_line_and_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def app() -> None:
        raise OperatingError("the disk is full: make room")

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr() == ("", "touchline: the disk is full: make room\n")


def test_a_fault_of_the_program_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def app() -> None:
        raise KeyError("a rule of ours")

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(KeyError):
        cli.main()


def test_a_setting_that_does_not_fit_is_named_with_what_was_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOUCHLINE_COMMIT__INTERVAL_SECONDS", "-1")
    with pytest.raises(SettingError) as refused:
        load_settings()
    assert str(refused.value) == (
        "setting TOUCHLINE_COMMIT__INTERVAL_SECONDS: Input should be greater than 0 (got '-1')"
    )
