"""Counts the answered requests of each revision by minute. Adding and merging commute."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

MINUTES = 2_880
"""Minutes kept of each revision: the newest two days that have requests."""
REVISIONS = 64
"""Revisions kept: the last by name, which for Cloud Run are the newest ones."""


@dataclass(slots=True)
class Served:
    """Requests by revision and minute since the epoch.

    Above a bound, the largest keys are kept, so that the order of entries does not matter.
    """

    minutes: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, revision: str, minute: int, count: int) -> None:
        """Counts requests; ignores those that name no revision."""
        if not revision:
            return
        known = self.minutes.setdefault(revision, {})
        known[minute] = known.get(minute, 0) + count
        if len(known) > 2 * MINUTES or len(self.minutes) > 2 * REVISIONS:
            self.trim()

    def merge(self, other: Served) -> None:
        """Adds the counts of disjoint entries."""
        for revision, minutes in other.minutes.items():
            for minute, count in minutes.items():
                self.add(revision, minute, count)

    def trim(self) -> None:
        """Drops what exceeds the bounds."""
        if len(self.minutes) > REVISIONS:
            self.minutes = {name: self.minutes[name] for name in sorted(self.minutes)[-REVISIONS:]}
        for revision, minutes in self.minutes.items():
            if len(minutes) > MINUTES:
                newest = sorted(minutes)[-MINUTES:]
                self.minutes[revision] = {minute: minutes[minute] for minute in newest}

    def rows(self) -> Iterator[tuple[str, int, int]]:
        """Yields (revision, minute, requests), sorted."""
        for revision in sorted(self.minutes):
            for minute in sorted(self.minutes[revision]):
                yield revision, minute, self.minutes[revision][minute]
