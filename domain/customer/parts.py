"""The records that the state of one customer is made of: forms only, no rules.

Every form is an array in msgpack behind one format byte. Fields are only ever appended, with a
default, so what an older version wrote is read by a newer one. Times are ms since
the epoch; a due time of 0 means never. Nothing in them refers back, so the garbage collector
need not look at them.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from schemas.moves import Merged
from schemas.told import Argument

FORMAT = 1

# Where an event id stands beside a time, it is a mark of `domain.kernel.order`: the two sort.

# at, event_id, account, balance in base currency
Point = tuple[int, str, str, float]
# at, event_id, tier index; -1 = the pin was taken off
Pin = tuple[int, str, int]
# at, event_id, owner ("" = none), whether this change of owner made its handover task
Owner = tuple[int, str, str, bool]
# at, event_id, whether a channel may be used: by the profile, or by the customer's own word
Said = tuple[int, str, bool]
# when (ms), hashes of the agent and of the branch; 0 = none was named
Met = tuple[int, int, int]


class Moment(NamedTuple):
    """A scored moment. ``factor``, ``stage``: 0 = none, else 1 + index; ``channel``: index."""

    at: int
    weight: float
    score: float
    factor: int
    channel: int
    stage: int = 0
    event_id: str = ""


class Core(msgspec.Struct, array_like=True, gc=False):
    """What every event touches. ``open_page`` is filled only on the way to bytes."""

    events: int = 0
    event_xor: int = 0
    newest: int = 0
    first: int = 0
    transactions: int = 0
    transaction_sum: float = 0.0
    repeats: int = 0
    first_page: int = 0
    sealed_pages: int = 0
    open_page: bytearray = msgspec.field(default_factory=bytearray)
    other_parts: int = 0
    tier: int = 0
    tier_due: int = 0
    complaint_due: int = 0
    promise_due: int = 0
    judged: int = 0
    complaints: int = 0
    complaints_open: int = 0
    complaints_overdue: int = 0
    oldest_complaint: int = 0
    irregular_steps: int = 0
    first_purchase: int | None = None
    memory_overflows: int = 0
    suppressed_alerts: int = 0
    # UTC day of the newest signal by kind; at most one entry a kind, and 16 currencies of a day
    signalled: dict[int, int] = {}
    # time of the newest alert by kind; at most one entry a kind
    alerted: dict[int, int] = {}
    # alerts by UTC day, the newest 3 days
    alerts_of_day: list[tuple[int, int]] = []
    # clicks by code within 7 days, as of the last look; empty without any
    window: list[int] = []
    # time of the oldest and of the newest of them
    oldest_click: int = 0
    newest_click: int = 0
    # id of the segment, "" for none
    segment: str = ""
    segment_changes: int = 0
    # the vector when the segment was entered, in the order of the policy's features
    entered_with: list[float] = []

    # second of the event that came first, whatever came late
    born: int = 0
    # index of the customer state, and the UTC day of the next look at it (0 never)
    relation: int = 0
    relation_due: int = 0
    # whether the churn risk was last seen above its line
    churn_high: bool = False
    # first campaign that was sent to the customer; 0 = none
    first_campaign: int = 0
    # since when another segment has been nearer past the margin; 0 = none is
    away_since: int = 0
    # when the earliest alert is to be raised again, or need wait no longer
    desk_due: int = 0
    # up to when all that happened was erased; 0 = nothing was
    erased_at: int = 0
    # when what is told of an alert next changes by time alone: nothing else is judged then
    turn_due: int = 0
    # when the next inspection is due, until that was told; 0 = none is
    inspection_due: int = 0
    # when care next has something to do: an occasion, or a task that moves by time alone
    care_due: int = 0
    # when it is known of the next mailing whether it was answered; 0 = none is waited for
    answer_due: int = 0


class Block(NamedTuple):
    """Sums over 32 UTC days of a customer's transactions; the days themselves are a record.

    ``value`` is that of the purchases less that of the refunds.
    """

    number: int
    purchase_days: int
    purchases: int
    value: float
    moved: float


class Ledger(msgspec.Struct, array_like=True, gc=False):
    """Purchases. Bounds: 32 times, 14 blocks of 32 days, 8 products, 17 channels."""

    # all there ever were: purchases, days with a purchase, their value less what was given back
    purchases: int = 0
    purchase_days: int = 0
    value: float = 0.0
    # the newest 21 purchases and those of the last day, ascending
    times: list[int] = []
    blocks: list[Block] = []
    # first UTC day with a purchase, -1 for none; its value once its block has been dropped
    first_day: int = -1
    first_value: float = 0.0
    # the alphabetically first products bought, and a bit for each channel bought through
    products: list[str] = []
    channels: int = 0
    # contacts by channel, for the cost to serve; empty without any
    contacts: list[int] = []
    # whether any purchase told its margin
    has_margin: bool = False
    # indexes of the lifecycle phase and of the relationship stage as last announced
    phase: int = 0
    stage: int = 0
    # UTC day on which the phase may next move by the value alone; 0 never
    phase_due: int = 0
    # since when lost, and the purchase that ended it: the newest return before what ``times`` tell
    returned: tuple[int, int] = (0, 0)
    # how many purchases were given back; their value is taken off those of the days they came back
    refunds: int = 0
    # purchases of the last 24 hours, the newest 64: when (ms), amount in micro-units; ascending
    lately: list[tuple[int, int]] = []


class Amounts(msgspec.Struct, array_like=True, gc=False):
    """Natural logarithms of the newest 100 amounts each way, in order of arrival."""

    credit: list[float] = []
    debit: list[float] = []


class Answers(msgspec.Struct, array_like=True, gc=False):
    """What the customer last said: by question (at, event_id, score). Bound: some 70 questions."""

    newest: dict[str, tuple[int, str, float]] = {}


class Money(msgspec.Struct, array_like=True, gc=False):
    """Balances. Bounds: 1,024 accounts by currency, 64 points, 64 changes, 16 peaks.

    An account is its id, a control character and the currency; before currencies were told apart
    it was its id alone.
    """

    # account -> at, event_id, balance: the newest behind all points
    settled: dict[str, tuple[int, str, float]] = {}
    # balances of the last 24 hours, sorted by (at, event_id)
    points: list[Point] = []
    # (from, tier index by balance alone), ascending
    changes: list[tuple[int, int]] = []
    # (in force until, total), falling totals: the maximum of any recent window
    peaks: list[tuple[int, float]] = []
    # at and event_id of the newest balance that had to be forgotten
    forgotten: tuple[int, str] | None = None


class Promise(msgspec.Struct, array_like=True, gc=False):
    """A callback promised by a contact; or, with ``due`` 0, a callback that was made."""

    contact_id: str
    at: int = 0
    event_id: str = ""
    due: int = 0
    done_at: int = 0
    judged: bool = False
    channel: int = 0
    # who made it and where; "" = not known
    agent_id: str = ""
    branch_id: str = ""


class Mood(msgspec.Struct, array_like=True, gc=False):
    """Moments. Bounds: 61 sums, 64 pending moments, 32 promises and callbacks, 31 days."""

    epoch: int | None = None
    half_life_ms: float = 0.0
    # 0 all, 1-6 factor, 10-19 and 40-46 channel, 20-22 stage, 100 + UTC day (32 of them)
    # -> decayed weight, decayed weight x score
    sums: dict[int, tuple[float, float]] = {}
    # surveys and contacts of the last 24 hours, by time; their weight may still rise
    pending: list[Moment] = []
    promises: list[Promise] = []
    # (UTC day, highest satisfaction seen on it), ascending; as many days as a fall looks back
    days: list[tuple[int, float]] = []


class Run(NamedTuple):
    """A run of moments without a gap: its ends (ms), the score farthest from 5, the last score."""

    start: int
    end: int
    peak: float
    last: float


class Remark(NamedTuple):
    """A suggestion or a comment card; ``answered_at`` (ms) is 0 until it is answered."""

    at: int
    event_id: str
    kind: int
    factor: int
    channel: int
    answered_at: int = 0


class Remarks(msgspec.Struct, array_like=True, gc=False):
    """What the customer remarked. Bounds: 32 remarks, 32 early answers, 14 counts."""

    # kind x 16 + factor -> how many ever
    counts: dict[int, int] = {}
    # the newest by (at, event_id)
    kept: list[Remark] = []
    # answers of the last 24 hours whose remark is not known yet: when (ms), its event id
    early: list[tuple[int, str]] = []
    # of those that are not kept any more: answered in time, late, not at all
    in_time: int = 0
    late: int = 0
    unanswered: int = 0


class Journey(msgspec.Struct, array_like=True, gc=False):
    """Experience. Bounds: 8 runs, 16 broken promises, 16 answers, 96 steps, 16 obstacles.

    Moments and promises that may still change are in none of these; they are added on the way out.
    """

    runs: list[Run] = []
    # moments with a good and with a bad score
    good: int = 0
    bad: int = 0
    # callback promises, and when (ms) the newest broken ones were due, ascending
    kept: int = 0
    broken: int = 0
    broken_at: list[int] = []
    # csat answers of 4 and 5 as (ms, grade), ascending; the newest
    csat: list[tuple[int, int]] = []
    # at, event_id, score of the newest wait
    wait: tuple[int, str, float] | None = None
    # suggestions and comment cards; none of most customers
    remarks: Remarks | None = None
    # by journey and step of the policy the first time (ms); the newest 16 obstacles (ms, kind)
    steps: dict[str, int] = {}
    obstacles: list[tuple[int, int]] = []
    # at, event_id of the newest poor moment; when the newest was that has its own apology
    poor: tuple[int, str] = (0, "")
    poor_otherwise: int = 0
    # bits: 1 the first impression was poor, 2 an apology was made for it
    first_impression: int = 0


class Step(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One step of a complaint; ``status`` is an index, 0 stands for what was not given."""

    at: int
    event_id: str
    status: int
    channel: int = 0
    severity: int = 0
    factor: int = 0
    category: str = ""
    product: str = ""
    complex: bool = False
    compensation: float = 0.0
    # said to be simple; neither where nothing was said
    simple: bool = False


