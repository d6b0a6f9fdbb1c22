"""Who works each partition by which policy in, one record of all out; a signal where they differ.

It is the worker's own: no policy asks for it, and no replay makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agents.modelling import Made, Modelling
from domain.kernel.wording import Wording
from schemas.fields import milliseconds, rfc3339
from schemas.outputs import Signal, output_id
from schemas.told import SENTENCE_CHARACTERS, Told
from schemas.topics import PARTITION_SUMMARIES, PORTFOLIO
from schemas.units import MS_PER_SECOND
from schemas.workers import WORKERS_KEY, Identity, WorkedPartition, Workers

SETTLED_MS = 10 * MS_PER_SECOND
"""Workers that were restarted open one partition after another: told is what stays so long."""
REFIT_SECONDS = 5.0
SIGNAL = "workers_differ"
_WORKED: Final = " {partitions} ({workers}{more:said}) since {since} UTC"
_BY: Final = "policy {policy}, forms {forms}, version {version} in"
ONE: Final = Wording("workers.one", f"{_BY} partition{_WORKED}")
MANY: Final = Wording("workers.many", f"{_BY} partitions{_WORKED}")
MORE: Final = Wording("workers.more", " and {more} more")
GROUPS: Final = Wording("workers.groups", "{groups:said;}")
MAX_TOLD: Final = 6
"""Where more differ, they are told in English alone: a sentence has its most arguments."""
AGREE = "workers_agree"


def workers() -> Modelling[WorkedPartition, Workers]:
    """The modelling."""
    return Modelling(
        kind=Workers.kind,
        source=PARTITION_SUMMARIES,
        target=PORTFOLIO,
        key=WORKERS_KEY,
        load_summary=WorkedPartition.model_validate_json,
        load_record=Workers.model_validate_json,
        fitter=Gathering,
        refit_seconds=REFIT_SECONDS,
    )


class Gathering:
    """Goes on from the record before: what it told is not told again."""

    def __init__(self, previous: Workers | None) -> None:
        self._previous = previous

    def fit(self, summaries: Sequence[WorkedPartition], now: int) -> Made[Workers] | None:
        """The record where it is another, with a signal where it has settled (``now``: ms)."""
        previous = self._previous
        partitions = tuple(sorted(summaries, key=lambda one: one.partition))
        told = previous.told if previous is not None else ()
        found, newest = identities(partitions), max(one.since for one in partitions)
        settled = now - milliseconds(newest) >= SETTLED_MS
        news = settled and found != told
        if previous is not None and previous.partitions == partitions and not news:
            return None
        version = 1 if previous is None else previous.version + 1
        record = Workers(
            workers_id=output_id(Workers.kind, version),
            version=version,
            occurred_at=newest,
            reason=str(words(partitions)),
            partitions=partitions,
            told=found if news else told,
        )
        self._previous = record
        # the first of all is no change: there was nothing before
        outputs = (_signal(record),) if news and (told or len(found) > 1) else ()
        return Made(record, outputs)


def identities(partitions: Sequence[WorkedPartition]) -> tuple[Identity, ...]:
    """What policies and forms there are among them, in an order that is always the same."""
    found = {(one.policy, one.forms) for one in partitions}
    return tuple(Identity(policy=policy, forms=forms) for policy, forms in sorted(found))


def words(partitions: Sequence[WorkedPartition]) -> Told:
    """Which partitions are worked by which policy, by whom and since when; at most 1,000 letters.

    >>> from schemas.fields import moment
    >>> one = WorkedPartition(partition=0, policy="a1", forms="f1", version="0.1.0",
    ...     worker="east:17", since=moment(0))
    >>> words([one, one.model_copy(update={"partition": 1})])
    'policy a1, forms f1, version 0.1.0 in partitions 0-1 (east:17) since 1970-01-01 00:00:00 UTC'
    """
    groups: dict[tuple[str, str, str], list[WorkedPartition]] = {}
    for one in partitions:
        groups.setdefault((one.policy, one.forms, one.version), []).append(one)
    told = []
    for (policy, forms, version), ones in groups.items():
        names = sorted({one.worker for one in ones})
        since = min(one.since for one in ones)
        more = MORE(more=len(names) - 5) if len(names) > 5 else ""
        told.append(
            (MANY if len(ones) > 1 else ONE)(
                policy=policy,
                forms=forms,
                version=version,
                partitions=spans([one.partition for one in ones]),
                workers=", ".join(names[:5]),
                more=more,
                since=f"{since:%Y-%m-%d %H:%M:%S}",
            )
        )
    if len(told) > MAX_TOLD:
        return Told("; ".join(told)[:SENTENCE_CHARACTERS], "", {})
    return GROUPS(groups=told).cut(SENTENCE_CHARACTERS)


def spans(numbers: Sequence[int]) -> str:
    """Numbers in words.

    >>> spans([0, 1, 2, 5, 7, 8])
    '0-2, 5, 7-8'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _signal(record: Workers) -> Signal:
    told = record.told
    kind = SIGNAL if len(told) > 1 else AGREE
    policies, forms = {one.policy for one in told}, {one.forms for one in told}
    labels = {"policies": str(len(policies)), "forms": str(len(forms))}
    if len(told) == 1:
        labels |= {"policy": told[0].policy}
    return Signal(
        signal_id=output_id(kind, record.version),
        kind=kind,
        value=float(len(told)),
        labels=labels,
        occurred_at=rfc3339(record.occurred_at),
        reason=words(record.partitions),
    )


__all__ = ["AGREE", "SIGNAL", "Gathering", "identities", "spans", "words", "workers"]
