"""A worker, or serve, told to end before it has begun ends well: from the import of this on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence


def end_well(arguments: Sequence[str]) -> None:
    """Let SIGTERM end a worker, or serve, with status 0 from its first moment on.

    Until its event loop listens, a second or more goes by with imports and the first look at the
    topics: nothing is begun then that would have to be finished.
    """
    if list(arguments[1:2]) in (["worker"], ["serve"]):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


end_well(sys.argv)
