"""The Rollup: the aggregate of any number of log entries, masked and counted.

`merge` is associative and commutative over disjoint entries, so one page, many pages in any order
or several workers give the same value. Nothing depends on which entry came first: above a bound,
what has the smallest hash is kept, and the rest is counted under a coarser key. `stitched` returns
the final value; until then slightly more than the bounds may be kept.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from bot.core.entries.place import Place, order_of
from bot.core.entries.rows import NO_TIME
from bot.core.entries.traces import NO_TRACE
from bot.core.entries.understand import Key, Kind
from bot.core.model.values import Severity
from bot.core.rollup.bottom_k import BottomK
from bot.core.rollup.last_lines import LastLines
from bot.core.rollup.pulse import Pulse
from bot.core.rollup.served import Served
from bot.core.rollup.stitch import (
    Fragment,
    Fragments,
    events,
    exception_in,
    trace_in,
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
    minute_of,
    moments_of,
    rank,
    tally_of,
)
from bot.core.text.process_ends import ENDED
from bot.core.text.tracebacks import LineKind

_SAYS_NOTHING = re.compile(r"[\W_]*$|.{0,200}(?:reporter|run failed)\s*:?\s*$", re.IGNORECASE)


def explains(key: Key) -> bool:
    """True for a message that may be the cause of an end: it says something, and is no audit."""
    return key.kind is not Kind.AUDIT and _SAYS_NOTHING.match(key.masked) is None


MessageKey = tuple[Key, int]
"""What is counted together until clusters are made: one message at one severity."""

WORDS = 40
"""Word counts above this are treated as this in a coarse key."""


def coarse(message: MessageKey) -> MessageKey:
    """Returns the key under which a message is counted if it is not kept."""
    key, severity = message
    return _coarse(key.kind, min(WORDS, key.masked.count(" ") + 1), severity)


@lru_cache(maxsize=4_096)
def _coarse(kind: Kind, words: int, severity: int) -> MessageKey:
    name = Severity(severity).name
    return Key(kind, " ".join(["<*>"] * words), f"any {name} message"), severity


def _rank(message: MessageKey) -> int:
    """Ranks messages; those with the smallest rank are kept, the same ones on every machine."""
    return rank("\x1f".join(message[0]))


@dataclass(slots=True)
class Rollup:
    """The aggregate of all counted entries. Mutable while it is filled."""

    min_severity: Severity
    keep_members: bool = False
    """Keep every entry's insertId and every message, without bounds."""
    bounds: Bounds = DEFAULT
    counted: dict[MessageKey, Counted] = field(default_factory=dict)
    rest: dict[MessageKey, Tally] = field(default_factory=dict)
    """Per coarse key: the tally of the messages that are not kept."""
    fragments: Fragments = field(init=False)
    """Possible fragments of tracebacks, not counted before their neighbours have been read."""
    below: int = 0
    severities: Counter[Severity] = field(default_factory=Counter)
    places: dict[Place, tuple[int, int, int]] = field(default_factory=dict)
    """(entries, first time, last time) per place without instance, of any severity."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests in the request log per service, of any severity."""
    served: Served = field(default_factory=Served)
    """Requests that each revision answered, by minute, if the request log was read."""
    failed: Served = field(default_factory=Served)
    """Requests to each revision that ended in a server error, by minute."""
    named: Subjects = field(default_factory=Subjects)
    """The subjects (users, accounts) behind the masks of each message."""
    last_lines: LastLines = field(default_factory=LastLines)
    """The last lines of each instance that are below `min_severity`."""
    pulse: Pulse = field(default_factory=Pulse)
    """When each service logged, and when its requests arrived."""
    _kept: BottomK[MessageKey] = field(init=False)
    _own: set[MessageKey] | None = None
    """Messages whose tallies we own; None means all. Others are shared and copied on write."""

    def __post_init__(self) -> None:
        self.fragments = Fragments(self.bounds.fragments)
        self._kept = BottomK(self.bounds.alike, self.bounds.messages, _rank)

    # --- filling -------------------------------------------------------------------------------

    def kept_as(self, message: MessageKey) -> MessageKey:
        """Returns the key to count a message under: itself, or its coarse key from then on."""
        if message in self.counted or self.keep_members:
            return message
        common = coarse(message)
        if self._kept.put(common, message):
            return message
        if common not in self.rest:
            self._rest(common)
        return common

    def put(self, message: MessageKey, one: Single) -> None:
        """Counts one entry, whose severity must be at least `min_severity`."""
        if message not in self.counted and message not in self.rest and self._is_kept(message):
            self.counted[message] = one
        else:
            self.tally(message).add(one, self.keep_members)

    def tally(self, message: MessageKey) -> Tally:
        """Returns the tally for a message, which we own: its own or that of its coarse key."""
        known = self.counted.get(message)
        if isinstance(known, Tally):
            return self._owned(self.counted, message, known)
        if message in self.rest:
            return self._rest(message)
        if known is None and not self._is_kept(message):
            return self._rest(coarse(message))
        made = self.counted[message] = Tally(self.bounds)
        if known is not None:
            made.add(known, self.keep_members)
        return made

    def fragment(self, fragment: Fragment) -> None:
        """Keeps a fragment of a traceback; above the bound counts it as a message of its own."""
        if not self.fragments.put(fragment):
            self._count_event([fragment])

    def count_place(self, place: Place, count: int, first: int, last: int) -> None:
        """Counts entries of a place, of any severity."""
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
        """Drops what exceeds the bounds; tolerates slightly more unless `final`."""
        for common, message in self._kept.cleared(final):
            self._move_to_rest(common, message)
        for fragment in self.fragments.cleared():
            self._count_event([fragment])

    def merge(self, other: Rollup) -> None:
        """Adds the counts of another Rollup, of disjoint entries."""
        for common, message in self._kept.merge(other._kept):
            self._move_to_rest(common, message)
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
        self.served.merge(other.served)
        self.failed.merge(other.failed)
        self.named.merge(other.named)
        self.last_lines.merge(other.last_lines)
        self.pulse.merge(other.pulse)
        for place, (count, first, last) in other.places.items():
            self.count_place(place, count, first, last)
        self.trim()

    def _is_kept(self, message: MessageKey) -> bool:
        return self.keep_members or self._kept.put(coarse(message), message)

    def bounds_reached(self) -> tuple[int, dict[MessageKey, int]]:
        """Returns which limits were lowered, as `BottomK.lowered` does."""
        return self._kept.lowered()

    def restore(
        self,
        counted: Mapping[MessageKey, Counted],
        rest: Mapping[MessageKey, Tally],
        lowered: tuple[int, Mapping[MessageKey, int]],
    ) -> None:
        """Takes over the messages of another Rollup, into one that is empty."""
        self._kept.lower(*lowered)
        for message in counted:
            self._is_kept(message)
        self.counted.update(counted)
        self.rest.update(rest)

    def _rest(self, common: MessageKey) -> Tally:
        known = self.rest.get(common)
        if known is not None:
            return self._owned(self.rest, common, known)
        made = self.rest[common] = Tally(self.bounds)
        return made

    def _move_to_rest(self, common: MessageKey, message: MessageKey) -> None:
        known = self.counted.pop(message)
        if isinstance(known, Single):
            self._rest(common).add(known)
        else:
            self._rest(common).merge(known)

    def _owned(
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
        """Returns a Rollup with every fragment counted, in its traceback or as its own message.

        It shares with this Rollup what it does not change.
        """
        self.trim(final=True)
        whole = Rollup(self.min_severity, self.keep_members, self.bounds, _own=set())
        whole.counted, whole.rest = dict(self.counted), dict(self.rest)
        whole.below, whole.severities = self.below, self.severities.copy()
        whole.places, whole.requests, whole.named = self.places, self.requests, self.named
        self.served.trim()
        self.failed.trim()
        whole.served, whole.failed = self.served, self.failed
        whole.pulse = self.pulse
        whole._kept = self._kept.copy()
        self.last_lines.trim()
        for event in events(self.fragments.all()):
            below = self._below(event)
            more = {} if len(event) == 1 and below else self._more(event)
            whole._count_event(event, more, below)
        if self.last_lines:
            whole._count_last_words(self.last_lines)
        whole.trim(final=True)
        return whole

    def _count_last_words(self, lines: LastLines) -> None:
        """Counts the lines that say why a process ended as errors, although they name no level."""
        ends: dict[Place, list[int]] = {}
        explained: dict[Place, list[int]] = {}
        for (key, severity), counted in self.counted.items():
            if key.place.startswith(ENDED):
                times = ends
            elif severity >= Severity.ERROR and key.kind is not Kind.REQUEST and explains(key):
                times = explained
            else:
                continue
            for place, at in moments_of(counted):
                times.setdefault(place, []).extend(at)
        for place, line in lines.causes(ends, explained):
            self.below -= 1
            self.severities += Counter({Severity.ERROR: 1})
            self.severities -= Counter({line.severity: 1})
            one = Single(Severity.ERROR, line.time, place, None, line.name, line.raw)
            self.put((line.key, int(Severity.ERROR)), one)

    def _more(self, event: Sequence[Fragment]) -> dict[int, Sequence[str]]:
        """Returns the lines without a level that follow its fragments at once, by index.

        From the fragment on that names the exception: its message may have more lines.
        """
        found: dict[int, Sequence[str]] = {}
        for i in range(exception_in(event), len(event)):
            one = event[i]
            until = event[i + 1].time if i + 1 < len(event) else None
            lines = self.last_lines.following(one.place, one.log, one.time, one.name, until)
            if lines:
                found[i] = lines
        return found

    def _below(self, event: list[Fragment]) -> list[str]:
        """Returns the lines of a record's message, which no level marks as part of it."""
        first = event[0]
        if first.piece.kind is not LineKind.RECORD:
            return []
        until = event[1].time if len(event) > 1 else None
        return self.last_lines.following(first.place, first.log, first.time, first.name, until)

    def _count_event(
        self,
        event: list[Fragment],
        more: Mapping[int, Sequence[str]] = MappingProxyType({}),
        below: Sequence[str] = (),
    ) -> None:
        """`more`: texts that came after its fragments, by index. `below`: after its first line."""
        found = traceback_of(event, more, below)
        shown = event[0]
        key, raw = found or (shown.key, shown.raw)
        severity = max(fragment.severity for fragment in event)
        if found is not None and key.kind is Kind.TRACE:
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
                tally.in_minutes(*minute_of(time))
            if self.keep_members:
                tally.members.append(decoded(fragment.name))
        if severity >= Severity.WARNING:
            traces = {trace_in(fragment) for fragment in event} - {NO_TRACE}
            for trace in traces:
                tally.on_trace(trace, shown.time)
        tally.offer_sample(Sample(order_of(shown.name), shown.name, raw))
        if shown.time is not None:
            tally.offer_edge(Edge(shown.time, shown.name, raw))

    # --- reading -------------------------------------------------------------------------------

    def messages(self) -> Iterator[tuple[MessageKey, Counted]]:
        """Yields every message or coarse key with its counts."""
        yield from self.counted.items()
        yield from self.rest.items()

    @property
    def services(self) -> list[str]:
        """All services that wrote entries, sorted."""
        return sorted({place.service for place in self.places if place.service})

    @property
    def revisions(self) -> list[str]:
        """All revisions that wrote entries, the latest to appear first."""
        first: dict[str, int] = {}
        for place, (_, begin, _end) in self.places.items():
            if place.revision:
                first[place.revision] = min(begin, first.get(place.revision, begin))
        return sorted(first, key=lambda revision: (-first[revision], revision))

    @property
    def spans(self) -> tuple[tuple[str, int, int], ...]:
        """(revision, time of first entry, of last entry), sorted by revision."""
        found: dict[str, tuple[int, int]] = {}
        for place, (_, begin, end) in self.places.items():
            if place.revision and NO_TIME not in (begin, end):
                first, last = found.get(place.revision, (begin, end))
                found[place.revision] = (min(first, begin), max(last, end))
        return tuple((name, first, last) for name, (first, last) in sorted(found.items()))

    @property
    def place_spans(self) -> dict[Place, tuple[int, int]]:
        """First and last time of any entry per place without instance."""
        return {
            place: (begin, end)
            for place, (_, begin, end) in self.places.items()
            if NO_TIME not in (begin, end)
        }

    @property
    def region(self) -> str:
        """The region of most entries."""
        return self._most("region")

    @property
    def project(self) -> str:
        """The project of most entries."""
        return self._most("project")

    def _most(self, part: str) -> str:
        counts: Counter[str] = Counter()
        for place, (count, _, _end) in self.places.items():
            counts[getattr(place, part)] += count
        del counts[""]
        return min(counts, key=lambda name: (-counts[name], name), default="")
