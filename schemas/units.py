"""Lengths of time in milliseconds: the one definition of each."""

from typing import Final

MS_PER_SECOND: Final = 1_000
MS_PER_MINUTE: Final = 60 * MS_PER_SECOND
MS_PER_HOUR: Final = 60 * MS_PER_MINUTE
MS_PER_DAY: Final = 24 * MS_PER_HOUR
MS_PER_WEEK: Final = 7 * MS_PER_DAY
