"""Moments of a customer as scores, from the events of its timeline and its complaints.

They are scored by the rules of workers (`domain.experience.moments`), for a chart beside the
level of satisfaction, which is the state's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from domain.complaints.cycles import opening_score
from domain.experience.moments import care_score, survey_score, wait_score
from domain.policy import Policy
from domain.policy.sections import Satisfaction
from schemas.figures import ComplaintFigures
from streams.serve.pages.sentences import Sentence
from streams.serve.pages.story import Line, Record


class Scored(NamedTuple):
    """A moment: when (ms), its score 0-10, and what it was."""

    at: int
    score: float
    said: Sentence


def scored(
    story: Iterable[Line], cases: Sequence[ComplaintFigures], policy: Policy
) -> list[Scored]:
    """The moments among these lines, the oldest first; a refused event is none.

    >>> from streams.readmodel.rows import Moment
    >>> from streams.serve.pages.story import line
    >>> answer = b'{"instrument": "csat", "score": 2}'
    >>> told = line(Moment(5, "touchpoints.surveys", "survey", True, None, 1, answer))
    >>> [(moment.at, moment.score) for moment in scored([told], [], Policy())]
    [(5, 2.5)]
    """
    known = {case.complaint_id: case for case in cases}
    found = []
    for line in story:
        if line.refused is not None or line.many > 1:
            continue
        score = _score(line.type, line.record, known, policy.satisfaction)
        if score is not None:
            found.append(Scored(line.at, min(10.0, max(0.0, score)), line.said))
    return sorted(found, key=lambda moment: moment.at)


def _score(
    kind: str, record: Record, cases: Mapping[str, ComplaintFigures], rule: Satisfaction
) -> float | None:
    """The score of an event that a worker took; where one has two, the lower."""
    scores, given = rule.scores, record.get("score")
    if kind == "survey" and isinstance(given, int | float):
        return survey_score(str(record.get("instrument")), given)
    if kind == "service_contact":
        waited = record.get("wait_seconds")
        found = [wait_score(waited, rule)] if isinstance(waited, int | float) else []
        if record.get("outcome") == "unresolved":
            found.append(scores.contact_unresolved)
        elif record.get("outcome") == "abandoned":
            found.append(scores.contact_abandoned)
        return min(found, default=None)
    if kind == "feedback":
        return scores.praise if record.get("kind") == "praise" else None
    if kind == "care":
        return care_score(given) if isinstance(given, int | float) else None
    if kind == "app_click":
        return scores.error if record.get("action") == "error" else None
    return _complaint(record, cases, rule) if kind == "complaint" else None


def _complaint(
    record: Record, cases: Mapping[str, ComplaintFigures], rule: Satisfaction
) -> float | None:
    status, case = record.get("status"), cases.get(str(record.get("complaint_id")))
    if status in ("opened", "reopened"):
        severity = record.get("severity") or (case and case.severity)
        return opening_score(severity) if isinstance(severity, int | float) else None
    if status == "withdrawn":
        return rule.scores.withdrawn
    if status == "resolved" and case is not None and case.resolved_in_time is not None:
        scores = rule.scores
        return scores.resolved_in_time if case.resolved_in_time else scores.resolved_late
    return None
