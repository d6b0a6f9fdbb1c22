"""Whether and when a customer may be spoken to for marketing: consent, opt-outs, quiet hours.

Service to a customer needs neither. Consent to a channel follows the newest news of it. News is
what the customer says (a campaign's ``opted_out`` and ``opted_in``), and a value of the profile
that differs from the one it gave before, or is its first. A profile that repeats its value, as a
nightly copy does, is no news: an opt-out stays. A channel that the newest profile does not name
has no consent by the profile; not to name one is no value, so it makes no news either.

Bounds: of each channel the values that the profile gave within 24 hours, 32 at most, and two that
say how it stood before; the newest word of the customer. So within 24 hours of lateness the order
of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from domain.customer.cause import Cause
from domain.customer.parts import File, Said
from domain.customer.state import DESK, FILE, Customer
from domain.kernel import order
from domain.kernel.local_time import zone_of
from domain.kernel.quiet_hours import quiet_until
from domain.kernel.scales import CHANNEL_INDEX
from domain.kernel.units import LATENESS_MS
from domain.policy import Policy
from domain.policy.calendar import minutes_of
from schemas.fields import LARGEST_SEQUENCE, Channel

MAX_SAID = 32
# behind every event: who opted out under an older version did so at the end of its millisecond
_LAST = order.mark_of("\U0010ffff", 999, LARGEST_SEQUENCE)


def may_contact(customer: Customer, channel: str) -> bool:
    """Whether the customer consents to a channel: by its own word, or by the profile."""
    number = CHANNEL_INDEX[channel]
    said = _said(customer, channel)
    word = _word(customer, number)
    if word is not None and (said is None or not order.before(*word[:2], *said[:2])):
        return word[2]
    return said is not None and said[2] and _names(customer, channel)


def has_refused(customer: Customer, channel: str) -> bool:
    """Whether the customer's newest word on a channel, or the profile's, is a no."""
    number = CHANNEL_INDEX[channel]
    said = _said(customer, channel)
    word = _word(customer, number)
    if word is not None and (said is None or not order.before(*word[:2], *said[:2])):
        return not word[2]
    return said is not None and not said[2] and _names(customer, channel)


def zone_for(customer: Customer, policy: Policy) -> ZoneInfo:
    """The customer's time zone, else that of the policy."""
    own = zone_of(str(_field(customer, "time_zone") or ""))
    zone = own or zone_of(policy.alerts.time_zone)
    assert zone is not None, "the policy's time zone is checked"
    return zone


def note_consent(
    customer: Customer, consent: Mapping[Channel, bool] | None, key: tuple[int, str]
) -> None:
    """Keep what a profile says of each channel; ``key`` (ms, mark) is its place in time.

    To be called before the field itself is kept, which says it all while it is the only one.
    """
    file = customer.file
    customer.touch(FILE)
    if not file.said and "consent" not in file.fields:
        return
    file.said = file.said or _as_before_all(file)
    horizon = customer.core.newest - LATENESS_MS
    for channel, value in (consent or {}).items():
        said = file.said.setdefault(CHANNEL_INDEX[channel], [])
        entry = (*key, value)
        if not said:
            said.append(entry)
            continue
        if key[0] >= horizon or order.is_newer(*key, said[0]):
            order.insert(said, entry)
            _thin(said, horizon)


def note_word(customer: Customer, channel: str, key: tuple[int, str], opted_in: bool) -> None:
    """The customer opts in or out of a channel at ``key`` (ms, mark); the newest counts."""
    words, number = customer.desk.words, CHANNEL_INDEX[channel]
    customer.touch(DESK)
    if order.is_newer(*key, words.get(number)):
        words[number] = (*key, opted_in)


def join(customer: Customer, other: Customer, _: Cause) -> None:
    """Let what another id's profile and word say be of this one.

    To be called before the profile's own fields are joined.
    """
    horizon = max(customer.core.newest, other.core.newest) - LATENESS_MS
    if other.has(FILE):
        customer.touch(FILE)
        mine, theirs = customer.file.said or _as_before_all(customer.file), other.file.said
        for number, said in (theirs or _as_before_all(other.file)).items():
            mine[number] = _woven(mine.get(number, []), said, horizon)
            _thin(mine[number], horizon)
        customer.file.said = mine
    if other.has(DESK):
        customer.touch(DESK)
        for number, word in other.desk.words.items():
            if order.is_newer(*word[:2], customer.desk.words.get(number)):
                customer.desk.words[number] = word
        for number, at in other.desk.opted_out.items():
            customer.desk.opted_out[number] = max(at, customer.desk.opted_out.get(number, at))