class Tick(NamedTuple):
    """A step of the playbook that somebody ticked off: when (ms), by which event, which, who."""

    at: int
    event_id: str
    step: str
    by: str = ""


class Case(msgspec.Struct, array_like=True, gc=False):
    """A complaint: its newest 32 steps by (at, event_id) and the levels already raised.

    Bound: 64 steps of the playbook ticked off.
    """

    complaint_id: str
    steps: list[Step] = []
    # (start of the cycle, level)
    raised: list[tuple[int, int]] = []
    irregular: int = 0
    dropped_steps: int = 0
    # (start, end) of the cycles that compensation was proposed for in the last 24 hours
    compensated: list[tuple[int, int]] = []
    # steps of the playbook ticked off, by (at, event_id)
    ticks: list[Tick] = []


class Cases(msgspec.Struct, array_like=True, gc=False):
    """Complaints; bounds: 64, and 32 ticks of the playbook whose complaint is not known (yet)."""

    cases: list[Case] = []
    # of those not kept any more, the shortest time from an end to the reopening (ms); -1 = none
    reopened_after: int = -1
    # (complaint id, tick), kept for 48 hours
    early: list[tuple[str, Tick]] = []
    # ticks whose complaint never came
    unmatched: int = 0


class File(msgspec.Struct, array_like=True, gc=False):
    """Profile: the newest value of each field by (at, event_id); the newest 8 pins and owners.

    Of the consent also what it was: bound 34 values for each of 17 channels.
    """

    fields: dict[str, tuple[int, str, object]] = {}
    pins: list[Pin] = []
    owners: list[Owner] = []
    # channel -> what the profile said of it: the values of the last 24 hours, and of those before
    # the first and the last of the value that held then; ascending
    said: dict[int, list[Said]] = {}


