"""Is everything as it must be, and if not, what is to be done: what ``doctor`` looks at."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.consumer.fetcher import IsolationLevel

from domain.policy import Policy
from domain.policy.fingerprint import fingerprint
from schemas.topics import INPUT_TOPICS, SOURCE_TOPICS
from streams.engine.checkpoint import Checkpoint, NewerFormat
from streams.engine.clients import blocking_client_options
from streams.engine.lost import Loss, StateLoss
from streams.engine.reaching.look import look
from streams.queries import connect, placement, rights
from streams.queries.alike import alike
from streams.queries.checkpoints import checkpoints
from streams.queries.lasting import lasting
from streams.queries.lost import Offsets, losses, signs
from streams.queries.transactions import Holder, holders
from streams.settings import Settings
from streams.topics.ensure import TopicReport, ensure_topics_of

LOOK_AGAIN_SECONDS = 3.0


@dataclass(slots=True)
class PartitionHealth:
    """One partition number; ``clock`` is its task clock in ms, 0 when it never committed."""

    number: int
    member: str | None
    lag: int
    clock: int
    losses: tuple[Loss | StateLoss, ...]
    held: tuple[str, ...]
    stands_still: bool = False
    holders: tuple[Holder, ...] = ()


@dataclass(slots=True)
class Health:
    """What was found. ``problems`` say what is wrong and what to do, a sentence or two each."""

    brokers: int
    topics: TopicReport
    members: int = 0
    partitions: list[PartitionHealth] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    worked: str = ""
    """By which policy and version the partitions are worked, by whom and since when."""


def examine(settings: Settings, rules: Policy, step: Callable[[str], None]) -> Health:
    """Look at brokers, topics, group and partitions; raises ClusterError without an answer."""
    with connect.admin(settings) as admin:
        step("brokers")
        brokers = len(admin.describe_cluster()["brokers"])
        ways = look(blocking_client_options(settings), everywhere=True).remarks()
        step("rights")
        may = rights.judged(settings)
        wrong = [*ways, *may.problems]
        if may.blind:
            return Health(brokers, TopicReport((), (), ()), problems=wrong)
        step("topics")
        health = Health(brokers, ensure_topics_of(settings, dry_run=True), problems=wrong)
        _judge_topics(health)
        if health.topics.created or not all(one.only_lasts() for one in health.topics.mismatches):
            return health
        found = lasting(admin, rules)
        health.problems += found.problems
        health.notes += found.notes
        step("group")
        owners = _owners(admin, settings, health)
        step("partitions")
        newer: dict[int, NewerFormat] = {}
        saved = connect.run(checkpoints(settings, range(settings.partitions), newer))
        by = {number: one.by for number, one in saved.items() if one.by is not None}
        together = alike(by, newer, owners, fingerprint(rules))
        health.worked = together.told
        health.problems += together.problems
        health.notes += together.notes
        health.partitions = _look(admin, settings, owners, saved, newer)
        step("where records lie")
        health.problems += [str(one) for one in _misplaced(admin, settings)]
        if any(one.lag for one in health.partitions):
            step("whether they go on")
            _look_again(admin, settings, health)
        _find_holders(admin, settings, health.partitions)
    _judge(settings, health)
    return health


def input_offsets(
    admin: KafkaAdminClient, numbers: Sequence[int], topics: Sequence[str] = SOURCE_TOPICS
) -> Offsets:
    """The offsets of these numbers over all topics that the workers read, as of now."""
    places = [TopicPartition(topic, number) for topic in topics for number in numbers]

    def listed(spec: OffsetSpec, level: IsolationLevel) -> dict[TopicPartition, int]:
        found = admin.list_partition_offsets(dict.fromkeys(places, spec), level)
        return {place: one.offset for place, one in found.items()}

    committed, everything = IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED
    return Offsets(
        listed(OffsetSpec.EARLIEST, everything),
        end=listed(OffsetSpec.LATEST, everything),  # before: what is open then is open for longer
        stable=listed(OffsetSpec.LATEST, committed),
    )


# -- looking ----------------------------------------------------------------------------


def _owners(admin: KafkaAdminClient, settings: Settings, health: Health) -> dict[int, str]:
    """Which member has which number; tells of members that share one."""
    group = admin.describe_groups([settings.app_id])[settings.app_id]
    health.members = len(group["members"])
    if group["group_state"] not in ("Stable", "Empty", "Dead"):
        health.notes.append(f"the group is {group['group_state']}: look again in some seconds")
    owners: dict[int, str] = {}
    for nth, member in enumerate(group["members"], 1):
        name = f"{nth} at {member['client_host'].lstrip('/')}"
        assigned = (member["member_assignment"] or {}).get("assigned_partitions", [])
        for number in {number for one in assigned for number in one["partitions"]}:
            if owners.setdefault(number, name) != name:
                health.problems.append(
                    f"partition {number} is split between two workers: restart all workers; "
                    f"every one of them must be of this version"
                )
    return owners


def _look(
    admin: KafkaAdminClient,
    settings: Settings,
    owners: dict[int, str],
    saved: Mapping[int, Checkpoint],
    newer: Collection[int],
) -> list[PartitionHealth]:
    numbers = [number for number in range(settings.partitions) if number not in newer]
    offsets = input_offsets(admin, numbers)
    found = signs(admin, settings, numbers)
    looked = []
    for n in numbers:
        one = _one(n, saved.get(n, Checkpoint()), offsets, owners.get(n))
        one.losses = losses(n, saved.get(n), offsets, found)
        looked.append(one)
    return looked


def _misplaced(admin: KafkaAdminClient, settings: Settings) -> list[placement.Misplaced]:
    offsets = input_offsets(admin, range(settings.partitions), INPUT_TOPICS)
    wanted = placement.spans(offsets.earliest, offsets.stable)
    return placement.judged(connect.run(placement.newest_records(settings, wanted)))


def _one(
    number: int, checkpoint: Checkpoint, offsets: Offsets, member: str | None
) -> PartitionHealth:
    lag, held = 0, []
    for topic in SOURCE_TOPICS:
        place = TopicPartition(topic, number)
        position = checkpoint.next_offsets.get(topic, offsets.earliest[place])
        lag += max(0, offsets.stable[place] - position)
        if offsets.stable[place] < offsets.end[place]:
            held.append(topic)
    return PartitionHealth(number, member, lag, checkpoint.clock, (), tuple(held))


def _look_again(admin: KafkaAdminClient, settings: Settings, health: Health) -> None:
    """Mark the partitions that have lag and took nothing while we waited."""
    newer: dict[int, NewerFormat] = {}
    numbers = [one.number for one in health.partitions if one.lag]
    before = connect.run(checkpoints(settings, numbers, newer))
    time.sleep(LOOK_AGAIN_SECONDS)
    after = connect.run(checkpoints(settings, numbers, newer))
    offsets = input_offsets(admin, range(settings.partitions))
    for one in health.partitions:
        if one.number not in numbers:
            continue
        now = after.get(one.number, Checkpoint())
        again = _one(one.number, now, offsets, one.member)
        moved = now.next_offsets != before.get(one.number, Checkpoint()).next_offsets
        one.stands_still = not moved and again.lag > 0
        one.lag, one.held = again.lag, tuple(set(one.held) & set(again.held))


def _find_holders(
    admin: KafkaAdminClient, settings: Settings, partitions: Sequence[PartitionHealth]
) -> None:
    """Keep as held what somebody holds for long; in what the workers write, too."""
    places = [TopicPartition(topic, one.number) for one in partitions for topic in one.held]
    found = holders(admin, settings, places) if places else []
    for one in partitions:
        if found is None:  # a transaction of the workers is open most of the time
            one.held = tuple(topic for topic in one.held if topic in INPUT_TOPICS)
        else:
            one.holders = tuple(each for each in found if each.number == one.number)
            one.held = tuple(each.topic for each in one.holders)


# -- judging ----------------------------------------------------------------------------


def _judge_topics(health: Health) -> None:
    health.problems += [str(mismatch) for mismatch in health.topics.mismatches]
    if health.topics.created:
        missing = ", ".join(health.topics.created)
        health.problems.append(f"topics are missing ({missing}): run `touchline topics`")


def _judge(settings: Settings, health: Health) -> None:
    lagging = sum(one.lag for one in health.partitions)
    if not health.members:
        if lagging:
            health.problems.append(
                f"no worker runs and {lagging:,} records wait: start `touchline worker`"
            )
        else:
            health.notes.append("no worker runs; nothing waits")
    for one in health.partitions:
        health.problems += [text for text in (_stuck(settings, one, health.members),) if text]


def _stuck(settings: Settings, one: PartitionHealth, members: int) -> str | None:
    """What holds a partition up, or ``None``."""
    name = f"partition {one.number}"
    if one.losses:
        what = "; ".join(str(loss) for loss in one.losses)
        return (
            f"{name} is stuck: what it goes on with is not there ({what}). Bring it back, or go on "
            f"without it: touchline doctor --accept-loss {one.number}"
        )
    if one.holders:
        return "; ".join(str(each) for each in one.holders)
    if one.held:
        return (
            f"{name} is held up by an open transaction in {', '.join(one.held)}; whose it is this "
            f"user may not see: kafka-transactions --find-hanging tells it"
        )
    if members and one.member is None:
        return f"{name} has no worker although {members} run: look at their logs, restart one"
    if members and one.stands_still:
        return (
            f"{name} is stuck: {one.lag:,} records wait and nothing was committed for "
            f"{LOOK_AGAIN_SECONDS:.0f} s. See /readyz and the log of worker {one.member}; "
            f"restarting that worker hands its partitions to the others"
        )
    return None
