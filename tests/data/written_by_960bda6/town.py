"""The events that were sent: a small town in which every rule finds something to do.

Some customers have a story that one kind of alert, task or signal follows from; the others do
everything at random for twelve days. Seeded: the same start, the same events.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

DAYS = 12
PLAIN = 60
VIPS = 12
CHANNELS = (
    "app", "web", "branch", "call_centre", "sms", "email", "wechat", "atm", "mail", "other",
)  # fmt: skip
FACTORS = ("product", "service", "relationship", "convenience", "brand", "price")
SCORES: Mapping[str, tuple[int, int]] = {
    "csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "factor_rating": (0, 10), "servqual": (1, 7),
    "acsi": (1, 10), "trust": (0, 10), "commitment": (0, 10), "repurchase": (1, 5),
    "wallet_share": (0, 1), "brands_used": (1, 6), "visit_reason": (0, 10),
}  # fmt: skip
DETAILS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "factor_rating": {
        "factor": FACTORS, "measure": ("experience", "expectation", "importance", "ideal"),
    },
    "servqual": {
        "measure": ("perception", "expectation"),
        "dimension": ("reliability", "responsiveness", "assurance", "empathy", "tangibles"),
    },
    "acsi": {"item": ("overall", "expectancy", "ideal")},
    "trust": {"aspect": ("goodwill", "integrity", "ability")},
    "visit_reason": {"factor": FACTORS},
}  # fmt: skip
CLICKS: Sequence[Mapping[str, str]] = (
    {"action": "launch", "source": "push"}, {"action": "launch", "source": "icon"},
    {"action": "tab_switch"}, {"action": "function_visit", "function": "transfer"},
    {"action": "account_message"}, {"action": "news_message"}, {"action": "news_view"},
    {"action": "error", "function": "cards"},
)  # fmt: skip
HABITS = ((4, 4, 4, 0, 5), (2, 2, 3, 3, 6, 6), (0, 0, 1, 7, 4))
"""What the three kinds of customers click: places in CLICKS."""
CATEGORIES = ("fees", "card", "fraud", "rudeness", "waiting", "privacy", "unfair_treatment")


class Town:
    """Events with the time of their arrival; ``start`` is the first midnight (UTC)."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.random = Random(960)
        self.events: list[tuple[datetime, int, dict[str, Any]]] = []

    def at(self, day: float, hour: float = 0.0, minute: float = 0.0) -> datetime:
        """A time of the town's calendar, whole seconds."""
        return self.start + timedelta(seconds=round(day * 86_400 + hour * 3_600 + minute * 60))

    def add(
        self, who: str, at: datetime, what: str, channel: str = "app", /, **fields: Any
    ) -> None:
        """An event that arrives when it happens; every 29th up to five hours late."""
        number = len(self.events)
        event = {
            "event_id": f"t-{number:05d}",
            "customer_id": who,
            "occurred_at": _text(at),
            "channel": channel,
            "type": what,
            **fields,
        }
        late = self.random.uniform(0, 5) if number % 29 == 0 else 0.0
        self.events.append((at + timedelta(hours=late), number, event))

    def pay(self, who: str, at: datetime, amount: float, **fields: Any) -> None:
        """A debit of the customer's one account, unless told."""
        told = {"currency": "CNY", "direction": "debit", "account_id": f"a-{who}", **fields}
        self.add(who, at, "transaction", told.pop("channel", "app"), amount=amount, **told)

    def complain(self, who: str, at: datetime, complaint: str, status: str, **fields: Any) -> None:
        """A step of a complaint; one that is opened has what it must."""
        if status == "opened":
            fields = {"severity": 3, "factor": "service", "category": "fees", **fields}
        channel = fields.pop("channel", "call_centre")
        self.add(who, at, "complaint", channel, complaint_id=complaint, status=status, **fields)


def town(start: datetime) -> Town:
    """All but what people do about outputs."""
    made = Town(start)
    for number in range(1, VIPS + 1):
        _settle_vip(made, f"v-{number:02d}", number)
    for story in STORIES:
        story(made)
    for number in range(PLAIN):
        _settle(made, f"c-{number:02d}", number)
        _live(made, f"c-{number:02d}", number)
    return made


