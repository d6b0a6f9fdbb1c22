"""Keys on a real broker: let in, refused, changed for another, expired, revoked on all replicas."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from schemas.audit import AuditRecord
from streams.cluster.broker import LocalBroker
from streams.engine.client.reading import read_records
from streams.serve.access.gate import Gate
from streams.serve.access.keeping import AccessError
from streams.settings import Settings
from tests.streams.serve.access.house import asked, bearer, keeping, settings_of

LOOK, ACT = "/v1/customers/c-1", "/v1/alerts/actions"


async def audit_of(settings: Settings) -> list[AuditRecord]:
    """All of the audit, by time."""
    found = []
    for number in range(settings.partitions):
        async for _, value in read_records(settings, settings.audit_topic, number):
            found.append(AuditRecord.model_validate_json(value))
    return sorted(found, key=lambda one: one.occurred_at)


async def test_a_key_lets_in_as_far_as_its_scopes_go(module_broker: LocalBroker) -> None:
    settings = settings_of("scopes", module_broker.bootstrap)
    made = await keeping(settings).make_key("crm", ["read"], owner_id="o-1")
    async with asked(Gate(settings)) as client:
        for given in ({}, bearer("tl_0000000000_" + "x" * 43), {"Authorization": "Basic eA=="}):
            refused = await client.get(LOOK, headers=given)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
            told = refused.json()
            assert (told["status"], told["kind"]) == (401, "unauthenticated")
            assert told.keys() == {"status", "type", "kind", "title"}  # no detail
        answer = await client.get(LOOK, headers=bearer(made.token.text))
        assert answer.json() == {"name": "crm", "owner": "o-1", "person": False}
        refused = await client.post(ACT, headers=bearer(made.token.text))
        assert (refused.status_code, refused.json()["title"]) == (403, "Not allowed")
    found = await audit_of(settings)
    assert [one.act for one in found].count("refused") >= 2
    [looked] = [one for one in found if one.act == "looked"]
    assert (looked.who, looked.customer_id) == ("crm", "c-1")
    assert looked.credential == made.record.id
    assert looked.route == "GET /v1/customers/{customer_id}"
    [forbidden] = [one for one in found if one.act == "refused" and one.who == "crm"]
    assert forbidden.status == 403
    [changed] = [one for one in found if one.act == "access_changed"]
    assert changed.subjects == (made.record.id,)


async def test_a_revoked_key_is_out_on_two_replicas_within_two_seconds(
    module_broker: LocalBroker,
) -> None:
    settings = settings_of("revoked", module_broker.bootstrap)
    first = await keeping(settings).make_key("crm", ["read"])
    async with asked(Gate(settings)) as one, asked(Gate(settings)) as other:
        second = await keeping(settings).make_key("crm", ["read"])  # while they run
        with pytest.raises(AccessError, match="has 2 keys already"):
            await keeping(settings).make_key("crm", ["read"])
        await _until(one, second.token.text, 200)
        for client in (one, other):
            for token in (first.token.text, second.token.text):
                assert (await client.get(LOOK, headers=bearer(token))).status_code == 200
        await keeping(settings).revoke_key(first.record.id)
        began = time.monotonic()
        for client in (one, other):
            await _until(client, first.token.text, 401)
        assert time.monotonic() - began < 2.0
        for client in (one, other):
            answer = await client.get(LOOK, headers=bearer(second.token.text))
            assert answer.status_code == 200
    await keeping(settings).make_key("crm", ["read"])  # there is room for another


async def test_an_expired_key_is_out(module_broker: LocalBroker) -> None:
    settings = settings_of("expired", module_broker.bootstrap)
    made = await keeping(settings).make_key("crm", ["read"], days=3.0 / 86_400)
    async with asked(Gate(settings)) as client:
        assert (await client.get(LOOK, headers=bearer(made.token.text))).status_code == 200
        await _until(client, made.token.text, 401, seconds=5.0)


async def test_no_secret_is_kept_anywhere(module_broker: LocalBroker) -> None:
    settings = settings_of("secret", module_broker.bootstrap)
    made = await keeping(settings).make_key("crm", ["read"])
    async with asked(Gate(settings)) as client:
        await client.get(LOOK, headers=bearer(made.token.text))
    kept = b""
    for topic in (settings.access_topic, settings.audit_topic):
        for number in range(settings.partitions):
            async for key, value in read_records(settings, topic, number):
                kept += (key or b"") + value
    assert made.record.id.encode() in kept
    assert made.record.hash.encode() in kept
    assert made.token.secret.encode() not in kept


async def test_who_asks_too_often_waits(module_broker: LocalBroker) -> None:
    settings = settings_of("rates", module_broker.bootstrap, requests_per_second=0.5)
    made = await keeping(settings).make_key("crm", ["read"])
    other = await keeping(settings).make_key("desk", ["read"])
    async with asked(Gate(settings)) as client:
        statuses = [await client.get(LOOK, headers=bearer(made.token.text)) for _ in range(12)]
        refused = statuses[-1]
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        answer = await client.get(LOOK, headers=bearer(other.token.text))
        assert answer.status_code == 200


async def _until(client: httpx.AsyncClient, token: str, status: int, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while (await client.get(LOOK, headers=bearer(token))).status_code != status:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
