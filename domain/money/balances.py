"""The balance over all accounts: points and settled, the tiers that follow, and its drop.

The balance is the sum over accounts, and in each over its currencies, of the newest
``balance_after`` (``domain.kernel.order``). Bound: 1,024 of these; for another one, the one at 0
that is longest at rest is forgotten, or where none is at 0 the longest at rest, which is signalled.
What is forgotten comes back only with a balance newer than all that were forgotten.

Before currencies were told, an account had one balance, under its id alone: it is taken to be in
the currency of the account's next one.

Balances of the last 24 hours are kept as points, so that a late one finds its place and the
tiers behind it are worked out anew; older ones are settled per account.
"""

from __future__ import annotations

from bisect import insort
from math import fsum
from typing import Final

from domain.customer.cause import Cause, signal
from domain.customer.parts import Money
from domain.customer.state import MONEY, Customer
from domain.kernel import order
from domain.kernel.scales import VIP
from domain.kernel.units import LATENESS_MS, MS_PER_DAY
from domain.kernel.wording import Wording
from domain.policy import Policy
from domain.tiers.changes import update_tier
from domain.tiers.known import tier_history

MAX_ACCOUNTS = 1_024
BETWEEN = "\x1f"
"""Between an account's id, which holds no control character, and a currency."""
MAX_POINTS = 64
MAX_CHANGES = 64
MAX_PEAKS = 16
# grace of a tier plus the 7 days that a balance drop looks back
HISTORY_EXTRA_MS = 7 * MS_PER_DAY
TOO_MANY: Final = Wording(
    "account.too_many",
    "customer {customer} has more than {most:,} accounts with a balance, each currency by itself:"
    " those longest at rest are left out",
)
DROP: Final = Wording(
    "balance.drop",
    "The balance fell by {share:.0%} from its {days}-day maximum of {maximum:,.2f} {currency} to"
    " {balance:,.2f} {currency}.",
)


def balances_of(customer: Customer) -> dict[str, float]:
    """The newest balance of each account and currency, in base currency."""
    if customer.balances is None:
        money = customer.money
        balances = {account: kept[2] for account, kept in money.settled.items()}
        balances.update((account, amount) for _, _, account, amount in money.points)
        customer.balances = balances
    return customer.balances


def accounts_of(customer: Customer) -> int:
    """How many accounts have a known balance, in whatever currencies."""
    if not customer.has(MONEY):
        return 0
    return len({account.partition(BETWEEN)[0] for account in balances_of(customer)})


def balance_of(customer: Customer) -> float | None:
    """Sum over the accounts, exactly rounded; ``None`` without any known balance."""
    if not customer.has(MONEY):
        return None
    balances = balances_of(customer)
    return fsum(balances.values()) if balances else None


def take_balance(
    customer: Customer, account_id: str, currency: str, amount: float, cause: Cause
) -> None:
    """Keep the balance (base currency) of an account in a currency, and see what follows from it.

    That is the tier by balance, and a fall from the maximum.
    """
    money, core, policy = customer.money, customer.core, cause.policy
    balances, account = balances_of(customer), f"{account_id}{BETWEEN}{currency}"
    if account_id in balances:
        _tell_currency(customer, account_id, account)
        balances = balances_of(customer)
    full = len(balances) >= MAX_ACCOUNTS or customer.money.forgotten is not None
    if full and account not in balances and not _has_room(customer, amount, cause):
        return
    customer.touch(MONEY)
    at, points, peaks = cause.at, money.points, money.peaks
    horizon = core.newest - LATENESS_MS
    peak_start = core.newest - policy.drop_window_ms
    while peaks and peaks[0][0] <= peak_start:
        del peaks[0]
    if points and points[0][0] < horizon:
        _settle(money, horizon)
    before = fsum(balances.values()) if balances else None
    peak_before = peaks[0][1] if peaks else 0.0
    mark = cause.mark
    point = (at, mark, account, amount)
    in_order = at >= horizon and (
        not points or at > points[-1][0] or order.is_newer(at, mark, points[-1])
    )
    if in_order:
        points.append(point)
        balances[account] = amount
        if before is not None:
            _push_peak(peaks, at, before)
        total = fsum(balances.values())
        moved = _push_change(money.changes, at, policy.tier_of_balance(total))
    else:
        total = _insert(customer, point, policy)
        moved = True
    if len(points) > MAX_POINTS:
        _settle(money, horizon)
    if moved:
        _forget_changes(customer, policy)
        update_tier(customer, cause)
    if before is not None and (total < before or not in_order):
        drop_before = drop_share(max(peak_before, before), before)
        _watch_drop(customer, drop_before, total, cause)


# -- accounts -----------------------------------------------------------------------------


