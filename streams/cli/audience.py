"""An audience as lines of a file: one customer a line, as JSON or CSV."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from domain.policy import Policy
from schemas.fields import moment, rfc3339
from schemas.segments import SegmentModel
from streams.cli.output import stdout_bytes
from streams.errors import NotWritten
from streams.files.csv_rows import Cell, csv_row
from streams.queries.segments import Member, name_of, vector

COLUMNS = ("customer_id", "segment", "segment_name", "as_of", "last_click_at", "segment_changes")


class Audience:
    """Writes the members of one segment; ``count`` is how many there were.

    ``features`` is what a member was last judged by, ``entered_with`` what it had when it entered
    the segment: beside each other they say how it has changed since.
    """

    def __init__(
        self,
        file: BinaryIO,
        model: SegmentModel,
        segment_id: str,
        form: Literal["jsonl", "csv"],
        policy: Policy,
    ) -> None:
        self.count = 0
        self._file = file
        self._features, self._policy = model.features, policy
        self._segment = segment_id
        self._name = name_of(model, segment_id)
        self._csv = form == "csv"
        if self._csv:
            entered = [f"entered_with_{name}" for name in self._features]
            self._row([*COLUMNS, *self._features, *entered])

    def add(self, one: Member) -> None:
        """Write one member."""
        self.count += 1
        core = one.core
        head = (
            one.customer_id,
            self._segment,
            self._name,
            _time(one.as_of),
            _time(core.newest_click),
            core.segment_changes,
        )
        features = vector(one, self._features, self._policy)
        entered = None
        if len(core.entered_with) == len(self._features):
            entered = dict(zip(self._features, core.entered_with, strict=True))
        if self._csv:
            both = [
                (part or {}).get(name) for part in (features, entered) for name in self._features
            ]
            self._row([*head, *both])
            return
        line = dict(zip(COLUMNS, head, strict=True)) | {
            "features": features,
            "entered_with": entered,
        }
        self._file.write(msgspec.json.encode(line) + b"\n")

    def _row(self, cells: list[Cell]) -> None:
        self._file.write(csv_row(cells).encode())


@contextmanager
def writing(out: Path | None) -> Iterator[BinaryIO]:
    """Stdout, or a file that takes its name once it is whole. Raises NotWritten."""
    if out is None:
        with stdout_bytes() as stdout:
            yield stdout
        return
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    except OSError as error:
        raise NotWritten(f"{out} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _time(at: int) -> str | None:
    return rfc3339(moment(at)) if at else None
