"""What goes on while the topic of who may come in changes, is made anew, or is away."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

from kafka import KafkaAdminClient

from schemas.audit import AuditRecord
from streams.cluster.broker import LocalBroker
from streams.serve.access.audit import Audit
from streams.serve.access.gate import Gate
from streams.serve.access.measured import AccessMetrics
from streams.serve.access.telling import record
from streams.serve.access.who import SCOPES_OF, Who
from streams.settings import Settings
from streams.topics.ensure import ensure_topics_of
from tests.streams.serve.access.house import PASSWORD, asked, bearer, keeping, settings_of
from tests.streams.serve.access.test_keys import LOOK, audit_of
from tests.streams.serve.access.test_sessions import log_in, until_out

ANNA = Who("anna", SCOPES_OF["desk"], is_person=True)


async def test_a_stream_ends_with_the_key_or_session_that_it_came_by(
    module_broker: LocalBroker,
) -> None:
    settings = settings_of("streams", module_broker.bootstrap)
    kept = keeping(settings)
    made = await kept.make_key("crm", ["read"])
    other = await kept.make_key("crm", ["read"])
    await kept.add_person("anna", "viewer", PASSWORD)
    gate = Gate(settings)
    async with asked(gate) as client:
        by_key, by_other = (
            asyncio.create_task(client.get("/v1/stream", headers=bearer(one.token.text)))
            for one in (made, other)
        )
        await log_in(client, "anna")
        by_session = asyncio.create_task(client.get("/v1/stream"))
        await asyncio.sleep(0.5)
        await kept.revoke_key(made.record.id)
        await asyncio.wait_for(by_key, 2.0)
        assert not by_other.done()
        assert not by_session.done()
        await kept.change_password("anna", "another horse battery")
        assert (await asyncio.wait_for(by_session, 2.0)).json() == {"ended": "anna"}
        await kept.revoke_key(other.record.id)
        await asyncio.wait_for(by_other, 2.0)


async def test_a_topic_that_was_made_anew_is_read_anew(fresh_broker: LocalBroker) -> None:
    settings = settings_of("anew", fresh_broker.bootstrap)
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    for client in ("a", "b", "c"):
        made = await keeping(settings).make_key(client, ["read"])
    gate = Gate(settings)
    async with asked(gate) as asking:
        headers = bearer(made.token.text)
        assert (await asking.get(LOOK, headers=headers)).status_code == 200
        with closing(KafkaAdminClient(bootstrap_servers=fresh_broker.bootstrap)) as admin:
            admin.delete_topics([settings.access_topic])
            while settings.access_topic in admin.list_topics():  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        own = settings.access_topic, settings.audit_topic
        await asyncio.to_thread(ensure_topics_of, settings, only=own)
        deadline = time.monotonic() + 30
        while (await asking.get(LOOK, headers=headers)).status_code == 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        again = await keeping(settings).make_key("a", ["read"])
        while (await asking.get(LOOK, headers=bearer(again.token.text))).status_code != 200:
            assert time.monotonic() < deadline + 30
            await asyncio.sleep(0.1)


async def test_what_was_known_goes_on_while_the_broker_is_away(fresh_broker: LocalBroker) -> None:
    settings = settings_of("away", fresh_broker.bootstrap)
    made = await keeping(settings).make_key("crm", ["read"])
    await keeping(settings).add_person("anna", "viewer", PASSWORD)
    headers = bearer(made.token.text)
    async with asked(Gate(settings)) as client:
        await asyncio.to_thread(fresh_broker.stop)
        began = time.monotonic()
        for _ in range(20):
            assert (await client.get(LOOK, headers=headers)).status_code == 200
        assert (await log_in(client, "anna")).status_code == 303
        assert time.monotonic() - began < 5.0  # nothing waits for Kafka
        await asyncio.to_thread(fresh_broker.start)
        await keeping(settings).change_password("anna", "another horse battery")
        await until_out(client, 60.0)
    found = await audit_of(settings)
    assert [one.act for one in found].count("looked") >= 20
    assert "logged_in" in {one.act for one in found}


async def test_what_the_audit_cannot_hold_is_counted_and_told() -> None:
    settings = Settings()
    settings.kafka.bootstrap = "127.0.0.1:9"
    metrics = AccessMetrics()
    audit = Audit(settings, metrics, held=3)
    running = asyncio.create_task(audit.run())
    began = time.monotonic()
    for _ in range(5):
        audit.write(record("looked", ANNA, customer_id="c-1"))
    assert time.monotonic() - began < 0.5
    assert metrics.lost._value.get() == 2
    await audit.close(running)
    assert metrics.lost._value.get() == 5
    assert metrics.audited._value.get() == 0


def test_what_cannot_be_an_id_is_not_written() -> None:
    for strange in ("", "x" * 65, "a\nb", "\x00"):
        told = record("looked", ANNA, customer_id=strange, subjects=(strange,))
        assert told.customer_id is None
        assert told.subjects == ()
        assert AuditRecord.model_validate_json(told.model_dump_json()) == told
    many = record("acted", ANNA, subjects=[f"a-{n}" for n in range(600)])
    assert len(many.subjects) == 500
    assert many.reason == "anna acted on 600 ids"
