"""Watches: which channel is alerted to what, and what it was alerted to already.

Times are nanoseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model.values import Priority


@dataclass(frozen=True, slots=True)
class Watch:
    """A channel that is alerted to an environment's new problems."""

    environment: str
    channel: str
    every: int
    """Seconds between two looks."""
    worst: Priority
    """The lowest priority that is posted: P1 posts P0 and P1."""
    by: str
    """The user who turned it on."""
    since: int


@dataclass(frozen=True, slots=True)
class Alert:
    """One problem that a watch posted; one message, edited while it grows."""

    ts: str
    """The message."""
    clusters: tuple[str, ...]
    """Ids of its root and symptoms. A later look may find another root among them."""
    priority: Priority
    begun: int
    occurrences: int = 0
    over: int | None = None
    """When its end was posted; None while it goes on."""
    times: int = 1
    """How often it began."""
    quiet_until: int = 0
    """Before this time it is not taken up again: the pause grows each time."""


@dataclass(frozen=True, slots=True)
class WatchMemory:
    """What a watch has posted."""

    alerts: Mapping[str, Alert] = field(default_factory=dict)
    """By the root's id when it was posted, or `silence SERVICE`."""
    looked: int = 0
    """Time of the last look that was finished; 0: none."""
    day: int = 0
    """The day (UTC, days since the epoch) that `posts` counts."""
    posts: int = 0
    held: tuple[str, ...] = ()
    """Problems of that day that exceeded the cap."""
