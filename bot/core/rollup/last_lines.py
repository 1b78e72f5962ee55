"""The last lines of each instance, whatever their severity: a process may die of what has none.

Kept only below the least severity, since all others are counted. Bounded: the latest lines of the
instances with the smallest hash, so that the order of entries does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from bot.core.entries.place import Place, Raw
from bot.core.entries.rows import loads
from bot.core.entries.understand import Key, Meaning, message
from bot.core.model.values import MINUTE, SECOND, Severity
from bot.core.rollup.tally import rank
from bot.core.text.last_words import cause_among

LINES = 40
"""Latest lines kept per instance: a start report of Spring has 25."""
INSTANCES = 256
"""Instances whose last lines are kept."""
LARGEST = 4_096
"""Bytes of an entry whose text is kept; last words are short."""
BEFORE = MINUTE
"""How long before an end a line can still be the cause."""
AFTER = 2 * SECOND
"""A dying process's last lines may arrive this long after the platform logs its end."""


class LastLine(NamedTuple):
    """A line below the least severity; ordered by time, then as insertIds and line numbers are."""

    time: int
    length: int
    name: bytes
    key: Key
    severity: Severity
    raw: Raw

    @classmethod
    def of(cls, time: int, name: bytes, meaning: Meaning, raw: Raw) -> LastLine:
        """Returns the line of an entry, without its text if that is `LARGEST`."""
        raw = raw if len(raw.data) <= LARGEST else Raw(b"{}", loads)
        return cls(time, len(name), name, meaning.key, meaning.severity, raw)


class LastLines:
    """The last lines per place. Adding and merging commute."""

    __slots__ = ("_limit", "_lines")

    def __init__(self) -> None:
        self._lines: dict[Place, list[LastLine]] = {}
        self._limit = 2**64
        """Only places with a smaller rank are kept."""

    def earliest(self, place: Place) -> int | None:
        """Returns the time before which a line of this place is not kept; None if all are."""
        known = self._lines.get(place)
        return known[0].time if known is not None and len(known) >= LINES else None

    def put(self, place: Place, lines: Iterable[LastLine]) -> None:
        """Adds lines of a place."""
        if place not in self._lines and _rank(place) >= self._limit:
            return
        self._lines[place] = sorted([*self._lines.get(place, ()), *lines])[-LINES:]
        if len(self._lines) > 2 * INSTANCES:
            self.trim()

    def trim(self) -> None:
        """Drops the places above the bound."""
        if len(self._lines) > INSTANCES:
            self._limit = sorted(map(_rank, self._lines))[INSTANCES]
            self._keep()

    def _keep(self) -> None:
        for place in [place for place in self._lines if _rank(place) >= self._limit]:
            del self._lines[place]

    def merge(self, other: LastLines) -> None:
        """Adds the lines of another collection, of disjoint entries."""
        self._limit = min(self._limit, other._limit)
        self._keep()
        for place, lines in other._lines.items():
            self.put(place, lines)
        self.trim()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def causes(
        self, ends: Mapping[Place, list[int]], explained: Mapping[Place, list[int]]
    ) -> Iterator[tuple[Place, LastLine]]:
        """Yields the line that says why each process ended.

        `ends`: the times of ends per place; `explained`: those of errors that may be the cause.
        """
        for place in sorted(ends.keys() & self._lines.keys()):
            found: dict[bytes, LastLine] = {}
            for end in sorted(ends[place]):
                if any(end - BEFORE <= at <= end + AFTER for at in explained.get(place, ())):
                    continue
                lines = [n for n in self._lines[place] if end - BEFORE <= n.time <= end + AFTER]
                texts = [message(line.raw.unpack(line.raw.data)) for line in lines]
                if (which := cause_among(texts)) is not None:
                    found[lines[which].name] = lines[which]
            for _, line in sorted(found.items()):
                yield place, line


def _rank(place: Place) -> int:
    return rank("\x1f".join(reversed(place)))
