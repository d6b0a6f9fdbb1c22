"""What the bank's customers live through beside paying: complaints, calls, surveys, campaigns.

A story's first record is asked for; its later ones are scheduled and come when they are due.
Hours of a story pass `haste` times as fast, so that a short demonstration sees its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from schemas.topics import TOPIC_OF_TYPE
from schemas.units import MS_PER_HOUR
from streams.sources.lines import Record, Writer
from streams.sources.population import Population
from streams.sources.wheel import Wheel

HOUR = MS_PER_HOUR
VIP = 3
"""From this wealth on customers are VIPs."""
PROMISES = ((24, 360), (8, 168), (4, 72), (1, 24), (1, 24))
"""Hours to acknowledge and to resolve, by wealth: the default policy's."""

FACTORS = ("product", "service", "relationship", "convenience", "brand", "price")
CATEGORIES = ("fees", "card", "transfer", "loan", "waiting", "advice", "fraud", "privacy")
PRODUCTS = ("current_account", "credit_card", "mortgage", "fund")
TEXTS = ("Quick and friendly.", "The app is hard to read.", "服务很好", "Please open on Saturdays.")
DIMENSIONS = ("reliability", "responsiveness", "assurance", "empathy", "tangibles")
SERVED = ("perception", "expectation")
MEASURES = ("experience", "expectation", "importance", "ideal")


class Instrument(NamedTuple):
    """A survey question: how often it is asked, its score's range, and details to choose from."""

    name: str
    weight: float
    low: int
    high: int
    details: tuple[str, ...] = ()
    digits: int = 0


def _pairs(one: str, names: Sequence[str], other: str, values: Sequence[str]) -> tuple[str, ...]:
    return tuple(f',"{one}":"{name}","{other}":"{value}"' for name in names for value in values)


def _each(field: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f',"{field}":"{name}"' for name in names)


INSTRUMENTS = (
    Instrument("csat", 33, 1, 5),
    Instrument("nps", 25, 0, 10),
    Instrument("ces", 12, 1, 7),
    Instrument("factor_rating", 12, 0, 10, _pairs("factor", FACTORS, "measure", MEASURES)),
    Instrument("servqual", 5, 1, 7, _pairs("dimension", DIMENSIONS, "measure", SERVED)),
    Instrument("acsi", 2, 1, 10, _each("item", ("overall", "expectancy", "ideal"))),
    Instrument("trust", 3, 0, 10, _each("aspect", ("goodwill", "integrity", "ability"))),
    Instrument("commitment", 2, 0, 10),
    Instrument("repurchase", 2, 1, 5),
    Instrument("wallet_share", 2, 0, 1, digits=2),
    Instrument("brands_used", 1, 1, 4),
    Instrument("visit_reason", 1, 0, 10, _each("factor", FACTORS)),
)
_INSTRUMENT = Wheel([instrument.weight for instrument in INSTRUMENTS])
_SURVEY_CHANNEL = ("app", "email", "sms", "web")


class Case(NamedTuple):
    """One complaint: whose, its id, and the channel it came by."""

    customer: int
    complaint_id: str
    channel: str
    reopened: bool = False


Schedule = Callable[[int, Callable[..., Record], tuple[object, ...]], None]


