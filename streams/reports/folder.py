"""A report of what a replay left in a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from domain.experience.score_rows import ScoreRow
from schemas import figures
from schemas.propensity import PropensityModel
from schemas.segments import SegmentModel
from streams.errors import ReportSourceError
from streams.queries.campaigns import of_lines
from streams.reports.report import About, Collector

CUSTOMERS: Final = "customers.jsonl"
KEPT_OVER_ALL: Final = ("scorecards.jsonl", "campaigns.jsonl")
OBJECT: Final = "JSON object"
CUSTOMER: Final = "customer of this version"
Progress = Callable[[int], None]
T = TypeVar("T")


def read_folder(folder: Path, report: Collector, progress: Progress) -> About:
    """Give a report everything that a replay wrote; ``progress`` is told the bytes read.

    Raises ReportSourceError.
    """
    if not (folder / CUSTOMERS).is_file():
        raise ReportSourceError(
            f"{folder}: has no {CUSTOMERS}; give a folder of `touchline replay FILE --out DIR`"
        )
    for topic in report.topics:
        for output in _lines(folder / f"{topic}.jsonl", progress):
            report.add_output(topic, output)
    newest = ""
    for customer in _decoded(folder / CUSTOMERS, progress, figures.decode, CUSTOMER):
        newest = max(newest, customer.newest_event_at or "")
        report.add(customer)
    return About(
        source=str(folder),
        as_of=_as_of(folder) or newest or None,
        segment_names=_segment_names(folder / "segment-model.json"),
        scores=[ScoreRow(**row) for row in _lines(folder / "scorecards.jsonl", progress)],
        campaigns=of_lines(_lines(folder / "campaigns.jsonl", progress)),
        answering=_answering(folder / "propensity-model.json"),
    )


def size(folder: Path, report: Collector) -> int:
    """How many bytes there are to read."""
    names = [f"{topic}.jsonl" for topic in report.topics] + [CUSTOMERS, *KEPT_OVER_ALL]
    return sum(path.stat().st_size for name in names if (path := folder / name).is_file())


def _lines(path: Path, progress: Progress) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines; none of one that is not there."""
    return _decoded(path, progress, msgspec.json.Decoder(dict[str, Any]).decode, OBJECT)


def _decoded(
    path: Path, progress: Progress, decode: Callable[[bytes], T], what: str
) -> Iterator[T]:
    """What the lines of a file hold, each a ``what``; nothing of a file that is not there."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as source:
            for number, line in enumerate(source, 1):
                progress(len(line))
                if not line.strip():
                    continue
                try:
                    yield decode(line)
                except msgspec.DecodeError as error:
                    wanted = what if isinstance(error, msgspec.ValidationError) else OBJECT
                    raise ReportSourceError(
                        f"{path} line {number}: is no {wanted} ({error}); replay the events again"
                    ) from error
    except OSError as error:
        raise ReportSourceError(f"{path}: cannot be read ({error.strerror})") from error


def _as_of(folder: Path) -> str | None:
    path = folder / "summary.json"
    if not path.is_file():
        return None
    try:
        found: Any = msgspec.json.decode(path.read_bytes())
        return str(found["as_of"]) if found["as_of"] else None
    except (msgspec.DecodeError, KeyError, TypeError):
        return None  # of an older version: the newest event stands for it


def _segment_names(path: Path) -> dict[str, str]:
    """Names by id; none where there was no model."""
    if not path.is_file():
        return {}
    try:
        model = SegmentModel.model_validate_json(path.read_bytes())
    except ValueError:
        return {}  # what a replay writes that made no model
    return {card.segment_id: card.name for card in model.segments}


def _answering(path: Path) -> PropensityModel | None:
    """The model of answers to mailings; none where nothing was learnt."""
    if not path.is_file():
        return None
    try:
        return PropensityModel.model_validate_json(path.read_bytes())
    except ValueError:
        return None  # what a replay writes that made no model