class Referred(NamedTuple):
    """What was last told of a customer whom this one referred; ``repeats`` -1: nothing bought.

    ``at`` (ms) and ``version`` order what was told; ``clv`` was worked out then, in base currency.
    Days are UTC days since 1970.
    """

    at: int
    version: int
    clv: float
    repeats: int = -1
    first_day: int = 0
    last_day: int = 0
    mean_spend: float | None = None


class Referrals(msgspec.Struct, array_like=True, gc=False):
    """Both ends of a referral. Bound: 256 referred customers."""

    # as one who was referred: who was told ("" nobody), how often, and of what
    told_to: str = ""
    told: int = 0
    told_purchases: int = 0
    told_relation: int = 0
    # as a referrer, by customer id; and how many were left out
    referred: dict[str, Referred] = {}
    dropped: int = 0


class Identity(msgspec.Struct, array_like=True, gc=False):
    """The ids of one person. Bound: 64 merged ids."""

    # which id this one was merged into ("" = none: it is the one that counts), when, by which event
    into: str = ""
    at: int = 0
    event_id: str = ""
    # ids whose state came here, by whatever way: into which each was merged, when, by which event
    merged: dict[str, Merged] = {}


class Mailing(msgspec.Struct, array_like=True, gc=False):
    """A campaign as one customer met it. Bound: 8 clicks.

    Times in ms, 0 for what has not happened; money in micro-units.
    """

    # the first time of each
    sent: int = 0
    opened: int = 0
    clicked: int = 0
    converted: int = 0
    opted_out: int = 0
    # when the customer last met it, and how often it was sent again
    newest: int = 0
    reminders: int = 0
    cost: int = 0
    revenue: int = 0
    # purchases soon after a click; the clicks that tell which these are, ascending
    receipts: int = 0
    clicks: list[int] = []


