"""What a customer bought: purchases by UTC day, the newest times, and sums over any window.

A refund lowers the value of the day on which it came, which may so be below zero; it is no
purchase.

Days lie in blocks of 32, each a record of its own, so that a transaction writes the days of one
month and not of a year. Every figure is a sum, a minimum or the newest of a set, so the order of
arrival does not matter. Bounds: 14 blocks (416 days or more), 8 products; times are forgotten by
``domain.relationship.returns``.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from itertools import zip_longest
from struct import Struct
from typing import Final, NamedTuple

from domain.customer.cause import Cause
from domain.customer.parts import Block, Ledger
from domain.customer.state import LEDGER, Customer
from domain.kernel.units import LATENESS_MS, MS_PER_DAY, micro

BLOCK_DAYS: Final = 32
MAX_BLOCKS: Final = 14
MAX_PRODUCTS: Final = 8
MAX_LATELY: Final = 64
EARLY_CHANNELS: Final = 10
# 16 bits of the day since 1970, of which its block tells the rest; purchases, at most 65,535; their
# value less refunds; amount of all transactions
_DAY: Final = Struct("<HHdd")
_BITS: Final = 0xFFFF


class Sums(NamedTuple):
    """Sums over days: how many had a purchase, purchases, their net value, and all that moved."""

    purchase_days: int
    purchases: int
    value: float
    moved: float


class Bought(NamedTuple):
    """A transaction as the ledger takes it; a refund is no purchase and has a value below zero."""

    amount: float
    purchase: bool
    value: float
    has_margin: bool
    channel: int
    product: str | None


def take(customer: Customer, at: int, bought: Bought) -> None:
    """Enter a transaction of ``at`` (ms); amounts in base currency."""
    customer.touch(LEDGER)
    ledger, day = customer.ledger, at // MS_PER_DAY
    purchase = bought.purchase
    if purchase:
        _note_purchase(ledger, at, bought)
        insort(ledger.lately, (at, micro(bought.amount)))
        _forget_lately(customer)
    elif bought.value:
        ledger.refunds += 1
        ledger.value += bought.value
        ledger.has_margin |= bought.has_margin
    first_of_day = _enter(customer, day, purchase, bought.value, bought.amount)
    if purchase:
        ledger.purchase_days += first_of_day
        if ledger.first_day < 0 or day < ledger.first_day:
            ledger.first_day = day
    while len(ledger.blocks) > MAX_BLOCKS:
        _drop_block(customer)


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let another id's transactions and contacts be of this one.

    A day on which both bought counts once, unless it lies in a block that has been dropped.
    """
    customer.touch(LEDGER)
    mine, theirs = customer.ledger, other.ledger
    if not mine.purchases:  # what was said of the other id is not said again
        mine.phase, mine.stage = theirs.phase, theirs.stage
    firsts = [
        (ledger.first_day, first_value(each))
        for each, ledger in ((customer, mine), (other, theirs))
        if ledger.first_day >= 0
    ]
    shared = 0
    for block in theirs.blocks:
        for day, count, worth, moved in _days(other, block.number):
            entered = _enter(customer, day, count, worth, moved)
            shared += count > 0 and not entered
    mine.times = _times(mine, theirs)
    mine.lately = sorted((*mine.lately, *theirs.lately))
    _forget_lately(customer)
    mine.purchases += theirs.purchases
    mine.purchase_days += theirs.purchase_days - shared
    mine.value += theirs.value
    mine.refunds += theirs.refunds
    if firsts:
        mine.first_day = min(firsts)[0]
        mine.first_value = sum(value for day, value in firsts if day == mine.first_day)
    mine.products = sorted({*mine.products, *theirs.products})[:MAX_PRODUCTS]
    mine.channels |= theirs.channels
    mine.has_margin |= theirs.has_margin
    if theirs.contacts:
        both = zip_longest(mine.contacts, theirs.contacts, fillvalue=0)
        mine.contacts = [one + two for one, two in both]
    while len(mine.blocks) > MAX_BLOCKS:
        _drop_block(customer)


def take_contact(customer: Customer, channel: int) -> None:
    """Count a contact of the customer by the index of its channel."""
    customer.touch(LEDGER)
    ledger = customer.ledger
    contacts = ledger.contacts
    if channel >= len(contacts):
        contacts += [0] * (max(EARLY_CHANNELS, channel + 1) - len(contacts))
    contacts[channel] += 1


def sums(customer: Customer, first_day: int, last_day: int) -> Sums:
    """Sums over the UTC days ``first_day`` to ``last_day`` (days since 1970), both included."""
    if not customer.has(LEDGER):
        return Sums(0, 0, 0.0, 0.0)
    days, purchases, value, moved = 0, 0, 0.0, 0.0
    for block in customer.ledger.blocks:
        start = block.number * BLOCK_DAYS
        if start > last_day or start + BLOCK_DAYS <= first_day:
            continue
        if first_day <= start and start + BLOCK_DAYS - 1 <= last_day:
            days, purchases = days + block.purchase_days, purchases + block.purchases
            value, moved = value + block.value, moved + block.moved
            continue
        low, high = first_day - start, last_day - start
        for bits, count, worth, amount in _DAY.iter_unpack(customer.peek_block(block.number)):
            if low <= bits % BLOCK_DAYS <= high:
                days, purchases = days + (count > 0), purchases + count
                value, moved = value + worth, moved + amount
    return Sums(days, purchases, value, moved)


