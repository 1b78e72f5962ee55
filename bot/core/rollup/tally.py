"""The counts of one message. Adding and merging commute, even above every bound."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from bot.core.entries.place import Place, Raw, order_of
from bot.core.entries.traces import NO_TRACE
from bot.core.model.values import HOUR, MINUTE, Severity

SAMPLES = 32
"""Sample entries kept per message: those with the lowest hash of their insertId."""
MOMENTS = 16
"""Earliest times kept per message and place."""
MINUTES = 168
"""Hours per message whose minutes are kept: the newest, so the same ones in any order."""
TRACES = 512
"""Traces kept per message: those with the lowest hash, so the same ones for every message."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept. Above a bound, what has the smallest hash is kept, so that the order of
    entries does not matter; the rest is counted together."""

    alike: int = 4_000
    """Messages per coarse key (kind, severity and number of words)."""
    messages: int = 20_000
    """Messages in total."""
    places: int = 256
    """Places (revision and instance) per message; the same ones for every message."""
    routes: int = 256
    """Routes per message."""
    hours: int = 10_000
    """Hours in a message's histogram: over a year, and a bound against forged timestamps."""
    fragments: int = 32 * 1024 * 1024
    """Bytes of traceback fragments."""


DEFAULT = Bounds()


class Sample(NamedTuple):
    """A sample entry, ordered by the hash of its insertId."""

    order: int
    name: bytes
    raw: Raw


class Edge(NamedTuple):
    """The first or last entry of a message, to show."""

    time: int
    name: bytes
    raw: Raw


class Single(NamedTuple):
    """A message with one entry so far; most new messages stay like that."""

    severity: Severity
    time: int | None
    place: Place
    route: str | None
    name: bytes
    raw: Raw
    trace: int = NO_TRACE


def rank(words: str) -> int:
    """Computes a 64-bit hash that is stable across runs and machines and hard to manipulate."""
    data = words.encode() if words.isascii() else words.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big")


_ranks: dict[Place | str, int] = {}


def _rank(thing: Place | str) -> int:
    known = _ranks.get(thing)
    if known is None:
        if len(_ranks) > 10_000:
            _ranks.clear()
        words = thing if isinstance(thing, str) else "\x1f".join(reversed(thing))
        known = _ranks[thing] = rank(words)
    return known


def lowest(things: Iterable[T], count: int, by: Callable[[T], int]) -> set[T]:
    """Returns the `count` things with the lowest rank."""
    return set(sorted(things, key=by)[:count])