class Campaigns(msgspec.Struct, array_like=True, gc=False):
    """Campaigns that the customer met. Bound: those of the policy, at most 64."""

    mailings: dict[str, Mailing] = {}
    # how many are not kept any more
    dropped: int = 0


class Contacts(msgspec.Struct, array_like=True, gc=False):
    """Service contacts of the contact type's window. Bound: the newest 32."""

    newest: list[Met] = []


class Habits(msgspec.Struct, array_like=True, gc=False):
    """What special customers are told by. Bounds: 32 feedbacks, 32 clicks and 32 conversions up to
    a day after the first purchase, 16 declined tasks.
    """

    # when (ms) the newest feedback was given, campaigns clicked and bought through; ascending
    feedback: list[int] = []
    clicked: list[int] = []
    converted: list[int] = []
    # the smallest digests of care tasks that were declined; ascending
    declined: list[int] = []
    # waits for the service that were given up
    abandoned: int = 0


class Health(msgspec.Struct, array_like=True, gc=False):
    """Service as the customer met it, and its inspections. Bounds: 62 days, 64 contacts, 4
    notices, 34 organisations, 1,000 characters of what an inspection found.
    """

    # local day -> app errors, long waits, failed contacts, whether its errors were told (0 or 1)
    days: dict[int, list[int]] = {}
    # unresolved contacts that a notice may still count (ms), ascending
    unresolved: list[int] = []
    # the contacts (ms) at which notice was given, ascending
    told: list[int] = []
    # at, mark, organisation ("" none): those of the last 24 hours, and what held before
    organisations: list[tuple[int, str, str]] = []
    # since when (ms) the tier is key or above, and VIP or above; 0 = it is not
    key_since: int = 0
    vip_since: int = 0
    # whether the inspection plan has been looked at
    planned: bool = False
    # at, mark and findings of the newest inspection
    inspected: tuple[int, str, str] | None = None
    # the due time (ms) that was told as overdue; 0 = none is
    overdue: int = 0


class Act(NamedTuple):
    """An action of the desk: when (ms), the mark of its event, who did it."""

    at: int
    mark: str = ""
    by: str = ""


class Early(NamedTuple):
    """An action of the desk whose alert is not known: of the alert with these bytes of an id.

    ``what`` is the number of the action, ``until`` of a snooze (ms). Versions before knew no more
    than that.
    """

    number: bytes
    at: int
    what: int
    until: int = 0
    mark: str = ""
    by: str = ""
    note: str = ""
    assign_to: str = ""


class Open(msgspec.Struct, array_like=True, gc=False):
    """An alert that somebody may still act on. Its words are kept only while its state is shown:
    300 characters, 3 events, and a note of 1,000 characters.
    """

    # the bytes of its id: 20, of alerts of earlier versions 16
    number: bytes
    kind: int
    # when its cause happened; when it was raised by the task clock, and at its present level
    at: int
    raised: int
    since: int
    priority: int
    level: int = 1
    # when it is raised one level up; 0 = never
    due: int = 0
    # the furthest that was done: 0 nothing, 1 acknowledged, 2 resolved
    done: int = 0
    # when it was last snoozed, and until when
    snoozed: tuple[int, int] = (0, 0)
    reason: str = ""
    cause: tuple[str, ...] = ()
    complaint_id: str = ""
    # of each kind of action at the desk the newest
    acts: dict[int, Act] = {}
    # at, mark and words of the newest note; who is to see to the alert ("" nobody)
    note: tuple[int, str, str] = (0, "", "")
    assignee: str = ""
    # when its matter was settled; 0 = it is not
    settled: int = 0
    # the contact whose promise was broken, and when that was
    contact: tuple[str, int] = ("", 0)
    priority_reason: str = ""
    late: bool = False
    # the bytes of the id that it last came out under, where it came again
    newest: bytes = b""
    # a digest of its state as last told, 0 = there is none; when that changes by time alone
    told: int = 0
    turns: int = 0
    # by what another language tells the words; "" of alerts raised by earlier versions
    reason_key: str = ""
    reason_args: dict[str, Argument] = {}
    # of a broken promise the newest callback; `settled` is the first
    called: int = 0


