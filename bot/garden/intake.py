"""The funnel between a source and the Rollup: nine entries in ten never leave its first step.

1. An exact key → what it means (`Meaning`), from a table. No key, or one not seen before: the
   entry is read (`entry.Reader`), once.
2. Duplicates, and what lies outside the window, are counted and go no further.
3. All rows of a batch are counted at once, by numpy, per meaning: spans, hours, places.
4. Only what may be shown later (a representative, the first and the last) is packed and kept.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.garden.entry import Entry, Key, Kind, Reader
from bot.garden.model import HOUR, JSON, Severity, Window
from bot.garden.rollup import Rollup
from bot.garden.rows import LONGEST, NO_TIME, Rows
from bot.garden.seen import Seen
from bot.garden.tally import MOMENTS, Edge, Place, Raw, Sample, order_of

BATCH = 8_192
"""Rows counted at once: enough for numpy, few enough to hold in memory as they were read."""
KNOWN = 65_536
"""Keys in the table; it is emptied when full, which costs time and changes nothing."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an entry says, apart from when and where."""

    index: int
    key: Key
    severity: Severity
    route: str | None
    piece: bool
    """A fragment of a traceback: it must be kept as it is."""
    logged_request: bool
    """An entry of the request log, not an access line that the server wrote."""


_EXACT = Meaning(
    -1, Key(Kind.REQUEST, ""), Severity.DEFAULT, None, piece=False, logged_request=False
)
"""In the table: entries with this key differ in a status, so they are looked up by their words."""


