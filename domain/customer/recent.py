"""The newest events of one customer: which ids were seen, and what was clicked.

It answers two questions: was this event id seen within 7 days (a repeat), and how often did
each kind of click happen within a window. Bound: 2,048 entries of 17 bytes, in order of
arrival, plus at most one page; behind it, counts per hour for at most 169 hours.

Ids are unique for each type of event. What an entry is of tells them apart: a click by its kind,
all else by its type. Entries of before types were told (``NOT_A_CLICK``) stand for any type but a
click.

Entries are kept in pages of 16. A full page is written once, as a record of its own; the last,
open one travels in the core record. Numbers are little-endian in both.
"""

from __future__ import annotations

from array import array
from typing import Final

from domain.kernel.scales import FEATURES
from domain.kernel.units import MS_PER_HOUR, WINDOW_MS
from schemas.touchpoints import MODEL_OF_TYPE

PAGE_ENTRIES = 16
MAX_ENTRIES = 2_048
MAX_SPILL_HOURS = 169
ID_BYTES = 8
ENTRY_BYTES = 17
INDEX_FROM = 128
SPILL_PAGE = 0xFFFFFFFF
PAGE_FORMAT = 1
FAR = 1 << 62

# What a click is remembered as; 0 stands for all that is none where clicks are counted.
NOT_A_CLICK: Final = 0
LAUNCH_ICON: Final = 1
LAUNCH_PUSH: Final = 2
TAB_SWITCH: Final = 3
FUNCTION_VISIT: Final = 4
ACCOUNT_MESSAGE: Final = 5
NEWS_MESSAGE: Final = 6
NEWS_VIEW: Final = 7
ERROR: Final = 8
CODES: Final = 9
# What all else is remembered as, by type: 16 and on.
CODE_OF_TYPE: Final = {
    kind: 15 + number for number, kind in enumerate(MODEL_OF_TYPE) if kind != "app_click"
}

Spill = dict[int, list[int]]


class RecentFormatError(ValueError):
    """A page record of a format this version does not read."""


