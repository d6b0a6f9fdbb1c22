"""People of an issuer of OpenID Connect: a real one, small, with keys of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr

from schemas.errors import OperatingError
from streams.cluster.broker import LocalBroker
from streams.serve.access.gate import Gate
from streams.serve.access.oidc import Oidc
from streams.serve.access.strangers import BACK
from streams.settings import Settings
from tests.streams.serve.access.house import PASSWORD, SECRET, asked, keeping, settings_of
from tests.streams.serve.access.issuer import CLIENT_ID, CLIENT_SECRET, Issuer, running
from tests.streams.serve.access.test_keys import ACT, LOOK, audit_of
from tests.streams.serve.access.test_sessions import ORIGIN, csrf_of


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with running() as found:
        yield found


def of(issuer: Issuer, app_id: str, broker: LocalBroker, **serve: Any) -> Settings:
    """Settings of an application that trusts it."""
    return settings_of(
        app_id,
        broker.bootstrap,
        oidc_issuer=issuer.address,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=SecretStr(CLIENT_SECRET),
        **serve,
    )


async def there(client: httpx.AsyncClient) -> str:
    """From our page to the issuer; the address that it sends the browser back to."""
    left = await client.get("/login/oidc", params={"next": "/desk?tier=vip"})
    assert left.status_code == 302
    query = parse_qs(urlsplit(left.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["nonce"]
    async with httpx.AsyncClient() as browser:
        answer = await browser.get(left.headers["location"])
    return str(answer.headers["location"])


async def test_who_the_issuer_knows_comes_in_with_its_roles(
    module_broker: LocalBroker, issuer: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer.person |= {"owner_id": "o-3", "roles": ["desk", "marketer", "strange"]}
    settings = of(issuer, "oidc", module_broker)
    gate = Gate(settings)
    async with asked(gate) as client:
        page = await client.get("/login", params={"next": "/desk"})
        assert "/login/oidc?next=%2Fdesk" in page.text
        came = await client.get(await there(client))
        assert (came.status_code, came.headers["location"]) == (303, "/desk?tier=vip")
        assert set(client.cookies) == {"touchline"}
        answer = await client.get(LOOK)
        assert answer.json() == {"name": "li", "owner": "o-3", "person": True}
        who = gate.sessions.read(client.cookies["touchline"], gate.book(), 0)
        assert who is not None
        assert gate.sessions.who(who, gate.book()).scopes == {"read", "act", "export"}
        headers = {**ORIGIN, "X-CSRF-Token": await csrf_of(client, gate)}
        assert (await client.post(ACT, headers=headers)).status_code == 200
        ended_at = time.time_ns() // 1_000_000
        await keeping(settings).end_sessions("li")
        assert await gate.following.until(lambda: "person:li" in gate.book().ended, 5.0)
        assert (await client.get(LOOK)).status_code == 401
        until = gate.book().ended["person:li"].record.until
        assert until - ended_at >= 30 * 86_400_000, "the longest that a session can be set to live"
    found = await audit_of(settings)
    assert [one.act for one in found if one.who == "li"][:2] == ["logged_in", "looked"]
    written = "".join(one.model_dump_json() for one in found) + capsys.readouterr().out
    for secret in (*issuer.seen, CLIENT_SECRET):
        assert secret not in written


@pytest.mark.parametrize(
    "fault",
    [
        "state",
        "no cookie",
        "code",
        "nonce",
        "audience",
        "issuer",
        "expired",
        "key",
        "roles",
        "name",
    ],
)
async def test_what_does_not_fit_is_let_in_by_no_way(
    module_broker: LocalBroker, issuer: Issuer, fault: str
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "nonce": {"nonce": "another"},
        "audience": {"aud": "another"},
        "issuer": {"iss": "http://127.0.0.1:1"},
        "expired": {"iat": 1_000, "exp": 2_000},
        "roles": {"roles": ["guest"]},
        "name": {"preferred_username": "<script>"},
    }
    issuer.changes = changes.get(fault, {})
    issuer.strange_key = fault == "key"
    async with asked(Gate(of(issuer, "oidc-faults", module_broker))) as client:
        back = await there(client)
        if fault == "state":
            back = back.replace("state=", "state=x")
        elif fault == "code":
            back = back.replace("code=", "code=x")
        elif fault == "no cookie":
            client.cookies.clear()
        refused = await client.get(back)
        assert refused.status_code == 403
        assert "touchline" not in client.cookies
        assert "<script>alert" not in refused.text
        assert (await client.get(LOOK)).status_code == 401
        issuer.changes, issuer.strange_key = {}, False
        came = await client.get(await there(client))
        assert came.status_code == 303
        assert (await client.get(back)).status_code == 403  # used, or of another leaving


async def test_a_local_account_of_that_name_is_another_person(
    module_broker: LocalBroker, issuer: Issuer
) -> None:
    settings = of(issuer, "oidc-local", module_broker)
    await keeping(settings).add_person("li", "viewer", PASSWORD)
    async with asked(Gate(settings)) as client:
        assert (await client.get(await there(client))).status_code == 403


async def test_roles_are_found_deep_and_where_the_issuer_tells_of_people(
    module_broker: LocalBroker, issuer: Issuer
) -> None:
    del issuer.person["roles"]
    settings = of(
        issuer, "oidc-deep", module_broker, oidc_roles_claim="realm_access.roles",
        oidc_name_claim="email",
    )  # fmt: skip
    issuer.userinfo = {"sub": "u-1", "email": "li@b.example", "realm_access": {"roles": "viewer"}}
    async with asked(Gate(settings)) as client:
        assert (await client.get(await there(client))).status_code == 303
        assert (await client.get(LOOK)).json()["name"] == "li@b.example"
        issuer.userinfo["sub"] = "u-2"
        client.cookies.clear()
        assert (await client.get(await there(client))).status_code == 403


async def test_each_claim_is_looked_for_where_the_issuer_tells_it(
    module_broker: LocalBroker, issuer: Issuer
) -> None:
    settings = of(
        issuer, "oidc-halves", module_broker, oidc_owner_claim="attributes.owner",
        oidc_roles_claim="attributes.roles", oidc_name_claim="attributes.name",
    )  # fmt: skip
    issuer.person |= {"attributes": {"locale": "zh", "roles": ["viewer"]}}
    issuer.userinfo = {
        "sub": "u-1", "attributes": {"owner": "o-3", "name": "wu", "roles": ["admin"]},
    }  # fmt: skip
    gate = Gate(settings)
    async with asked(gate) as client:
        assert (await client.get(await there(client))).status_code == 303
        told = (await client.get(LOOK)).json()
        assert told == {"name": "wu", "owner": "o-3", "person": True}
        who = gate.sessions.read(client.cookies["touchline"], gate.book(), 0)
        assert who is not None
        assert who.roles == ("viewer",)  # the id token's own, where it tells


async def test_an_issuer_that_is_away_is_told_on_the_page(module_broker: LocalBroker) -> None:
    with running() as issuer:
        settings = of(issuer, "oidc-away", module_broker)
    async with asked(Gate(settings)) as client:
        answer = await client.get("/login/oidc")
        assert answer.status_code == 403
        assert "role" in answer.text
        assert (await client.get(BACK, params={"code": "x", "state": "y"})).status_code == 403


def test_an_issuer_without_tls_is_refused() -> None:
    settings = Settings()
    settings.serve.oidc_issuer = "http://issuer.example"
    settings.serve.oidc_client_id = CLIENT_ID
    with pytest.raises(OperatingError, match="OIDC_ISSUER must begin with https"):
        Oidc(settings, SECRET)
