"""The figures of one masked message. Adding and merging commute, also past every bound."""

from __future__ import annotations

import zlib
from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.garden.model import HOUR, JSON, Severity

SAMPLES = 32
"""Representative entries kept of each message: those with the lowest hash of their name."""
INSTANCES = 512
"""Places (revision and instance) counted of each message; further ones are counted as one."""
MOMENTS = 16
"""Earliest times kept of each message in each place."""


class Place(NamedTuple):
    """Where an entry was written."""

    service: str
    revision: str
    instance: str
    region: str
    project: str


class Raw(NamedTuple):
    """An entry as it was read, packed; it is unpacked, and redacted, only to be shown."""

    data: bytes
    unpack: Callable[[bytes], JSON]


class Sample(NamedTuple):
    """A representative, ordered by the hash of its name, which nothing else can influence."""

    order: int
    name: str
    raw: Raw


class Edge(NamedTuple):
    """The first or the last entry, to show."""

    time: int
    name: str
    raw: Raw


def order_of(name: str) -> int:
    """A hash of a name that every run and machine agrees on, 32 bits."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))


@dataclass(slots=True)
class Tally:
    """The figures of one masked message."""

    count: int = 0
    occurrences: int = 0
    severity: Severity = Severity.DEFAULT
    hours: dict[int, int] = field(default_factory=dict)
    """Entries per UTC hour since the epoch."""
    places: dict[Place, int] = field(default_factory=dict)
    routes: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    first_entry: Edge | None = None
    last_entry: Edge | None = None
    first: int | None = None
    last: int | None = None
    moments: dict[Place, list[int]] = field(default_factory=dict)
    """The earliest times in each place, in order."""
    members: list[str] = field(default_factory=list)

    # --- adding a few or many entries ----------------------------------------------------------

    def counted(self, count: int, severity: Severity) -> None:
        """Counts entries."""
        self.count += count
        self.severity = max(self.severity, severity)

    def timed(self, first: int, last: int) -> None:
        """Widens the span."""
        if self.first is None or first < self.first:
            self.first = first
        if self.last is None or last > self.last:
            self.last = last

    def in_hour(self, hour: int, count: int) -> None:
        """Adds to the histogram."""
        self.hours[hour] = self.hours.get(hour, 0) + count

    def in_place(self, place: Place, count: int) -> None:
        """Counts where."""
        self.places[place] = self.places.get(place, 0) + count

    def on_route(self, route: str, count: int) -> None:
        """Counts which."""
        self.routes[route] = self.routes.get(route, 0) + count

    def happened(self, place: Place, times: Iterable[int]) -> None:
        """Remembers the earliest times in a place. Keeps only the earliest `MOMENTS`."""
        known = self.moments.get(place)
        merged = sorted(times) if known is None else sorted([*known, *times])
        self.moments[place] = merged[:MOMENTS]

    @property
    def threshold(self) -> int:
        """A sample's order must not be above this to be kept."""
        return self.samples[-1].order if len(self.samples) >= SAMPLES else 0xFFFF_FFFF

    def sampled(self, sample: Sample) -> None:
        """Offers a representative; the 32 with the lowest order are kept."""
        insort(self.samples, sample, key=_by_order)
        del self.samples[SAMPLES:]

    def edged(self, edge: Edge) -> None:
        """Offers the first or last entry."""
        if self.first_entry is None or edge[:2] < self.first_entry[:2]:
            self.first_entry = edge
        if self.last_entry is None or edge[:2] > self.last_entry[:2]:
            self.last_entry = edge

    # --- reading -------------------------------------------------------------------------------

    @property
    def services(self) -> set[str]:
        """Which services wrote it."""
        return {place.service for place in self.places if place.service}

    @property
    def revisions(self) -> set[str]:
        """Which revisions wrote it."""
        return {place.revision for place in self.places if place.revision}

    @property
    def instances(self) -> set[str]:
        """Which instances wrote it."""
        return {place.instance for place in self.places if place.instance}

    def merge(self, other: Tally) -> None:
        """Adds the figures of disjoint entries."""
        self.counted(other.count, other.severity)
        self.occurrences += other.occurrences
        if other.first is not None and other.last is not None:
            self.timed(other.first, other.last)
        for hour, count in other.hours.items():
            self.in_hour(hour, count)
        for place, count in other.places.items():
            self.in_place(place, count)
        for route, count in other.routes.items():
            self.on_route(route, count)
        self.samples = sorted([*self.samples, *other.samples], key=_by_order)[:SAMPLES]
        for edge in (other.first_entry, other.last_entry):
            if edge is not None:
                self.edged(edge)
        for place, times in other.moments.items():
            self.happened(place, times)
        self.members.extend(other.members)


def _by_order(sample: Sample) -> tuple[int, str]:
    return sample.order, sample.name


def hour_of(time: int) -> int:
    """Whole UTC hours since the epoch."""
    return time // HOUR
