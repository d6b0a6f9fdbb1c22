"""Records that must be refused, each made of a good payment."""

from __future__ import annotations

import json

from tests.chaos.record import BAD, WRONG_PARTITION, Record

CLICKS = "touchpoints.app"
PROFILES = "touchpoints.profiles"


def spoilt(good: Record) -> list[Record]:
    """The payment spoilt in every way that must end in the dead letters.

    Records in another partition than their key's would there make, merge and erase customers.
    """
    assert good.value is not None
    bad = [
        good._replace(value=good.value[: len(good.value) // 2]),
        good._replace(value=b"\xff\x00 no text"),
        good._replace(value=b""),
        good._replace(value=b"[]"),
        good._replace(value=good.value.replace(b'"amount"', b'"amounts"')),
        good._replace(value=good.value.replace(b'"CNY"', b'"yuan"')),
        good._replace(value=good.value.replace(b'"customer_id"', b'"customer"')),
        good._replace(key=None),
        good._replace(key=b"somebody else"),
        good._replace(topic=CLICKS),
        good._replace(value=good.value.replace(b"T", b"TT", 1)),
        good._replace(value=good.value + b" " * 280_000),
        good._replace(value=_in_2199(good.value)),
    ]
    misplaced = [
        good,
        good._replace(key=b"nobody", value=_of_nobody(good.value)),
        _order(good, erase=True),
        _order(good, merged_into="nobody"),
    ]
    return [each._replace(mark=BAD) for each in bad] + [
        each._replace(mark=WRONG_PARTITION, elsewhere=True) for each in misplaced
    ]


def _in_2199(value: bytes) -> bytes:
    event = json.loads(value)
    event["occurred_at"] = "2199" + event["occurred_at"][4:]
    return json.dumps(event).encode()


def _of_nobody(value: bytes) -> bytes:
    """An event of one who is known nowhere."""
    return json.dumps(json.loads(value) | {"customer_id": "nobody"}).encode()


def _order(good: Record, **order: object) -> Record:
    """A profile event of the payment's customer that says this alone."""
    given = json.loads(good.value or b"")
    common = {name: given[name] for name in ("event_id", "customer_id", "occurred_at", "channel")}
    value = json.dumps({**common, "type": "profile", **order}).encode()
    return good._replace(topic=PROFILES, value=value)
