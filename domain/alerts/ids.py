"""The ids of alerts: which cause, and whose alert it is.

An id is 40 hex digits: 32 that stand for the cause, the same however often it is worked out, and
8 that say of a customer whether the alert is of that one (once in 4 billion it seems so). They are
made of the customer's id and of the 32 digits, so two alerts of one customer have nothing in
common, and nobody who does not already have the customer's id learns anything of it. Alerts of
earlier versions have the 32 digits alone: they tell nothing of whose they are.
"""

from __future__ import annotations

from xxhash import xxh3_64_hexdigest, xxh3_128_hexdigest

from schemas.outputs import output_id

CAUSE_HEX, OWNER_HEX = 32, 8
CAUSE_BYTES = CAUSE_HEX // 2
TOP_LEVEL, LAST_LEVEL = 3, 9


def first_id(kind: str, customer_id: str, *cause: str | int) -> str:
    """The id of an alert of this kind about a customer, for a cause.

    >>> first_id("large", "alice", "e-1") == first_id("large", "alice", "e-1")
    True
    >>> is_of_another(first_id("large", "alice", "e-1"), "alice")
    False
    >>> is_of_another(first_id("large", "alice", "e-1"), "bob")
    True
    """
    return _owned(output_id(kind, customer_id, *cause), customer_id)


def id_at(number: bytes, level: int, customer_id: str) -> str:
    """The id under which the alert with this number is raised again at a level."""
    again = _cause_at(number, level)
    return again if len(number) == CAUSE_BYTES else _owned(again, customer_id)


def number_of(alert_id: str) -> bytes | None:
    """The 20 bytes of an id of ours, 16 of an older one; ``None`` for what cannot be one.

    >>> number_of("00" * 15 + "ff")[-1], len(number_of("0f" * 20))
    (255, 20)
    >>> number_of("a1b2c3"), number_of("z" * 40)
    (None, None)
    """
    if len(alert_id) not in (CAUSE_HEX, CAUSE_HEX + OWNER_HEX):
        return None
    try:
        number = bytes.fromhex(alert_id)
    except ValueError:
        return None
    return number if 2 * len(number) == len(alert_id) else None


def is_of_another(alert_id: str, customer_id: str) -> bool:
    """Whether an id says that its alert is of another customer than this one."""
    number = number_of(alert_id)
    if number is None or len(number) == CAUSE_BYTES:
        return False
    return number.hex() != _owned(number[:CAUSE_BYTES].hex(), customer_id)


def causes(number: bytes, *, again: bool) -> tuple[bytes, ...]:
    """By what 16 bytes an action may name an alert: its own, and those it may come again under."""
    own = number[:CAUSE_BYTES]
    if not again:
        return (own,)
    return own, *(bytes.fromhex(_cause_at(number, n)) for n in range(2, LAST_LEVEL + 1))


def _cause_at(number: bytes, level: int) -> str:
    # of a form of its own, which ids raised by earlier versions have too: the desk may name them
    return xxh3_128_hexdigest(f"again\x1f{number[:CAUSE_BYTES].hex()}\x1f{level}".encode())


def _owned(cause: str, customer_id: str) -> str:
    return cause + xxh3_64_hexdigest(f"{cause}:{customer_id}".encode())[:OWNER_HEX]