@dataclass(slots=True)
class Intake:
    """Counts rows into a Rollup."""

    window: Window
    rollup: Rollup
    duplicates: int = 0
    outside: int = 0
    first: int | None = None
    last: int | None = None
    fresh: list[tuple[Key, Severity]] = field(default_factory=list)
    """Messages met for the first time since somebody last looked and emptied the list."""
    _reader: Reader = field(default_factory=Reader)
    _seen: Seen = field(default_factory=Seen)
    _known: dict[Hashable, Meaning] = field(default_factory=dict)
    _meanings: list[Meaning] = field(default_factory=list)
    _by_content: dict[tuple[Key, Severity, str | None, bool, bool], Meaning] = field(
        default_factory=dict
    )
    _rows: list[Rows] = field(default_factory=list)
    _waiting: int = 0

    def add(self, rows: Rows) -> None:
        """Takes rows; they are counted now or with a later batch."""
        self._rows.append(rows)
        self._waiting += len(rows)
        if self._waiting >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Counts what is waiting."""
        batch, self._rows, self._waiting = self._rows, [], 0
        for rows in batch if len(batch) < 2 else [_joined(batch)]:
            if len(rows):
                self._count(rows)

    # --- step 1: what it means -----------------------------------------------------------------

    def _understood(self, rows: Rows) -> list[Meaning]:
        if len(self._known) > KNOWN or len(self._meanings) > KNOWN:
            self._known.clear()
            self._by_content.clear()
            self._meanings.clear()
        known = self._known
        meanings: list[Any] = [known.get(key) for key in rows.keys]
        for i, meaning in enumerate(meanings):
            if meaning is None or meaning is _EXACT:
                meanings[i] = self._learn(rows, i)
        return meanings

    def _learn(self, rows: Rows, i: int) -> Meaning:
        key = rows.keys[i]
        known = None if key is None else self._known.get(key)
        wide = _wide(key)
        if known is None and wide is not None and (known := self._known.get(wide)) is not None:
            self._known[key] = known
            return known
        raw = _json(rows, i) if key is None or rows.peek is None else rows.peek(rows.raws[i])
        if exact := known is _EXACT:
            # What stands before the quote, the caller's address, decides nothing.
            key = str(raw.get("textPayload"))[:LONGEST].partition('"')[2], raw.get("severity")
            known = self._known.get(key)
        if known is not None:
            return known
        entry = self._reader.read(raw, rows.names[i])
        content = (
            entry.key,
            entry.severity,
            entry.route,
            entry.piece is not None,
            "httpRequest" in raw,
        )
        meaning = self._by_content.get(content)
        if meaning is None:
            meaning = Meaning(len(self._meanings), *content)
            self._meanings.append(meaning)
            self._by_content[content] = meaning
            self.fresh.append((entry.key, entry.severity))
        if key is not None:
            self._known[key] = _EXACT if entry.exact and not exact else meaning
            if wide is not None and not entry.exact:
                self._known[wide] = meaning
        return meaning

    # --- step 2: what counts -------------------------------------------------------------------

    def _count(self, rows: Rows) -> None:
        meanings = self._understood(rows)
        times = np.array(rows.times, dtype=np.int64)
        keep = np.ones(len(rows), dtype=bool)
        hashes = list(map(hash, zip(rows.logs, rows.times, rows.names, strict=True)))
        named = range(len(rows)) if all(rows.named) else np.flatnonzero(rows.named).tolist()
        for again in self._seen.add([hashes[i] for i in named]):
            keep[named[again]] = False
        self.duplicates += len(rows) - int(keep.sum())
        timed = times != NO_TIME
        outside = keep & timed & ((times < self.window.start) | (times >= self.window.end))
        self.outside += int(outside.sum())
        keep &= ~outside
        spanned = times[keep & timed]
        if spanned.size:
            first, last = int(spanned.min()), int(spanned.max())
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)
        self._survey(rows, keep, times)
        self._fill(rows, meanings, keep, times)

    def _survey(self, rows: Rows, keep: NDArray[np.bool_], times: Ints) -> None:
        numbers, distinct = _numbered(rows.places)
        chosen = np.flatnonzero(keep)
        for place, members in _groups(numbers[chosen], chosen, times):
            at = times[members]
            known = at[at != NO_TIME]
            first, last = (int(known[0]), int(known[-1])) if known.size else (NO_TIME, NO_TIME)
            self.rollup.surveyed(distinct[place], len(members), first, last)

    # --- step 3: counting ----------------------------------------------------------------------

    def _fill(
        self, rows: Rows, meanings: Sequence[Meaning], keep: NDArray[np.bool_], times: Ints
    ) -> None:
        rollup = self.rollup
        index = np.fromiter((m.index for m in meanings), dtype=np.int64, count=len(meanings))
        chosen = np.flatnonzero(keep)
        for which, members in _groups(index[chosen], chosen, times):
            meaning = self._meanings[which]
            if meaning.piece:
                rollup.pieces.extend(self._entry(rows, int(i)) for i in members)
                continue
            rollup.severities[meaning.severity] += len(members)
            if meaning.logged_request:
                for i in members.tolist():
                    rollup.requests[rows.places[i].service] += 1
            if meaning.severity < rollup.min_severity:
                rollup.below += len(members)
            else:
                self._tally(rows, meaning, members, times)

    def _tally(self, rows: Rows, meaning: Meaning, members: Ints, times: Ints) -> None:
        """Counts the rows of one meaning, which are in the order of their times."""
        tally = self.rollup.tally(meaning.key, meaning.severity)
        count = len(members)
        tally.counted(count, meaning.severity)
        tally.occurrences += count
        if meaning.route is not None:
            tally.on_route(meaning.route, count)
        where: dict[Place, list[int]] = {}
        names = rows.names
        listed = members.tolist()
        for i in listed:
            where.setdefault(rows.places[i], []).append(i)
        at = times[members]
        start = int(np.searchsorted(at, NO_TIME, side="right"))
        if start < count:
            tally.timed(int(at[start]), int(at[-1]))
            hours = at[start:] // HOUR
            if hours[0] == hours[-1]:
                tally.in_hour(int(hours[0]), count - start)
            else:
                for hour, size in zip(*np.unique(hours, return_counts=True), strict=True):
                    tally.in_hour(int(hour), int(size))
            for i in (listed[start], listed[-1]):
                self._offer_edge(rows, tally, i)
        for place, group in where.items():
            tally.in_place(place, len(group))
            earliest = [t for i in group[: MOMENTS + start] if (t := rows.times[i]) != NO_TIME]
            if earliest and (place.instance or place.revision):
                tally.happened(place, earliest[:MOMENTS])
        if self.rollup.keep_members:
            tally.members.extend(names[i] for i in listed)
        self._offer_samples(rows, tally, listed)

    # --- step 4: what may be shown -------------------------------------------------------------

    def _offer_samples(self, rows: Rows, tally: Any, listed: list[int]) -> None:
        names = rows.names
        threshold = tally.threshold
        for i in listed:
            order = order_of(names[i])
            if order <= threshold:
                tally.sampled(Sample(order, names[i], _packed(rows, i)))
                threshold = tally.threshold

    def _offer_edge(self, rows: Rows, tally: Any, i: int) -> None:
        place = (rows.times[i], rows.names[i])
        first, last = tally.first_entry, tally.last_entry
        if first is None or place < first[:2] or place > last[:2]:
            tally.edged(Edge(*place, _packed(rows, i)))

    def _entry(self, rows: Rows, i: int) -> Entry:
        return self._reader.read(_json(rows, i), rows.names[i])


_IDS = re.compile(rb"(?<![A-Za-z0-9])[A-Fa-f]*+0[0-9A-Za-z]*|0[0-9A-Za-z]*")


def _wide(key: Hashable | None) -> Hashable | None:
    """A text's key without what the mask takes for an id: any word from its first digit on.

    Two texts with the same wide key have the same masked message; a test holds the mask to it.
    """
    if key.__class__ is not tuple or key[0].__class__ is not bytes:
        return None
    return _IDS.sub(b"0", key[0]), key[1], "wide"


def _packed(rows: Rows, i: int) -> Raw:
    return rows.pack(rows.raws[i])


def _json(rows: Rows, i: int) -> JSON:
    raw = rows.raws[i]
    if isinstance(raw, dict):
        return raw
    packed = rows.pack(raw)
    return packed.unpack(packed.data)


def _joined(batch: Sequence[Rows]) -> Rows:
    whole = Rows(pack=batch[0].pack, peek=batch[0].peek)
    for rows in batch:
        whole.keys += rows.keys
        whole.names += rows.names
        whole.named += rows.named
        whole.times += rows.times
        whole.logs += rows.logs
        whole.places += rows.places
        whole.raws += rows.raws
    return whole


def _numbered(values: Sequence[Any]) -> tuple[Ints, list[Any]]:
    """Each value's number among the distinct ones, and these."""
    numbers: dict[Any, int] = {}
    listed = [numbers.setdefault(value, len(numbers)) for value in values]
    return np.array(listed, dtype=np.int64), list(numbers)


def _groups(index: Ints, members: Ints, times: Ints) -> Iterable[tuple[int, Ints]]:
    """The members of each index, in the order of their times."""
    if not len(index):
        return
    order = np.lexsort((times[members], index))
    index, members = index[order], members[order]
    cuts = np.flatnonzero(np.diff(index)) + 1
    bounds = [0, *cuts.tolist(), len(index)]
    firsts = index[bounds[:-1]].tolist()
    for which, start, end in zip(firsts, bounds, bounds[1:], strict=False):
        yield which, members[start:end]
