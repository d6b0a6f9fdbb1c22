"""Timing anew what another policy timed: of every key with a timer, a slice at a time."""

from __future__ import annotations

from collections.abc import Callable

SLICE_KEYS = 128


class Replanning:
    """The keys that are still to be looked at; those that come later are timed as they come."""

    __slots__ = ("_left",)

    def __init__(self, keys: list[str]) -> None:
        self._left = keys

    @property
    def busy(self) -> bool:
        """Whether any are left."""
        return bool(self._left)

    def work(self, replan: Callable[[str], None]) -> bool:
        """A slice; whether it was the last."""
        for _ in range(min(SLICE_KEYS, len(self._left))):
            replan(self._left.pop())
        return not self._left
