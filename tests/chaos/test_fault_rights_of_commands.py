"""Each right of every command taken from it, one after the other: always told, by that one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import KafkaAdminClient

from streams.engine.rights import Right
from streams.topics.acls import WHO, needs
from streams.topics.ensure import ensure_topics
from streams.topics.wanted import topic_specs
from tests.streams.running import until
from tests.streams.secure.authorised import Authorised
from tests.streams.secure.rights_house import COMMANDS, PARTITIONS, House, house, user_of

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(1_500)]


@pytest.fixture(scope="module")
def all_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as found:
        yield found


def test_each_right_of_each_command_is_missed(all_of_it: House) -> None:
    """All commands side by side, since what is changed is so after a second."""
    wrong = []
    wanted = {who: all_of_it.noticed(who) for who in COMMANDS}
    for nth in range(max(map(len, wanted.values()))):
        taken = {who: rights[nth] for who, rights in wanted.items() if nth < len(rights)}
        for who, right in taken.items():
            all_of_it.kafka.deny(user_of(who), [right])
        all_of_it.settled()
        for who, right in taken.items():
            done = all_of_it.run(who)
            said = done.out if who == "doctor" else "".join(done.err.splitlines()[-1:])
            if done.status != 1 or all_of_it.sentence(who, right) not in said:
                wrong.append((who, right, done))
            all_of_it.kafka.allow(user_of(who), [right])
        print(nth, *taken, flush=True)
    assert wrong == []
    all_of_it.settled()
    for who in COMMANDS:
        assert all_of_it.run(who).status == 0, who


def test_each_topic_that_may_not_be_made_is_told() -> None:
    kafka = Authorised([user_of(who) for who in WHO])
    with kafka.broker as broker:
        one = House(kafka)
        settings = one.settings("topics")
        kafka.allow("topics", needs(settings, "topics"))
        ensure_topics(broker.bootstrap, settings.app_id, PARTITIONS).raise_if_wrong()
        for spec in topic_specs(settings.app_id):
            right = Right("topic", spec.name, "Create")
            kafka.deny("topics", [right])
            with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
                admin.delete_topics([spec.name])
                until(lambda: spec.name not in admin.list_topics(), "the topic to be gone")  # noqa: B023
            one.settled()
            done = one.run("topics")
            assert done.status == 1
            assert done.err == f"touchline: {one.sentence('topics', right)}\n"
            kafka.allow("topics", [right])
            one.settled()
            assert one.run("topics").status == 0
