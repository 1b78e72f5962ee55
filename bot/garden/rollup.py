"""The Rollup: what is left of any number of log entries once they are redacted and counted.

`merge` is associative and commutative over disjoint entries, so one page, many pages in any
order, or several workers give the same value. Nothing in here depends on what came first: where
only some of many things can be kept, those with the smallest hash are.
"""

from __future__ import annotations

import zlib
from bisect import insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bot.garden import traces
from bot.garden.entry import Entry, Key, Kind
from bot.garden.headers import header, plain
from bot.garden.mask import mask
from bot.garden.model import HOUR, JSON, SECOND, Severity
from bot.garden.redact import redact, redact_json

SAMPLES = 32
"""Representative entries kept of each message: those with the lowest hash of their name."""
EDGES = 3
"""First and last entries kept of each message, for the evidence."""
INSTANCES = 256
"""Instances whose timelines are kept, the same for every message, so that what they share shows."""
MOMENTS = 16
"""Earliest times kept of each message in each of these instances."""
ROUTES = 20


class Sample(NamedTuple):
    """An entry to show: ordered by the hash of its name, which nothing about it can influence."""

    order: int
    name: str
    timestamp: int | None
    raw: JSON
    """Redacted."""


class Edge(NamedTuple):
    """An entry at one end of a message's time, to show."""

    timestamp: int
    name: str
    raw: JSON
    """Redacted."""


