"""People on a real broker: logged in by password and link, out by logout, password and removal."""

from __future__ import annotations

import asyncio
import re
import time

import httpx
import pytest

from streams.cluster.broker import LocalBroker
from streams.serve.access.gate import Gate
from streams.serve.access.keeping import AccessError
from streams.serve.access.links import Links, let_in
from tests.streams.serve.access.house import PASSWORD, SECRET, asked, bearer, keeping, settings_of
from tests.streams.serve.access.test_keys import ACT, LOOK, audit_of

ORIGIN = {"Origin": "http://127.0.0.1:8080"}
TLS = "https://desk.example.com"


async def log_in(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    """Send the form as a browser does."""
    form = {"name": name, "password": password, "next": "/desk?tier=vip"}
    origin = {"Origin": str(client.base_url).rstrip("/")}
    return await client.post("/login", data=form, headers={**origin, **headers})


async def csrf_of(client: httpx.AsyncClient, gate: Gate) -> str:
    """What a page of this client's session would have in its head."""
    book = gate.following.book
    assert book is not None
    session = gate.sessions.read(
        client.cookies[gate.sessions.cookie], book, time.time_ns() // 10**6
    )
    assert session is not None
    return gate.sessions.csrf(session)


async def test_a_person_logs_in_acts_and_logs_out_on_all_replicas(
    module_broker: LocalBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of("people", module_broker.bootstrap)
    await keeping(settings).add_person("anna", "desk", PASSWORD, owner_id="o-7", language="zh")
    gate, other = Gate(settings), Gate(settings)
    async with asked(gate) as client, asked(other) as second:
        page = await client.get("/login", params={"next": "/desk?tier=vip"})
        assert page.status_code == 200
        assert 'value="/desk?tier=vip"' in page.text
        wrong = await log_in(client, "anna", "wrong horse battery")
        nobody = await log_in(client, "nobody", PASSWORD)
        assert wrong.status_code == nobody.status_code == 403
        assert _plain(wrong.text) == _plain(nobody.text)
        assert not client.cookies
        came = await log_in(client, "anna")
        assert (came.status_code, came.headers["location"]) == (303, "/desk?tier=vip")
        told = came.headers["set-cookie"]
        assert told.startswith("touchline=")
        assert re.search(r"httponly", told, re.I)
        assert re.search(r"samesite=lax", told, re.I)
        assert "Domain" not in told
        second.cookies = client.cookies
        for one in (client, second):
            answer = await one.get(LOOK)
            assert answer.json() == {"name": "anna", "owner": "o-7", "person": True}
        token = await csrf_of(client, gate)
        for headers, status in (
            ({}, 403),
            (ORIGIN, 403),
            ({"X-CSRF-Token": token}, 403),
            ({**ORIGIN, "X-CSRF-Token": token[:-1] + "!"}, 403),
            ({"Origin": "http://evil.example", "X-CSRF-Token": token}, 403),
            ({"Origin": "http://127.0.0.1:8081", "X-CSRF-Token": token}, 403),
            ({"Origin": "null", "Sec-Fetch-Site": "cross-site", "X-CSRF-Token": token}, 403),
            ({"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token}, 200),
            ({**ORIGIN, "X-CSRF-Token": token}, 200),
        ):
            assert (await client.post(ACT, headers=headers)).status_code == status, headers
        refused = await client.post("/logout", data={"csrf": "x"}, headers=ORIGIN)
        assert refused.status_code == 403
        out = await client.post("/logout", data={"csrf": token}, headers=ORIGIN)
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        assert 'touchline=""' in out.headers["set-cookie"]
        await until_out(second)
    found = await audit_of(settings)
    acts = [one.act for one in found if one.who == "anna"]
    assert acts.count("logged_in") == acts.count("logged_out") == acts.count("acted") - 1 == 1
    assert acts.count("looked") >= 2
    assert {one.status for one in found if one.act == "refused"} == {401, 403}
    written = "".join(one.model_dump_json() for one in found) + capsys.readouterr().out
    for secret in (PASSWORD, "wrong horse", SECRET, token):
        assert secret not in written


@pytest.mark.parametrize("how", ["password", "removal", "end"])
async def test_what_ends_an_account_ends_its_sessions(module_broker: LocalBroker, how: str) -> None:
    settings = settings_of(f"ends-{how}", module_broker.bootstrap)
    await keeping(settings).add_person("anna", "manager", PASSWORD)
    async with asked(Gate(settings)) as client:
        await log_in(client, "anna")
        assert (await client.get(LOOK)).status_code == 200
        began = time.monotonic()
        if how == "password":
            await keeping(settings).change_password("anna", "another horse battery")
        elif how == "removal":
            await keeping(settings).remove_person("anna")
            await keeping(settings).add_person("anna", "manager", PASSWORD)
        else:
            await keeping(settings).end_sessions("anna")
        await until_out(client)
        assert time.monotonic() - began < 10.0


async def test_over_tls_the_cookie_is_of_this_host_alone(module_broker: LocalBroker) -> None:
    settings = settings_of("tls", module_broker.bootstrap, public_url=TLS)
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    gate = Gate(settings)
    async with asked(gate, TLS) as client:
        came = await log_in(client, "anna")
        told = came.headers["set-cookie"]
        assert told.startswith("__Host-touchline=")
        for word in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
            assert word in told
        assert came.headers["strict-transport-security"].startswith("max-age=")
        assert (await client.get(LOOK)).status_code == 200
        token = await csrf_of(client, gate)
        given = {"X-CSRF-Token": token, "Origin": TLS}
        assert (await client.post(ACT, headers=given)).status_code == 403  # a viewer
        client.cookies.set(gate.sessions.cookie, client.cookies[gate.sessions.cookie][:-2] + "AA")
        client.cookies.delete(gate.sessions.cookie, domain="desk.example.com")
        assert (await client.get(LOOK)).status_code == 401


async def test_a_session_expires(module_broker: LocalBroker) -> None:
    settings = settings_of("short", module_broker.bootstrap, session_hours=2.0 / 3_600)
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    async with asked(Gate(settings)) as client:
        came = await log_in(client, "anna")
        cookie = came.headers["set-cookie"].partition(";")[0]
        assert (await client.get(LOOK, headers={"Cookie": cookie})).status_code == 200
        deadline = time.monotonic() + 8.0
        while (await client.get(LOOK, headers={"Cookie": cookie})).status_code == 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_a_link_is_good_for_one_use_on_all_replicas(module_broker: LocalBroker) -> None:
    settings = settings_of("link", module_broker.bootstrap)
    person = await keeping(settings).add_person("demo", "admin", None)
    links = Links(settings, SECRET)
    async with asked(Gate(settings)) as one, asked(Gate(settings)) as other:
        assert (await log_in(one, "demo", "")).status_code == 403
        path = links.made(await let_in(settings, "demo", "admin"))  # as the demo does
        assert (await one.get(path.replace("link=", "link=x"))).status_code == 403
        answers = await asyncio.gather(*(client.get(path) for client in (one, other, one, other)))
        assert sorted(each.status_code for each in answers) == [303, 403, 403, 403]
        assert (await other.get(path)).status_code == 403
        client = one if one.cookies else other
        assert (await client.get(LOOK)).json()["name"] == "demo"
        again = links.made(person)
        await keeping(settings).change_password("demo", PASSWORD)
        await until_out(client)
        assert (await one.get(again)).status_code == 403


async def test_who_tries_too_often_waits_whether_there_is_the_name(
    module_broker: LocalBroker,
) -> None:
    settings = settings_of("slow", module_broker.bootstrap)
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    async with asked(Gate(settings)) as client:
        for name in ("anna", "nobody"):
            answers = [await log_in(client, name, "wrong horse battery") for _ in range(7)]
            assert [each.status_code for each in answers] == [403] * 5 + [429] * 2
            assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert (await log_in(client, "anna")).status_code == 429  # the right one waits too


async def test_a_login_from_elsewhere_is_refused(module_broker: LocalBroker) -> None:
    settings = settings_of("elsewhere", module_broker.bootstrap)
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    async with asked(Gate(settings)) as client:
        came = await log_in(client, "anna", Origin="http://evil.example")
        assert came.status_code == 403
        assert not client.cookies
        big = await client.post("/login", data={"name": "x" * 10_000}, headers=ORIGIN)
        assert big.status_code == 413


async def test_a_key_goes_before_a_cookie_and_needs_no_token(module_broker: LocalBroker) -> None:
    settings = settings_of("both", module_broker.bootstrap)
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    made = await keeping(settings).make_key("crm", ["act"])
    async with asked(Gate(settings)) as client:
        await log_in(client, "anna")
        answer = await client.post(ACT, headers=bearer(made.token.text))
        assert answer.json() == {"name": "crm"}
        assert (await client.get(LOOK, headers=bearer(made.token.text))).status_code == 403
        assert (await client.get(LOOK, headers=bearer("tl_x"))).status_code == 401


async def test_accounts_that_cannot_be_are_refused(module_broker: LocalBroker) -> None:
    settings = settings_of("accounts", module_broker.bootstrap)
    kept = keeping(settings)
    for name in ("", "-x", "a b", "a\n", "x" * 65, "<b>"):
        with pytest.raises(AccessError, match="a name has 1 to 64"):
            await kept.add_person(name, "viewer", PASSWORD)
    with pytest.raises(AccessError, match="12 to 256 characters"):
        await kept.add_person("anna", "viewer", "short")
    await kept.add_person("anna", "viewer", PASSWORD)
    with pytest.raises(AccessError, match="there is an account anna already"):
        await kept.add_person("anna", "admin", PASSWORD)
    with pytest.raises(AccessError, match="there is no account ben"):
        await kept.remove_person("ben")


async def until_out(client: httpx.AsyncClient, seconds: float = 2.0) -> None:
    """Wait until nobody is let in by this client's cookie."""
    deadline = time.monotonic() + seconds
    while (await client.get(LOOK)).status_code != 401:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def _plain(page: str) -> str:
    """A page without the time that it was made at."""
    return re.sub(r'<meta name="now"[^>]*>', "", page)
