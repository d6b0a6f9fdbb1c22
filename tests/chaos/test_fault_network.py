"""The workers' network is cut for 75 s: nothing is refused or closed, and nothing gets through."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from streams.cluster import ports
from streams.cluster.broker import LocalBroker
from tests.chaos.harness import Kafka, Run
from tests.chaos.long import LONG_SECONDS, MARKS, PROMISE, RATE, judged, outage
from tests.chaos.proxy import Proxy

pytestmark = MARKS


class ProxiedRun(Run):
    """The load has the broker itself, the workers know it by the proxy's address alone."""

    def open_kafka(self) -> Kafka:
        """A broker with a second listener, which it tells as the proxy's address."""
        inner, self.outer = ports.free_ports(2)
        listener = {
            "listeners": f"PROXIED://{ports.LOOPBACK}:{inner}",
            "advertised.listeners": f"PROXIED://{ports.LOOPBACK}:{self.outer}",
            "listener.security.protocol.map": "PROXIED:PLAINTEXT",
        }
        self.opened = ExitStack()
        broker = LocalBroker(self.directory / "kafka", config=listener)
        broker.start()
        self.proxy = self.opened.enter_context(Proxy(self.outer, inner))
        return broker

    @property
    def workers_bootstrap(self) -> str:
        """The proxy."""
        return f"{ports.LOOPBACK}:{self.outer}"

    def __exit__(self, *given: object) -> None:
        super().__exit__(*given)
        self.opened.close()


def test_the_network_cut_75_s(tmp_path: Path) -> None:
    with ProxiedRun(tmp_path, seed=34, rate=RATE, promise=PROMISE, show=True) as run:
        run.begin(2)
        time.sleep(3)
        with outage(run):
            run.note("the network is cut")
            run.proxy.cut()
            time.sleep(LONG_SECONDS)
            run.proxy.mend()
            run.note("the network is mended")
        judged(run)