def hash_of(name: str) -> int:
    """A hash that every run and machine agrees on."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass"))


def sample_of(entry: Entry) -> JSON:
    """The entry, redacted ."""
    clean = redact_json(entry.raw)
    return clean if isinstance(clean, dict) else {}


@dataclass(slots=True)
class Tally:
    """The figures of one masked message."""

    count: int = 0
    occurrences: int = 0
    severity: Severity = Severity.DEFAULT
    first: int | None = None
    last: int | None = None
    hours: Counter[int] = field(default_factory=Counter)
    """Entries per UTC hour since the epoch."""
    services: Counter[str] = field(default_factory=Counter)
    revisions: Counter[str] = field(default_factory=Counter)
    instances: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    groups: set[str] = field(default_factory=set)
    """Google's error groups."""
    samples: list[Sample] = field(default_factory=list)
    earliest: list[Edge] = field(default_factory=list)
    latest: list[Edge] = field(default_factory=list)
    moments: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """(revision, instance) → the earliest times there, in order."""
    members: list[str] = field(default_factory=list)

    def add(self, entry: Entry, keep_members: bool) -> None:
        """Counts one entry that is one occurrence."""
        self.count_in(entry, keep_members)
        self.happened(entry)

    def count_in(self, entry: Entry, keep_members: bool) -> None:
        """Counts an entry without saying that it is an occurrence of its own."""
        self.count += 1
        self.severity = max(self.severity, entry.severity)
        time = entry.timestamp
        if time is not None:
            self.first = time if self.first is None else min(self.first, time)
            self.last = time if self.last is None else max(self.last, time)
            self.hours[time // HOUR] += 1
        if entry.service:
            self.services[entry.service] += 1
        if entry.revision:
            self.revisions[entry.revision] += 1
        if entry.instance:
            self.instances[entry.instance] += 1
        if entry.route:
            self.routes[redact(entry.route)] += 1
        groups = entry.raw.get("errorGroups")
        if isinstance(groups, list):
            self.groups.update(str(g["id"]) for g in groups if isinstance(g, dict) and "id" in g)
        if keep_members:
            self.members.append(entry.name)

    def happened(self, entry: Entry) -> None:
        """Counts an occurrence, which the entry stands for."""
        self.occurrences += 1
        self._show(entry)
        if entry.timestamp is not None and (entry.instance or entry.revision):
            times = self.moments.setdefault((entry.revision, entry.instance), [])
            if len(times) < MOMENTS or entry.timestamp < times[-1]:
                insort(times, entry.timestamp)
                del times[MOMENTS:]

    def _show(self, entry: Entry) -> None:
        order = hash_of(entry.name)
        if len(self.samples) < SAMPLES or (order, entry.name) < self.samples[-1][:2]:
            insort(self.samples, Sample(order, entry.name, entry.timestamp, sample_of(entry)),
                   key=_by_order)  # fmt: skip
            del self.samples[SAMPLES:]
        time = entry.timestamp
        if time is None:
            return
        if len(self.earliest) < EDGES or (time, entry.name) < self.earliest[-1][:2]:
            insort(self.earliest, Edge(time, entry.name, sample_of(entry)), key=_by_time)
            del self.earliest[EDGES:]
        if len(self.latest) < EDGES or (time, entry.name) > self.latest[0][:2]:
            insort(self.latest, Edge(time, entry.name, sample_of(entry)), key=_by_time)
            del self.latest[:-EDGES]

    def merge(self, other: Tally) -> None:
        """Adds the figures of disjoint entries."""
        self.count += other.count
        self.occurrences += other.occurrences
        self.severity = max(self.severity, other.severity)
        self.first = min((t for t in (self.first, other.first) if t is not None), default=None)
        self.last = max((t for t in (self.last, other.last) if t is not None), default=None)
        self.hours.update(other.hours)
        self.services.update(other.services)
        self.revisions.update(other.revisions)
        self.instances.update(other.instances)
        self.routes.update(other.routes)
        self.groups |= other.groups
        self.samples = sorted([*self.samples, *other.samples], key=_by_order)[:SAMPLES]
        self.earliest = sorted([*self.earliest, *other.earliest], key=_by_time)[:EDGES]
        self.latest = sorted([*self.latest, *other.latest], key=_by_time)[-EDGES:]
        for where, times in other.moments.items():
            self.moments[where] = sorted([*self.moments.get(where, []), *times])[:MOMENTS]
        self.members.extend(other.members)


def _by_order(sample: Sample) -> tuple[int, str]:
    return sample.order, sample.name


def _by_time(edge: Edge) -> tuple[int, str]:
    return edge.timestamp, edge.name


@dataclass(slots=True)
class Rollup:
    """All that is kept of the entries that were added. Mutable while it is filled."""

    min_severity: Severity
    keep_members: bool = False
    tallies: dict[Key, Tally] = field(default_factory=dict)
    pieces: list[Entry] = field(default_factory=list)
    """Fragments of tracebacks, whose meaning depends on their neighbours: stitched at the end."""
    below: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    revisions: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Of every entry, whatever its severity: revision → first and last time."""
    regions: Counter[str] = field(default_factory=Counter)
    projects: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    """Requests seen per service, whatever their severity."""

    def add(self, entry: Entry) -> None:
        """Counts one entry. Duplicates and entries outside the window never get here."""
        self._survey(entry)
        if entry.piece is not None:
            self.pieces.append(entry)
        elif entry.severity < self.min_severity:
            self.below += 1
        else:
            self._tally(entry.key).add(entry, self.keep_members)

    def _survey(self, entry: Entry) -> None:
        if entry.piece is None:
            self.severities[entry.severity] += 1
        if entry.service:
            self.services[entry.service] += 1
        if entry.revision and entry.timestamp is not None:
            first, last = self.revisions.get(entry.revision, (entry.timestamp, entry.timestamp))
            self.revisions[entry.revision] = (
                min(first, entry.timestamp),
                max(last, entry.timestamp),
            )
        labels = entry.raw.get("resource")
        labels = labels.get("labels") if isinstance(labels, dict) else None
        if isinstance(labels, dict):
            if region := labels.get("location"):
                self.regions[str(region)] += 1
            if project := labels.get("project_id"):
                self.projects[str(project)] += 1
        if "httpRequest" in entry.raw:
            self.requests[entry.service] += 1

    def _tally(self, key: Key) -> Tally:
        tally = self.tallies.get(key)
        if tally is None:
            tally = self.tallies[key] = Tally()
        return tally

    def merge(self, other: Rollup) -> None:
        """Adds what another one counted of other entries."""
        for key, tally in other.tallies.items():
            self._tally(key).merge(tally)
        self.pieces.extend(other.pieces)
        self.below += other.below
        self.severities.update(other.severities)
        self.services.update(other.services)
        self.regions.update(other.regions)
        self.projects.update(other.projects)
        self.requests.update(other.requests)
        for revision, (first, last) in other.revisions.items():
            mine = self.revisions.get(revision, (first, last))
            self.revisions[revision] = (min(mine[0], first), max(mine[1], last))

    def stitched(self) -> Rollup:
        """The same with every fragment counted: into its traceback, or as a message of its own."""
        whole = Rollup(self.min_severity, self.keep_members)
        whole.merge(Rollup(self.min_severity, self.keep_members, dict(self.tallies), [], self.below,
                           self.severities, self.services, self.revisions, self.regions,
                           self.projects, self.requests))  # fmt: skip
        for event in _events(self.pieces):
            whole._count_event(event)
        return whole

    def _count_event(self, event: list[Entry]) -> None:
        whole = traceback_of(event)
        severity = max(entry.severity for entry in event)
        if whole is not None:
            severity = max(severity, Severity.ERROR)
        self.severities[severity] += len(event)
        if severity < self.min_severity:
            self.below += len(event)
            return
        tally = self._tally(whole.key if whole else event[0].key)
        tally.severity = max(tally.severity, severity)
        for entry in event:
            tally.count_in(entry, self.keep_members)
        tally.happened(whole or event[0])


NEAR = SECOND // 2
"""Fragments of one traceback are printed at once: a longer gap begins another."""


def _stream(entry: Entry) -> tuple[str, str, str, str]:
    return entry.service, entry.revision, entry.instance, entry.log


def _place(entry: Entry) -> tuple[int, str]:
    # insertIds order the entries of one instance that share a timestamp.
    return (entry.timestamp if entry.timestamp is not None else -1), entry.name


def _events(pieces: Iterable[Entry]) -> Iterable[list[Entry]]:
    """The fragments, cut into tracebacks; a fragment that belongs to none stands alone."""
    streams: dict[tuple[str, str, str, str], list[Entry]] = {}
    for entry in pieces:
        streams.setdefault(_stream(entry), []).append(entry)
    for stream in streams.values():
        stream.sort(key=_place)
        yield from _cut(stream)


def _cut(stream: list[Entry]) -> Iterable[list[Entry]]:
    event: list[Entry] = []
    ended = linked = False
    for entry in stream:
        piece = entry.piece or _MIDDLE
        kind = piece.kind
        near = bool(event) and _near(event[-1], entry)
        if kind is traces.Kind.LINK and near:
            joins = linked = True
            ended = False
        elif kind is traces.Kind.OPENING:
            joins, linked = near and linked, False
            ended = piece.exception is not None
        else:
            # After the exception's own line only a link goes on.
            joins = near and not ended and _opens(event[0])
            ended = ended or kind is traces.Kind.ENDING
        if joins:
            event.append(entry)
            continue
        if event:
            yield event
        event = [entry]
        linked = kind is traces.Kind.LINK
        if kind is not traces.Kind.OPENING:
            ended = kind is traces.Kind.ENDING
    if event:
        yield event


def _opens(entry: Entry) -> bool:
    return entry.piece is not None and entry.piece.kind not in _ALONE


_MIDDLE = traces.Piece(traces.Kind.MIDDLE)


def _near(before: Entry, after: Entry) -> bool:
    if before.timestamp is None or after.timestamp is None:
        return before.timestamp is after.timestamp
    return after.timestamp - before.timestamp <= NEAR


def traceback_of(event: list[Entry]) -> Entry | None:
    """The fragments as one entry, with what the traceback says as its key.

    None where a fragment alone says nothing that a traceback would: it is a message.
    """
    first = event[0]
    text = "\n".join(plain(entry.text) for entry in event) if len(event) > 1 else plain(first.text)
    head = header(text)
    piece = traces.piece(text[head.length :])
    if piece is None or not piece.exception or (len(event) == 1 and piece.kind in _ALONE):
        return None
    words = f"{piece.message}: {piece.exception}" if piece.message else piece.exception
    where = f"{piece.frame.module}.{piece.frame.function or ''}" if piece.frame else ""
    key = Key(Kind.TRACE, mask(redact(words)), redact(where))
    raw = first.raw
    if len(event) > 1:
        raw = {**{k: v for k, v in raw.items() if k != "jsonPayload"}, "textPayload": text}
    return replace(first, key=key, raw=raw, text=text)


_ALONE = (traces.Kind.MIDDLE, traces.Kind.ENDING)
