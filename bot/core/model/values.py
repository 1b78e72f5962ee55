"""Basic values that all packages share: units of time, severities, priorities, windows, locations.

The parts of a report are in `report`.

All times are integers, nanoseconds since the Unix epoch in UTC: Cloud Logging's own resolution,
exact to compare and to add, and without a time zone until a person reads them. All text is
redacted (see `redact`) but not escaped, since escaping depends on where the text is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
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