def quiet_end(customer: Customer, now: int, policy: Policy) -> int | None:
    """When the quiet hours that the customer is in at ``now`` (ms) end; ``None``: in none.

    Hours and zone are the profile's, else those of the policy.
    """
    rule = policy.alerts.quiet_hours
    hours = _field(customer, "quiet_hours")
    if isinstance(hours, (list, tuple)) and len(hours) == 2:
        start, end = minutes_of(str(hours[0])), minutes_of(str(hours[1]))
    elif rule is not None:
        start, end = minutes_of(rule.start), minutes_of(rule.end)
    else:
        return None
    return quiet_until(now, start, end, zone_for(customer, policy))


def _said(customer: Customer, channel: str) -> Said | None:
    """The profile's last value of a channel, as of the first of those that repeat it."""
    if not customer.has(FILE):
        return None
    said = customer.file.said.get(CHANNEL_INDEX[channel])
    if not said:
        return _as_before(customer.file).get(CHANNEL_INDEX[channel])
    began = said[-1]
    for each in reversed(said):
        if each[2] != began[2]:
            break
        began = each
    return began


def _word(customer: Customer, channel: int) -> Said | None:
    """What the customer said last of a channel."""
    if not customer.has(DESK):
        return None
    word, before = customer.desk.words.get(channel), customer.desk.opted_out.get(channel)
    if before is not None and (word is None or before >= word[0]):
        return (before, _LAST, False)
    return word


def _names(customer: Customer, channel: str) -> bool:
    consent = _field(customer, "consent")
    return isinstance(consent, dict) and channel in consent


def _thin(said: list[Said], horizon: int) -> None:
    """Of what nothing can come before any more, keep the value it ended with: first and last time.

    Of more than 32 the oldest that repeats what stands before it leaves, else the oldest.
    """
    old = sum(each[0] < horizon for each in said)
    if old:
        first = old - 1
        while first and said[first - 1][2] == said[old - 1][2]:
            first -= 1
        said[:old] = [said[first]] if first == old - 1 else [said[first], said[old - 1]]
    while len(said) > MAX_SAID + 2:
        repeats = (n for n in range(1, len(said) - 1) if said[n - 1][2] == said[n][2])
        del said[next(repeats, 0)]


def _woven(mine: list[Said], theirs: list[Said], horizon: int) -> list[Said]:
    """The values of two ids as those of one, ascending.

    Where one repeated a value for days of which the first and the last are kept, and the other
    said otherwise between, the repeats are taken to have gone on at once: no opt-out is lost.
    """
    woven = {*mine, *theirs}
    for said in (mine, theirs):
        if len(said) < 2 or said[0][2] != said[1][2] or said[1][0] >= horizon:
            continue
        first, last = said[:2]
        others = [
            each
            for each in woven
            if order.place(first) < order.place(each) < order.place(last) and each[2] != first[2]
        ]
        if others:
            at, mark, _ = max(others, key=order.place)
            woven.add((at, f"{mark}\x7f", first[2]))
    return sorted(woven, key=order.place)


def _as_before_all(file: File) -> dict[int, list[Said]]:
    """What to begin with where an older version kept the newest map alone."""
    return {number: [said] for number, said in _as_before(file).items()}


def _as_before(file: File) -> dict[int, Said]:
    """What the newest map says, as though its values had begun with it."""
    kept = file.fields.get("consent")
    if kept is None or not isinstance(kept[2], dict):
        return {}
    at, mark = kept[:2]
    return {CHANNEL_INDEX[name]: (at, mark, bool(value)) for name, value in kept[2].items()}


def _field(customer: Customer, name: str) -> object:
    kept = customer.file.fields.get(name) if customer.has(FILE) else None
    return None if kept is None else kept[2]