class Stories:
    """Writes first records; hands later ones to `schedule(delay_ms, write, arguments)`."""

    def __init__(
        self,
        random: Random,
        people: Population,
        writer: Writer,
        schedule: Schedule,
        haste: float,
        *,
        vip_complained: Callable[[int, str], None],
    ) -> None:
        self._random = random
        self._people = people
        self._writer = writer
        self._schedule = schedule
        self._hour = HOUR / haste
        self._vip_complained = vip_complained
        self._size = len(people.ids)

    def complaint(self, at: int) -> Record:
        """A complaint is opened, by the less happy of two customers."""
        draw = self._random
        one, other = self._anyone(), self._anyone()
        customer = min(one, other, key=self._people.mood.__getitem__)
        channel = draw.choice(("call_centre", "app", "branch", "email"))
        case = Case(customer, f"k-{self._writer.prefix}{self._writer.number}", channel)
        self._feel(customer, -0.15)
        late, hours = draw.random(), PROMISES[self._people.wealth[customer]][0]
        if late < 0.92:
            share = draw.uniform(0.05, 0.9) if late < 0.80 else draw.uniform(1.1, 3.0)
            self._later(hours * share, self._acknowledged, case)
        elif late < 0.96:
            self._end(case)
        severity = draw.choice((1, 2, 2, 3, 3, 3, 4, 4, 5))
        complex_case = "true" if draw.random() < 0.1 else "false"
        product = f',"product":"{draw.choice(PRODUCTS)}"' if draw.random() < 0.6 else ""
        return self._step(case, at, "opened", (
            f',"severity":{severity},"factor":"{draw.choice(FACTORS)}"'
            f',"category":"{draw.choice(CATEGORIES)}"{product},"complex":{complex_case}'
        ))  # fmt: skip

    def survey(self, at: int) -> Record:
        """An answer to one of the instruments, following the customer's mood."""
        draw, customer = self._random, self._anyone()
        asked = INSTRUMENTS[_INSTRUMENT.pick(draw.random())]
        mood = min(1.0, max(0.0, self._people.mood[customer] + draw.gauss(0, 0.15)))
        score = asked.low + round((asked.high - asked.low) * mood, asked.digits)
        detail = draw.choice(asked.details) if asked.details else ""
        stage = f',"stage":"{draw.choice(("before", "purchase", "after"))}"'
        text = self._head(customer, at, draw.choice(_SURVEY_CHANNEL), "survey")
        text += f',"instrument":"{asked.name}","score":{score:g}{detail}'
        return self._done("survey", customer, f"{text}{stage}}}")

    def contact(self, at: int) -> Record:
        """A call or visit, sometimes after a long wait, sometimes with a promised callback."""
        draw, customer = self._random, self._anyone()
        in_branch = draw.random() < 0.25
        wait = draw.uniform(600, 1800) if draw.random() < 0.04 else draw.expovariate(1 / 90)
        luck = draw.random() - min(0.2, wait / 6000)
        outcome = "resolved" if luck > 0.15 else "unresolved" if luck > 0.04 else "abandoned"
        contact_id = f"s-{self._writer.prefix}{self._writer.number}"
        channel = "branch" if in_branch else "call_centre"
        handle = 0 if outcome == "abandoned" else draw.randint(30, 900)
        text = self._head(customer, at, channel, "service_contact")
        text += f',"contact_id":"{contact_id}","wait_seconds":{wait:.1f},"handle_seconds":{handle}'
        text += f',"outcome":"{outcome}"'
        if outcome != "abandoned":
            text += f',"agent_id":"ag-{draw.randrange(60):02d}"'
        if in_branch:
            text += f',"branch_id":"br-{draw.randrange(20):02d}"'
        if outcome == "unresolved":
            self._feel(customer, -0.05)
            text += self._callback(customer, contact_id, at)
        return self._done("service_contact", customer, text + "}")

    def feedback(self, at: int) -> Record:
        """Praise, a suggestion or a comment card."""
        draw, customer = self._random, self._anyone()
        happy = self._people.mood[customer] > draw.random()
        kind = "praise" if happy else draw.choice(("suggestion", "comment_card"))
        text = self._head(customer, at, draw.choice(("app", "branch", "web")), "feedback")
        text += f',"kind":"{kind}","factor":"{draw.choice(FACTORS)}"'
        return self._done("feedback", customer, f'{text},"text":"{draw.choice(TEXTS)}"}}')

    def campaign(self, at: int) -> Record:
        """An offer is sent; some open it, fewer click, a few buy or opt out."""
        draw, customer = self._random, self._anyone()
        channel = draw.choice(("sms", "email", "app", "wechat"))
        campaign_id = f"spring-{draw.randrange(6)}"
        if draw.random() < 0.2:
            self._later(draw.uniform(0.1, 24), self._answer, customer, channel, campaign_id, 0)
        return self._move(at, customer, channel, campaign_id, '"sent","cost":0.05')

    def owner_change(self, at: int) -> Record:
        """A customer gets a relationship manager, or another one."""
        customer = self._anyone()
        owner = self._people.owner_id[customer] = f"rm-{self._random.randrange(40):02d}"
        text = self._head(customer, at, "other", "profile")
        return self._done("profile", customer, f'{text},"owner_id":"{owner}"}}')

    def _acknowledged(self, at: int, case: Case) -> Record:
        self._end(case)
        return self._step(case, at, "acknowledged")

    def _end(self, case: Case) -> None:
        """Schedule how the complaint ends: in time, late, withdrawn, or never."""
        draw = self._random
        hours = PROMISES[self._people.wealth[case.customer]][1]
        fate = draw.random()
        if fate < 0.75:
            self._later(hours * draw.uniform(0.05, 0.8), self._resolved, case, 0.1)
        elif fate < 0.87:
            self._later(hours * draw.uniform(1.1, 2.0), self._resolved, case, -0.05)
        elif fate < 0.94:
            self._later(hours * draw.uniform(0.05, 0.9), self._withdrawn, case)

    def _resolved(self, at: int, case: Case, feeling: float) -> Record:
        draw = self._random
        self._feel(case.customer, feeling)
        if not case.reopened and draw.random() < 0.1:
            self._later(draw.uniform(2, 96), self._reopened, case._replace(reopened=True))
        pay = f',"compensation":{draw.randint(1, 50) * 10}' if draw.random() < 0.1 else ""
        return self._step(case, at, "resolved", pay)

    def _reopened(self, at: int, case: Case) -> Record:
        self._feel(case.customer, -0.1)
        self._end(case)
        return self._step(case, at, "reopened")

    def _withdrawn(self, at: int, case: Case) -> Record:
        return self._step(case, at, "withdrawn")

    def _step(self, case: Case, at: int, status: str, more: str = "") -> Record:
        text = self._head(case.customer, at, case.channel, "complaint")
        text += f',"complaint_id":"{case.complaint_id}","status":"{status}"{more}}}'
        if status in ("opened", "reopened") and self._people.wealth[case.customer] >= VIP:
            self._vip_complained(case.customer, self._writer.last_id)
        return self._done("complaint", case.customer, text)

    def _callback(self, customer: int, contact_id: str, at: int) -> str:
        """A promised time for half of the unresolved; four in five are called back, some late."""
        draw = self._random
        hours = draw.choice((1, 2, 4))
        if draw.random() < 0.8:
            self._later(hours * draw.uniform(0.2, 1.2), self._called_back, customer, contact_id)
        if draw.random() < 0.5:
            return ""
        return f',"callback_by":"{self._writer.stamps.text(at + round(hours * self._hour))}"'

    def _called_back(self, at: int, customer: int, contact_id: str) -> Record:
        text = self._head(customer, at, "call_centre", "feedback")
        text += f',"kind":"callback_done","contact_id":"{contact_id}"}}'
        return self._done("feedback", customer, text)

    def _answer(self, at: int, customer: int, channel: str, campaign_id: str, step: int) -> Record:
        draw = self._random
        if step < 2 and draw.random() < 0.3:
            hours = draw.uniform(0.1, 2)
            self._later(hours, self._answer, customer, channel, campaign_id, step + 1)
        if step == 2:
            action = f'"converted","revenue":{draw.randint(5, 500)}'
        else:
            action = ('"opened"', '"clicked"')[step] if draw.random() > 0.01 else '"opted_out"'
        return self._move(at, customer, channel, campaign_id, action)

    def _move(self, at: int, customer: int, channel: str, campaign_id: str, action: str) -> Record:
        text = self._head(customer, at, channel, "campaign")
        text += f',"campaign_id":"{campaign_id}","action":{action}}}'
        return self._done("campaign", customer, text)

    def _head(self, customer: int, at: int, channel: str, kind: str) -> str:
        return f'{self._writer.head(customer, at)}","channel":"{channel}","type":"{kind}"'

    def _done(self, kind: str, customer: int, text: str) -> Record:
        return self._writer.record(customer, TOPIC_OF_TYPE[kind], text)

    def _later(self, hours: float, write: Callable[..., Record], *arguments: object) -> None:
        self._schedule(round(hours * self._hour), write, arguments)

    def _anyone(self) -> int:
        return int(self._random.random() * self._size)

    def _feel(self, customer: int, change: float) -> None:
        mood = self._people.mood
        mood[customer] = min(1.0, max(0.0, mood[customer] + change))
