"""The funnel between a source and the Rollup: most entries never leave its first step.

1. A row's key → what it means, from a table. A key that is not in there is understood once
   (`Meanings`): header, access line and traceback are looked for in its text, and what is left is
   masked, unless a message that differs in ids alone was before.
2. Duplicates, and what lies outside the window, are counted and go no further.
3. All rows of a batch are counted at once, by numpy, per meaning and place.
4. Only what may be shown later (a representative, the first and the last) is packed and kept.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.garden.entry import Key, Kind, Reader, message, understand
from bot.garden.levels import nearest
from bot.garden.model import HOUR, JSON, Severity, Window
from bot.garden.redact import redact
from bot.garden.rollup import Rollup
from bot.garden.rows import NO_TIME, RequestKey, Rows, TextKey, as_request, joined
from bot.garden.seen import Seen
from bot.garden.stitch import Fragment
from bot.garden.tally import MOMENTS, Edge, Place, Sample, Single, Tally, order_of, shown_name
from bot.garden.traces import Piece

BATCH = 16_384
"""Rows counted at once: enough for numpy, few enough to hold in memory as they were read."""
KNOWN = 32_768
"""Keys in the table. It is emptied when full: what is said often is soon in there again."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class Meaning(NamedTuple):
    """What an entry says, apart from when and where."""

    key: Key
    severity: Severity
    route: str | None = None
    piece: Piece | None = None
    """It may be a fragment of a traceback, and must be kept as it is."""
    logged_request: bool = False
    """An entry of the request log, not an access line that the server wrote."""


_SEVERITIES = {int(level): level for level in Severity}
_UNKNOWN, _EXACT = -1, -2
"""In place of a meaning's number: not in the table; decided by digits, which no key holds."""


class Meanings:
    """Numbers for what rows mean."""

    def __init__(self, capacity: int = KNOWN) -> None:
        """Nothing is known; so many keys will be."""
        self._capacity = capacity
        self.listed: list[Meaning] = []
        """By number."""
        self.fresh: list[tuple[Key, Severity]] = []
        """Messages met for the first time since somebody last looked and emptied the list; where
        nobody looks, it is emptied as the table is."""
        self._reader = Reader()
        self._by_key: dict[object, int] = {}
        self._numbers: dict[Meaning, int] = {}

    def of(self, rows: Rows) -> Ints:
        """The number of what each row means. Numbers hold until this is asked again."""
        if max(len(self._by_key), len(self.listed)) >= self._capacity:
            self._by_key.clear()
            self._numbers.clear()
            self.listed.clear()
            self.fresh.clear()
        known = map(self._by_key.get, rows.keys, repeat(_UNKNOWN))
        numbers = np.fromiter(known, np.int64, len(rows))
        unknown = np.flatnonzero(numbers < 0)
        if unknown.size:
            numbers[unknown] = [self._look(rows, i) for i in unknown.tolist()]
        return numbers

    def _look(self, rows: Rows, i: int) -> int:
        key = rows.keys[i]
        if key is None:
            return self._number(self._read(_json(rows, i), shown_name(rows.names[i])))
        number = self._by_key.get(key, _UNKNOWN)
        if number == _UNKNOWN:
            number = self._learn(key)
            self._by_key[key] = number
        if number == _EXACT:
            # What stands before the quote, the caller's address, decides nothing.
            text = rows.text(rows.raws[i])
            exact = key, text.partition('"')[2]
            number = self._by_key.get(exact, _UNKNOWN)
            if number == _UNKNOWN:
                number = self._by_key[exact] = self._number(self._understood(text, key[1]))
        return number

    def _learn(self, key: TextKey | RequestKey) -> int:
        if isinstance(key, RequestKey):
            return self._number(self._read(as_request(key), ""))
        meaning = self._understood(_decoded(key[0]), key[1])
        return _EXACT if meaning.key.kind is Kind.REQUEST else self._number(meaning)

    def _understood(self, text: str, severity: Any) -> Meaning:
        found = understand(text, self._reader.masked)
        route = None if found.request is None else redact(found.request.route)
        level = (_SEVERITIES.get(severity) or nearest(severity)) or found.severity
        return Meaning(found.key, level, route, found.piece)

    def _read(self, raw: JSON, name: str) -> Meaning:
        entry = self._reader.read(raw, name)
        return Meaning(entry.key, entry.severity, entry.route, entry.piece, "httpRequest" in raw)

    def _number(self, meaning: Meaning) -> int:
        number = self._numbers.get(meaning)
        if number is None:
            number = self._numbers[meaning] = len(self.listed)
            self.listed.append(meaning)
            self.fresh.append((meaning.key, meaning.severity))
        return number


