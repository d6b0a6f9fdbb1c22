"""What somebody wrote into an address by hand is refused, and fails nothing."""

import base64
from pathlib import Path

import pytest

from streams.readmodel import cursors
from tests.streams.serve.pages.house import House, state

NESTED = base64.urlsafe_b64encode(b"[" * 700).decode().rstrip("=")
CURSORS = (
    cursors.dump(2**63, 0, 0, "a"),
    cursors.dump(0, -(10**25), 0, "a"),
    cursors.dump("a", 2**64),
    cursors.dump("a", 2**64, 1),
    NESTED,
    "W" * 9_000,
)


@pytest.mark.parametrize("cursor", CURSORS)
async def test_cursors(tmp_path: Path, cursor: str) -> None:
    house = House(tmp_path)
    house.put(state(1))
    for path in (
        "/desk?cursor=", "/customers?after=", "/v1/alerts?cursor=", "/v1/customers?cursor=",
        "/v1/complaints?cursor=",
    ):  # fmt: skip
        answer = await house.client.get(path + cursor)
        assert answer.status_code in (400, 404, 422), path


def test_nothing_is_nested_as_deep_as_python_goes() -> None:
    with pytest.raises(cursors.BadCursor):
        cursors.load(base64.urlsafe_b64encode(b"[" * 5_000).decode().rstrip("="), int)
