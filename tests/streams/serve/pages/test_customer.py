"""The page of a customer and the search, as the server draws them of a replay's customers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from httpx import ASGITransport, AsyncClient

from domain.policy import Policy
from schemas.fields import milliseconds, moment, rfc3339
from schemas.topics import CARE_TASKS
from streams.readmodel.rows import AlertFilter, Found, Moment, Page
from streams.serve.access.who import SCOPES_OF, Who
from streams.serve.app import application
from streams.serve.pages.looks import Looks
from streams.serve.pages.sentences import SegmentName, Sentence, milliseconds_of, told_by
from streams.serve.sending import Sending
from streams.serve.serving import Serving
from streams.serve.telling import Telling
from streams.settings import KafkaSettings, ServeSettings, Settings
from tests.streams.serve.pages.house import Door
from tests.streams.serve.pages.people import NEW, NOW, OTHERS, QUIET, SCRIPT, VIP, Town, lines
from tests.streams.serve.pages.shelf import Shelf

pytestmark = pytest.mark.long


class Noting(Door):
    """Admits, and keeps what is noted."""

    def __init__(self, settings: Settings, who: Who) -> None:
        super().__init__(settings, who)
        self.noted: list[tuple[str, str, str | None]] = []

    async def note(self, who: Who, act: str, **about: Any) -> None:
        self.noted.append((who.name, act, about.get("customer_id")))


class Asked:
    """The application of a shelf, and a client of it."""

    def __init__(
        self, shelf: Shelf, directory: Path, who: Who, policy: Policy | None = None
    ) -> None:
        settings = Settings(
            kafka=KafkaSettings(bootstrap="127.0.0.1:9"), serve=ServeSettings(directory=directory)
        )
        self.gate = Noting(settings, who)
        served = Serving(
            settings, policy or shelf.policy, shelf.as_model(), Sending(settings), self.gate
        )
        app = application(served)
        self.client = AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1:8080")

    async def page(self, path: str, language: str = "en", status: int = 200) -> str:
        answer = await self.client.get(path, headers={"Accept-Language": language})
        assert answer.status_code == status, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.text


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    waiting = Town().event(
        VIP, "transaction", 0.01, amount=120, currency="CNY", direction="debit", account_id="a-1"
    )
    return Shelf(lines(), Policy(), end=milliseconds(NOW), waiting=[json.dumps(waiting).encode()])


ADA = Who("ada", SCOPES_OF["manager"], is_person=True)


@pytest.fixture
def asked(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr("streams.serve.pages.templating.now", lambda: shelf.end)
    yield Asked(shelf, tmp_path, ADA)


def part(text: str, name: str) -> str:
    found = re.search(rf'data-part="{name}".*?</section>', text, re.DOTALL)
    assert found is not None, name
    return found[0]


async def test_words_come_first_and_say_what_to_do(asked: Asked) -> None:
    told = part(await asked.page(f"/customers/{VIP}"), "words")
    for said in (
        "A VIP customer", "looked after by manager-4", "the tier falls to key",
        "2 complaints are open, 1 of them past their promise", "Unhappy", "thirty days ago",
        "Call now and acknowledge complaint k-2",
    ):  # fmt: skip
        assert said in told, said


async def test_every_clock_of_a_complaint_is_there(asked: Asked) -> None:
    told = part(await asked.page(f"/customers/{VIP}"), "complaints")
    assert re.findall(r'<tr class="(\w+)">', told) == [
        "overdue", "overdue", "running",  # k-2: to acknowledge, to resolve, the regulator's
        "soon", "running", "running",  # k-3
        "kept", "kept", "over",  # k-1
    ]  # fmt: skip
    assert "Escalated to level 2" in told
    assert re.search(r"level 3 due in.*level 1 due in", told, re.DOTALL)


async def test_the_steps_of_open_complaints_are_there_in_either_language(asked: Asked) -> None:
    told = part(await asked.page(f"/customers/{VIP}"), "complaints")
    for which in ("k-2", "k-3"):
        ticks = re.findall(rf'data-complaint="{which}" data-step="(\w+)"', told)
        assert ticks == ["accept", "apologise", "understand", "solve", "agree", "follow_up"]
    assert 'data-complaint="k-1"' not in told, "it is closed, and nobody ticked a step of it"
    assert 'aria-label="Done: accept at once"' in told
    told = part(await asked.page(f"/customers/{VIP}", "zh"), "complaints")
    assert 'aria-label="完成：立即受理"' in told
    asked.gate.who = Who("eve", SCOPES_OF["viewer"], is_person=True)
    told = part(await asked.page(f"/customers/{VIP}"), "complaints")
    assert "accept at once" in told
    assert "data-step" not in told


async def test_what_is_overdue_is_not_said_to_come(
    asked: Asked, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = rfc3339(moment(shelf.end + 60_000))
    [alert, *_] = shelf.alerts(AlertFilter(customer_id=VIP), None, 9).rows
    raised = json.dumps(json.loads(alert.value) | {"due_at": due, "tier": "vip"}).encode()
    task = {
        "task_id": "t-1", "occasion": "handover", "means": "call", "state": "proposed",
        "due_at": due, "reason": "Owner changed.", "occurred_at": due,
    }  # fmt: skip
    made = Moment(1, CARE_TASKS, "handover", True, None, 1, json.dumps(task).encode())
    monkeypatch.setattr(shelf, "alerts", lambda *_: Page([alert._replace(value=raised)], None))
    monkeypatch.setattr(shelf, "tasks", lambda _: [made])
    for later, said, not_said in (
        (0, ("raised again in", "due in"), "late by"),
        (90_000, ("to be raised again, late by", "late by"), "due in"),
    ):
        now = shelf.end + later
        monkeypatch.setattr("streams.serve.pages.templating.now", lambda now=now: now)
        told = part(await asked.page(f"/customers/{VIP}"), "alerts")
        for each in said:
            assert each in told
        assert not_said not in told
    now = shelf.end + 9 * 3_600_000  # the promise to acknowledge k-3 is broken by now
    monkeypatch.setattr("streams.serve.pages.templating.now", lambda: now)
    told = part(await asked.page(f"/customers/{VIP}"), "complaints")
    assert "level 1 overdue by" in told
    for at in re.findall(r'datetime="([^"]+)" data-form="left"', told):
        assert milliseconds_of(at) > now


async def test_an_error_in_the_app_is_a_line_and_a_point(asked: Asked) -> None:
    text = await asked.page(f"/customers/{VIP}")
    assert part(text, "timeline").count("App: error (transfer)") == 1
    points = re.findall(r"<td>App: error \(transfer\)</td><td[^>]*>([\d.]+)</td>", text)
    assert points == ["3.0"]


async def test_colours_are_drawn_where_words_draw_the_line(shelf: Shelf, tmp_path: Path) -> None:
    raised = Policy.model_validate({"alerts": {"dissatisfied_below": 7.9}})
    asked = Asked(shelf, tmp_path, ADA, raised)
    told = part(await asked.page(f"/customers/{VIP}"), "satisfaction")
    tones = {
        float(value): tone
        for value, tone in re.findall(r'data-value="([\d.]+)" data-tone="(\w+)"', told)
    }
    assert {tones[value] for value in tones if value < 7.9} == {"bad"}
    assert {tones[value] for value in tones if value >= 7.9} == {"good"}
    assert any(6 <= value < 7.9 for value in tones)


async def test_satisfaction_is_a_line_of_days_and_points_of_moments(asked: Asked) -> None:
    told = part(await asked.page(f"/customers/{VIP}"), "satisfaction")
    levels = re.search(r"<table data-levels>.*?</table>", told, re.DOTALL)
    assert levels is not None
    days = [float(value) for value in re.findall(r'data-value="([\d.]+)"', levels[0])]
    assert len(days) == 32, "30 days back, today's beginning, and now"
    assert days[0] > 8 > days[-1]
    assert len(re.findall(r'data-value="([\d.]+)"', told)) > 40
    assert "Contact with ag-7" in told


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_script_in_any_text_is_text(asked: Asked, language: str) -> None:
    text = await asked.page(f"/customers/{VIP}", language)
    assert "window.stolen" in text, "it is shown"
    assert "<script>window" not in text
    assert "<img src=x" not in text
    assert SCRIPT not in text


async def test_chinese_is_chinese(asked: Asked) -> None:
    told = await asked.page(f"/customers/{VIP}", "zh")
    for said in ("贵宾客户", "请立即致电并受理投诉 k-2", "满意度走势", "监管时限", "尚未计入"):
        assert said in told, said
    for name in ("words", "complaints", "money", "value", "relationship"):
        words = re.sub(r"<[^>]+>|[\w-]+-\d+|script\S*", " ", part(told, name))
        assert not re.findall(r"customer\.\w+", words), name


async def test_what_is_not_counted_and_what_moves_the_segment_is_told(asked: Asked) -> None:
    text = await asked.page(f"/customers/{VIP}")
    timeline = part(text, "timeline")
    assert timeline.count("not yet counted") == 1
    assert "clicks in the app" in timeline
    assert "Nobody called back" in timeline
    segment = part(text, "segment")
    assert "Nearest other segment" in segment
    assert "functions visited" in segment
    assert "Still to be won" in part(text, "lacks")


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Events are still being read in"), ("zh", "事件仍在读入")]
)
async def test_a_timeline_says_that_events_are_not_read_yet(
    asked: Asked, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    assert said not in await asked.page(f"/customers/{VIP}", language)
    monkeypatch.setattr(shelf, "lacking", {VIP})
    assert said in part(await asked.page(f"/customers/{VIP}", language), "timeline")


async def test_the_timeline_opens_and_pages(asked: Asked) -> None:
    opened = part(await asked.page(f"/customers/{VIP}?timeline=all"), "timeline")
    assert "clicks in the app" not in opened
    older = re.search(r'href="([^"]+)" rel="next"', opened)
    assert older is not None
    next_page = part(await asked.page(older[1].replace("&amp;", "&")), "timeline")
    assert "Back to the newest" in next_page
    assert next_page != opened
    await asked.page(f"/customers/{VIP}?before=nonsense", status=400)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
async def test_a_day_of_the_reader_opens_alone(asked: Asked, zone: str) -> None:
    asked.client.cookies.set("zone", quote(zone, safe=""))
    folded = part(await asked.page(f"/customers/{VIP}"), "timeline")
    days = re.findall(r"/customers/c-vip\?timeline=([\d-]+)#opened-day", folded)
    assert len(days) > 2, "a day with several clicks has a link that opens it"
    before = folded.count("App: ")
    opened = part(await asked.page(f"/customers/{VIP}?timeline={days[1]}"), "timeline")
    links = re.findall(r"timeline=([\d-]+)#opened-day", opened)
    assert days[0] in links and days[1] not in links
    assert opened.count("App: ") > before + 1
    shown = re.search(r'id="opened-day".*?datetime="([^"]+)"', opened, re.DOTALL)
    assert shown is not None
    local = datetime.fromisoformat(shown[1]).astimezone(ZoneInfo(zone))
    assert local.date().isoformat() == days[1]


async def test_what_was_refused_is_marked(
    asked: Asked, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"type": "survey", "instrument": "csat", "score": 1, "customer_id": VIP, "text": "no"}
    line = json.dumps(event).encode()
    came = Moment(shelf.end, "touchpoints.surveys", "survey", True, "too_late", 1, line)
    monkeypatch.setattr(shelf, "timeline", lambda *_, **__: Page([came], None))
    for language, said, mark in (
        ("en", "Refused (too late): survey answer", "refused"),
        ("zh", "已拒绝（过期）：问卷回答", "已拒绝"),
    ):  # fmt: skip
        told = await asked.page(f"/customers/{VIP}", language)
        line_told = part(told, "timeline")
        assert '<li class="in bad refused">' in line_told
        assert said in line_told
        assert f'<span class="mark bad">{mark}</span>' in line_told
        assert "<table data-moments>" not in told or "1 of 5" not in told, "it is no moment"


async def test_before_there_is_a_segment_model_behaviour_is_shown(
    asked: Asked, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "newest", lambda topic: [])
    segment = part(await asked.page(f"/customers/{VIP}"), "segment")
    assert "functions visited" in segment
    assert "Nearest other segment" not in segment
    assert VIP in await asked.page("/customers?q=c-v")


@pytest.mark.parametrize("who", [QUIET, NEW, "c-0000"])
async def test_little_known_customers_have_a_page(asked: Asked, who: str) -> None:
    for language in ("en", "zh"):
        assert who in await asked.page(f"/customers/{who}", language)


async def test_nobody_of_this_id_is_told_kindly_and_erased_is_told(
    asked: Asked, shelf: Shelf
) -> None:
    told = await asked.page(f"/customers/{SCRIPT.replace('/', '')}", status=404)
    assert "No customer of this id" in told
    assert "<script>window" not in told
    shelf.erased_ids.add("c-gone")
    assert "was erased" in await asked.page("/customers/c-gone", status=404)
    assert not asked.gate.noted


async def test_another_owners_customer_looks_like_nobody(shelf: Shelf, tmp_path: Path) -> None:
    for owner, status in (("manager-4", 200), ("manager-5", 404)):
        who = Who("bo", SCOPES_OF["desk"], is_person=True, owner_id=owner)
        asked = Asked(shelf, tmp_path / owner, who)
        await asked.page(f"/customers/{VIP}", status=status)
        found = await asked.page("/customers?owner=")
        assert (f"/customers/{VIP}" in found) == (status == 200)
        assert "/customers/c-0000" not in found
        shelf.erased_ids.add("c-gone")
        assert "was erased" not in await asked.page("/customers/c-gone", status=404)


async def test_a_look_is_noted_once_while_somebody_looks(asked: Asked) -> None:
    for _ in range(3):
        await asked.page(f"/customers/{VIP}")
    await asked.page(f"/customers/{QUIET}")
    assert asked.gate.noted == [("ada", "looked", VIP), ("ada", "looked", QUIET)]


async def test_a_look_is_noted_again_by_another_and_after_a_while(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = Noting(Settings(serve=ServeSettings(directory=tmp_path)), ADA)
    looks = Looks()
    await looks.note(gate, ADA, "c")
    await looks.note(gate, ADA._replace(name="bo"), "c")
    await looks.note(gate, ADA, "c")
    assert len(gate.noted) == 2
    monkeypatch.setattr("streams.serve.pages.looks.WHILE_SECONDS", -1.0)
    await looks.note(gate, ADA, "c")
    assert len(gate.noted) == 3


async def test_the_search_filters_and_pages_without_a_script(asked: Asked) -> None:
    first = await asked.page("/customers?q=c-00")
    assert len(re.findall(r'href="/customers/c-\d+"', first)) == 50
    more = re.search(r'href="([^"]+)" rel="next"', first)
    assert more is not None
    second = await asked.page(more[1].replace("&amp;", "&"))
    assert len(re.findall(r'href="/customers/c-\d+"', second)) == OTHERS - 50
    assert "First page" in second
    found = await asked.page("/customers?complaint=yes&tier=vip")
    assert re.findall(r'href="/customers/(c-[\w-]+)"', found) == [VIP]
    assert '<option value="vip" selected>' in found
    assert "No customer fits" in await asked.page("/customers?q=nobody")


async def test_an_id_with_a_slash_is_found_and_opens(
    asked: Asked, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Found("a/b c", "vip", None, None, "new", None, None, 0, 0)
    monkeypatch.setattr(shelf, "customers", lambda *_: Page([found], None))
    assert 'href="/customers/a%2Fb%20c"' in await asked.page("/customers")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("lurkers, low news views (s-3)", "潜水型、资讯浏览偏低 (s-3)"),
        ("Gold, silver", "Gold, silver"),
        ("quarantine", "异常"),
    ],
)
def test_a_segment_has_one_name(name: str, told: str) -> None:
    say = Telling("zh")
    sentence = Sentence("customer.in_segment", {"segment": SegmentName(name)})
    assert told_by(say)(sentence) == say.word("customer.in_segment", segment=told)
