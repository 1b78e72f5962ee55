"""Reads a window and keeps what it read: a question reads only what is not kept.

The window is cut into cells (`cells`). A closed cell is taken from the store, or read and kept once
its report is made. One query reads what is missing between kept cells, the open end, and what has
arrived late in the kept cells.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from bot.core.analysis.cells import cells, chosen, closed, gaps, split
from bot.core.analysis.kept_window import Hashes, KeptWindow, decode, merged, query_key
from bot.core.analysis.reading import Glance, Reading
from bot.core.entries.rows import NO_TIME
from bot.core.expected.fingerprints import hashed
from bot.core.model.codec import CodecError
from bot.core.model.environment import Query, QueryPart
from bot.core.model.errors import Cancelled, GardenerError
from bot.core.model.report import Progress
from bot.core.model.values import HOUR, MINUTE, Window
from bot.core.ports import KeptRollups, Mark, Page, PartPage, PartSource, ProgressListener
from bot.core.rollup.gc_pause import few_collections
from bot.core.rollup.intake import BATCH

OVERLAP = 5 * MINUTE
"""A sweep begins this long before the last one. Entries become visible some seconds after they are
received, and our clock may differ from Google's by minutes; what was counted is recognised."""
PARTS = 6
"""Parts of the window to read at the same time; each costs a call that is not full."""
SMALL = HOUR
"""A gap up to this long is read with the sweep, in one query."""
CLAUSES = 40
"""Parts of one query; Google takes 20,000 characters of a filter."""
_NEAR = (0, MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, None)
"""Differences of neighbours' sweeps that one clause may ignore, until there are no more than
`CLAUSES`; None: any. What is read again is recognised."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Cell:
    """A cell of the window: a new one, or a kept one with what has arrived since."""

    window: Window
    reading: Reading
    kept: KeptWindow | None = None
    names: list[Hashes] = field(default_factory=list)
    complete: bool = False

    def add(self, page: Page) -> None:
        rows = page.rows
        names = rows.lasting_hashes()
        if self.kept is not None:
            known = self.kept.knows(names) & rows.has_insert_id
            if known.all():
                return
            new = np.flatnonzero(~known)
            page, names = replace(page, rows=rows.some(new)), names[new]
        self.names.append(names[page.rows.has_insert_id])
        self.reading.add(page)


class Keeping:
    """One reading of a query's window with a store of kept windows."""

    def __init__(  # noqa: PLR0917 - the use case's own arguments
        self,
        source: PartSource,
        query: Query,
        kept: KeptRollups,
        secret: bytes,
        now: int,
        glance: Glance | None = None,
    ) -> None:
        """`now` in nanoseconds; `secret` keys the hashes of what may not be kept."""
        self._source = source
        self._query = query
        self._store = kept
        self._now = now
        self._key = query_key(query, secret)
        self._glance = glance
        self._hide: Callable[[str], str] = lambda value: hashed(secret, value)
        self._whole = Reading(query, glance=glance, hide=self._hide)
        self._marks: Mapping[Window, Mark] = {}
        self._cells: list[_Cell] = []
        self._left: dict[Window, int] = {}
        """Part that is being read → the end of what is left to read of it."""
        self._may_keep = True
        self._swept = False
        self._answered = False

    @few_collections()
    def read(self, listener: ProgressListener | None = None) -> Reading:
        """Reads the window. Raises as `LogSource.read` does, and what the listener raises.

        `Reading.afterwards` of what it returns keeps what was read.
        """
        query = self._query
        span = closed(query.window, self._now)
        known = self._known(span) if span else []
        open_gaps = list(gaps(query.window, [cell.window for cell in known]))
        new = [
            _Cell(cell, self._reading(cell))
            for gap in open_gaps
            if (inside := closed(gap, self._now)) is not None
            for cell in cells(inside, self._now)
        ]
        self._cells = sorted([*known, *new], key=lambda cell: cell.window.start)
        small = [gap for gap in open_gaps if gap.end - gap.start <= SMALL] if known else []
        large = [gap for gap in open_gaps if gap not in small]
        if large:
            self._left = {part: part.end for part in split(large, PARTS)}
            self._take(self._source.read_parts(query, list(self._left)), large, listener)
        if known:
            self._sweep(small, known, listener)
        return self._joined()

    # --- what is kept --------------------------------------------------------------------------

    def _reading(self, window: Window) -> Reading:
        query = replace(self._query, window=window)
        return Reading(query, glance=self._glance, hide=self._hide)

    def _known(self, span: Window) -> list[_Cell]:
        """Returns the kept cells in a span; what cannot be read of them is removed."""
        environment = self._query.environment
        try:
            self._marks = self._store.marks(environment, self._key)
            windows = chosen(self._marks, span)
            found = self._store.get(environment, self._key, windows)
        except GardenerError as error:
            self._may_keep = False
            self._whole.notes.append(f"{error} Everything was read anew.")
            return []
        known, broken = [], [window for window in windows if window not in found]
        for window, data in found.items():
            try:
                kept = decode(data, self._key, replace(self._query, window=window), self._hide)
            except CodecError as error:
                _log.warning("A kept window of %s cannot be read: %s", environment, error)
                broken.append(window)
            else:
                known.append(_Cell(window, self._reading(window), kept))
                if self._glance is not None:
                    kept.reading.look_at_all(self._glance)
        try:
            self._store.remove(environment, self._key, broken)
            self._store.check()
        except GardenerError as error:
            self._may_keep = False
            self._whole.notes.append(f"{error} The next question reads all of this again.")
        return known

    def _clauses(self, small: Sequence[Window], known: Sequence[_Cell]) -> list[QueryPart]:
        """Returns what one query reads: the gaps, and what is late in the kept cells."""
        parts = [QueryPart(gap) for gap in small]
        for cell in known:
            after = max(self._marks[cell.window].swept - OVERLAP, 1)
            parts.append(QueryPart(cell.window, after))
        parts.sort(key=lambda part: part.window.start)
        joined: list[QueryPart] = []
        for near in _NEAR:
            joined = []
            for part in parts:
                last = joined[-1] if joined else None
                if last is not None and _alike(last, part, near):
                    both = Window(last.window.start, part.window.end)
                    joined[-1] = QueryPart(both, min(last.received_after, part.received_after))
                else:
                    joined.append(part)
            if len(joined) <= CLAUSES:
                break
        return joined

    # --- reading -------------------------------------------------------------------------------

    def _sweep(
        self,
        small: Sequence[Window],
        known: Sequence[_Cell],
        listener: ProgressListener | None,
    ) -> None:
        parts = self._clauses(small, known)
        span = Window(parts[0].window.start, parts[-1].window.end)
        query = replace(self._query, window=span, parts=tuple(parts))
        self._left = {span: span.end}
        self._take(self._source.read_parts(query, [span]), small, listener)
        self._swept = span not in self._left

    def _take(
        self,
        pages: Iterable[PartPage],
        wanted: Sequence[Window],
        listener: ProgressListener | None,
    ) -> None:
        """Counts pages. `wanted`: what must be read of the parts; the rest is only swept."""
        missing: list[Window] = []
        try:
            for got in pages:
                self._answered = True
                missing += got.page.missing
                self._add(replace(got.page, missing=()))
                self._reached(got)
                if listener is not None:
                    listener(self._progress(got.page, wanted))
        except GardenerError as error:
            if not self._answered or isinstance(error, Cancelled):
                raise
            missing += self._left
            self._whole.notes.append(str(error))
        for part, end in self._left.items():
            if not any(part.start < w.end and w.start < end for w in missing):
                missing.append(Window(part.start, end))
        # Of a sample nothing is missing, yet no part of it was read completely.
        sampled = list(self._left) if self._whole.left_out else []
        self._whole.missing += [both for gap in wanted for w in missing if (both := gap.overlap(w))]
        for cell in self._cells:
            if any(gap.overlap(cell.window) for gap in wanted):
                cell.complete = not any(cell.window.overlap(w) for w in (*missing, *sampled))

    def _reached(self, got: PartPage) -> None:
        part, to = got.part, got.page.reached
        if part not in self._left:
            return
        if got.done:
            del self._left[part]
        elif to is not None:
            self._left[part] = min(self._left[part], max(part.start, to))

    def _add(self, page: Page) -> None:
        """Counts a page's rows in their cells, and the others in the whole."""
        rows = page.rows
        if not len(rows):
            self._whole.add(page)
            return
        starts = np.array([cell.window.start for cell in self._cells], np.int64)
        ends = np.array([cell.window.end for cell in self._cells], np.int64)
        at = np.searchsorted(starts, rows.times, "right") - 1
        if len(starts):
            at[rows.times >= ends[at]] = -1
        if page.broken or (rows.times == NO_TIME).any():
            self._may_keep = False  # whose they are is unknown, so no cell has all of its entries
        self._whole.add(replace(page, rows=rows.some(np.flatnonzero(at < 0))))
        for number in np.unique(at[at >= 0]).tolist():
            cell = self._cells[number]
            cell.add(Page(rows.some(np.flatnonzero(at == number))))
            if self._glance is not None:
                cell.reading.progress(page)
        if sum(cell.reading.waiting for cell in self._cells) > BATCH:
            for cell in self._cells:
                cell.reading.done()

    def _progress(self, page: Page, wanted: Sequence[Window]) -> Progress:
        query = self._query.window
        own = self._whole.progress(page)
        left = [Window(part.start, end) for part, end in self._left.items()]
        unread = sum(b.end - b.start for gap in wanted for w in left if (b := gap.overlap(w)))
        back = max(self._left.values(), default=query.start)
        readings = [self._whole, *(cell.reading for cell in self._cells)]
        read = sum(r.read for r in readings)
        kept = [cell.kept.reading for cell in self._cells if cell.kept is not None]
        read += sum(r.read for r in kept)
        found = [reading.worst for reading in (*readings, *kept) if reading.worst is not None]
        worst = min(found, default=None)
        share = 1 - unread / max(1, query.end - query.start)
        said = own.worst if worst is None else f"{worst[0].name} {worst[1]}"
        return Progress(read, back, min(1.0, max(0.0, share)), said)

    def _joined(self) -> Reading:
        """Returns the whole reading, with all cells in it."""
        whole = self._whole
        whole.done()
        for cell in self._cells:
            cell.reading.done()
            if cell.kept is not None:
                whole.merge(cell.kept.reading)
            whole.merge(cell.reading)
        if self._may_keep:
            whole.afterwards.append(self._keep)
        return whole

    # --- keeping -------------------------------------------------------------------------------

    def _keep(self) -> None:
        """Keeps every complete cell. Raises `GardenerError`."""
        held: dict[Window, KeptWindow] = {}
        swept: dict[Window, Mark] = {}
        for cell in self._cells:
            if cell.kept is None:
                if not cell.complete:
                    continue
                made = KeptWindow(cell.window, cell.reading)
                made.add_names(cell.names)
                if self._put(made):
                    held[cell.window] = made
                continue
            mark = self._marks[cell.window]
            if not self._swept:
                continue
            if cell.reading.read:
                cell.kept.reading.merge(cell.reading)
                cell.kept.add_names(cell.names)
                if not self._put(cell.kept, instead_of=mark.version):
                    continue
            else:
                swept[cell.window] = replace(mark, swept=self._now)
            held[cell.window] = cell.kept
        self._store.sweep(self._query.environment, self._key, swept)
        self._lengthen(held, any_age=False)
        while self._store.excess(self._query.environment) > 0:
            if not self._lengthen(held, any_age=True) and not self._store.drop_oldest(
                self._query.environment
            ):
                break

    def _put(
        self, made: KeptWindow, *, instead_of: str = "", replaces: Sequence[Window] = ()
    ) -> bool:
        if not made.fits:
            return False
        return self._store.put(
            self._query.environment,
            self._key,
            made.window,
            made.encode(self._key),
            self._now,
            instead_of=instead_of,
            replaces=replaces,
        )

    def _lengthen(self, held: dict[Window, KeptWindow], *, any_age: bool) -> bool:
        """Puts one long cell in place of the short ones that fill it; returns whether it did.

        `any_age`: only the oldest, also if it is recent. A long cell takes less than its parts.
        """
        if not held:
            return False
        done = False
        span = Window(min(w.start for w in held), max(w.end for w in held))
        for target in cells(span, self._now, any_age=any_age):
            parts = [held[w] for w in sorted(held, key=_start) if w.overlap(target) == w]
            if len(parts) < 2 or any(gaps(target, [part.window for part in parts])):
                continue
            windows = [part.window for part in parts]
            whole = merged(target, parts)
            if not self._put(whole, replaces=windows):
                continue
            for window in windows:
                del held[window]
            held[target] = whole
            done = True
            if any_age:
                break
        return done


def _start(window: Window) -> int:
    return window.start


def _alike(last: QueryPart, part: QueryPart, near: int | None) -> bool:
    """Returns whether one clause can stand for two neighbours: they differ by `near` at most."""
    if last.window.end != part.window.start:
        return False
    if near is None:
        return True
    both = last.received_after and part.received_after
    return bool(both) and abs(last.received_after - part.received_after) <= near
