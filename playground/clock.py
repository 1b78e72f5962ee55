"""The playground's time: the machine's, plus what people have skipped.

The stand-ins and the sample service ask it directly. The bot's processes read how far it is ahead
from a file, whose name they get in GARDENER_CLOCK.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playground.feed import PlaygroundError

MORNING = 9
"""The hour, in UTC, to which *next morning* moves: when most digests are due."""


@dataclass
class Clock:
    """A clock that only moves forward. Methods may be called from any thread."""

    machine: Callable[[], float] = time.time
    """Returns seconds since 1970."""
    path: Path | None = None
    """Where the bot's processes read the time skipped; None until they are about to start."""
    _ahead: float = field(default=0.0, init=False)

    def time(self) -> float:
        """Returns the playground's time in seconds since 1970."""
        return self.machine() + self._ahead

    def share(self, path: Path) -> None:
        """Writes the time skipped to this file, now and whenever it changes."""
        self.path = path
        self._write()

    def skip(self, what: str) -> float:
        """Moves to an `hour` later or to the next `morning`; returns the seconds skipped.

        Raises PlaygroundError for anything else.
        """
        now = self.time()
        if what == "hour":
            seconds = 3600.0
        elif what == "morning":
            there = datetime.fromtimestamp(now, UTC)
            morning = there.replace(hour=MORNING, minute=0, second=0, microsecond=0)
            morning += timedelta(days=morning <= there)
            seconds = (morning - there).total_seconds()
        else:
            raise PlaygroundError(f'The time cannot move by "{what}": say "hour" or "morning".')
        self._ahead += seconds
        self._write()
        return seconds

    def _write(self) -> None:
        if self.path is not None:
            fresh = self.path.with_suffix(".new")
            fresh.write_text(str(round(self._ahead * 1e9)), encoding="ascii")
            fresh.replace(self.path)
