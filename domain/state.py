"""All state of one customer, as small records that are written only when touched.

Record keys are one letter, then the customer id in UTF-8; those of pages have a 4-byte
big-endian number between the two. Everything but the core is decoded on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from domain.parts import FORMAT, Cases, Core, File, Money, Mood
from domain.recent import PAGE_ENTRIES, SPILL_PAGE, Recent, Spill

if TYPE_CHECKING:
    from domain.cycles import Judged

CORE, MONEY, MOOD, CASES, FILE, SPILL, PAGES = 1, 2, 4, 8, 16, 32, 64
PAGE_LETTER = b"p"
LETTERS = {MONEY: b"m", MOOD: b"s", CASES: b"x", FILE: b"r"}

Get = Callable[[bytes], bytes | None]
Record = tuple[bytes, bytes | None]
_Part = TypeVar("_Part", Core, Money, Mood, Cases, File)

_encode = msgspec.msgpack.Encoder().encode
_decoders: dict[type, msgspec.msgpack.Decoder[Any]] = {
    form: msgspec.msgpack.Decoder(form) for form in (Core, Money, Mood, Cases, File)
}
_spill_decoder = msgspec.msgpack.Decoder(Spill)
_HEAD = bytes((FORMAT,))


class StateFormatError(ValueError):
    """A state record that this version cannot read; going on would lose what it holds."""


class Customer:
    """State of one customer; ``next_due`` is its earliest timer (ms), or ``None``.

    A rule that changes a part calls ``touch`` with its mark; ``dump`` writes what was touched.
    """

    __slots__ = (
        "_cases", "_core_key", "_dropped_pages", "_file", "_key", "_money", "_mood", "_new_pages",
        "_raw", "_recent", "_stored", "balances", "core", "customer_id", "judged", "next_due",
        "touched",
    )  # fmt: skip

    def __init__(self, customer_id: str, core: Core) -> None:
        self.customer_id = customer_id
        self.core = core
        self.next_due: int | None = None
        self.touched = 0
        # balance by account, worked out from the money part on first use
        self.balances: dict[str, float] | None = None
        # the complaints as judged, worked out on first use
        self.judged: list[Judged] | None = None
        self._key = customer_id.encode()
        self._core_key = b"c" + self._key
        self._raw: Get | None = None
        self._recent: Recent | None = None
        # the parts that the store had when this customer was loaded
        self._stored = 0
        self._money: Money | None = None
        self._mood: Mood | None = None
        self._cases: Cases | None = None
        self._file: File | None = None
        # most customers have none at most times: no list for them
        self._new_pages: tuple[int, ...] = ()
        self._dropped_pages: tuple[int, ...] = ()

    @classmethod
    def new(cls, customer_id: str) -> Customer:
        """A customer never met before."""
        customer = cls(customer_id, Core())
        customer._recent = Recent()
        return customer

    @classmethod
    def load(cls, customer_id: str, get: Get) -> Customer | None:
        """The customer as ``dump`` left it, or ``None``; ``get`` takes a full record key.

        ``get`` is kept for what is decoded on first use. Raises StateFormatError.
        """
        value = get(b"c" + customer_id.encode())
        if value is None:
            return None
        core = _decoded(Core, value)
        customer = cls(customer_id, core)
        customer._raw, customer._stored = get, core.other_parts
        customer.reschedule()
        return customer

    # -- parts ------------------------------------------------------------------------

    @property
    def recent(self) -> Recent:
        """The newest events. Raises StateFormatError where a page of them is missing."""
        if self._recent is None:
            self._recent = self._unpacked()
        return self._recent

    @property
    def money(self) -> Money:
        """Accounts and balances."""
        if self._money is None:
            self._money = self._part(Money, MONEY)
        return self._money

    @property
    def mood(self) -> Mood:
        """Satisfaction and callback promises."""
        if self._mood is None:
            self._mood = self._part(Mood, MOOD)
        return self._mood

    @property
    def cases(self) -> Cases:
        """Complaints."""
        if self._cases is None:
            self._cases = self._part(Cases, CASES)
        return self._cases

    @property
    def file(self) -> File:
        """Profile fields and tier pins."""
        if self._file is None:
            self._file = self._part(File, FILE)
        return self._file

    def has(self, mark: int) -> bool:
        """Whether the part with this mark was ever written to."""
        return bool(self.core.other_parts & mark)

    def touch(self, mark: int) -> None:
        """Note that a part other than the core was changed; the core is written with it."""
        self.touched |= mark | CORE
        self.core.other_parts |= mark

    def seal_page(self) -> int:
        """Write the page that has become full; how many live entries had to leave for it."""
        core, recent = self.core, self.recent
        self.touched |= PAGES
        self._new_pages += (recent.first_page + len(recent) // PAGE_ENTRIES - 1,)
        lost = 0
        while (left := recent.drop_page(core.newest)) is not None:
            self._dropped_pages += (recent.first_page - 1,)
            if left:
                lost += left
                self.touch(SPILL)
        recent.index_ids()
        core.first_page = recent.first_page
        core.sealed_pages = len(recent) // PAGE_ENTRIES
        return lost

    def reschedule(self) -> None:
        """Work out ``next_due`` from the core's due times."""
        core = self.core
        dues = [due for due in (core.tier_due, core.complaint_due, core.promise_due) if due]
        self.next_due = min(dues) if dues else None

    # -- bytes ------------------------------------------------------------------------

    def dump(self) -> list[Record]:
        """Records of the parts touched since the last call; ``None`` deletes a record."""
        touched = self.touched
        if not touched:
            return []
        core = self.core
        if self._recent is not None:
            core.open_page = self._recent.open_page()
        records: list[Record] = [(self._core_key, _HEAD + _encode(core))]
        if touched > CORE:
            if touched & PAGES:
                self._dump_pages(records)
            self._dump_parts(records)
        self.touched = 0
        return records

    def _dump_parts(self, records: list[Record]) -> None:
        parts = {MONEY: self._money, MOOD: self._mood, CASES: self._cases, FILE: self._file}
        for mark, letter in LETTERS.items():
            if self.touched & mark:
                records.append((letter + self._key, _HEAD + _encode(parts[mark])))
        if self.touched & SPILL:
            spill = _HEAD + _encode(self.recent.spill)
            records.append((self._page_key(SPILL_PAGE), spill))

    def _dump_pages(self, records: list[Record]) -> None:
        # A page that came and went between two dumps was never written.
        dropped, new = set(self._dropped_pages), set(self._new_pages)
        records += [(self._page_key(number), None) for number in sorted(dropped - new)]
        records += [
            (self._page_key(number), self.recent.page(number)) for number in sorted(new - dropped)
        ]
        self._new_pages = self._dropped_pages = ()

    def _unpacked(self) -> Recent:
        core, recent = self.core, Recent()
        assert self._raw is not None
        recent.first_page = core.first_page
        for number in range(core.first_page, core.first_page + core.sealed_pages):
            page = self._raw(self._page_key(number))
            if page is None:
                raise StateFormatError(f"page {number} of customer {self.customer_id!r} is missing")
            recent.unpack_page(page)
        recent.unpack(core.open_page)
        recent.index_ids()
        if core.other_parts & SPILL:
            spill = self._raw(self._page_key(SPILL_PAGE))
            recent.spill = _spill_decoder.decode(spill[1:]) if spill else {}
        return recent

    def _page_key(self, number: int) -> bytes:
        return PAGE_LETTER + number.to_bytes(4, "big") + self._key

    def _part(self, form: type[_Part], mark: int) -> _Part:
        if self._raw is not None and self._stored & mark:
            value = self._raw(LETTERS[mark] + self._key)
            if value is None:
                raise StateFormatError(
                    f"part {form.__name__} of customer {self.customer_id!r} is missing"
                )
            return _decoded(form, value)
        return form()


def customer_key_of(record_key: bytes) -> bytes:
    """The customer id (UTF-8) within a record key.

    >>> customer_key_of(b"calice"), customer_key_of(b"p\\x00\\x00\\x00\\x07alice")
    (b'alice', b'alice')
    """
    return record_key[5:] if record_key[:1] == PAGE_LETTER else record_key[1:]


def decode_core(value: bytes) -> Core:
    """The core of a customer from its record alone. Raises StateFormatError."""
    return _decoded(Core, value)


def _decoded(form: type[_Part], value: bytes) -> _Part:
    if value[:1] != _HEAD:
        raise StateFormatError(
            f"a {form.__name__} record has format {value[0]}; this version reads {FORMAT}."
            " Run the version that wrote it, or a newer one"
        )
    return cast(_Part, _decoders[form].decode(memoryview(value)[1:]))
