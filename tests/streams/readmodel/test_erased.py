"""Of an erased person nothing is in any file of the read model, whoever builds it and when."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from schemas.topics import CUSTOMER_TRANSITIONS
from streams.cluster.broker import LocalBroker
from streams.queries import erasing
from streams.readmodel.reading import ReadModel
from streams.settings import Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.readmodel.following import (
    counts,
    current,
    ends,
    follower,
    run,
    settings_of,
    variables,
)
from tests.streams.running import PARTITIONS, Record, balance, event, produce, until, worker_process

NAME, WORDS = "victoria-gone-7391", "unspeakable-words-2846"


def _events(customer: str, secret: str) -> list[Record]:
    made = [balance(f"{customer}-b{n}", customer, 2_000_000.0 + n) for n in range(30)]
    made += [event(f"{customer}-k{n}", customer, "app_click", action="browse") for n in range(40)]
    made += [
        event(
            f"{customer}-c", customer, "complaint", complaint_id=f"{customer}-case",
            status="opened", severity=5, factor="service", category="card",
        ),
        event(f"{customer}-f", customer, "feedback", kind="suggestion", text=secret),
        event(f"{customer}-p", customer, "profile", owner_id="manager-1"),
    ]  # fmt: skip
    topic, key, _ = made[-1]
    made.append((topic, key, f"{secret} is no JSON".encode()))
    return made


def _held(directory: Path, *words: str) -> list[str]:
    """Which files of the directory hold one of these words."""
    return sorted(
        path.name
        for path in directory.rglob("*")
        if path.is_file() and any(word.encode() in path.read_bytes() for word in words)
    )


def test_nothing_of_an_erased_person_stays(module_broker: LocalBroker, tmp_path: Path) -> None:
    settings = settings_of("gone", module_broker.bootstrap, tmp_path / "serve")
    directory = tmp_path / "serve"
    ensure_topics_of(settings)
    bootstrap = module_broker.bootstrap
    model = ReadModel(settings)
    with worker_process(variables(settings), tmp_path / "worker.log"):
        with follower(settings, tmp_path / "follower.log"):
            produce(bootstrap, [*_events(NAME, WORDS), *_events("somebody", "other words")])
            counts(model, ends(settings))
            current(model)
            until(lambda: len(model.timeline(NAME, None, 100, opened=True).rows) >= 73, "all lines")
            assert _held(directory, NAME) and _held(directory, WORDS)
            alive = model.customer(NAME)
            assert alive is not None and alive.figures.complaints_open == 1

            request = erasing.request(NAME, datetime.now(UTC))
            run(erasing.send_and_follow(settings, request, PARTITIONS, 30.0, lambda _: None))
            counts(model, ends(settings))
            assert model.customer(NAME) is None
            assert model.timeline(NAME, None, 10, opened=True).rows == []
            until(lambda: _held(directory, NAME, WORDS) == [], "an empty log of SQLite", 10.0)
            assert model.customer("somebody") is not None
            assert len(model.timeline("somebody", None, 100, opened=True).rows) >= 73
        assert _held(directory, NAME, WORDS) == []
        _built_anew(settings, tmp_path)


def _built_anew(settings: Settings, place: Path) -> None:
    """Kafka still holds the events: a file that is built now must take none of them."""
    anew = settings.model_copy(
        update={"serve": settings.serve.model_copy(update={"directory": place / "anew"})}
    )
    model = ReadModel(anew)
    with follower(anew, place / "anew.log"):
        current(model)
        until(lambda: len(model.timeline("somebody", None, 100, opened=True).rows) >= 73, "lines")
        assert model.customer(NAME) is None
        told = model.changed({}, [CUSTOMER_TRANSITIONS], 1_000)
        assert {one.customer_id for one in told} == {"somebody"}
    assert _held(place / "anew", NAME, WORDS) == []
