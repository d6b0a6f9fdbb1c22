"""One worker and one serve for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.cluster.broker import LocalBroker
from tests.streams.running import environment, worker_process
from tests.streams.serve.api.living import (
    Living,
    make_model,
    prepared,
    ready,
    serving,
    story,
)


@pytest.fixture(scope="module")
def living(
    module_broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Living]:
    """A serve that is ready, with a story counted."""
    directory = tmp_path_factory.mktemp("living")
    settings = prepared("living", module_broker.bootstrap)
    make_model(module_broker.bootstrap)
    variables = environment("living", module_broker.bootstrap)
    with (
        worker_process(variables, directory / "worker.log"),
        serving(settings, directory) as running,
    ):
        ready(running)
        running.counted(running.post(story()))
        yield running
