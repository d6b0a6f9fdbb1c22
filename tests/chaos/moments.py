"""The read model and the API, looked at again and again during a run: each moment is right.

Of a moment of the file, in each partition: a commit of the changelog ends where it stands, the
checkpoint there is what it says is counted, and replayed up to there the changelog holds the same
records; outputs, alerts, refused records and events are all those before its positions, but for
what customers who were erased had until then. What the API answers is of such a moment too: it is
asked between two looks at the positions, and counts where they are the same.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import msgspec

from agents.customers import customers
from agents.standings import standings
from domain.customer.state import Customer
from domain.policy import load_policy
from schemas.fields import milliseconds, moment, rfc3339
from schemas.standings import STANDINGS_KEY
from schemas.topics import ALERT_STATES, DEAD_LETTERS, INPUT_TOPICS
from streams.readmodel.places import STREAMS
from streams.readmodel.rows import Positions
from streams.settings import Settings
from tests.chaos.ledger import Ledger, Line, alerts_of
from tests.chaos.shown import Seen, Stand, seen_of, stand_of

REST_SECONDS = 1.0
REST_SHARE = 2.0
"""It rests so many times as long as a look took: it runs beside what is judged."""
CUSTOMERS, ALERTS_ASKED, TRIES = 2, 6, 6
SHOWN = 10
KINDS = ("customer", "timeline", "alert")
"""Of answers."""


class Answer(NamedTuple):
    """What was asked about a partition, what came, and where the file stood meanwhile."""

    number: int
    what: str
    about: str
    status: int
    body: bytes
    as_of: str
    stand: Stand


class Watch(threading.Thread):
    """Looks until :meth:`end`. ``address`` says where the API is, with a key in ``headers``."""

    def __init__(
        self, settings: Settings, address: Callable[[], str | None], headers: dict[str, str]
    ) -> None:
        super().__init__(name="watch", daemon=True)
        self.wrong: list[str] = []
        self.moments: set[tuple[int, ...]] = set()
        self.answers: Counter[str] = Counter()
        self.looks = 0
        self.eager = False
        """Whether it looks again soon, although a look takes the processor from all else."""
        self._settings, self._address, self._headers = settings, address, headers
        self._topology = customers(load_policy(settings.policy))
        self._standings = standings(load_policy(settings.policy))
        self._random = Random(7)
        self._over = threading.Event()
        self._asked = 0

    def fewest(self) -> int:
        """Of moments of the file, and of answers of each kind, the fewest that were judged."""
        return min(len(self.moments), *(self.answers[what] for what in KINDS))

    def end(self) -> None:
        """Look a last time and no more."""
        self._over.set()
        self.join(120)
        assert not self.is_alive()

    def run(self) -> None:
        """The thread's work."""
        try:
            asyncio.run(self._watch())
        except Exception as error:
            self.wrong.append(f"the watch ended: {error!r}")
            raise

    async def _watch(self) -> None:
        bootstrap = str(self._settings.kafka.bootstrap)
        partitions = self._settings.partitions
        async with (
            Ledger(bootstrap, self._settings.changelog, partitions) as ledger,
            httpx.AsyncClient(headers=self._headers, timeout=10.0) as client,
        ):
            over = False
            while not over and len(self.wrong) < SHOWN:
                over = self._over.is_set()  # and once more then
                began = time.monotonic()
                await self._look(ledger, client)
                share = 0.0 if self.eager else REST_SHARE
                rest = max(REST_SECONDS, share * (time.monotonic() - began))
                await asyncio.to_thread(self._over.wait, rest)

    async def _look(self, ledger: Ledger, client: httpx.AsyncClient) -> None:
        answers = [one async for one in self._ask(ledger, client)]
        seen = seen_of(self._settings)
        if seen is None:
            return
        self.wrong += await ledger.read_to(seen.stand.positions)
        for answer in answers:
            if ledger.fold(answer.number, answer.stand.positions[ledger.changelog, answer.number]):
                self.answers[answer.what] += 1
                self.wrong += self._judge_answer(ledger, answer)
            else:
                self.wrong.append(f"{answer.what}: no commit ends at {answer.stand.positions}")
        self.wrong += judge(ledger, seen)
        self.looks += 1
        places = ((ledger.changelog, number) for number in ledger.numbers)
        self.moments.add(tuple(seen.stand.positions.get(place, 0) for place in places))

    # -- the API -------------------------------------------------------------------------

    async def _ask(self, ledger: Ledger, client: httpx.AsyncClient) -> AsyncIterator[Answer]:
        """Ask about some customers and alerts of a partition, the next one at each look."""
        self._asked = number = (self._asked + 1) % self._settings.partitions
        address = self._address()
        known = sorted(key[1:].decode() for key in ledger.state[number] if key[:1] == b"c")
        came = [line.customer for line in ledger.lines[INPUT_TOPICS[0], number]]
        ids = [*known, *sorted({one for one in came if one})]  # erased and merged ones too
        lines = ledger.lines[ALERT_STATES, number]
        alerts = sorted({line.alert_id for line in lines})
        if address is None or not ids:
            return
        paths = [
            (what, one, f"/v1/customers/{quote(one, safe='')}{more}")
            for one in self._random.sample(ids, min(CUSTOMERS, len(ids)))
            for what, more in (("customer", ""), ("timeline", "/timeline?opened=true&limit=500"))
        ]
        paths += [
            ("alert", one, f"/v1/alerts/{one}")
            for one in self._random.sample(alerts, min(ALERTS_ASKED, len(alerts)))
        ]
        for what, about, path in paths:
            for _ in range(TRIES):
                before = stand_of(self._settings, number)
                try:
                    told = await client.get(address + path)
                except httpx.HTTPError:  # killed just now
                    return
                if told.status_code not in (200, 404):
                    break  # not ready yet
                if before is not None and before == stand_of(self._settings, number):
                    as_of = told.headers.get("Touchline-As-Of", "")
                    status, body = told.status_code, told.content
                    yield Answer(number, what, about, status, body, as_of, before)
                    break

    def _judge_answer(self, ledger: Ledger, answer: Answer) -> list[str]:
        judged = {
            "customer": self._customer, "timeline": self._timeline, "alert": self._alert,
        }[answer.what]  # fmt: skip
        expected, found = judged(ledger, answer)
        if expected == found:
            return []
        return [f"{answer.what} {answer.about}: expected {expected!r:.600}, got {found!r:.600}"]

    def _customer(self, ledger: Ledger, answer: Answer) -> tuple[object, object]:
        found = answer.body if answer.status == 200 else None
        state = Customer.load(answer.about, ledger.state[answer.number].get)
        if state is None:
            return None, found
        as_of = answer.as_of or rfc3339(moment(0))
        context = self._topology.context({})
        population = self._topology.population(context, {})
        assert population is not None
        for key, value in ledger.portfolio:
            record = self._standings.load_record(value) if key == STANDINGS_KEY else None
            if record is not None and record.version == answer.stand.version:
                population.adopt(record)
        figures = self._topology.export(state, milliseconds(datetime.fromisoformat(as_of)), context)
        return None if figures is None else msgspec.json.encode(figures), found

    def _timeline(self, ledger: Ledger, answer: Answer) -> tuple[object, object]:
        number, stand = answer.number, answer.stand
        others = (place for place in ledger.lines if place[1] != number)
        if any(one.customer == answer.about for place in others for one in ledger.lines[place]):
            return None, None  # some lie in a wrong partition, which stood elsewhere meanwhile
        lines = _lines(ledger, number, stand.positions)
        refused = {
            (line.letter.source_topic, line.letter.offset): line.kind
            for line in lines[DEAD_LETTERS]
            if line.letter is not None
        }
        expected: Counter[tuple[Any, ...]] = Counter()
        inputs = set()
        for topic in INPUT_TOPICS:
            counted = stand.counted.get((topic, number), 0)
            for line in lines[topic]:
                if line.customer == answer.about:
                    inputs.add((topic, line.offset))
                    why = refused.get((topic, line.offset))
                    expected[topic, line.at, line.kind, line.offset < counted, why] += 1
        for topic in STREAMS:
            for line in lines[topic]:
                letter = line.letter
                is_told = letter is not None and (letter.source_topic, letter.offset) in inputs
                if line.customer == answer.about and topic != ALERT_STATES and not is_told:
                    why = line.kind if topic == DEAD_LETTERS else None
                    expected[topic, line.at, line.kind, True, why] += 1
        if answer.status == 404:
            return expected, Counter()
        told = msgspec.json.decode(answer.body)
        if told["next_cursor"]:
            return None, None
        found = Counter(
            (
                one["source"], milliseconds(datetime.fromisoformat(one["at"])), one["type"],
                one["counted"], one["refused"],
            )
            for one in told["items"]
        )  # fmt: skip
        return expected - found, found - expected

    def _alert(self, ledger: Ledger, answer: Answer) -> tuple[object, object]:
        place = ALERT_STATES, answer.number
        if sum(answer.about in _ids(ledger, number) for number in ledger.numbers) > 1:
            return None, None  # that of a merged id: any of them may be told
        expected = alerts_of(ledger.kept(place, answer.stand.positions[place])).get(answer.about)
        return expected, answer.body if answer.status == 200 else None