class Recent:
    """Ids, times (ms) and codes of the newest events, in order of arrival.

    ``first_page`` numbers the page that holds entry 0; ``spill`` counts, by hour since the
    epoch, the entries that had to leave while still inside the window. ``index`` (id -> newest
    time) is only there for a busy customer, with the ids that two entries have (``doubled``);
    neither is written.
    """

    __slots__ = ("codes", "doubled", "first_page", "ids", "index", "spill", "times")

    def __init__(self) -> None:
        self.ids = bytearray()
        self.times: array[int] = array("q")
        self.codes = bytearray()
        self.first_page = 0
        self.spill: Spill = {}
        self.index: dict[bytes, int] | None = None
        self.doubled: set[bytes] = set()

    def __len__(self) -> int:
        return len(self.codes)

    def seen(self, digest: bytes, after: int, code: int) -> bool:
        """Whether an event of the type of ``code`` and with this id is kept, later than ``after``.

        ``digest`` are 8 bytes that stand for the id.
        """
        if self.index is not None and self.index.get(digest, after) <= after:
            return False
        position = self.ids.find(digest)
        while position >= 0:
            entry, inside = divmod(position, ID_BYTES)
            if not inside and self.times[entry] > after and _same_type(self.codes[entry], code):
                return True
            position = self.ids.find(digest, position + 1)
        return False

    def add(self, digest: bytes, at: int, code: int) -> bool:
        """Keep one event; whether a page became full with it."""
        self.ids += digest
        self.times.append(at)
        self.codes.append(code)
        index = self.index
        if index is not None:
            known = len(index)
            index[digest] = max(at, index.get(digest, at))
            if len(index) == known:
                self.doubled.add(digest)
        return not len(self.codes) % PAGE_ENTRIES

    def drop_page(self, newest: int) -> int | None:
        """Let the first page go if it is outdated or the memory is full.

        Returns ``None`` where it stays, else how many entries left while within 7 days of
        ``newest``; those are counted in ``spill``.
        """
        if len(self.codes) < 2 * PAGE_ENTRIES:
            return None
        horizon = newest - WINDOW_MS
        times = self.times[:PAGE_ENTRIES]
        live = [entry for entry, at in enumerate(times) if at > horizon]
        if live and len(self.codes) - PAGE_ENTRIES < MAX_ENTRIES:
            return None
        if live:
            self._spill(live, newest)
        gone = bytes(self.ids[: PAGE_ENTRIES * ID_BYTES])
        del self.ids[: PAGE_ENTRIES * ID_BYTES]
        del self.times[:PAGE_ENTRIES]
        del self.codes[:PAGE_ENTRIES]
        if self.index is not None:
            self._forget_ids(gone)
        self.first_page += 1
        return len(live)

    def index_ids(self) -> None:
        """Give a busy customer (from INDEX_FROM entries on) an index: a search would be slow."""
        if self.index is None and len(self.codes) >= INDEX_FROM:
            index: dict[bytes, int] = {}
            self.index = index
            for digest, at in zip(_digests(self.ids), self.times, strict=True):
                if digest in index:
                    self.doubled.add(digest)
                index[digest] = max(at, index.get(digest, at))

    def _forget_ids(self, gone: bytes) -> None:
        assert self.index is not None
        for digest in _digests(gone):
            if digest in self.doubled:
                # of another type, or used again after 7 days: it may be here still
                left = [at for at, one in zip(self.times, _digests(self.ids), strict=True)
                        if one == digest]  # fmt: skip
                if left:
                    self.index[digest] = max(left)
                    continue
                self.doubled.discard(digest)
            self.index.pop(digest, None)

    def _spill(self, entries: list[int], newest: int) -> None:
        for entry in entries:
            counts = self.spill.setdefault(self.times[entry] // MS_PER_HOUR, [0] * CODES)
            code = self.codes[entry]
            counts[code if code < CODES else NOT_A_CLICK] += 1
        first_hour = (newest - WINDOW_MS) // MS_PER_HOUR
        for hour in [hour for hour in self.spill if hour < first_hour]:
            del self.spill[hour]
        assert len(self.spill) <= MAX_SPILL_HOURS + 1

    # -- bytes ------------------------------------------------------------------------

    def open_page(self) -> bytearray:
        """The entries that are in no full page yet (0 to 15), packed."""
        codes = self.codes
        start = len(codes) & -PAGE_ENTRIES
        return self.ids[start * ID_BYTES :] + self.times[start:].tobytes() + codes[start:]

    def page(self, number: int) -> bytes:
        """A full page as a record: format byte, then ids, times and codes."""
        start = (number - self.first_page) * PAGE_ENTRIES
        end = start + PAGE_ENTRIES
        ids = self.ids[start * ID_BYTES : end * ID_BYTES]
        return bytes((PAGE_FORMAT,)) + ids + self.times[start:end].tobytes() + self.codes[start:end]

    def unpack(self, packed: bytes | bytearray) -> None:
        """Append the entries that ``open_page`` packed."""
        entries = len(packed) // ENTRY_BYTES
        times_end = entries * (ID_BYTES + 8)
        self.ids += packed[: entries * ID_BYTES]
        self.times.frombytes(packed[entries * ID_BYTES : times_end])
        self.codes += packed[times_end:]

    def unpack_page(self, record: bytes) -> None:
        """Append the entries of a page record. Raises RecentFormatError."""
        if record[0] != PAGE_FORMAT or len(record) != 1 + PAGE_ENTRIES * ENTRY_BYTES:
            raise RecentFormatError(
                f"page of recent events has format {record[0]} and {len(record)} bytes;"
                f" this version reads format {PAGE_FORMAT} with 273 bytes"
            )
        self.unpack(record[1:])

    # -- the window -------------------------------------------------------------------

    def clicks_since(self, start: int) -> tuple[list[int], int]:
        """How many clicks of each code are later than ``start`` (ms), and the oldest one's time.

        Spilled hours that lie partly behind ``start`` count whole; without any click: 0.
        """
        counts = [0] * CODES
        oldest = FAR
        for at, code in zip(self.times, self.codes, strict=True):
            if NOT_A_CLICK < code < CODES and at > start:
                counts[code] += 1
                oldest = min(oldest, at)
        for hour, spilled in self.spill.items():
            end = (hour + 1) * MS_PER_HOUR - 1
            if end > start and any(spilled[LAUNCH_ICON:]):
                counts = [kept + gone for kept, gone in zip(counts, spilled, strict=True)]
                oldest = min(oldest, end)
        counts[NOT_A_CLICK] = 0
        return counts, 0 if oldest == FAR else oldest

    def window_counts(self, now: int) -> list[int]:
        """How many entries of each code lie in (now - 7 days, now].

        Spilled entries count by the hour: one that lies partly in the window counts whole.
        """
        start = now - WINDOW_MS
        counts = [0] * CODES
        for at, code in zip(self.times, self.codes, strict=True):
            if start < at <= now:
                counts[code if code < CODES else NOT_A_CLICK] += 1
        for hour, spilled in self.spill.items():
            if (hour + 1) * MS_PER_HOUR > start and hour * MS_PER_HOUR <= now:
                counts = [kept + gone for kept, gone in zip(counts, spilled, strict=True)]
        return counts


def _digests(ids: bytes | bytearray) -> list[bytes]:
    packed = bytes(ids)
    return [packed[start : start + ID_BYTES] for start in range(0, len(packed), ID_BYTES)]


def _same_type(kept: int, code: int) -> bool:
    """Whether an entry and an event are of one type, as far as the entry tells.

    >>> _same_type(NEWS_VIEW, ERROR), _same_type(CODE_OF_TYPE["desk"], CODE_OF_TYPE["care"])
    (True, False)
    >>> _same_type(NOT_A_CLICK, CODE_OF_TYPE["desk"]), _same_type(NOT_A_CLICK, NEWS_VIEW)
    (True, False)
    """
    if NOT_A_CLICK < code < CODES:
        return NOT_A_CLICK < kept < CODES
    return kept in (code, NOT_A_CLICK)


def joined(one: Recent, other: Recent, first_page: int) -> Recent:
    """The entries of both in order of time, in pages numbered from ``first_page`` on.

    An event that both hold is kept twice, as it was counted.
    """
    recent = Recent()
    recent.first_page = first_page
    entries = sorted(
        (at, bytes(each.ids[place * ID_BYTES : (place + 1) * ID_BYTES]), each.codes[place])
        for each in (one, other)
        for place, at in enumerate(each.times)
    )
    for at, digest, code in entries:
        recent.add(digest, at, code)
    for each in (one, other):
        for hour, counts in each.spill.items():
            kept = recent.spill.get(hour, [0] * CODES)
            recent.spill[hour] = [left + right for left, right in zip(kept, counts, strict=True)]
    return recent


def behaviour_features(counts: list[int]) -> dict[str, float] | None:
    """The behaviour vector of the bank case from counts by code; ``None`` without any click.

    >>> behaviour_features([3, 1, 3, 0, 2, 5, 0, 0, 1])["push_share"]
    0.75
    >>> behaviour_features([3, 0, 0, 0, 0, 0, 0, 0, 0]) is None
    True
    """
    if not any(counts[LAUNCH_ICON:]):
        return None
    return dict(zip(FEATURES, behaviour_vector(counts), strict=True))


def behaviour_vector(counts: list[int]) -> tuple[float, ...]:
    """The values of ``FEATURES`` from counts by code.

    >>> behaviour_vector([3, 1, 3, 0, 2, 5, 0, 0, 1])
    (11, 4, 5, 0.75, 0, 2, 0, 0)
    """
    _, icon, push, tabs, functions, account, news, views, _ = counts
    launches = icon + push
    return (
        launches + tabs + functions + account + news + views,
        launches,
        account,
        push / launches if launches else 0.0,
        tabs,
        functions,
        news,
        views,
    )