def answered(made: Town, alerts: Iterable[Mapping[str, Any]], tasks: Iterable[Any]) -> None:
    """Add what the desk does about alerts, and what becomes of care tasks."""
    for number, alert in enumerate(alerts):
        if number % 3 == 2:
            continue
        at = datetime.fromisoformat(alert["raised_at"])
        action = ("acknowledged", "resolved", "snoozed")[number % 7 % 3]
        more = {"until": _text(at + timedelta(hours=30))} if action == "snoozed" else {}
        when = at + timedelta(minutes=(-1, 2, 8, 12, 300)[number % 5])
        fields = {"alert_id": alert["alert_id"], "action": action, "by": "rm-1", **more}
        made.add(alert["customer_id"], when, "desk", "other", **fields)
    for number, task in enumerate(tasks):
        at = datetime.fromisoformat(task["occurred_at"])
        actions = (("approved", "done", "feedback"), ("declined",))[number % 2]
        for step, action in enumerate(actions):
            of = {"done": {"cost": 88}, "feedback": {"score": 1 + number % 5}}.get(action, {})
            when = at + timedelta(hours=1 + step)
            fields = {"task_id": task["task_id"], "action": action, **of}
            made.add(task["customer_id"], when, "care", "branch", **fields)


def lines(made: Town) -> list[str]:
    """The events as JSON, in the order of their arrival; every 53rd comes twice, some are bad."""
    twice = [(at + timedelta(minutes=7), n, event) for at, n, event in made.events if n % 53 == 0]
    ordered = sorted(made.events + twice, key=lambda one: one[:2])
    text = [json.dumps(event, ensure_ascii=number % 2 == 0) for _, number, event in ordered]
    broken = text[300].replace('"channel"', '"canal"'), text[301].replace("20", "19", 1)
    text[400:400] = [*broken, text[302][:-1] + ', "surprise": 1}']
    return text


# -- who is there -------------------------------------------------------------------------


def _settle_vip(made: Town, who: str, number: int) -> None:
    made.add(
        who, made.at(0, 0, number), "profile", "branch", birth_date="1970-05-17", sex="female",
        occupation="merchant", position="owner", region="north", first_seen="2016-03-01",
        time_zone="Asia/Shanghai", consent={"app": True, "sms": False, "email": True},
        quiet_hours={"start": "22:00", "end": "08:00"}, owner_id=f"rm-{number % 3}",
        organisation_id=f"org-{number % 2}", key_person=number % 2 == 0,
    )  # fmt: skip
    balance = 9_000_000 if number == VIPS else 400_000 + number
    made.pay(who, made.at(0, 1, number), 350_000, direction="credit", balance_after=balance)


def _settle(made: Town, who: str, number: int) -> None:
    referrer = {"referred_by": f"c-{number // 3:02d}"} if number % 4 == 0 else {}
    made.add(
        who, made.at(0, 0, number), "profile", "web", birth_date=f"19{50 + number % 50}-04-11",
        sex=("male", "female")[number % 2], region=("north", "south", "east")[number % 3],
        time_zone=("Asia/Shanghai", "Europe/Berlin", "America/New_York")[number % 3],
        consent={channel: made.random.random() < 0.7 for channel in CHANNELS},
        organisation_id=f"org-{number % 5}", **referrer,
    )  # fmt: skip
    made.pay(
        who, made.at(0, 2, number), 50, direction="credit", category="deposit", channel="branch",
        balance_after=(5e3, 1.5e5, 2.5e5, 5e5, 9e6)[number % 5],
    )  # fmt: skip


def _live(made: Town, who: str, number: int) -> None:
    """Twelve days at random: clicks by habit, and all the rest."""
    random, complaints = made.random, list[str]()
    habit = HABITS[number % 3]
    for turn in range((12, 30, 55)[number % 3]):
        at, channel = made.at(random.uniform(0.2, DAYS)), random.choice(CHANNELS)
        what = random.random()
        if what < 0.5:
            made.add(who, at, "app_click", "app", **CLICKS[random.choice(habit)])
        elif what < 0.68:
            _pay_something(made, who, at, channel)
        elif what < 0.75:
            _complain_or_go_on(made, who, at, complaints)
        elif what < 0.85:
            _answer(made, who, at, channel)
        elif what < 0.92:
            _call(made, who, at, f"s-{who}-{turn}")
        elif what < 0.95:
            kind = random.choice(("praise", "suggestion", "comment_card"))
            made.add(who, at, "feedback", channel, kind=kind, text='好, "quoted" \u2028 text')
        else:
            action = random.choice(("sent", "opened", "clicked", "converted", "opted_out"))
            more = {"converted": {"revenue": 10.5}, "sent": {"cost": 0.1}}.get(action, {})
            fields = {"campaign_id": f"m-{turn % 4}", "action": action, **more}
            made.add(who, at, "campaign", random.choice(("sms", "email", "app")), **fields)


