"""Limits on calls: Google allows 60 `entries.list` calls a minute and project, for all clients."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Budget(Protocol):
    """A limit on calls that is charged for every attempt, also for those that fail."""

    def take(self, project: str) -> float:
        """Takes one call and returns 0.0, or returns the seconds to wait before the next try."""
        ...


class NoBudget:
    """A budget without a limit, for endpoints that are not Google's."""

    def take(self, project: str) -> float:  # noqa: ARG002 - the protocol's
        """Always allows the call."""
        return 0.0


class SlidingWindow:
    """A `Budget` for one process: at most `limit` calls in any `seconds`."""

    def __init__(self, limit: int = 55, seconds: float = 60.0) -> None:
        """The default is below Google's limit of 60, which others in the project share."""
        self._limit = limit
        self._seconds = seconds
        self._calls: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def take(self, project: str) -> float:
        """Counts the call and returns 0.0, or returns the seconds until one is free."""
        now = time.monotonic()
        with self._lock:
            calls = self._calls.setdefault(project, [])
            calls[:] = [at for at in calls if at > now - self._seconds]
            if len(calls) < self._limit:
                calls.append(now)
                return 0.0
            return calls[0] + self._seconds - now
