"""Promises kept: the share of the callbacks promised that were made in time.

Keeping promises is what a relationship is made of (Bitner, "Building Service Relationships: It's
All About Promises", 1995).
"""

from __future__ import annotations

from typing import Final

from domain.kernel.finding import Finding, unknown
from domain.kernel.wording import Wording

KEPT: Final = Wording("promises.kept", "{kept:,.6g} promises kept, {broken:,.6g} broken.")


def kept_share(kept: float, broken: float) -> Finding[float]:
    """The share kept of those kept or broken, 0-1; the numbers may be decayed.

    >>> kept_share(3, 1)[:2]
    (0.75, '3 promises kept, 1 broken.')
    """
    if kept + broken <= 0:
        return unknown("The share of promises kept", ("promises",))
    return Finding(kept / (kept + broken), KEPT(kept=kept, broken=broken))