class _Batch(NamedTuple):
    """Rows that count, sorted by meaning, place and time."""

    rows: Rows
    row: list[int]
    """Which row stands there."""
    meaning: Ints
    place: Ints
    time: Ints
    order: Ints
    places: list[Place]


@contextmanager
def few_collections() -> Iterator[None]:
    """While entries are counted, cycles are looked for rarely: counting makes none.

    Each search visits all that is kept, and a page of entries would set off several.
    """
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@dataclass(slots=True)
class Intake:
    """Counts rows into a Rollup."""

    window: Window
    rollup: Rollup
    duplicates: int = 0
    outside: int = 0
    first: int | None = None
    last: int | None = None
    meanings: Meanings = field(default_factory=Meanings)
    _seen: Seen = field(default_factory=Seen)
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
        batch = [rows for rows in batch if len(rows)]
        if batch:
            self._count(joined(batch))
            self.rollup.trim()

    def _count(self, rows: Rows) -> None:
        times = np.array(rows.times, dtype=np.int64)
        keep = self._counting(rows, times)
        numbers = self.meanings.of(rows)
        where, places = _numbered(rows.places)
        chosen = np.flatnonzero(keep)
        chosen = chosen[np.lexsort((times[chosen], where[chosen], numbers[chosen]))]
        if not chosen.size:
            return
        orders = np.fromiter(map(order_of, rows.names), np.int64, len(rows))
        batch = _Batch(
            rows,
            chosen.tolist(),
            numbers[chosen],
            where[chosen],
            times[chosen],
            orders[chosen],
            places,
        )
        self._survey(batch)
        self._fill(batch)

    @property
    def fresh(self) -> list[tuple[Key, Severity]]:
        """Messages met for the first time since somebody last looked and emptied the list."""
        return self.meanings.fresh

    # --- step 2: what counts -------------------------------------------------------------------

    def _counting(self, rows: Rows, times: Ints) -> Flags:
        keep = np.ones(len(rows), dtype=np.bool_)
        again = self._seen.add(hashes(rows, times), np.array(rows.named, dtype=np.bool_))
        keep[again] = False
        self.duplicates += int(again.size)
        timed = times != NO_TIME
        outside = keep & timed & ((times < self.window.start) | (times >= self.window.end))
        self.outside += int(outside.sum())
        keep &= ~outside
        spanned = times[keep & timed]
        if spanned.size:
            first, last = int(spanned.min()), int(spanned.max())
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)
        return keep

    def _survey(self, batch: _Batch) -> None:
        by_place = np.lexsort((batch.time, batch.place))
        place, time = batch.place[by_place], batch.time[by_place]
        for start, end in _runs(place):
            known = time[start:end]
            known = known[known != NO_TIME]
            first, last = (int(known[0]), int(known[-1])) if known.size else (NO_TIME, NO_TIME)
            self.rollup.surveyed(batch.places[place[start]], end - start, first, last)

    # --- step 3: counting ----------------------------------------------------------------------

    def _fill(self, batch: _Batch) -> None:
        rollup, listed = self.rollup, self.meanings.listed
        severities, least = rollup.severities, rollup.min_severity
        numbers = batch.meaning.tolist()
        for start, end in _runs(batch.meaning):
            meaning = listed[numbers[start]]
            if meaning.piece is not None:
                for at in range(start, end):
                    rollup.fragment(_fragment(batch, at, meaning, meaning.piece))
                continue
            severities[meaning.severity] += end - start
            if meaning.logged_request:
                for at in range(start, end):
                    rollup.requests[batch.places[batch.place[at]].service] += 1
            if meaning.severity < least:
                rollup.below += end - start
            elif end - start == 1:
                rollup.put((meaning.key, meaning.severity), _single(batch, start, meaning))
            else:
                tally = rollup.tally((meaning.key, meaning.severity))
                _add(tally, batch, start, end, meaning)
                if rollup.keep_members:
                    names = [shown_name(batch.rows.names[i]) for i in batch.row[start:end]]
                    tally.members.extend(names)


