"""The end of a TLS connection: our close is said, the broker's is not waited for.

A broker that gets a request and the close behind it in one piece answers the request, and looks at
the close only once the socket gives a sign again. asyncio and uvloop give none before the broker's
close is there, or 30 s are over: at the end of a consumer whose next fetch was just sent. RFC 8446
(6.1) lets each side close without waiting for the other.
"""

from __future__ import annotations

import contextlib
import ssl


class PromptlyClosed(ssl.SSLObject):
    """TLS for asyncio's and uvloop's transports; set it as ``sslobject_class`` of a context."""

    def unwrap(self) -> None:
        """Say that nothing more will be sent; raises :class:`ssl.SSLError` where that fails."""
        with contextlib.suppress(ssl.SSLWantReadError):  # raised where it waits for the peer's
            super().unwrap()
