"""What many tests share: a real Kafka broker, and the data beside the repository."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis  # noqa: F401 - else its plugin imports it after the last test, amid warnings
import pytest

from schemas import codec
from streams.cluster.broker import LocalBroker
from tests.schemas.checked import check_bytes

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the product does
pytest_plugins = ["tests.kinds"]
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session", autouse=True)
def outputs_as_published() -> Iterator[None]:
    """Whatever output a test lets be written here is first held to its published model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "_encode", check_bytes)
        yield


@pytest.fixture(scope="session")
def broker() -> Iterator[LocalBroker]:
    """One broker for the whole run. Its topics are everybody's: use names of your own."""
    with LocalBroker() as running:
        yield running


@pytest.fixture
def fresh_broker() -> Iterator[LocalBroker]:
    """A broker of this test's own, without a topic; it may be stopped, killed and restarted."""
    with LocalBroker() as running:
        yield running


@pytest.fixture(scope="module")
def module_broker() -> Iterator[LocalBroker]:
    """A broker of this module's own, without a topic at first."""
    with LocalBroker() as running:
        yield running


@pytest.fixture(scope="session")
def shared() -> Path:
    """The directory `shared` beside the repository; tests that need it are skipped without."""
    if not SHARED.is_dir():
        pytest.skip(f"needs the data in {SHARED}, which is not here")
    return SHARED
