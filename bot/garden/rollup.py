"""The Rollup: what is left of any number of log entries once they are masked and counted.

`merge` is associative and commutative over disjoint entries, so one page, many pages in any
order, or several workers give the same value. Nothing in here depends on what came first: where
only some of many things can be kept, those with the smallest hash are, and the rest is counted
under what they have in common.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from bot.garden.entry import Entry, Key
from bot.garden.model import Severity
from bot.garden.rows import NO_TIME, packed
from bot.garden.stitch import events, traceback_of
from bot.garden.tally import Edge, Place, Sample, Tally, hour_of, order_of

KEPT = 4_000
"""Different messages kept of each kind, severity and number of words. Where more never stop
coming, those with the smallest hash stay and the rest is one cluster: `coarse`."""
SLACK = 2_000
"""How many more may stand there between two clearings."""
WORDS = 40
"""Messages of this many words and more count as equally long."""


def coarse(key: Key, severity: Severity) -> Key:
    """What a message is counted under where too many are different."""
    words = min(WORDS, key.masked.count(" ") + 1)
    return Key(key.kind, " ".join(["<*>"] * words), f"any {severity.name} message")


def _rank(key: Key) -> int:
    """Which messages are kept: those with the smallest rank, on every machine the same ones."""
    words = f"{key.kind.value}\x1f{key.masked}\x1f{key.place}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(words, digest_size=8).digest(), "big")


@dataclass(slots=True)
class _Shelf:
    """The messages of one coarse key."""

    ranks: dict[Key, int] = field(default_factory=dict)
    limit: int = 2**64
    """Only messages with a rank below this are kept."""


@dataclass(slots=True)
class Rollup:
    """All that is kept of the entries that were counted. Mutable while it is filled."""

    min_severity: Severity
    keep_members: bool = False
    tallies: dict[Key, Tally] = field(default_factory=dict)
    pieces: list[Entry] = field(default_factory=list)
    """Fragments of tracebacks, whose meaning depends on their neighbours: stitched at the end."""
    below: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)
    places: dict[Place, tuple[int, int, int]] = field(default_factory=dict)
    """Of every entry, whatever its severity: how many, first and last time."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests in the request log per service, whatever their severity."""
    _shelves: dict[Key, _Shelf] = field(default_factory=dict)

    def tally(self, key: Key, severity: Severity) -> Tally:
        """The tally that counts this message: its own, or the one of all like it."""
        known = self.tallies.get(key)
        if known is not None:
            return known
        if self.keep_members:
            made = self.tallies[key] = Tally()
            return made
        common = coarse(key, severity)
        shelf = self._shelves.get(common)
        if shelf is None:
            shelf = self._shelves[common] = _Shelf()
        rank = _rank(key)
        if rank >= shelf.limit:
            return self.tallies.setdefault(common, Tally())
        if len(shelf.ranks) > KEPT + SLACK:
            self._clear(common, shelf)
            if rank >= shelf.limit:
                return self.tallies.setdefault(common, Tally())
        shelf.ranks[key] = rank
        made = self.tallies[key] = Tally()
        return made

    def _clear(self, common: Key, shelf: _Shelf) -> None:
        """Keeps the `KEPT` with the smallest ranks.

        None of the others can come back among them, so when this happens does not matter, as
        long as it happens once more in the end.
        """
        by_rank = sorted(shelf.ranks.items(), key=lambda item: item[1])
        for key, rank in by_rank[KEPT:]:
            shelf.limit = min(shelf.limit, rank)
            del shelf.ranks[key]
            self.tallies.setdefault(common, Tally()).merge(self.tallies.pop(key))

    def surveyed(self, place: Place, count: int, first: int, last: int) -> None:
        """Counts entries of a place, whatever their severity."""
        known = self.places.get(place)
        if known is not None:
            count += known[0]
            if NO_TIME in (first, known[1]):
                first, last = max(first, known[1]), max(last, known[2])
            else:
                first, last = min(first, known[1]), max(last, known[2])
        self.places[place] = (count, first, last)

    def merge(self, other: Rollup) -> None:
        """Adds what another one counted of other entries."""
        for common, shelf in other._shelves.items():
            mine = self._shelves.setdefault(common, _Shelf())
            if shelf.limit < mine.limit:
                mine.limit = shelf.limit
                for key in [k for k, rank in mine.ranks.items() if rank >= mine.limit]:
                    del mine.ranks[key]
                    self.tallies.setdefault(common, Tally()).merge(self.tallies.pop(key))
        for key, tally in other.tallies.items():
            target = self.tallies.get(key)
            if target is None:
                target = (
                    self.tallies.setdefault(key, Tally())
                    if key.place.startswith("any ")
                    else self.tally(key, tally.severity)
                )
            target.merge(tally)
        self.pieces.extend(other.pieces)
        self.below += other.below
        self.severities.update(other.severities)
        self.requests.update(other.requests)
        for place, (count, first, last) in other.places.items():
            self.surveyed(place, count, first, last)

    def stitched(self) -> Rollup:
        """The same with every fragment counted: in its traceback, or as a message of its own."""
        whole = Rollup(self.min_severity, self.keep_members)
        whole.merge(self)
        whole.pieces = []
        for event in events(self.pieces):
            whole._count_event(event)
        for common, shelf in whole._shelves.items():
            whole._clear(common, shelf)
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
        shown = whole or event[0]
        tally = self.tally(shown.key, severity)
        tally.counted(len(event), severity)
        tally.occurrences += 1
        for entry in event:
            tally.in_place(entry.place, 1)
            if entry.timestamp is not None:
                tally.timed(entry.timestamp, entry.timestamp)
                tally.in_hour(hour_of(entry.timestamp), 1)
            if self.keep_members:
                tally.members.append(entry.name)
        raw = packed(shown.raw)
        tally.sampled(Sample(order_of(shown.name), shown.name, raw))
        if shown.timestamp is not None:
            tally.happened(shown.place, [shown.timestamp])
            tally.edged(Edge(shown.timestamp, shown.name, raw))

    # --- reading -------------------------------------------------------------------------------

    @property
    def services(self) -> list[str]:
        """Every service that wrote, in order."""
        return sorted({place.service for place in self.places if place.service})

    @property
    def revisions(self) -> list[str]:
        """Every revision that wrote, the newest first."""
        first: dict[str, int] = {}
        for place, (_, begin, _end) in self.places.items():
            if place.revision:
                first[place.revision] = min(begin, first.get(place.revision, begin))
        return sorted(first, key=lambda revision: (-first[revision], revision))

    @property
    def region(self) -> str:
        """Where most of it runs."""
        return self._most("region")

    @property
    def project(self) -> str:
        """Whose most of it is."""
        return self._most("project")

    def _most(self, part: str) -> str:
        counts: Counter[str] = Counter()
        for place, (count, _, _end) in self.places.items():
            counts[getattr(place, part)] += count
        del counts[""]
        return min(counts, key=lambda name: (-counts[name], name), default="")
