"""``make bench``: every benchmark, one after another."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    *("engines", "pipeline", "latency", "restore", "opening", "memory", "segments", "bank_seeds"),
    *("readmodel", "serve", "ingest", "desk", "beside"),
)


def main() -> int:
    """Run them all; exit status 1 if any missed its target or failed."""
    failed = [
        name
        for name in BENCHMARKS
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    ]
    if failed:
        print(f"missed or failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