def _pay_something(made: Town, who: str, at: datetime, channel: str) -> None:
    random = made.random
    more: dict[str, Any] = {"product": random.choice(("card", "fund", "mortgage"))}
    if random.random() < 0.5:
        more |= {"margin": round(random.uniform(-5, 60), 2)}
    if random.random() < 0.4:
        more |= {"balance_after": round(random.uniform(1e3, 6e5), 2)}
    more |= {"direction": random.choice(("debit", "debit", "credit")), "channel": channel}
    more |= {"currency": random.choice(("CNY", "CNY", "USD", "EUR"))}
    made.pay(who, at, round(random.lognormvariate(6, 1), 2), **more)


def _complain_or_go_on(made: Town, who: str, at: datetime, complaints: list[str]) -> None:
    random = made.random
    if complaints and random.random() < 0.6:
        step = random.choice(("acknowledged", "resolved", "reopened", "withdrawn"))
        made.complain(who, at, random.choice(complaints), step)
        return
    complaints.append(f"k-{who}-{len(complaints)}")
    made.complain(
        who, at, complaints[-1], "opened", severity=random.randint(1, 5), product="card",
        factor=random.choice(FACTORS), category=random.choice(CATEGORIES),
        complex=random.random() < 0.2,
    )  # fmt: skip


def _answer(made: Town, who: str, at: datetime, channel: str) -> None:
    random = made.random
    instrument = random.choice(tuple(SCORES))
    low, high = SCORES[instrument]
    score = round(random.random(), 2) if instrument == "wallet_share" else random.randint(low, high)
    named = DETAILS.get(instrument, {})
    details = {name: random.choice(values) for name, values in named.items()}
    stage = random.choice(("before", "purchase", "after"))
    fields = {"instrument": instrument, "score": score, "stage": stage, **details}
    made.add(who, at, "survey", channel, **fields)


def _call(made: Town, who: str, at: datetime, contact: str) -> None:
    random = made.random
    outcome = random.choice(("resolved", "unresolved", "abandoned"))
    made.add(
        who, at, "service_contact", random.choice(("call_centre", "branch")), contact_id=contact,
        wait_seconds=random.randint(0, 1200), handle_seconds=random.randint(10, 900),
        outcome=outcome, agent_id=f"agent-{random.randint(1, 5)}", branch_id="branch-1",
    )  # fmt: skip
    if outcome == "unresolved" and random.random() < 0.5:
        done = at + timedelta(hours=random.choice((2, 30)))
        made.add(who, done, "feedback", "call_centre", kind="callback_done", contact_id=contact)


# -- stories ------------------------------------------------------------------------------