def hashes(rows: Rows, times: Ints) -> Ints:
    """64 bits of each row's log, time and name: equal for duplicates, and for no others."""
    size = len(rows)
    names = np.fromiter(map(hash, rows.names), np.int64, size)
    logs = np.fromiter(map(hash, rows.logs), np.int64, size)
    # Odd factors, so that nothing is lost: names and times alone tell entries apart.
    return (
        names ^ (times * np.int64(-7046029254386353131)) ^ (logs * np.int64(0x51_7C_C1B7_2722_0A95))
    )


def _single(batch: _Batch, at: int, meaning: Meaning) -> Single:
    rows, i = batch.rows, batch.row[at]
    time = rows.times[i]
    return Single(
        meaning.severity,
        None if time == NO_TIME else time,
        rows.places[i],
        meaning.route,
        rows.names[i],
        rows.pack(rows.raws[i]),
    )


def _fragment(batch: _Batch, at: int, meaning: Meaning, piece: Piece) -> Fragment:
    rows, i = batch.rows, batch.row[at]
    time, log, raw = rows.times[i], rows.logs[i], rows.raws[i]
    text = rows.text(raw) if rows.keys[i] is not None else message(_json(rows, i))
    return Fragment(
        time=None if time == NO_TIME else time,
        name=rows.names[i],
        place=rows.places[i],
        log=log.decode("utf-8", "replace") if isinstance(log, bytes) else str(log),
        severity=meaning.severity,
        key=meaning.key,
        piece=piece,
        text=text,
        raw=rows.pack(raw),
    )


def _add(tally: Tally, batch: _Batch, start: int, end: int, meaning: Meaning) -> None:
    """Counts the rows from `start` to `end`, which are sorted by place and time."""
    count = end - start
    tally.counted(count, meaning.severity)
    tally.occurrences += count
    if meaning.route is not None:
        tally.on_route(meaning.route, count)
    time, place = batch.time[start:end], batch.place[start:end]
    for begin, stop in _runs(place):
        here = time[begin:stop]
        earliest = here[here != NO_TIME][:MOMENTS].tolist()
        tally.in_place(batch.places[place[begin]], stop - begin, earliest)
    timed = time[time != NO_TIME]
    if timed.size:
        first, last = int(timed.min()), int(timed.max())
        tally.timed(first, last)
        if first // HOUR == last // HOUR:
            tally.in_hour(first // HOUR, timed.size)
        else:
            for hour, size in zip(*np.unique(timed // HOUR, return_counts=True), strict=True):
                tally.in_hour(int(hour), int(size))
        _offer_edges(tally, batch, start + np.flatnonzero((time == first) | (time == last)))
    _offer_samples(tally, batch, start, batch.order[start:end])


# --- step 4: what may be shown -------------------------------------------------------------------


def _offer_edges(tally: Tally, batch: _Batch, places: Ints) -> None:
    rows = batch.rows
    for at in places.tolist():
        i = batch.row[at]
        time, name = rows.times[i], rows.names[i]
        first, last = tally.first_entry, tally.last_entry
        if first is None or last is None or not first[:2] < (time, name) < last[:2]:
            tally.edged(Edge(time, name, rows.pack(rows.raws[i])))


def _offer_samples(tally: Tally, batch: _Batch, start: int, order: Ints) -> None:
    rows = batch.rows
    low = np.flatnonzero(order <= tally.threshold)
    for at in low[np.argsort(order[low])].tolist():
        if order[at] > tally.threshold:
            break
        i = batch.row[start + at]
        tally.sampled(Sample(int(order[at]), rows.names[i], rows.pack(rows.raws[i])))


# --- columns -------------------------------------------------------------------------------------


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _json(rows: Rows, i: int) -> JSON:
    raw = rows.raws[i]
    if isinstance(raw, dict):
        return raw
    packed = rows.pack(raw)
    return packed.unpack(packed.data)


def _numbered(values: list[Place]) -> tuple[Ints, list[Place]]:
    """Each value's number among the distinct ones, and these."""
    numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
    return np.fromiter(map(numbers.__getitem__, values), np.int64, len(values)), list(numbers)


def _runs(values: Ints) -> list[tuple[int, int]]:
    """Where runs of equal values begin and end."""
    cuts = (np.flatnonzero(values[1:] != values[:-1]) + 1).tolist()
    return list(pairwise([0, *cuts, len(values)]))
