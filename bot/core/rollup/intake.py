"""Counts a source's pages into the Rollup, in five steps; most entries need only look-ups.

1. Per page: look up each row's key in the table of meanings (`meaning_table`).
2. Per batch of pages: drop and count duplicates and entries outside the window.
3. Interpret each unknown key once: header, access line and traceback are parsed and the rest is
   masked (`fast_mask`), unless a message that differs only in ids is known (`id_mask`).
4. Count all rows of the batch per meaning and place, with numpy (`batch`).
5. Pack and keep only entries that may be shown: samples, the first and the last.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from bot.core.rollup.dedup import SeenHashes
from bot.core.rollup.last_lines import LINES, LastLine
from bot.core.rollup.meaning_table import KNOWN, MeaningTable
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.stitch import Fragment
from bot.core.rollup.subjects import finder_of
from bot.core.rollup.tally import decoded
from bot.core.text.process_ends import ENDED
from bot.core.text.tracebacks import LineKind, Piece

BATCH = 32_768
"""Rows per batch: enough for numpy to pay off, few enough to keep unparsed in memory."""

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


class _Page(NamedTuple):
    """A page awaiting counting, with the number of each row's meaning, its hash and sort order."""

    rows: Rows
    numbers: Ints
    hashes: Ints
    orders: Ints