def _money(made: Town) -> None:
    """A balance drops; an amount stands out; one is large; currencies and accounts too many."""
    made.pay("v-01", made.at(3), 180_000, balance_after=220_001)
    for turn in range(24):
        made.pay("v-02", made.at(1 + turn // 4, 2 + turn % 4), 100 + turn % 5, margin=3.5)
    made.pay("v-02", made.at(8), 6_000)
    made.pay("v-02", made.at(8, 6), 150_000)
    made.pay("v-03", made.at(2), 10, currency="XYZ")
    for number in range(66):
        at = made.at(2, 3, number)
        made.pay("s-01", at, 10, account_id=f"acc-{number}", balance_after=10 + number)


def _complaints(made: Town) -> None:
    """One escalates through all levels, one is reopened, two outrage, too many, a surge."""
    made.complain("v-03", made.at(1, 2), "k-1", "opened", severity=5)
    steps = ((0, "opened"), (0.02, "acknowledged"), (3, "resolved"), (4, "reopened"))
    for day, status in steps:
        made.complain("v-04", made.at(1 + day, 3), "k-2", status)
    made.complain("v-04", made.at(6, 3), "k-2", "resolved", compensation=20)
    made.complain("v-04", made.at(6, 4), "k-3", "opened", severity=2, complex=True)
    made.complain("v-04", made.at(7, 4), "k-3", "withdrawn")
    made.complain("v-05", made.at(4, 3), "k-4", "opened", severity=4, category="fraud")
    made.complain("v-05", made.at(4, 9), "k-5", "opened", severity=4, category="discrimination")
    for number in range(66):
        made.complain("s-02", made.at(3, 3, number), f"kk-{number}", "opened", severity=1)
    for number in range(10):
        of = {"category": "card", "product": "credit_card"}
        made.complain(f"c-{number:02d}", made.at(11, 20, number), f"sk-{number}", "opened", **of)


def _service(made: Town) -> None:
    """Long waits, callbacks not made, and scores that fall."""
    for minute in (0, 5, 40):
        made.add(
            "v-06", made.at(2, 3, minute), "service_contact", "call_centre",
            contact_id=f"s-{minute}", wait_seconds=900, handle_seconds=30, outcome="abandoned",
        )  # fmt: skip
    for number in range(3):
        at = made.at(3 + number, 2)
        made.add(
            "v-06", at, "service_contact", "branch", contact_id=f"p-{number}", wait_seconds=20,
            handle_seconds=200, outcome="unresolved", callback_by=_text(at + timedelta(hours=3)),
        )  # fmt: skip
    for number, score in enumerate((5, 5, 5, 1, 1, 1)):
        made.add("v-07", made.at(2 + number), "survey", "email", instrument="csat", score=score)


def _campaigns(made: Town) -> None:
    """Clicked by day, by night (held), bought or opted out while held, without consent."""
    for day, hour, channel, campaign, action in (
        (2, 4, "app", "m-1", "sent"), (2, 5, "app", "m-1", "clicked"),
        (4, 16, "email", "m-2", "clicked"), (6, 16, "app", "m-3", "clicked"),
        (6, 18, "app", "m-3", "converted"), (8, 16, "app", "m-4", "clicked"),
        (8, 17, "app", "m-4", "opted_out"), (11, 20, "email", "m-5", "clicked"),
        (9, 4, "sms", "m-6", "clicked"),
    ):  # fmt: skip
        more = {"converted": {"revenue": 99, "offer_id": "o-1"}}.get(action, {})
        fields = {"campaign_id": campaign, "action": action, **more}
        made.add("v-08", made.at(day, hour), "campaign", channel, **fields)


def _relationship(made: Town) -> None:
    """Regular purchases that end; owners, referrers and pins that change; two are erased."""
    for number in range(14):
        made.pay("v-09", made.at(number / 4, 6), 4_000 + number, product="fund", margin=900)
    made.complain("v-09", made.at(10, 3), "k-6", "opened")
    for day, owner in ((5, "rm-9"), (7, None), (9, "rm-4")):
        made.add("v-10", made.at(day), "profile", "branch", owner_id=owner)
    for day, tier in ((1, "private"), (8, None)):
        made.add("s-03", made.at(day), "profile", "branch", tier_pin=tier)
    for number in range(1, 6):
        who = f"r-{number}"
        made.add(who, made.at(1, number), "profile", "web", referred_by="v-11")
        for turn in range(number):
            made.pay(who, made.at(2 + turn, number), 1_000 * number)
    made.add("r-2", made.at(9), "profile", "web", referred_by="v-12")
    made.add("r-3", made.at(9), "profile", "web", referred_by=None)
    made.add("r-4", made.at(9), "profile", "web", erase=True)
    made.add("c-07", made.at(6), "profile", "web", erase=True)


def _clicks(made: Town) -> None:
    """More than are remembered, and one too late to be counted."""
    for number in range(2_100):
        of = CLICKS[6 if number % 3 else 2]
        made.add("s-04", made.at(4) + timedelta(seconds=30 * number), "app_click", "app", **of)
    made.add("s-04", made.at(-5), "app_click", "app", **CLICKS[2])
    late, number, event = made.events.pop()
    made.events.append((late + timedelta(days=11), number, event))


STORIES: tuple[Callable[[Town], None], ...] = (
    _money, _complaints, _service, _campaigns, _relationship, _clicks,
)  # fmt: skip


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
