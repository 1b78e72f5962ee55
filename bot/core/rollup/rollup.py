"""The Rollup: what is left of any number of log entries once they are masked and counted.

`merge` is associative and commutative over disjoint entries, so one page, many pages in any
order, or several workers give the same value. Nothing in here depends on what came first: where
only some of many things can be kept, those with the smallest hash are, and the rest is counted
under what they have in common. `stitched` gives the final value; before that a little more than
the bounds may be held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from bot.core.entries.place import Place, order_of
from bot.core.entries.rows import NO_TIME
from bot.core.entries.understand import Key, Kind
from bot.core.model.values import Severity
from bot.core.rollup.bottom_k import Shelves
from bot.core.rollup.stitch import (
    Fragment,
    Fragments,
    events,
    traceback_of,
)
from bot.core.rollup.subjects import Subjects
from bot.core.rollup.tally import (
    DEFAULT,
    Bounds,
    Counted,
    Edge,
    Sample,
    Single,
    Tally,
    decoded,
    hour_of,
    rank,
    tally_of,
)

MessageKey = tuple[Key, int]
"""What is counted together until clusters are made: one message at one severity."""

WORDS = 40
"""Messages of this many words and more count as equally long."""


def coarse(message: MessageKey) -> MessageKey:
    """What a message is counted under where too many are different."""
    key, severity = message
    return _coarse(key.kind, min(WORDS, key.masked.count(" ") + 1), severity)


@lru_cache(maxsize=4_096)
def _coarse(kind: Kind, words: int, severity: int) -> MessageKey:
    name = Severity(severity).name
    return Key(kind, " ".join(["<*>"] * words), f"any {name} message"), severity


def _rank(message: MessageKey) -> int:
    """Which messages are kept: those with the smallest rank, on every machine the same ones."""
    return rank("\x1f".join(message[0]))


@dataclass(slots=True)
class Rollup:
    """All that is kept of the entries that were counted. Mutable while it is filled."""

    min_severity: Severity
    keep_members: bool = False
    """Keep the name of every entry, and every message, whatever that takes."""
    bounds: Bounds = DEFAULT
    counted: dict[MessageKey, Counted] = field(default_factory=dict)
    rest: dict[MessageKey, Tally] = field(default_factory=dict)
    """Of each coarse key: the entries whose messages are not kept."""
    fragments: Fragments = field(init=False)
    """Of tracebacks: what they mean depends on their neighbours, which may be still to come."""
    below: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)
    places: dict[Place, tuple[int, int, int]] = field(default_factory=dict)
    """Of every entry, whatever its severity, its instance left out: how many, first, last time."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests in the request log per service, whatever their severity."""
    named: Subjects = field(default_factory=Subjects)
    """Who stands behind the masks of a message."""
    _shelves: Shelves[MessageKey] = field(init=False)
    _own: set[MessageKey] | None = None
    """Tallies that may be changed; None: all. The others are those of another Rollup."""

    def __post_init__(self) -> None:
        self.fragments = Fragments(self.bounds.fragments)
        self._shelves = Shelves(self.bounds.alike, self.bounds.messages, _rank)

    # --- filling -------------------------------------------------------------------------------

    def kept_as(self, message: MessageKey) -> MessageKey:
        """Where entries of a message are counted from now on: if this is not its own message, but
        that of all like it, then it stays so."""
        if message in self.counted or self.keep_members:
            return message
        common = coarse(message)
        if self._shelves.put(common, message):
            return message
        if common not in self.rest:
            self._rest(common)
        return common

    def put(self, message: MessageKey, one: Single) -> None:
        """Counts an entry, whose severity is high enough."""
        if message not in self.counted and message not in self.rest and self._stays(message):
            self.counted[message] = one
        else:
            self.tally(message).add(one, self.keep_members)

    def tally(self, message: MessageKey) -> Tally:
        """Where entries of a message are added: its own tally, or the one of all like it."""
        known = self.counted.get(message)
        if isinstance(known, Tally):
            return self._mine(self.counted, message, known)
        if message in self.rest:
            return self._rest(message)
        if known is None and not self._stays(message):
            return self._rest(coarse(message))
        made = self.counted[message] = Tally(self.bounds)
        if known is not None:
            made.add(known, self.keep_members)
        return made

    def fragment(self, fragment: Fragment) -> None:
        """Counts a fragment of a traceback, which is kept or else stands alone."""
        if not self.fragments.put(fragment):
            self._count_event([fragment])

    def surveyed(self, place: Place, count: int, first: int, last: int) -> None:
        """Counts entries of a place, whatever their severity."""
        place = place._replace(instance="")
        known = self.places.get(place)
        if known is not None:
            count += known[0]
            if NO_TIME in (first, known[1]):
                first, last = max(first, known[1]), max(last, known[2])
            else:
                first, last = min(first, known[1]), max(last, known[2])
        self.places[place] = (count, first, last)

    def trim(self, final: bool = False) -> None:
        """Leaves about as much as the bounds say; at the end exactly that."""
        for common, message in self._shelves.cleared(final):
            self._dropped(common, message)
        for fragment in self.fragments.cleared():
            self._count_event([fragment])

    def merge(self, other: Rollup) -> None:
        """Adds what another one counted of other entries."""
        for common, message in self._shelves.merge(other._shelves):
            self._dropped(common, message)
        for message, counted in other.counted.items():
            if isinstance(counted, Single):
                self.put(message, counted)
            else:
                self.tally(message).merge(counted)
        for common, tally in other.rest.items():
            self._rest(common).merge(tally)
        for fragment in self.fragments.merge(other.fragments):
            self._count_event([fragment])
        self.below += other.below
        self.severities.update(other.severities)
        self.requests.update(other.requests)
        self.named.merge(other.named)
        for place, (count, first, last) in other.places.items():
            self.surveyed(place, count, first, last)
        self.trim()

    def _stays(self, message: MessageKey) -> bool:
        return self.keep_members or self._shelves.put(coarse(message), message)

    def _rest(self, common: MessageKey) -> Tally:
        known = self.rest.get(common)
        if known is not None:
            return self._mine(self.rest, common, known)
        made = self.rest[common] = Tally(self.bounds)
        return made

    def _dropped(self, common: MessageKey, message: MessageKey) -> None:
        known = self.counted.pop(message)
        if isinstance(known, Single):
            self._rest(common).add(known)
        else:
            self._rest(common).merge(known)

    def _mine(
        self,
        where: dict[MessageKey, Tally] | dict[MessageKey, Counted],
        message: MessageKey,
        it: Tally,
    ) -> Tally:
        if self._own is not None and message not in self._own:
            self._own.add(message)
            it = where[message] = tally_of([it], self.bounds)
        return it

    # --- the end -------------------------------------------------------------------------------

    def stitched(self) -> Rollup:
        """The same with every fragment counted: in its traceback, or as a message of its own.

        It shares with this one what it did not have to change.
        """
        self.trim(final=True)
        whole = Rollup(self.min_severity, self.keep_members, self.bounds, _own=set())
        whole.counted, whole.rest = dict(self.counted), dict(self.rest)
        whole.below, whole.severities = self.below, self.severities.copy()
        whole.places, whole.requests, whole.named = self.places, self.requests, self.named
        whole._shelves = self._shelves.copy()
        for event in events(self.fragments.all()):
            whole._count_event(event)
        whole.trim(final=True)
        return whole

    def _count_event(self, event: list[Fragment]) -> None:
        found = traceback_of(event)
        shown = event[0]
        key, raw = found or (shown.key, shown.raw)
        severity = max(fragment.severity for fragment in event)
        if found is not None:
            severity = max(severity, Severity.ERROR)
        self.severities[severity] += len(event)
        if severity < self.min_severity:
            self.below += len(event)
            return
        tally = self.tally((key, int(severity)))
        tally.counted(len(event), severity)
        tally.occurrences += 1
        for fragment in event:
            time = fragment.time
            earliest = (time,) if fragment is shown and time is not None else ()
            tally.in_place(fragment.place, 1, earliest)
            if time is not None:
                tally.timed(time, time)
                tally.in_hour(hour_of(time), 1)
            if self.keep_members:
                tally.members.append(decoded(fragment.name))
        tally.sampled(Sample(order_of(shown.name), shown.name, raw))
        if shown.time is not None:
            tally.edged(Edge(shown.time, shown.name, raw))

    # --- reading -------------------------------------------------------------------------------

    def messages(self) -> Iterator[tuple[MessageKey, Counted]]:
        """All that was counted, message by message."""
        yield from self.counted.items()
        yield from self.rest.items()

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
    def spans(self) -> tuple[tuple[str, int, int], ...]:
        """(revision, time of its first entry, of its last) of each that wrote, by name."""
        found: dict[str, tuple[int, int]] = {}
        for place, (_, begin, end) in self.places.items():
            if place.revision and NO_TIME not in (begin, end):
                first, last = found.get(place.revision, (begin, end))
                found[place.revision] = (min(first, begin), max(last, end))
        return tuple((name, first, last) for name, (first, last) in sorted(found.items()))

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
