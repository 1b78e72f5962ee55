"""The funnel between a source and the Rollup: most entries never leave its first step.

1. A row's key → what it means, from a table, page by page while its keys are at hand.
2. Many pages together: duplicates, and what lies outside the window, are counted and go no further.
3. A key that is not in the table is understood once (`meanings`): header, access line and
   traceback are looked for in its text, and what is left is masked (`masker`), unless a message
   that differs in ids alone was before (`ids`).
4. All rows of a batch are counted at once, by numpy, per meaning and place (`batch`).
5. Only what may be shown later (a representative, the first and the last) is packed and kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.core.entries.rows import NO_TIME, Rows, joined
from bot.core.entries.understand import (
    Key,
    Kind,
    Meaning,
    message,
)
from bot.core.model.values import Severity, Window
from bot.core.rollup.batch import Batch, RowGroup
from bot.core.rollup.dedup import Seen
from bot.core.rollup.meaning_table import KNOWN, Meanings
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.stitch import Fragment
from bot.core.rollup.subjects import finder_of
from bot.core.rollup.tally import decoded
from bot.core.text.tracebacks import Piece

BATCH = 32_768
"""Rows counted at once: enough for numpy, few enough to hold in memory as they were read."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class _Page(NamedTuple):
    """Rows that wait to be counted, and what is told by each row's own objects."""

    rows: Rows
    meanings: Ints
    hashes: Ints
    orders: Ints


@dataclass(slots=True)
class Intake:
    """Counts rows into a Rollup."""

    window: Window
    rollup: Rollup
    names: bool = True
    """Count who stands behind the masks."""
    duplicates: int = 0
    outside: int = 0
    first: int | None = None
    last: int | None = None
    meanings: Meanings = field(init=False)
    capacity: int = KNOWN
    """Of the table of meanings."""
    _seen: Seen = field(default_factory=Seen)
    _pages: list[_Page] = field(default_factory=list)
    _waiting: int = 0
    _counted: int = 0

    def __post_init__(self) -> None:
        self.meanings = Meanings(self._counted_as, self.capacity)

    def add(self, rows: Rows) -> None:
        """Takes rows; they are counted now or with a later batch."""
        if len(rows):
            meanings = self.meanings.known(rows)
            self._pages.append(_Page(rows, meanings, rows.hashes(), rows.orders()))
            self._waiting += len(rows)
        if self._waiting >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Counts what is waiting."""
        self._counted += self._waiting
        pages, self._pages, self._waiting = self._pages, [], 0
        if pages:
            parts, *columns = zip(*pages, strict=True)
            self._count(_Page(joined(parts), *map(np.concatenate, columns)))
            self.rollup.trim()
            self.meanings.make_room()

    def keep_up(self) -> None:
        """Counts what is waiting, for someone who watches, where that is not too little to be
        quick: as much as was counted before."""
        if self._waiting >= self._counted:
            self.flush()

    @property
    def fresh(self) -> list[tuple[Key, Severity]]:
        """Messages met for the first time since somebody last looked and emptied the list."""
        return self.meanings.fresh

    def _count(self, page: _Page) -> None:
        counting = self._counting(page.rows, page.hashes)
        chosen = np.flatnonzero(counting)
        if chosen.size:
            self.meanings.learn(page.rows, page.meanings, counting)
            batch = Batch(page.rows, chosen, page.meanings, page.orders)
            for survey in batch.surveys():
                self.rollup.surveyed(*survey)
            for run in batch.runs():
                self._add(batch, run, self.meanings.listed[run.meaning])

    def _counted_as(self, meaning: Meaning) -> Meaning:
        """The same, or what all messages say together that are like it and not kept."""
        key, severity, route, piece, logged_request = meaning
        if piece or route or logged_request or severity < self.rollup.min_severity:
            return meaning
        message = key, int(severity)
        kept_as = self.rollup.kept_as(message)
        return meaning if kept_as is message else Meaning(kept_as[0], severity)

    def _counting(self, rows: Rows, hashes: Ints) -> Flags:
        """Which rows count; the others are counted here."""
        times = rows.times
        keep = np.ones(len(rows), dtype=np.bool_)
        again = self._seen.add(hashes, rows.has_insert_id)
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

    def _add(self, batch: Batch, run: RowGroup, meaning: Meaning) -> None:
        rollup, severity = self.rollup, meaning.severity
        if meaning.piece is not None:
            for at in range(run.start, run.end):
                rollup.fragment(_fragment(batch.rows, batch.row[at], meaning, meaning.piece))
            return
        count = run.end - run.start
        rollup.severities[severity] += count
        if meaning.logged_request:
            for place, size, _ in batch.places(run):
                rollup.requests[place.service] += size
        if severity < rollup.min_severity:
            rollup.below += count
            return
        key = meaning.key
        if self.names and key.kind is Kind.MESSAGE and finder_of(key.masked) is not None:
            _name(rollup, batch, run, key)
        message = key, int(severity)
        if count == 1:
            rollup.put(message, batch.single(run, severity, meaning.route))
            return
        tally = rollup.tally(message)
        tally.counted(count, severity)
        tally.occurrences += count
        if meaning.route is not None:
            tally.on_route(meaning.route, count)
        batch.add_to(tally, run)
        if rollup.keep_members:
            names = batch.rows.names
            tally.members.extend(decoded(names[i]) for i in batch.row[run.start : run.end])


def _name(rollup: Rollup, batch: Batch, run: RowGroup, key: Key) -> None:
    """Counts who stands in each row."""
    rows = batch.rows
    for i in batch.row[run.start : run.end]:
        rollup.named.add(key.masked, _text(rows, i), int(rows.times[i]))


def _text(rows: Rows, i: int) -> str:
    """A row's message; a key says that its text is all of it."""
    return (
        rows.text(rows.raw_entries[i]) if isinstance(rows.keys[i], bytes) else message(rows.json(i))
    )


def _fragment(rows: Rows, i: int, meaning: Meaning, piece: Piece) -> Fragment:
    place, log, _ = rows.origin(i)
    return Fragment(
        time=rows.time(i),
        name=rows.names[i],
        place=place,
        log=log,
        severity=meaning.severity,
        key=meaning.key,
        piece=piece,
        text=_text(rows, i),
        raw=rows.pack(rows.raw_entries[i]),
    )
