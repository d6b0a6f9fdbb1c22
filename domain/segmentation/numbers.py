"""Segments by number: what a clusterer predicts, the same from model to model.

A model calls its segments by label (their place in it), which changes with the model. A number is
given to a segment's id once and never again. Nothing of this is stored: state and outputs name
segments by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from domain.segmentation.assign import NONE, Labels
from schemas.segments import QUARANTINE

Codes = NDArray[np.int16]

QUARANTINED: Final = -1
NOWHERE: Final = -2


class Numbers:
    """Numbers of segment ids, from 0 up, beside ``QUARANTINED`` (-1) and ``NOWHERE`` (-2).

    ``ids`` is found by number, those below 0 included. Bound: an id for each segment that a
    model had since the start, some tens.

    >>> numbers = Numbers()
    >>> numbers.use(("s4", "s7", QUARANTINE))
    >>> numbers.of("s7"), numbers.of("s2"), numbers.ids[1], numbers.ids[QUARANTINED]
    (1, 2, 's7', 'quarantine')
    >>> numbers.to_labels(np.array([1, 2, QUARANTINED, NOWHERE])).tolist()
    [1, -1, 2, -1]
    """

    def __init__(self) -> None:
        # The last two entries of `ids` and of `_labels` are found by -2 and -1.
        self.ids: list[str] = ["", QUARANTINE]
        self._of: dict[str, int] = {"": NOWHERE, QUARANTINE: QUARANTINED}
        self._labels: Labels = np.full(len(self.ids), NONE, dtype=np.int16)
        self._numbers: Codes = np.zeros(0, dtype=np.int16)

    def of(self, segment_id: str) -> int:
        """The number of this id; a new one where it is new. The empty id is nowhere."""
        number = self._of.get(segment_id)
        if number is None:
            number = self._of[segment_id] = len(self.ids) + NOWHERE
            self.ids.insert(number, segment_id)
            self._labels = np.insert(self._labels, number, NONE)
        return number

    def use(self, ids: Sequence[str]) -> None:
        """Speak of a model whose labels stand for these ids, in their order."""
        self._numbers = np.array([self.of(each) for each in ids], dtype=np.int16)
        self._labels = np.full(len(self.ids), NONE, dtype=np.int16)
        self._labels[self._numbers] = np.arange(len(ids))

    def to_labels(self, numbers: Codes) -> Labels:
        """The label of each number (m,) in the model in use, ``NONE`` where it has none."""
        return np.asarray(self._labels[numbers])

    def from_labels(self, labels: Labels) -> Codes:
        """The number of each label (m,) of the model in use."""
        return np.asarray(self._numbers[labels])

    def label(self, number: int) -> int:
        """``to_labels`` of one."""
        return self._labels.item(number)

    def number(self, label: int) -> int:
        """``from_labels`` of one."""
        return self._numbers.item(label)