@dataclass(slots=True)
class Tally:
    """Counts of one message; times in nanoseconds, hours since the epoch."""

    bounds: Bounds = DEFAULT
    count: int = 0
    occurrences: int = 0
    severity: Severity = Severity.DEFAULT
    hours: dict[int, int] = field(default_factory=dict)
    """Entries per UTC hour since the epoch."""
    minutes: dict[int, int] = field(default_factory=dict)
    """UTC hour since the epoch → the minutes of it that have entries, as bits: 1 is minute 0."""
    elsewhen: int = 0
    """Entries in hours that were dropped."""
    places: dict[Place, int] = field(default_factory=dict)
    routes: dict[str, int] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    first_entry: Edge | None = None
    last_entry: Edge | None = None
    first: int | None = None
    last: int | None = None
    moments: dict[Place, list[int]] = field(default_factory=dict)
    """The earliest times per place, ascending."""
    traces: dict[int, int | None] = field(default_factory=dict)
    """Hash of a trace → the earliest time; of failures only."""
    trace_limit: int = 1 << 62
    """Traces with this hash or a higher one are not kept."""
    members: list[str] = field(default_factory=list)
    estimated: bool = False
    """True if places, routes or hours were dropped, so that the ones listed are not all."""

    # --- adding a few or many entries ----------------------------------------------------------

    def counted(self, count: int, severity: Severity) -> None:
        """Adds to the number of entries and raises the severity."""
        self.count += count
        self.severity = max(self.severity, severity)

    def timed(self, first: int, last: int) -> None:
        """Widens the span of times."""
        if self.first is None or first < self.first:
            self.first = first
        if self.last is None or last > self.last:
            self.last = last

    def in_hour(self, hour: int, count: int) -> None:
        """Adds entries to an hour of the histogram."""
        self.hours[hour] = self.hours.get(hour, 0) + count
        if len(self.hours) > 2 * self.bounds.hours:
            self.trim()

    def in_minutes(self, hour: int, bits: int) -> None:
        """Marks minutes of an hour, given as the bits of `minutes`."""
        self.minutes[hour] = self.minutes.get(hour, 0) | bits
        if len(self.minutes) > 2 * MINUTES:
            self._trim_minutes()

    def _trim_minutes(self) -> None:
        if len(self.minutes) > MINUTES:
            newest = sorted(self.minutes)[-MINUTES:]
            self.minutes = {hour: self.minutes[hour] for hour in newest}

    def in_place(self, place: Place, count: int, times: Sequence[int]) -> None:
        """Adds entries to a place, with the earliest times among them."""
        self.places[place] = self.places.get(place, 0) + count
        if times:
            known = self.moments.get(place, [])
            if len(known) < MOMENTS or min(times) < known[-1]:
                self.moments[place] = sorted([*known, *times])[:MOMENTS]
        if len(self.places) > 2 * self.bounds.places:
            self.trim()

    def on_route(self, route: str, count: int) -> None:
        """Adds entries to a route."""
        self.routes[route] = self.routes.get(route, 0) + count
        if len(self.routes) > 2 * self.bounds.routes:
            self.trim()

    def on_trace(self, trace: int, time: int | None) -> None:
        """Adds a trace that an entry names."""
        if trace >= self.trace_limit:
            return
        known = self.traces.get(trace)
        self.traces[trace] = time if known is None or (time is not None and time < known) else known
        if len(self.traces) > 2 * TRACES:
            self._trim_traces()

    def _trim_traces(self) -> None:
        if len(self.traces) > TRACES:
            self.trace_limit = min(self.trace_limit, sorted(self.traces)[TRACES])
        if self.traces and max(self.traces) >= self.trace_limit:
            self.traces = {t: at for t, at in self.traces.items() if t < self.trace_limit}

    def trim(self) -> None:
        """Drops the places, routes, traces and hours above the bounds.

        A dropped one can reappear with a part of its count. It will not be kept in the end, since
        enough others with smaller hashes remain.
        """
        if self.traces:
            self._trim_traces()
        self._trim_minutes()
        if len(self.places) > self.bounds.places:
            stay = lowest(self.places, self.bounds.places, _rank)
            self.places = {place: n for place, n in self.places.items() if place in stay}
            self.moments = {place: at for place, at in self.moments.items() if place in stay}
            self.estimated = True
        if len(self.routes) > self.bounds.routes:
            stay_routes = lowest(self.routes, self.bounds.routes, _rank)
            self.routes = {route: n for route, n in self.routes.items() if route in stay_routes}
            self.estimated = True
        if len(self.hours) > self.bounds.hours:
            before = sum(self.hours.values())
            stay_hours = lowest(self.hours, self.bounds.hours, lambda hour: rank(str(hour)))
            self.hours = {hour: n for hour, n in self.hours.items() if hour in stay_hours}
            self.elsewhen += before - sum(self.hours.values())
            self.estimated = True

    @property
    def threshold(self) -> int:
        """The highest order with which a sample is kept."""
        return self.samples[-1].order if len(self.samples) >= SAMPLES else 0xFFFF_FFFF

    def offer_sample(self, sample: Sample) -> None:
        """Offers a sample; keeps the `SAMPLES` with the lowest order."""
        insort(self.samples, sample)
        del self.samples[SAMPLES:]

    def offer_edge(self, edge: Edge) -> None:
        """Offers an entry as the first or the last."""
        if self.first_entry is None or edge < self.first_entry:
            self.first_entry = edge
        if self.last_entry is None or edge > self.last_entry:
            self.last_entry = edge

    def add(self, one: Single, members: bool = False) -> None:
        """Counts one entry."""
        severity, time, place, route, name, raw, trace = one
        self.counted(1, severity)
        self.occurrences += 1
        if route is not None:
            self.on_route(route, 1)
        if trace != NO_TRACE:
            self.on_trace(trace, time)
        if time is None:
            self.in_place(place, 1, ())
        else:
            self.timed(time, time)
            self.in_hour(time // HOUR, 1)
            self.in_minutes(*minute_of(time))
            self.in_place(place, 1, (time,))
            first, last = self.first_entry, self.last_entry
            if first is None or last is None or not first.time < time < last.time:
                self.offer_edge(Edge(time, name, raw))
        order = order_of(name)
        if order <= self.threshold:
            self.offer_sample(Sample(order, name, raw))
        if members:
            self.members.append(decoded(name))

    def merge(self, other: Tally) -> None:
        """Adds the counts of disjoint entries."""
        self.counted(other.count, other.severity)
        self.occurrences += other.occurrences
        if other.first is not None and other.last is not None:
            self.timed(other.first, other.last)
        for hour, count in other.hours.items():
            self.in_hour(hour, count)
        for hour, bits in other.minutes.items():
            self.in_minutes(hour, bits)
        for place, count in other.places.items():
            self.in_place(place, count, other.moments.get(place, ()))
        for route, count in other.routes.items():
            self.on_route(route, count)
        if other.traces:
            self.trace_limit = min(self.trace_limit, other.trace_limit)
            for trace, time in other.traces.items():
                self.on_trace(trace, time)
        self.samples = sorted([*self.samples, *other.samples])[:SAMPLES]
        for edge in (other.first_entry, other.last_entry):
            if edge is not None:
                self.offer_edge(edge)
        self.members.extend(other.members)
        self.elsewhen += other.elsewhen
        self.estimated |= other.estimated

    # --- reading -------------------------------------------------------------------------------

    @property
    def services(self) -> set[str]:
        """The services that wrote the message."""
        return {place.service for place in self.places if place.service}

    @property
    def revisions(self) -> set[str]:
        """The revisions that wrote the message."""
        return {place.revision for place in self.places if place.revision}

    @property
    def by_revision(self) -> tuple[tuple[str, int], ...]:
        """(revision, occurrences): entries, scaled down if one occurrence has several entries."""
        entries: Counter[str] = Counter()
        for place, count in self.places.items():
            entries[place.revision] += count
        scale = self.occurrences / self.count if self.count else 1.0
        return tuple(
            (name, max(1, round(count * scale))) for name, count in sorted(entries.items()) if name
        )

    @property
    def instances(self) -> set[str]:
        """The instances that wrote the message."""
        return {place.instance for place in self.places if place.instance}


def decoded(data: bytes) -> str:
    """Decodes UTF-8, allowing lone surrogates; if it is invalid, bad bytes become U+FFFD."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def hour_of(time: int) -> int:
    """Converts nanoseconds to whole UTC hours since the epoch."""
    return time // HOUR


def minute_of(time: int) -> tuple[int, int]:
    """Converts nanoseconds to an hour and the bit of its minute, as in `Tally.minutes`."""
    hour, rest = divmod(time, HOUR)
    return hour, 1 << rest // MINUTE


def times_of(minutes: Mapping[int, int]) -> Iterator[int]:
    """Yields the starts of marked minutes (nanoseconds), ascending."""
    for hour in sorted(minutes):
        bits = minutes[hour]
        while bits:
            low = bits & -bits
            yield hour * HOUR + (low.bit_length() - 1) * MINUTE
            bits ^= low


Counted = Tally | Single


def tally_of(counted: Iterable[Counted], bounds: Bounds, members: bool = False) -> Tally:
    """Sums counts in a new tally."""
    whole = Tally(bounds)
    for one in counted:
        if isinstance(one, Tally):
            whole.merge(one)
        else:
            whole.add(one, members)
    whole.trim()
    return whole


def size(counted: Counted) -> int:
    """Returns the number of entries counted."""
    return 1 if isinstance(counted, Single) else counted.count


def moments_of(counted: Counted) -> Iterable[tuple[Place, Sequence[int]]]:
    """Returns the earliest times per place."""
    if isinstance(counted, Tally):
        return counted.moments.items()
    return [] if counted.time is None else [(counted.place, (counted.time,))]
