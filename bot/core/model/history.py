"""What is remembered of an environment over time: counts by hour, revisions, deploys, traffic.

Everything in here is a maximum, a minimum or a set: an hour that is read twice, by overlapping
windows or by two workers at once, is the same as read once. Nothing is ever added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, SECOND, Window

KEPT_DAYS = 35
"""Days of hours that are kept."""
WHOLE = 3_600
"""Seconds of an hour that was read whole."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """First and last entry of a revision, as far as they were read."""

    service: str
    first: int
    last: int
    commit: str = ""
    """That it runs, where a label of its entries says so."""


@dataclass(frozen=True, slots=True)
class KnownCluster:
    """What is remembered of a cluster beside its counts."""

    name: str
    title: str
    services: tuple[str, ...] = ()
    first_seen: int | None = None
    last_seen: int | None = None
    reported: int | None = None
    """When a report first showed it."""
    told: int | None = None
    """When a report first said that it escalates, of the last such time."""
    told_rate: float = 0.0
    """Per hour, then."""
    per_hour: float = 0.0
    """What it was before."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is remembered, or what one run adds to it. Hours are whole UTC hours since 1970."""

    covered: Mapping[int, int] = field(default_factory=dict)
    """Seconds of each hour that were read in one piece."""
    counts: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Occurrences by cluster id and hour; an hour that is not there has none."""
    requests: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    """Requests by revision and hour, where the request log was read."""
    revisions: Mapping[str, Lifetime] = field(default_factory=dict)
    events: frozenset[Event] = frozenset()
    clusters: Mapping[str, KnownCluster] = field(default_factory=dict)
    last_entry: int | None = None
    """The newest entry of any severity that was ever read."""

    def merged(self, other: Past) -> Past:
        """Both; of what both know of an hour the larger. `other` is the newer."""
        return Past(
            covered=_largest(self.covered, other.covered),
            counts=_nested(self.counts, other.counts),
            requests=_nested(self.requests, other.requests),
            revisions=_lives(self.revisions, other.revisions),
            events=self.events | other.events,
            clusters={**self.clusters, **other.clusters},
            last_entry=_latest(self.last_entry, other.last_entry),
        )

    def observed_between(self, start: int, end: int) -> bool:
        """Whether every hour of the span was read whole, but for the last, which may be partial."""
        hours = range(start // HOUR, end // HOUR)
        return all(self.covered.get(at, 0) >= WHOLE for at in hours)


def seconds_of(window: Window) -> Mapping[int, int]:
    """The seconds of each hour that lie in the window; at most the last `KEPT_DAYS`."""
    start = max(window.start, window.end - KEPT_DAYS * DAY)
    found: dict[int, int] = {}
    for at in range(start // HOUR, -(-window.end // HOUR)):
        inside = min(window.end, (at + 1) * HOUR) - max(start, at * HOUR)
        if inside >= SECOND:
            found[at] = inside // SECOND
    return found


def requests_of(traffic: Traffic | None) -> Mapping[str, Mapping[int, int]]:
    """The counts of a traffic, as a `Past` has them."""
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
