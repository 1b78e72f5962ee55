"""The values that travel between the rooms: units, what people decided, what a team set up.

What a report is made of stands in `report`.

All times are integers, nanoseconds since the Unix epoch in UTC: Cloud Logging's own resolution,
exact to compare and to add, and free of time zones until a person reads them. All text in here
has been redacted (see `redact`); nothing has been escaped, since that depends on where it goes.
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
    """What became of a cluster since it was last looked at."""

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
        """How long it is."""
        return (self.end - self.start) / SECOND

    def __contains__(self, timestamp: int) -> bool:
        return self.start <= timestamp < self.end


@dataclass(frozen=True, slots=True)
class Location:
    """Where a message was written: module (or file), function and line, as the log names them."""

    module: str
    function: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return self.module if self.line is None else f"{self.module}:{self.line}"


# --- what people decided -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Values:
    """Who stood in one place of a cluster's messages: hashes only."""

    before: str
    """What they are called: `user`."""
    seen: tuple[tuple[str, int], ...] = ()
    """(keyed hash, time), of the most frequent ones; see `expected.fingerprints`."""