def _tell_currency(customer: Customer, account_id: str, account: str) -> None:
    """Let what was kept under an account's id alone be in the currency of ``account``."""
    money = customer.money
    if account_id in money.settled:
        money.settled[account] = money.settled.pop(account_id)
    for place, (at, mark, known, amount) in enumerate(money.points):
        if known == account_id:
            money.points[place] = (at, mark, account, amount)
    customer.balances = None


def _has_room(customer: Customer, amount: float, cause: Cause) -> bool:
    """Whether a further account may be kept, after one was forgotten for it where need be."""
    money, balances = customer.money, balances_of(customer)
    forgotten, here = money.forgotten, (cause.at, cause.mark)
    if forgotten is not None and not order.is_newer(*here, forgotten):
        _signal_overflow(customer, cause)  # it may be one of those forgotten, as it was before
        return False
    if len(balances) < MAX_ACCOUNTS:
        return True
    leaves, gone = _least(money, balances)
    if balances[leaves]:
        _signal_overflow(customer, cause)
        if not amount or not order.is_newer(*here, gone):
            gone = here  # the new one is at 0, or at rest for longer than all that are kept
    if order.is_newer(*gone, forgotten):
        money.forgotten = gone
        customer.touch(MONEY)
    if gone is here:
        return False
    _forget_account(money, leaves, balances)
    return True


def _least(money: Money, balances: dict[str, float]) -> tuple[str, tuple[int, str]]:
    """Which account leaves first, and its newest event: at 0, then at rest for longest."""
    newest = {account: (at, mark) for account, (at, mark, _) in money.settled.items()}
    newest.update((account, (at, mark)) for at, mark, account, _ in money.points)
    empty = [account for account in newest if not balances[account]]
    leaves = min(empty or newest, key=lambda name: order.place(newest[name]))
    return leaves, newest[leaves]


def _forget_account(money: Money, account: str, balances: dict[str, float]) -> None:
    money.settled.pop(account, None)
    money.points[:] = [point for point in money.points if point[2] != account]
    del balances[account]


def _signal_overflow(customer: Customer, cause: Cause) -> None:
    signal(
        customer,
        cause,
        "account_overflow",
        TOO_MANY(customer=customer.customer_id, most=MAX_ACCOUNTS),
    )


def join(customer: Customer, other: Customer, cause: Cause) -> None:
    """Let another id's balances be of this one, and work the tiers by balance out anew.

    Exact as far back as the points of both reach. Before that the tier by balance is the higher
    of the two, and a maximum counts the other's balance as it was when the points begin.
    """
    mine, theirs = customer.money, other.money
    totals = balance_of(customer) or 0.0, balance_of(other) or 0.0
    settled = mine.settled
    for account, kept in theirs.settled.items():
        if order.is_newer(*kept[:2], settled.get(account)):
            settled[account] = kept
    points = list(mine.points)
    for point in theirs.points:
        order.insert(points, point)
    points = [point for point in points if order.is_newer(*point[:2], settled.get(point[2]))]
    start = points[0][0] if points else customer.core.newest + 1
    peaks = [
        (until, total + rest)
        for peaks, rest in ((mine.peaks, totals[1]), (theirs.peaks, totals[0]))
        for until, total in peaks
        if until <= start
    ]
    mine.points, mine.peaks = points, []
    for until, total in sorted(peaks):
        _push_peak(mine.peaks, until, total)
    mine.changes = _higher(mine.changes, theirs.changes)
    if theirs.forgotten and order.is_newer(*theirs.forgotten, mine.forgotten):
        mine.forgotten = theirs.forgotten
    customer.balances = None
    balances = balances_of(customer)
    while len(balances) > MAX_ACCOUNTS:
        leaves, gone = _least(mine, balances)
        if order.is_newer(*gone, mine.forgotten):
            mine.forgotten = gone
        _forget_account(mine, leaves, balances)
    customer.touch(MONEY)
    _walk(customer, bool(settled), cause.policy)
    _settle(mine, customer.core.newest - LATENESS_MS)
    _forget_changes(customer, cause.policy)


# -- late balances ------------------------------------------------------------------------


def _insert(customer: Customer, point: tuple[int, str, str, float], policy: Policy) -> float:
    """Put a late balance in its place; work the tiers behind it out anew. The total after it."""
    money = customer.money
    at, mark, account, amount = point
    late = at < customer.core.newest - LATENESS_MS or any(
        order.before(at, mark, *kept[:2]) for kept in money.settled.values()
    )
    if late:
        kept = money.settled.get(account)
        if order.is_newer(at, mark, kept):
            money.settled[account] = (at, mark, amount)
    else:
        order.insert(money.points, point)
    customer.balances = None
    return _walk(customer, late, policy)