@dataclass(slots=True)
class Intake:
    """Counts rows into a Rollup."""

    window: Window
    rollup: Rollup
    names: bool = True
    """Count the subjects (users, accounts) behind the masks, the traces of failures, and when
    services logged."""
    duplicates: int = 0
    outside: int = 0
    outside_first: int | None = None
    outside_last: int | None = None
    first: int | None = None
    last: int | None = None
    table: MeaningTable = field(init=False)
    capacity: int = KNOWN
    """Keys in the table of meanings."""
    _seen: SeenHashes = field(default_factory=SeenHashes)
    _pages: list[_Page] = field(default_factory=list)
    _waiting: int = 0
    _counted: int = 0

    def __post_init__(self) -> None:
        self.table = MeaningTable(self._counted_as, self.capacity)

    def add(self, rows: Rows) -> None:
        """Takes rows; counts them now or with a later batch."""
        if len(rows):
            numbers = self.table.known(rows)
            self._pages.append(_Page(rows, numbers, rows.hashes(), rows.orders()))
            self._waiting += len(rows)
        if self._waiting >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Counts all waiting rows."""
        self._counted += self._waiting
        pages, self._pages, self._waiting = self._pages, [], 0
        if pages:
            parts, *columns = zip(*pages, strict=True)
            self._count(_Page(joined(parts), *map(np.concatenate, columns)))
            self.rollup.trim()
            self.table.make_room()

    @property
    def waiting(self) -> int:
        """Rows that wait to be counted."""
        return self._waiting

    def keep_up(self) -> None:
        """For a live view: counts the waiting rows if they are as many as were counted so far.

        Doubling keeps the cost of small batches low.
        """
        if self._waiting >= self._counted:
            self.flush()

    @property
    def fresh(self) -> list[tuple[Key, Severity]]:
        """Messages that are new since the caller last cleared this list."""
        return self.table.fresh

    def _count(self, page: _Page) -> None:
        counting = self._counting(page.rows, page.hashes)
        chosen = np.flatnonzero(counting)
        if chosen.size:
            self.table.learn(page.rows, page.numbers, counting)
            if self.names:
                self.rollup.pulse.add(page.rows, chosen)
            batch = Batch(page.rows, chosen, page.numbers, page.orders)
            for place_count in batch.place_counts():
                self.rollup.count_place(*place_count)
            listed = self.table.listed
            below = [r for r in batch.runs() if not self._add(batch, r, listed[r.meaning])]
            below = [r for r in below if not _is_frame(listed[r.meaning])]
            if below and self.names:
                self._keep_last(batch, below)

    def _keep_last(self, batch: Batch, below: Sequence[RowGroup]) -> None:
        """Keeps the last lines of each instance among those below the least severity."""
        rows, lines = batch.rows, self.rollup.last_lines
        for place, latest in batch.last(below, LINES, lines.earliest):
            found = [
                LastLine.of(
                    time, rows.names[i], self.table.listed[number], rows.pack(rows.raw_entries[i])
                )
                for number, time, i in latest
            ]
            lines.put(place, found)

    def _counted_as(self, meaning: Meaning) -> Meaning:
        """Returns the meaning to count under: the same, or that of the messages not kept."""
        key, severity, route, piece, logged_request = meaning
        if piece or route or logged_request or severity < self.rollup.min_severity:
            return meaning
        if key.place.startswith(ENDED):
            return meaning
        message = key, int(severity)
        kept_as = self.rollup.kept_as(message)
        return meaning if kept_as is message else Meaning(kept_as[0], severity)

    def _counting(self, rows: Rows, hashes: Ints) -> Flags:
        """Returns which rows count; counts duplicates and rows outside the window."""
        times = rows.times
        keep = np.ones(len(rows), dtype=np.bool_)
        again = self._seen.add(hashes, rows.has_insert_id)
        keep[again] = False
        self.duplicates += int(again.size)
        timed = times != NO_TIME
        outside = keep & timed & ((times < self.window.start) | (times >= self.window.end))
        if outside.any():
            beyond = times[outside]
            self.outside += int(beyond.size)
            first, last = int(beyond.min()), int(beyond.max())
            known = self.outside_first, self.outside_last
            self.outside_first = first if known[0] is None else min(first, known[0])
            self.outside_last = last if known[1] is None else max(last, known[1])
        keep &= ~outside
        spanned = times[keep & timed]
        if spanned.size:
            first, last = int(spanned.min()), int(spanned.max())
            self.first = first if self.first is None else min(self.first, first)
            self.last = last if self.last is None else max(self.last, last)
        return keep

    def _add(self, batch: Batch, run: RowGroup, meaning: Meaning) -> bool:
        """Counts a run; returns False if a process may have ended with it, without a level."""
        rollup, severity = self.rollup, meaning.severity
        if meaning.piece is not None:
            if self.names and meaning.piece.kind is LineKind.HEAD and finder_of(meaning.key.masked):
                _count_subjects(rollup, batch, run, meaning.key)
            for at in range(run.start, run.end):
                rollup.fragment(_fragment(batch.rows, batch.row[at], meaning, meaning.piece))
            # "Description:" or an indented line may as well be a last line, or follow one.
            return meaning.piece.kind not in _LOOSE or severity >= rollup.min_severity
        count = run.end - run.start
        rollup.severities[severity] += count
        if meaning.logged_request:
            for place, size, _ in batch.places(run):
                rollup.requests[place.service] += size
            counts = rollup.served if severity < Severity.ERROR else rollup.failed
            for revision, minute, size in batch.minute_counts(run):
                counts.add(revision, minute, size)
        if severity < rollup.min_severity:
            rollup.below += count
            return meaning.logged_request or meaning.route is not None
        self._add_counted(batch, run, meaning)
        return True

    def _add_counted(self, batch: Batch, run: RowGroup, meaning: Meaning) -> None:
        rollup, severity, count = self.rollup, meaning.severity, run.end - run.start
        key = meaning.key
        if self.names and key.kind is Kind.MESSAGE and finder_of(key.masked) is not None:
            _count_subjects(rollup, batch, run, key)
        message = key, int(severity)
        traced = self.names and severity >= Severity.WARNING
        if key.place.startswith(ENDED):
            for service, row in batch.by_service(run):
                end = Key(
                    key.kind, key.masked, f"{key.place} in {service}" if service else key.place
                )
                rollup.put((end, int(severity)), batch.single(row, severity, None, traced=traced))
            return
        if count == 1:
            rollup.put(message, batch.single(run, severity, meaning.route, traced=traced))
            return
        tally = rollup.tally(message)
        tally.counted(count, severity)
        tally.occurrences += count
        if meaning.route is not None:
            tally.on_route(meaning.route, count)
        batch.add_to(tally, run)
        if traced:
            for trace, time in batch.traces(run):
                tally.on_trace(trace, time)
        if rollup.keep_members:
            names = batch.rows.names
            tally.members.extend(decoded(names[i]) for i in batch.row[run.start : run.end])


_LOOSE = (LineKind.NAME, LineKind.MIDDLE)


def _count_subjects(rollup: Rollup, batch: Batch, run: RowGroup, key: Key) -> None:
    """Counts the subjects in each row of a run."""
    rows = batch.rows
    for i in batch.row[run.start : run.end]:
        rollup.named.add(key.masked, _text(rows, i), int(rows.times[i]))


def _text(rows: Rows, i: int) -> str:
    """Returns a row's message; for a row with a `TextKey` that is its text."""
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


def _is_frame(meaning: Meaning) -> bool:
    return meaning.piece is not None and meaning.piece.only_frame
