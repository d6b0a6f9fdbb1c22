"""All state of one customer, as small records that are written only when touched.

Record keys are one letter, then the customer id in UTF-8; those of pages and blocks have a
4-byte big-endian number between the two. Everything but the core is decoded on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

import msgspec

from domain.customer.lived import Judged
from domain.customer.looked import Looked
from domain.customer.parts import (
    FORMAT,
    Amounts,
    Answers,
    Campaigns,
    Care,
    Cases,
    Contacts,
    Core,
    Desk,
    File,
    Habits,
    Health,
    Identity,
    Journey,
    Ledger,
    Mailings,
    Money,
    Mood,
    Referrals,
)
from domain.customer.recent import PAGE_ENTRIES, SPILL_PAGE, Recent, Spill, joined
from domain.kernel.units import MS_PER_DAY

CORE, MONEY, MOOD, CASES, FILE, SPILL, PAGES = 1, 2, 4, 8, 16, 32, 64
LEDGER, ANSWERS, BLOCKS, AMOUNTS = 128, 256, 512, 1024
DESK, JOURNEY, REFERRALS, CONTACTS = 2048, 4096, 8192, 16384
IDENTITY, HABITS, HEALTH, CAMPAIGNS = 32768, 65536, 131072, 262144
CARE = 524288
MAILINGS = 1048576
PAGE_LETTER, BLOCK_LETTER = b"p", b"d"
PAGE_KEY_BYTES = 5
LETTERS = {
    MONEY: b"m", MOOD: b"s", CASES: b"x", FILE: b"r", LEDGER: b"l", ANSWERS: b"a", AMOUNTS: b"n",
    JOURNEY: b"j", REFERRALS: b"f", CONTACTS: b"k", DESK: b"o",
    IDENTITY: b"i", HABITS: b"h", HEALTH: b"v", CAMPAIGNS: b"g",
    CARE: b"u",
    MAILINGS: b"q",
}  # fmt: skip

Get = Callable[[bytes], bytes | None]
Record = tuple[bytes, bytes | None]
_Part = TypeVar("_Part", bound=msgspec.Struct)
FORMS = (
    Core,
    Money,
    Mood,
    Cases,
    File,
    Ledger,
    Answers,
    Amounts,
    Journey,
    Contacts,
    Desk,
    Referrals,
    Identity,
    Habits,
    Health,
    Campaigns,
    Care,
    Mailings,
)

_encode = msgspec.msgpack.Encoder().encode
_decoders: dict[type, msgspec.msgpack.Decoder[Any]] = {
    form: msgspec.msgpack.Decoder(form) for form in FORMS
}
_spill_decoder = msgspec.msgpack.Decoder(Spill)
_HEAD = bytes((FORMAT,))
# marks and letters of the parts in a sum of marks; some tens of sums are ever met
_lettered: dict[int, tuple[tuple[int, bytes], ...]] = {}


class StateFormatError(ValueError):
    """A state record that this version cannot read; going on would lose what it holds."""


class Customer:
    """State of one customer; ``next_due`` is its earliest timer (ms), or ``None``.

    A rule that changes a part calls ``touch`` with its mark; ``dump`` writes what was touched.
    """

    __slots__ = (
        "_blocks", "_core_key", "_dropped_pages", "_erased", "_key", "_new_pages", "_parts", "_raw",
        "_recent", "_stored", "_touched_blocks", "balances", "core", "customer_id", "judged",
        "looked", "next_due", "touched",
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
        # what the last look at the relationship went by; it is not written
        self.looked: Looked | None = None
        self._key = customer_id.encode()
        self._core_key = b"c" + self._key
        self._raw: Get | None = None
        self._recent: Recent | None = None
        # the parts that the store had when this customer was loaded
        self._stored = 0
        self._parts: dict[int, Any] = {}
        self._blocks: dict[int, bytearray] = {}
        # most customers have none at most times: no list for them
        self._touched_blocks: tuple[int, ...] = ()
        # record keys of an erased life, to be deleted
        self._erased: tuple[bytes, ...] = ()
        self._new_pages: tuple[int, ...] = ()
        self._dropped_pages: tuple[int, ...] = ()

    @classmethod
    def new(cls, customer_id: str) -> Customer:
        """A customer never met before."""
        customer = cls(customer_id, Core())
        customer._recent = Recent()
        return customer

    @classmethod
    def of_records(cls, customer_id: str, records: Iterable[tuple[bytes, bytes]]) -> Customer:
        """The customer whose ``records`` were handed over. Raises StateFormatError."""
        key = customer_id.encode()
        customer = cls.load(customer_id, {short + key: value for short, value in records}.get)
        if customer is None:
            raise StateFormatError(f"the records of customer {customer_id!r} have no core")
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
        part: Money = self._parts.get(MONEY) or self._part(Money, MONEY)
        return part

    @property
    def mood(self) -> Mood:
        """Satisfaction and callback promises."""
        part: Mood = self._parts.get(MOOD) or self._part(Mood, MOOD)
        return part

    @property
    def cases(self) -> Cases:
        """Complaints."""
        part: Cases = self._parts.get(CASES) or self._part(Cases, CASES)
        return part

    @property
    def file(self) -> File:
        """Profile fields and tier pins."""
        part: File = self._parts.get(FILE) or self._part(File, FILE)
        return part

    @property
    def ledger(self) -> Ledger:
        """Purchases."""
        part: Ledger = self._parts.get(LEDGER) or self._part(Ledger, LEDGER)
        return part

    @property
    def answers(self) -> Answers:
        """What the customer last said in surveys."""
        part: Answers = self._parts.get(ANSWERS) or self._part(Answers, ANSWERS)
        return part

    @property
    def amounts(self) -> Amounts:
        """The newest amounts, for what is unusual."""
        part: Amounts = self._parts.get(AMOUNTS) or self._part(Amounts, AMOUNTS)
        return part

    @property
    def referrals(self) -> Referrals:
        """Who referred the customer and was told of it, and whom the customer referred."""
        part: Referrals = self._parts.get(REFERRALS) or self._part(Referrals, REFERRALS)
        return part

    @property
    def campaigns(self) -> Campaigns:
        """Campaigns that the customer met."""
        part: Campaigns = self._parts.get(CAMPAIGNS) or self._part(Campaigns, CAMPAIGNS)
        return part

    @property
    def contacts(self) -> Contacts:
        """Service contacts, for the contact type."""
        part: Contacts = self._parts.get(CONTACTS) or self._part(Contacts, CONTACTS)
        return part

    @property
    def journey(self) -> Journey:
        """What the customer lived through."""
        part: Journey = self._parts.get(JOURNEY) or self._part(Journey, JOURNEY)
        return part

    @property
    def desk(self) -> Desk:
        """Alerts that somebody may still act on."""
        part: Desk = self._parts.get(DESK) or self._part(Desk, DESK)
        return part

    @property
    def health(self) -> Health:
        """Errors, waits and failed contacts by day, notices and inspections."""
        part: Health = self._parts.get(HEALTH) or self._part(Health, HEALTH)
        return part

    @property
    def mailings(self) -> Mailings:
        """Mailings whose answer is waited for."""
        part: Mailings = self._parts.get(MAILINGS) or self._part(Mailings, MAILINGS)
        return part

    @property
    def identity(self) -> Identity:
        """The ids of the person: what this one was merged into, or which were into it."""
        part: Identity = self._parts.get(IDENTITY) or self._part(Identity, IDENTITY)
        return part

    @property
    def habits(self) -> Habits:
        """What special customers are told by."""
        part: Habits = self._parts.get(HABITS) or self._part(Habits, HABITS)
        return part

    @property
    def care(self) -> Care:
        """Care tasks and what they go by."""
        part: Care = self._parts.get(CARE) or self._part(Care, CARE)
        return part

    @property
    def merged_into(self) -> str:
        """The id that everything of this one counts for; empty for one that counts itself."""
        return self.identity.into if self.core.other_parts & IDENTITY else ""

    def block(self, number: int) -> bytearray:
        """The packed days of a block of the ledger; empty for a new one."""
        found = self._blocks.get(number)
        if found is None:
            found = self._blocks[number] = bytearray(self.peek_block(number))
        return found

    def peek_block(self, number: int) -> bytearray | memoryview | bytes:
        """As :meth:`block`, to be read once: what is not in memory does not stay there."""
        found = self._blocks.get(number)
        if found is not None:
            return found
        value = self._raw(self._block_key(number)) if self._raw is not None else None
        return b"" if value is None else _body(value, "days")

    def touch_block(self, number: int) -> None:
        """Note that a block was changed; one left empty is deleted."""
        self.touched |= BLOCKS
        if number not in self._touched_blocks:
            self._touched_blocks += (number,)

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

    def take_recent(self, other: Recent) -> None:
        """Let another id's newest events join this one's, in order of time."""
        core, mine = self.core, self.recent
        outdated = range(core.first_page, core.first_page + core.sealed_pages)
        self._dropped_pages += tuple(outdated)
        self._recent = recent = joined(mine, other, outdated.stop)
        core.sealed_pages = len(recent) // PAGE_ENTRIES
        self._new_pages += tuple(range(outdated.stop, outdated.stop + core.sealed_pages))
        if recent.spill:
            self.touch(SPILL)
        while (left := recent.drop_page(core.newest)) is not None:
            self._dropped_pages += (recent.first_page - 1,)
            core.memory_overflows += left
            if left:
                self.touch(SPILL)
        recent.index_ids()
        core.first_page = recent.first_page
        core.sealed_pages = len(recent) // PAGE_ENTRIES
        self.touched |= PAGES | CORE

    def reschedule(self) -> None:
        """Work out ``next_due`` from the core's due times."""
        core = self.core
        earliest = core.relation_due * MS_PER_DAY
        for due in (
            core.tier_due,
            core.complaint_due,
            core.promise_due,
            core.desk_due,
            core.turn_due,
            core.inspection_due,
            core.care_due,
            core.answer_due,
        ):
            if due and (due < earliest or not earliest):
                earliest = due
        self.next_due = earliest or None

    def erase(self) -> None:
        """Forget everything: as if never met, but for the deletions that ``dump`` will give."""
        core, dropped = self.core, self._dropped_pages
        pages = range(core.first_page, core.first_page + core.sealed_pages)
        blocks = (each.number for each in self.ledger.blocks) if self.has(LEDGER) else ()
        keys = [self._core_key]
        keys += [letter + self._key for mark, letter in LETTERS.items() if self.has(mark)]
        keys += [self._page_key(number) for number in (*pages, *dropped)]
        keys += [self._block_key(number) for number in (*blocks, *self._touched_blocks)]
        keys += [self._page_key(SPILL_PAGE)] if self.has(SPILL) else []
        erased = (*self._erased, *keys)
        self.__init__(self.customer_id, Core())  # type: ignore[misc]
        self._recent, self._erased = Recent(), erased

    # -- bytes ------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """All that there is of the customer, for ``of_records``: by record keys without the id."""
        core, recent = self.core, self.recent
        core.open_page = recent.open_page()
        yield b"c", _HEAD + _encode(core)
        for mark, letter in LETTERS.items():
            if core.other_parts & mark:
                part = self._parts.get(mark)
                stored = self._raw(letter + self._key) if part is None and self._raw else None
                yield letter, _HEAD + _encode(part) if stored is None else stored
        for number in range(core.first_page, core.first_page + core.sealed_pages):
            yield self._page_key(number)[:PAGE_KEY_BYTES], recent.page(number)
        if core.other_parts & SPILL:
            yield self._page_key(SPILL_PAGE)[:PAGE_KEY_BYTES], _HEAD + _encode(recent.spill)
        for block in self.ledger.blocks if self.has(LEDGER) else ():
            days = _HEAD + self.peek_block(block.number)
            yield self._block_key(block.number)[:PAGE_KEY_BYTES], bytes(days)

    def dump(self) -> list[Record]:
        """Records of the parts touched since the last call; ``None`` deletes a record."""
        touched = self.touched
        records: list[Record] = []
        if self._erased:
            records = [(key, None) for key in dict.fromkeys(self._erased)]
            self._erased = ()
        if not touched:
            return records
        self.touched = 0
        core, recent = self.core, self._recent
        if recent is not None:
            core.open_page = recent.open_page()
        records.append((self._core_key, _HEAD + _encode(core)))
        if touched > CORE:
            if touched & PAGES:
                self._dump_pages(records)
            if touched & BLOCKS:
                self._dump_blocks(records)
            self._dump_parts(records, touched)
        return records

    def _dump_parts(self, records: list[Record], touched: int) -> None:
        lettered = _lettered.get(touched)
        if lettered is None:
            lettered = tuple((mark, by) for mark, by in LETTERS.items() if touched & mark)
            _lettered[touched] = lettered
        key, parts = self._key, self._parts
        for mark, letter in lettered:
            records.append((letter + key, _HEAD + _encode(parts[mark])))
        if touched & SPILL:
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

    def _dump_blocks(self, records: list[Record]) -> None:
        numbers = self._touched_blocks
        for number in numbers if len(numbers) == 1 else sorted(set(numbers)):
            block = self._blocks[number]
            records.append((self._block_key(number), _HEAD + block if block else None))
        self._touched_blocks = ()

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

    def _block_key(self, number: int) -> bytes:
        return BLOCK_LETTER + number.to_bytes(4, "big") + self._key

    def _part(self, form: type[_Part], mark: int) -> _Part:
        part = form()
        if self._raw is not None and self._stored & mark:
            value = self._raw(LETTERS[mark] + self._key)
            if value is None:
                raise StateFormatError(
                    f"part {form.__name__} of customer {self.customer_id!r} is missing"
                )
            part = _decoded(form, value)
        self._parts[mark] = part
        return part