def _walk(customer: Customer, base_moved: bool, policy: Policy) -> float:
    """Rebuild the tiers by balance from the settled balances on; the total at the end."""
    money, horizon = customer.money, customer.core.newest - LATENESS_MS
    points = money.points
    start = points[0][0] if points else horizon
    changes = [change for change in money.changes if change[0] < start]
    latest = {account: kept[2] for account, kept in money.settled.items()}
    total = fsum(latest.values())
    if base_moved and latest:
        since = max(min(horizon, start - 1), changes[-1][0] if changes else 0)
        _push_change(changes, since, policy.tier_of_balance(total))
    known = bool(latest)
    for at, _, account, amount in points:
        if known:
            _push_peak(money.peaks, at, total)
        latest[account] = amount
        known = True
        total = fsum(latest.values())
        _push_change(changes, at, policy.tier_of_balance(total))
    money.changes[:] = changes
    return total


def _settle(money: Money, horizon: int) -> None:
    """Move balances from before ``horizon``, or over the bound, from the points to the accounts."""
    points, settled = money.points, 0
    while settled < len(points) and (
        points[settled][0] < horizon or len(points) - settled > MAX_POINTS
    ):
        at, mark, account, amount = points[settled]
        money.settled[account] = (at, mark, amount)
        settled += 1
    if settled:
        del points[:settled]


# -- tiers by balance ---------------------------------------------------------------------


def _push_change(changes: list[tuple[int, int]], at: int, tier: int) -> bool:
    """Note the tier by balance from ``at`` on; whether it moved the tiers.

    A tier that lasted no time is forgotten.
    """
    moved = False
    if changes and changes[-1][0] == at:
        changes.pop()
        moved = True
    if tier != (changes[-1][1] if changes else 0):
        changes.append((at, tier))
        moved = True
    return moved


def _higher(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The higher of two tiers by balance, at all times.

    >>> _higher([(1, 3), (5, 0)], [(2, 2), (7, 4)])
    [(1, 3), (5, 2), (7, 4)]
    """
    changes: list[tuple[int, int]] = []
    tiers = [0, 0]
    steps = [(at, who, tier) for who, each in enumerate((one, other)) for at, tier in each]
    for at, who, tier in sorted(steps):
        tiers[who] = tier
        _push_change(changes, at, max(tiers))
    return changes


def _forget_changes(customer: Customer, policy: Policy) -> None:
    """Drop what no tier, balance drop or kept complaint looks back on any more."""
    changes, core = customer.money.changes, customer.core
    if len(changes) <= MAX_CHANGES // 4:
        return
    oldest = min(core.newest, core.oldest_complaint or core.newest)
    start = oldest - policy.grace_ms - HISTORY_EXTRA_MS - LATENESS_MS
    gone = 0
    while gone + 1 < len(changes) and changes[gone + 1][0] <= start:
        gone += 1
    gone = max(gone, len(changes) - MAX_CHANGES)
    del changes[:gone]


# -- balance drop -------------------------------------------------------------------------


def _push_peak(peaks: list[tuple[int, float]], until: int, total: float) -> None:
    """Note that ``total`` was the balance until ``until``; keep only what can be a maximum.

    What remains has ascending times and falling totals, so the first is the maximum.
    """
    while peaks and peaks[-1][1] <= total and peaks[-1][0] <= until:
        peaks.pop()
    if not peaks or (peaks[-1][0] < until and peaks[-1][1] > total):
        peaks.append((until, total))
    elif not any(end >= until and peak >= total for end, peak in peaks):
        peaks[:] = [each for each in peaks if each[0] > until or each[1] > total]
        insort(peaks, (until, total))
    if len(peaks) > MAX_PEAKS:
        # Two become one that lasts as long as the later: a maximum is never understated.
        peaks[:2] = [(peaks[1][0], peaks[0][1])]


def drop_share(peak: float, total: float) -> float:
    """(maximum - now) / maximum; 0 where there is no positive maximum.

    >>> drop_share(1_000_000.0, 700_000.0), drop_share(-5.0, -10.0)
    (0.3, 0.0)
    """
    return (peak - total) / peak if peak > 0 else 0.0


def _watch_drop(customer: Customer, drop_before: float, total: float, cause: Cause) -> None:
    """Raise ``vip_balance_drop`` when the drop has just reached the policy's share."""
    rule, peaks = cause.policy.alerts, customer.money.peaks
    peak = max(peaks[0][1], total) if peaks else total
    share = drop_share(peak, total)
    if share < rule.balance_drop_share or drop_before >= rule.balance_drop_share:
        return
    newest = customer.core.newest
    start = newest - cause.policy.drop_window_ms + 1
    tier = tier_history(customer, cause.policy).highest_within(start, newest)
    if tier < VIP:
        return
    base = cause.policy.currency.base
    cause.want(
        "vip_balance_drop",
        DROP(share=share, days=rule.balance_drop_days, maximum=peak, balance=total, currency=base),
        tier=tier,
        figures={"maximum": peak, "balance": total, "share": share},
    )
