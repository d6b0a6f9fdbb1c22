"""State on its way into the file: records as they came, and what lists find customers by."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Final

from domain.customer.profile import owner_of
from domain.customer.state import FILE, LETTERS, Customer, decode_core
from streams.readmodel.keys import SPECIAL, TOGETHER, pack, split, unpack, wanted

CORE: Final = b"c"
FILE_LETTER: Final = LETTERS[FILE]

OWNED: Final = b"owner_id"
"""The name of the field, as it stands in a file that has one."""

Row = tuple[int, bytes, bytes, bytes]

ANY: Final = "SELECT 1 FROM records WHERE number = ? LIMIT 1"
HAD: Final = "SELECT value FROM records WHERE number = ? AND owner = ? AND short = x''"
EVERYBODY: Final = "SELECT owner, value FROM records WHERE number = ? AND short = ?"
PUT: Final = (
    "INSERT INTO records VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"
)
REMOVE: Final = "DELETE FROM records WHERE number = ? AND owner = ? AND short = ?"
KNOW: Final = (
    "INSERT INTO customers (id, number, tier, segment, state, complaints, complaints_open, "
    "complaint_due) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET tier = excluded.tier, segment = excluded.segment, "
    "state = excluded.state, complaints = excluded.complaints, "
    "complaints_open = excluded.complaints_open, complaint_due = excluded.complaint_due "
    "WHERE (tier, segment, state, complaints, complaints_open, complaint_due) IS NOT "
    "(excluded.tier, excluded.segment, excluded.state, excluded.complaints, "
    "excluded.complaints_open, excluded.complaint_due)"
)
OWN: Final = "UPDATE customers SET owner = ? WHERE id = ? AND number = ? AND owner IS NOT ?"
FORGET: Final = "DELETE FROM customers WHERE id = ? AND number = ?"


def _core_with_file() -> bytes:
    """The core of anybody with a file, for those whose own is not at hand."""
    anybody = Customer.new("anybody")
    assert anybody.file is not None
    anybody.touch(FILE)
    return dict(anybody.dump())[CORE + b"anybody"] or b""


CORE_WITH_FILE: Final = _core_with_file()


def take(
    connection: sqlite3.Connection, number: int, records: Mapping[bytes, bytes | None]
) -> list[str]:
    """Keep these records of a partition's changelog; gives the customers whose core went."""
    fresh = connection.execute(ANY, (number,)).fetchone() is None
    together: dict[bytes, dict[bytes, bytes | None]] = {}
    apart: list[Row] = []
    removed: list[tuple[int, bytes, bytes]] = []
    for key, value in records.items():
        letter = key[:1]
        if letter not in SPECIAL:  # most are of this kind: no call for each
            owner = key[1:]
            had = together.get(owner)
            if had is None:
                together[owner] = {letter: value}
            else:
                had[letter] = value
        elif wanted(key):
            owner, short = split(key)
            if value is None:
                removed.append((number, owner, short))
            else:
                apart.append((number, owner, short, value))
    for owner, came in together.items():
        row = None if fresh else connection.execute(HAD, (number, owner)).fetchone()
        kept: dict[bytes, bytes | None] = came if row is None else {**unpack(row[0]), **came}
        left = {short: value for short, value in kept.items() if value is not None}
        if left:
            apart.append((number, owner, TOGETHER, pack(left)))
        else:
            removed.append((number, owner, TOGETHER))
    apart.sort()
    connection.executemany(PUT, apart)
    connection.executemany(REMOVE, removed)
    return _index(connection, number, together, fresh=fresh)


def _index(
    connection: sqlite3.Connection,
    number: int,
    together: Mapping[bytes, Mapping[bytes, bytes | None]],
    *,
    fresh: bool,
) -> list[str]:
    """Bring what lists go by up to date; gives the customers whose core went."""
    known: list[tuple[object, ...]] = []
    unknown: list[tuple[str, int]] = []
    gone: list[str] = []
    files: list[tuple[str, bytes]] = []
    for owner, came in together.items():
        customer_id = owner.decode()
        if CORE in came:
            value = came[CORE]
            core = None if value is None else decode_core(value)
            if core is None:
                gone.append(customer_id)
            if core is not None and core.events:
                known.append(
                    (
                        customer_id, number, core.tier, core.segment, core.relation,
                        core.complaints, core.complaints_open, core.complaint_due,
                    )
                )  # fmt: skip
            else:  # one whom others named, and who never came; or who went
                unknown.append((customer_id, number))
        file = came.get(FILE_LETTER)
        if file is not None and not (fresh and OWNED not in file):
            files.append((customer_id, file))
    known.sort()
    connection.executemany(KNOW, known)
    connection.executemany(FORGET, unknown)
    _own(connection, number, files)
    return gone


def own_all(connection: sqlite3.Connection, number: int) -> None:
    """Find all owners anew: files that came before their customers were not looked at."""
    rows = connection.execute(EVERYBODY, (number, TOGETHER)).fetchall()
    files = [(owner.decode(), unpack(value).get(FILE_LETTER)) for owner, value in rows]
    _own(connection, number, [(owner, file) for owner, file in files if file is not None])


def _own(connection: sqlite3.Connection, number: int, files: Iterable[tuple[str, bytes]]) -> None:
    owners: list[tuple[str | None, str, int, str | None]] = []
    for customer_id, value in files:
        key = customer_id.encode()
        if OWNED not in value:
            owners.append((None, customer_id, number, None))
            continue
        get = {CORE + key: CORE_WITH_FILE, FILE_LETTER + key: value}.get
        customer = Customer.load(customer_id, get)
        assert customer is not None
        owner = owner_of(customer)
        owners.append((owner, customer_id, number, owner))
    connection.executemany(OWN, owners)


__all__ = ["own_all", "take"]
