"""Basic values that all packages share: units of time, severities, priorities, windows, locations.

The parts of a report are in `report`.

All times are integers, nanoseconds since the Unix epoch in UTC: Cloud Logging's own resolution,
exact to compare and to add, and without a time zone until a person reads them. All text is
redacted (see `redact`) but not escaped, since escaping depends on where the text is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

JSON = Mapping[str, object]
"""A JSON object as it was read."""


class Severity(IntEnum):
    """Cloud Logging's `LogSeverity`, with its numbers."""

    DEFAULT = 0
    DEBUG = 100
    INFO = 200
    NOTICE = 300
    WARNING = 400
    ERROR = 500
    CRITICAL = 600
    ALERT = 700
    EMERGENCY = 800


class Priority(IntEnum):
    """P0 (the service is down) to P9 (noise); the table is in `docs/priorities.md`."""

    P0 = 0
    P1 = 1
    P2 = 2
    P3 = 3
    P4 = 4
    P5 = 5
    P6 = 6
    P7 = 7
    P8 = 8
    P9 = 9

    @property
    def level(self) -> str:
        """HIGH for P0-P2, MEDIUM for P3-P5, LOW for P6-P9."""
        if self <= Priority.P2:
            return "HIGH"
        return "MEDIUM" if self <= Priority.P5 else "LOW"


class State(StrEnum):
    """The state of a cluster compared with its history."""

    NEW = "new"
    RECURRING = "recurring"
    ESCALATING = "escalating"
    REGRESSED = "regressed"
    QUIET = "quiet"


PRESENT = 5 * MINUTE
"""A window that ends at most this long before now shows the present state."""


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open span [start, end) in nanoseconds."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return (self.end - self.start) / SECOND

    def __contains__(self, timestamp: int) -> bool:
        return self.start <= timestamp < self.end

    def reaches(self, now: int) -> bool:
        """True if it ends so close before `now` that it shows the present state."""
        return now - self.end <= PRESENT

    def overlap(self, other: Window) -> Window | None:
        """Returns what both have in common; None if nothing."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Window(start, end) if start < end else None


def joined(windows: Iterable[Window]) -> list[Window]:
    """Returns the windows in ascending order, those that touch joined; without empty ones."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda w: (w.start, w.end)):
        if window.start >= window.end:
            continue
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the source: module (or file), function and line, as the log names them."""

    module: str
    function: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return self.module if self.line is None else f"{self.module}:{self.line}"


# --- acknowledgements ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """The values in one slot of a cluster's messages, as hashes only."""

    before: str
    """The subject before the slot: `user`."""
    seen: tuple[tuple[str, int], ...] = ()
    """(keyed hash, time) of the most frequent values; see `expected.fingerprints`."""