def judge(ledger: Ledger, seen: Seen) -> list[str]:
    """What is otherwise in a moment of the file."""
    wrong: list[str] = []
    positions, counted, _ = seen.stand
    for number in seen.shown:
        if not ledger.fold(number, positions[ledger.changelog, number]):
            wrong.append(f"partition {number}: half a commit, or one undone")
            continue
        checkpoint = ledger.checkpoints[number]
        offsets = {} if checkpoint is None else checkpoint.next_offsets
        told = {topic: offset for (topic, of), offset in counted.items() if of == number}
        wrong += differ(f"counted in {number}", offsets, told)
        wrong += differ(f"record in {number}", ledger.records(number), seen.records[number])
    outputs, refused, inputs, alerts = {}, {}, {}, {}
    untold = ledger.moved_on()
    for number in seen.shown:
        lines = _lines(ledger, number, positions)
        for topic in STREAMS:
            for line in lines[topic]:
                if (topic, number, line.offset) not in untold:
                    outputs[topic, number, line.offset] = line.customer, line.value
        for line in lines[DEAD_LETTERS]:
            letter = line.letter
            assert letter is not None
            place = letter.source_topic, letter.partition, letter.offset
            refused[place] = letter.reason, line.customer
        for topic in INPUT_TOPICS:
            for line in lines[topic]:
                inputs[topic, number, line.offset] = line.customer, line.value
        for alert_id, value in alerts_of(lines[ALERT_STATES]).items():
            alerts[alert_id, number] = value
    for what, expected, rows in (
        ("output", outputs, [row for row in seen.outputs if row[:3] not in untold]),
        ("refused", refused, seen.refused),
        ("event", inputs, seen.inputs),
    ):
        wrong += differ(what, expected, {row[:3]: row[3:] for row in rows})
        if len({row[:3] for row in rows}) != len(rows):
            wrong.append(f"an {what} is kept twice")
    return wrong + differ("alert", alerts, {row[:2]: row[2] for row in seen.alerts})


def differ(what: str, expected: dict[Any, Any], found: dict[Any, Any]) -> list[str]:
    """Where one is another than the other."""
    if expected == found:
        return []
    places = [one for one in expected.keys() | found.keys() if expected.get(one) != found.get(one)]
    return [f"{len(places)} of {what}", *(
        f"{what} {place}: expected {expected.get(place)!r:.300}, got {found.get(place)!r:.300}"
        for place in sorted(places)[:SHOWN]
    )]  # fmt: skip


def _lines(ledger: Ledger, number: int, positions: Positions) -> dict[str, list[Line]]:
    topics = (*STREAMS, *INPUT_TOPICS)
    return {
        topic: ledger.kept((topic, number), positions.get((topic, number), 0)) for topic in topics
    }


def _ids(ledger: Ledger, number: int) -> set[str]:
    return {line.alert_id for line in ledger.lines[ALERT_STATES, number]}
