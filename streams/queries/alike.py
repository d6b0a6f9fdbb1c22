"""Whether all partitions are worked by one policy and one version, and if not, by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.workers import identities, spans, words
from schemas.workers import WorkedBy, WorkedPartition, worked_partition
from streams.engine.checkpoint import NewerFormat


@dataclass(slots=True)
class Alike:
    """What is to be told: how the partitions are worked, what is wrong, and what may be."""

    told: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def alike(
    by: Mapping[int, WorkedBy],
    newer: Mapping[int, NewerFormat],
    owners: Mapping[int, str],
    policy: str,
) -> Alike:
    """Judge who works each partition, by number; ``policy`` is the fingerprint of doctor's own.

    ``owners`` are the group's members by partition; nothing is wrong while there is none.
    """
    said = {number: one.by for number, one in newer.items()} | dict(by)
    known = {number: one for number, one in said.items() if all(one.code) and one.worker}
    partitions = [worked_partition(number, known[number]) for number in sorted(known)]
    found = Alike(words(partitions))
    _judge_newer(found, newer, owners)
    if not partitions:
        return found
    different = identities(partitions)
    if len({one.policy for one in different}) > 1:
        _tell(found, owners, _differ("policies", partitions))
    elif len({one.forms for one in different}) > 1:
        _tell(found, owners, _differ("forms of what is stored", partitions))
    elif len({one.version for one in partitions}) > 1:
        found.notes.append(f"the workers are of several versions: {found.told}")
    elif different[0].policy != policy:
        found.notes.append(
            f"the workers go by policy {different[0].policy}, this command by {policy}: give it "
            f"the workers' file (--policy or TOUCHLINE_POLICY)"
        )
    return found


def _tell(found: Alike, owners: Mapping[int, str], what: str) -> None:
    """A problem while somebody works, else how the last ones left it."""
    (found.problems if owners else found.notes).append(what)


def _differ(what: str, partitions: Sequence[WorkedPartition]) -> str:
    return (
        f"the workers of the group do not go by the same {what}: {words(partitions)}. Restart "
        f"those that are behind (docs/OPERATIONS.md, 'Changing the policy')"
    )


def _judge_newer(found: Alike, newer: Mapping[int, NewerFormat], owners: Mapping[int, str]) -> None:
    by_reason: dict[str, list[int]] = {}
    for number, why in newer.items():
        by_reason.setdefault(str(why), []).append(number)
    for reason, numbers in by_reason.items():
        who = sorted({owners[number] for number in numbers if number in owners})
        held = f" (now with worker {', '.join(who)})" if who else ""
        plural = "s" if len(numbers) > 1 else ""
        found.problems.append(f"partition{plural} {spans(numbers)}{held}: {reason}")
