"""`make bench`: the figures of the README. Names of benchmarks as arguments choose among them."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec

BENCHMARKS = ("quality", "speed", "growth", "month", "acknowledgements", "source_index")


def main() -> None:
    """Run each that is there, one after the other."""
    for name in sys.argv[1:] or BENCHMARKS:
        if name not in BENCHMARKS:
            raise SystemExit(f'There is no benchmark "{name}". Known: {", ".join(BENCHMARKS)}.')
        if find_spec(f"benchmarks.{name}"):
            sys.argv[1:] = []
            import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
