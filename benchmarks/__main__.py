"""`make bench`: measures the figures of the README. Arguments select benchmarks by name."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

BENCHMARKS = ("quality", "speed", "reading", "growth", "month", "acknowledgements", "source_index")


def main() -> None:
    """Runs the selected benchmarks, or all of them, one after the other."""
    for name in sys.argv[1:] or BENCHMARKS:
        if name not in BENCHMARKS:
            raise SystemExit(f'There is no benchmark "{name}". Known: {", ".join(BENCHMARKS)}.')
        if find_spec(f"benchmarks.{name}"):
            sys.argv[1:] = []
            import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
