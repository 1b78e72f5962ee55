"""A clock that the playground can move, for all its processes at once.

The playground names a file in GARDENER_CLOCK and writes into it how far its time is ahead.
Production has no such file: its processes use the machine's clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MovedClock:
    """The machine's clock plus the nanoseconds that a file holds as a decimal number."""

    path: Path

    def __call__(self) -> int:
        """Returns nanoseconds since the epoch; without a readable number the machine's own."""
        try:
            return time.time_ns() + int(self.path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return time.time_ns()