class CoreOnly:
    """A customer of whom only the core is looked at and changed: a fifth of the cost of opening.

    For work over all customers. Whoever is open already must be changed there.
    """

    __slots__ = ("core", "customer_id", "touched")

    def __init__(self, customer_id: str, value: bytes) -> None:
        """From the core's record. Raises StateFormatError."""
        self.customer_id = customer_id
        self.core = _decoded(Core, value)
        self.touched = 0

    def dump(self) -> list[Record]:
        """The core's record, if it was touched."""
        if not self.touched:
            return []
        self.touched = 0
        return [(b"c" + self.customer_id.encode(), _HEAD + _encode(self.core))]


def customer_key_of(record_key: bytes) -> bytes:
    """The customer id (UTF-8) within a record key.

    >>> customer_key_of(b"calice"), customer_key_of(b"p\\x00\\x00\\x00\\x07alice")
    (b'alice', b'alice')
    """
    return record_key[5:] if record_key[:1] in (PAGE_LETTER, BLOCK_LETTER) else record_key[1:]


def decode_core(value: bytes) -> Core:
    """The core of a customer from its record alone. Raises StateFormatError."""
    return _decoded(Core, value)


def _decoded(form: type[_Part], value: bytes) -> _Part:
    return cast(_Part, _decoders[form].decode(_body(value, form.__name__)))


def _body(value: bytes, name: str) -> memoryview:
    """A record without its format byte."""
    if value[:1] != _HEAD:
        raise StateFormatError(
            f"a {name} record has format {value[0]}; this version reads {FORMAT}."
            " Run the version that wrote it, or a newer one"
        )
    return memoryview(value)[1:]
