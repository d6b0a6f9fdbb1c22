"""Whether the login that looks may do what it must: what ``doctor`` says of rights.

Kafka tells everybody their own rights alone. Whoever has some right that only workers need is taken
for a worker, and must have all of theirs.
"""

from __future__ import annotations

from typing import NamedTuple

from streams.engine.rights import lacking, of_engine, sentences
from streams.queries import connect
from streams.settings import Settings
from streams.topics.acls import needs, plainest


class Judged(NamedTuple):
    """What is missing, a sentence for each operation; ``blind``: so that not all can be seen."""

    problems: list[str]
    blind: bool


def judged(settings: Settings) -> Judged:
    """What the login that looks lacks, for looking and, where it is a worker's, for working.

    Raises ClusterError without an answer.
    """
    own, worker = needs(settings, "doctor"), of_engine(settings)
    needed = tuple(dict.fromkeys((*worker, *own)))
    missing = connect.run(lacking(settings, needed))
    blind = any(right in own for right in missing)
    only_workers = [right for right in worker if right not in own]
    if all(right in missing for right in only_workers):
        missing = tuple(right for right in missing if right in own)
    return Judged(sentences(settings, plainest(missing)), blind)