class Held(msgspec.Struct, array_like=True, gc=False):
    """An alert that waits until the customer's quiet hours end. ``about`` names its campaign."""

    due: int
    kind: int
    at: int
    event_id: str
    channel: str
    reason: str
    about: str = ""
    event_type: str = ""
    reason_key: str = ""
    reason_args: dict[str, Argument] = {}


class Desk(msgspec.Struct, array_like=True, gc=False):
    """Alerts and the desk. Bounds: 32 open alerts, 32 early actions, 8 held alerts, words on 17
    channels, 32 campaigns.
    """

    open: list[Open] = []
    # actions of the last 24 hours whose alert is not known (yet)
    early: list[Early] = []
    held: list[Held] = []
    # actions whose alert never came; open alerts that left although nobody had acted
    unmatched: int = 0
    forgotten: int = 0
    # (UTC day, kind, alerts) of kinds with a cap of their own, the newest 3 days
    of_kind: list[tuple[int, int, int]] = []
    # channel -> when the customer last opted out of it; read, and written by older versions alone
    opted_out: dict[int, int] = {}
    # channel -> the newest word of the customer: opted in or out
    words: dict[int, Said] = {}
    # campaign -> when the customer last bought through it or opted out of it; whether it bought
    closed: dict[str, tuple[int, bool]] = {}
    # alerts that are not kept any more, whose states are to be deleted: number and kind
    gone: list[tuple[bytes, int]] = []


class CareStep(NamedTuple):
    """What was done about a care task: ``action`` by number, score 1-5 (0 none), cost (-1 none)."""

    at: int
    mark: str
    action: int
    score: float = 0.0
    cost: float = -1.0


class Cared(msgspec.Struct, array_like=True, gc=False):
    """A care task with the steps that moved it, at most three, ascending."""

    task_id: str
    occasion: str
    means: str
    text_key: str
    # when it was made, is due and expires
    at: int
    due: int
    expires: int
    # what it may cost; by number the channel, -1 = none; the plan and who approves, "" = none
    budget: float = 0.0
    channel: int = -1
    plan: str = ""
    approver: str = ""
    steps: list[CareStep] = []
    # the state as last told; whether low feedback has made its follow-up
    told: int = 0
    followed: bool = False


class Care(msgspec.Struct, array_like=True, gc=False):
    """Care. Bounds: 64 tasks, 32 waiting steps, marks of 48 occasions, 32 times, 32 postponed."""

    tasks: list[Cared] = []
    # steps of the last 24 hours that move no task yet: the id they name
    waiting: list[tuple[str, CareStep]] = []
    # occasion -> the newest local day on which it was judged for good
    made: dict[str, int] = {}
    # when plans made tasks within 8 days
    week: list[int] = []
    # regular plans that wait for room in the week: when to look again
    later: list[tuple[int, str]] = []
    # how far tasks were judged by time alone
    judged: int = 0
    # of tasks that are not kept any more: how many by their last state, scores, costs
    gone: dict[int, int] = {}
    rated: int = 0
    score_sum: float = 0.0
    spent: float = 0.0
    # when anything was last done for the customer
    last_done: int = 0
    # occasions left out since the week was full; steps that moved nothing
    left_out: int = 0
    unmatched: int = 0


class Awaited(NamedTuple):
    """A mailing whose answer is not known for good yet, and what was known when it came in.

    ``channel`` and ``tier`` are indexes, ``hour`` that of the customer's wall clock (0-23).
    ``recency`` (days), ``frequency`` and ``monetary`` (hundredths) are of the purchases within the
    window of the value's policy. ``sent_before`` and ``answered_before`` count mailings that are
    not kept any more.
    """

    at: int
    mark: str
    campaign: str
    channel: int
    hour: int
    tier: int
    segment: str
    recency: int
    frequency: int
    monetary: int
    satisfaction: float
    sent_before: int = 0
    answered_before: int = 0
    # when it was first answered; 0 = it has not been
    answered_at: int = 0


class Mailings(msgspec.Struct, array_like=True, gc=False):
    """Mailings and their answers. Bounds: 32 mailings, 32 answers."""

    # by (at, mark)
    waiting: list[Awaited] = []
    # answers of the last 24 hours, whose mailing may yet come in: at, campaign
    early: list[tuple[int, str]] = []
    # of those that are not waited for any more: how many, and how many were answered
    sent: int = 0
    answered: int = 0
    # the newest mailing of all: at, mark, index of the channel
    newest: tuple[int, str, int] = (0, "", 0)
