"""By whom and by which policy each partition is worked: what doctor, metrics and signals go by.

A partition's checkpoint holds it, so that it is known as exactly as the state it belongs to; from
each partition's snapshot one compacted record is made, beside the standings.
"""

from typing import Annotated, ClassVar, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from schemas import topics
from schemas.common import CommonRecord
from schemas.fields import Instant, Label, OutputId, moment
from schemas.published import Count

WORKERS_KEY: Final = b"workers"
MAX_PARTITIONS: Final = 10_000


class WorkedBy(msgspec.Struct, array_like=True, frozen=True):
    """Who works a partition, as its checkpoint holds it: fields are appended, none ever moves.

    ``policy`` and ``forms`` are the fingerprints of the policy and of the forms of what is stored
    (16 hex digits), ``version`` is Touchline's, ``worker`` its host and process. These three have
    been so since ``since`` (ms), whichever workers they were.
    """

    policy: str = ""
    forms: str = ""
    version: str = ""
    worker: str = ""
    since: int = 0

    @property
    def code(self) -> tuple[str, str, str]:
        """Policy, forms and version: what all workers of a group should share."""
        return self.policy, self.forms, self.version

    def taking_over(self, before: "WorkedBy | None", now: int) -> "WorkedBy":
        """The same, since when it was so before, or else since ``now`` (ms)."""
        stays = before is not None and before.code == self.code
        since = before.since if before is not None and stays else now
        return msgspec.structs.replace(self, since=since)


class WorkedPartition(BaseModel):
    """One partition: fingerprints of policy and stored forms, version, worker, and since when."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    partition: Count
    policy: Label
    forms: Label
    version: Label
    worker: Label
    since: Instant


def worked_partition(number: int, by: WorkedBy) -> WorkedPartition:
    """A partition and who works it, to be published."""
    return WorkedPartition(
        partition=number,
        policy=by.policy,
        forms=by.forms,
        version=by.version,
        worker=by.worker,
        since=moment(by.since),
    )


class Identity(BaseModel):
    """What workers must share: fingerprints of the policy and of the forms of what is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    policy: Label
    forms: Label


class Workers(CommonRecord):
    """Every partition with its worker, ascending; `told` is what was signalled last.

    More than one entry of `told`: the workers of the group do not follow one policy, or do not
    store in one form.
    """

    topic = topics.PORTFOLIO
    id_field = "workers_id"
    kind: ClassVar[str] = "workers"
    of_partitions: ClassVar[bool] = False

    workers_id: OutputId
    version: Annotated[int, Field(ge=1)]
    partitions: Annotated[tuple[WorkedPartition, ...], Field(max_length=MAX_PARTITIONS)] = ()
    told: Annotated[tuple[Identity, ...], Field(max_length=MAX_PARTITIONS)] = ()

    @property
    def key(self) -> bytes | None:
        """Always the same: only the newest record is kept."""
        return WORKERS_KEY