def value_days(customer: Customer, first_day: int, last_day: int) -> list[tuple[int, float]]:
    """The UTC days of ``first_day`` to ``last_day`` with any value, ascending, and that value.

    Blocks that are not in use are read and not kept decoded.
    """
    found = []
    for block in customer.ledger.blocks:
        start = block.number * BLOCK_DAYS
        if _has_value(block) and start <= last_day and start + BLOCK_DAYS > first_day:
            for day, count, worth, _ in _days(customer, block.number):
                if (count or worth) and first_day <= day <= last_day:
                    found.append((day, worth))
    found.sort()
    return found


def oldest_value_day(customer: Customer, first_day: int, last_day: int) -> int | None:
    """The first of these UTC days (both included) with any value that is still told apart."""
    ledger = customer.ledger
    if first_day <= ledger.first_day <= last_day and not ledger.refunds:
        return ledger.first_day
    for block in ledger.blocks:
        start = block.number * BLOCK_DAYS
        if not _has_value(block) or start + BLOCK_DAYS <= first_day:
            continue
        days = _days(customer, block.number)
        within = [day for day, count, worth, _ in days if count or worth]
        within = [day for day in within if first_day <= day <= last_day]
        if within or start > last_day:
            return min(within, default=None)
    return None


def first_value(customer: Customer) -> float:
    """Value of the purchases of the first day with any, less refunds of that day."""
    ledger = customer.ledger
    block = ledger.first_day // BLOCK_DAYS
    if any(each.number == block for each in ledger.blocks):
        return sums(customer, ledger.first_day, ledger.first_day).value
    return ledger.first_value


def _note_purchase(ledger: Ledger, at: int, bought: Bought) -> None:
    ledger.purchases += 1
    ledger.value += bought.value
    ledger.has_margin |= bought.has_margin
    ledger.channels |= 1 << bought.channel
    insort(ledger.times, at)
    product = bought.product
    if product is not None and product not in ledger.products:
        insort(ledger.products, product)
        del ledger.products[MAX_PRODUCTS:]


def _forget_lately(customer: Customer) -> None:
    """Forget purchases before which nothing comes late any more, and the oldest of very many."""
    lately, since = customer.ledger.lately, customer.core.newest - LATENESS_MS
    while lately and (lately[0][0] < since or len(lately) > MAX_LATELY):
        del lately[0]


def _times(one: Ledger, other: Ledger) -> list[int]:
    """The times of both from where on all are known, ascending."""
    known = max(
        (ledger.times[0] for ledger in (one, other) if ledger.purchases > len(ledger.times)),
        default=0,
    )
    return sorted(at for at in (*one.times, *other.times) if at >= known)


def _enter(customer: Customer, day: int, purchase: int, value: float, amount: float) -> bool:
    """Add purchases to a day and its block; whether they are the day's first."""
    number = day // BLOCK_DAYS
    packed = customer.block(number)
    place, bits = len(packed) - _DAY.size, day & _BITS  # most belong to the day that came last
    if place < 0 or _DAY.unpack_from(packed, place)[0] != bits:
        place = _place_of(packed, bits)
    if place == len(packed):
        packed += _DAY.pack(bits, 0, 0.0, 0.0)
    _, count, worth, moved = _DAY.unpack_from(packed, place)
    purchases = min(count + purchase, _BITS)
    _DAY.pack_into(packed, place, bits, purchases, worth + value, moved + amount)
    customer.touch_block(number)
    first = purchase > 0 and count == 0
    blocks = customer.ledger.blocks
    for at in range(len(blocks) - 1, -1, -1):
        known, days, purchases, sum_of_values, sum_of_amounts = blocks[at]
        if known == number:
            days, purchases = days + first, purchases + purchase
            blocks[at] = Block(
                number, days, purchases, sum_of_values + value, sum_of_amounts + amount
            )
            return first
    insort(blocks, Block(number, int(first), int(purchase), value, amount))
    return first


def _days(customer: Customer, number: int) -> Iterator[tuple[int, int, float, float]]:
    """Each day of a block: since 1970, purchases, their value less refunds, and what moved."""
    start = number * BLOCK_DAYS
    for bits, count, worth, moved in _DAY.iter_unpack(customer.peek_block(number)):
        yield start + bits % BLOCK_DAYS, count, worth, moved


def _has_value(block: Block) -> bool:
    return block.purchases > 0 or block.value != 0.0


def _place_of(packed: bytearray, bits: int) -> int:
    """Where a day lies in its block; the end for one that does not yet."""
    place = 0
    while place < len(packed) and _DAY.unpack_from(packed, place)[0] != bits:
        place += _DAY.size
    return place


def _drop_block(customer: Customer) -> None:
    ledger = customer.ledger
    number = ledger.blocks[0].number
    if ledger.first_day // BLOCK_DAYS == number:
        ledger.first_value = sums(customer, ledger.first_day, ledger.first_day).value
    del ledger.blocks[0]
    customer.block(number).clear()
    customer.touch_block(number)
