"""An environment's history: counts by hour, revisions, deploys, traffic.

Everything is a maximum, a minimum or a set and nothing is summed, so reading an hour twice, in
overlapping windows or by two workers, has the same result as reading it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, SECOND, Window

KEPT_DAYS = 35
"""Days for which hourly counts are kept."""
GAP_DAYS = 8
"""Days for which gaps are kept: a week, and the day that has begun."""
WHOLE = 3_600
"""Seconds read of an hour that was read completely."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The first and the last entry of a revision that were read."""

    service: str
    first: int
    last: int
    commit: str = ""
    """The commit that it runs, if a label of its entries names it; else empty."""


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """A cluster's history apart from its counts."""

    name: str
    title: str
    services: tuple[str, ...] = ()
    first_seen: int | None = None
    last_seen: int | None = None
    reported: int | None = None
    """When a report first showed it."""
    told: int | None = None
    """When a report first called it escalating, in its latest escalation."""
    told_rate: float = 0.0
    """Its rate then, per hour."""
    per_hour: float = 0.0
    """Its rate before the escalation, per hour."""


@dataclass(frozen=True, slots=True)
class Past:
    """An environment's history, or what one run adds to it. Hours are UTC hours since 1970."""

    covered: Mapping[int, int] = field(default_factory=dict)
    """The most seconds of each hour that one read covered."""
    counts: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Occurrences by cluster id and hour; a missing hour means none."""
    requests: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Requests by revision and hour, if they were counted."""
    revisions: Mapping[str, Lifetime] = field(default_factory=dict)
    events: frozenset[Event] = frozenset()
    clusters: Mapping[str, KnownCluster] = field(default_factory=dict)
    last_entry: int | None = None
    """Time of the newest entry of any severity ever read."""
    gaps: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """The longest time in seconds without an entry of a service, by service and by each hour of
    which the gap has a part."""

    def merged(self, other: Past) -> Past:
        """Merges two histories, with the larger count per hour; `other` must be the newer one."""
        return Past(
            covered=_largest(self.covered, other.covered),
            counts=_nested(self.counts, other.counts),
            requests=_nested(self.requests, other.requests),
            revisions=_lives(self.revisions, other.revisions),
            events=self.events | other.events,
            clusters={**self.clusters, **other.clusters},
            last_entry=_latest(self.last_entry, other.last_entry),
            gaps=_nested(self.gaps, other.gaps),
        )

    def observed_between(self, start: int, end: int) -> bool:
        """Returns whether all hours of the span were read completely; the last may be partial."""
        hours = range(start // HOUR, end // HOUR)
        return all(self.covered.get(at, 0) >= WHOLE for at in hours)


def seconds_of(window: Window) -> Mapping[int, int]:
    """Returns the seconds of each hour within the window, for its last `KEPT_DAYS` at most."""
    start = max(window.start, window.end - KEPT_DAYS * DAY)
    found: dict[int, int] = {}
    for at in range(start // HOUR, -(-window.end // HOUR)):
        inside = min(window.end, (at + 1) * HOUR) - max(start, at * HOUR)
        if inside >= SECOND:
            found[at] = inside // SECOND
    return found


def requests_of(traffic: Traffic | None) -> Mapping[str, Mapping[int, int]]:
    """Converts traffic to `Past.requests`."""
    found: dict[str, dict[int, int]] = {}
    for revision, at, count in traffic.hours if traffic else ():
        found.setdefault(revision, {})[at] = count
    return found


def _largest(one: Mapping[int, int], other: Mapping[int, int]) -> Mapping[int, int]:
    return {**one, **{at: max(n, one.get(at, 0)) for at, n in other.items()}}


def _nested(
    one: Mapping[str, Mapping[int, int]], other: Mapping[str, Mapping[int, int]]
) -> Mapping[str, Mapping[int, int]]:
    return {**one, **{name: _largest(one.get(name, {}), hours) for name, hours in other.items()}}


def _lives(one: Mapping[str, Lifetime], other: Mapping[str, Lifetime]) -> Mapping[str, Lifetime]:
    found = dict(one)
    for name, life in other.items():
        known = found.get(name, life)
        found[name] = Lifetime(
            life.service or known.service,
            min(known.first, life.first),
            max(known.last, life.last),
            max(known.commit, life.commit),
        )
    return found


def _latest(one: int | None, other: int | None) -> int | None:
    return max((t for t in (one, other) if t is not None), default=None)
