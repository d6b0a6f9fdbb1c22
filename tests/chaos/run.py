"""The kill test by hand: ``python -m tests.chaos.run --minutes 30 --seed 7``.

Ends with status 0 when nothing was lost, doubled or wrong, and with 1 and the differences
otherwise. The workers' logs, the broker's and the journal stay in the directory it names.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.chaos.faults import OFTEN, ONCE
from tests.chaos.harness import Run


def main() -> int:
    """Run faults for some minutes, then judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rate", type=float, default=400.0, help="records a second")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="touchline-chaos-"))
    print(f"seed {options.seed}; logs in {directory}")
    until = time.monotonic() + 60 * options.minutes
    with Run(directory, seed=options.seed, rate=options.rate, show=True) as run:
        run.begin()
        run.inflict(ONCE)
        faults = [fault for fault, weight in OFTEN for _ in range(weight)]
        while time.monotonic() < until:
            run.inflict([run.random.choice(faults)])
        verdict = run.finish()
        for crash in run.fleet.crashes:
            print(crash)
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
