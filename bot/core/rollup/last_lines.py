"""The last lines of each instance, whatever their severity: a process may die of what has none.

Kept only below the least severity, since all others are counted. Bounded: the latest lines of the
instances with the smallest hash, so that the order of entries does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.core.entries.place import Place, Raw
from bot.core.entries.rows import loads, packed
from bot.core.entries.understand import Key, Meaning, message
from bot.core.model.values import JSON, MINUTE, SECOND, Severity
from bot.core.rollup.tally import rank
from bot.core.text.last_words import cause_among
from bot.core.text.level_form import WHEN
from bot.core.text.level_headers import header

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
AT_ONCE = SECOND // 100
"""Between two lines of one report, at most."""
MORE = 24
"""Lines of a report that are kept after the one that says why."""


_OF_ITS_OWN = re.compile(rf"\[?{WHEN}\b")
"""A line with a time is a record of its own and continues none."""


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

    __slots__ = ("_lines", "limit")

    def __init__(self) -> None:
        self._lines: dict[Place, list[LastLine]] = {}
        self.limit = 2**64
        """Only places with a smaller rank are kept."""

    def earliest(self, place: Place) -> int | None:
        """Returns the time before which a line of this place is not kept; None if all are."""
        known = self._lines.get(place)
        return known[0].time if known is not None and len(known) >= LINES else None

    def put(self, place: Place, lines: Iterable[LastLine]) -> None:
        """Adds lines of a place."""
        if place not in self._lines and _rank(place) >= self.limit:
            return
        self._lines[place] = sorted([*self._lines.get(place, ()), *lines])[-LINES:]
        if len(self._lines) > 2 * INSTANCES:
            self.trim()

    def trim(self) -> None:
        """Drops the places above the bound."""
        if len(self._lines) > INSTANCES:
            self.limit = sorted(map(_rank, self._lines))[INSTANCES]
            self._keep()

    def _keep(self) -> None:
        for place in [place for place in self._lines if _rank(place) >= self.limit]:
            del self._lines[place]

    def merge(self, other: LastLines) -> None:
        """Adds the lines of another collection, of disjoint entries."""
        self.limit = min(self.limit, other.limit)
        self._keep()
        for place, lines in other._lines.items():
            self.put(place, lines)
        self.trim()

    def items(self) -> Iterable[tuple[Place, Sequence[LastLine]]]:
        """Returns the lines per place, in order of time."""
        return self._lines.items()

    def replace(self, change: Callable[[LastLine], LastLine]) -> None:
        """Puts `change(line)` in place of each line; it must keep what orders them."""
        self._lines = {place: [change(n) for n in lines] for place, lines in self._lines.items()}

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
                yield place, self._with_report(place, line)

    def _with_report(self, place: Place, line: LastLine) -> LastLine:
        """Returns the line with those that its process wrote with it, as one text."""
        raw = line.raw.unpack(line.raw.data)
        more = self.following(place, str(raw.get("logName") or ""), line.time, line.name)
        return line._replace(raw=with_lines(raw, [message(raw), *more])) if more else line

    def following(
        self,
        place: Place,
        log: str,
        time: int | None,
        name: bytes,
        until: int | None = None,
    ) -> list[str]:
        """Returns the texts without a level that follow an entry of this log at once.

        `until`: only those before this time.

        They belong to it: the settings that pydantic lacks, the reason in a report of Spring.
        """
        found: list[str] = []
        if time is None:
            return found
        at = (time, len(name), name)
        for line in self._lines.get(place, ()):
            if line[:3] <= at:
                continue
            late = until is not None and line.time >= until
            if late or line.time - at[0] > AT_ONCE or len(found) == MORE:
                break
            raw = line.raw.unpack(line.raw.data)
            if raw.get("logName") == log:
                text = message(raw)
                if line.severity or header(text).length or _OF_ITS_OWN.match(text):
                    break
                found.append(text)
                at = line[:3]
        while found and not found[-1].strip():
            found.pop()
        return found


def with_lines(raw: JSON, lines: Sequence[str]) -> Raw:
    """Returns the entry with these lines as its text."""
    rest = {name: part for name, part in raw.items() if name != "jsonPayload"}
    return packed({**rest, "textPayload": "\n".join(lines)})


def _rank(place: Place) -> int:
    return rank("\x1f".join(reversed(place)))
