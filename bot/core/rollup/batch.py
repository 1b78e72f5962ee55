"""A batch of rows, sorted so that rows that are counted together are adjacent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.core.entries.place import Place
from bot.core.entries.rows import NO_TIME, Rows
from bot.core.entries.traces import NO_TRACE, trace_of
from bot.core.entries.writers import numbered
from bot.core.model.values import HOUR, MINUTE, Severity
from bot.core.rollup.tally import MOMENTS, Edge, Sample, Single, Tally

Ints = NDArray[np.int64]
_NEVER = np.iinfo(np.int64).max


class RowGroup(NamedTuple):
    """The rows of one meaning in a batch, with their aggregates."""

    meaning: int
    start: int
    end: int
    timed: int
    """Number of rows that have a time."""
    first: int
    last: int
    """Earliest and latest time; meaningful only if `timed` is above zero."""
    order: int
    """The lowest sort order of a row's name among samples."""
    cell: int
    """Index of the group's first cell."""
    edges: list[int]
    """Positions of the rows with the earliest or the latest time."""


class Batch:
    """Rows sorted by meaning, place and time, so that numpy computes all aggregates at once.

    A run is the rows of one meaning; a cell is the part of a run that has one place.
    """

    def __init__(self, rows: Rows, chosen: Ints, numbers: Ints, orders: Ints) -> None:
        """`chosen`: indices of the rows to count, at least one.

        `numbers`, `orders`: per row, chosen or not, the number of its meaning and the sort order
        of its name.
        """
        of_known, self._places = numbered([origin.place for origin in rows.known])
        where = of_known[rows.origins]
        times = rows.times
        for column in (times, where, numbers):
            chosen = chosen[_order(column[chosen])]
        self.rows = rows
        self.row: list[int] = chosen.tolist()
        """Index in `rows` of each position of the batch."""
        self._meaning = numbers[chosen]
        self._where = where[chosen]
        self._time = times[chosen]
        self._order = orders[chosen]
        new_meaning = self._meaning[1:] != self._meaning[:-1]
        self._runs = _starts(new_meaning)
        self._cells = _starts(new_meaning | (self._where[1:] != self._where[:-1]))
        self._cell_starts = [*self._cells.tolist(), len(self.row)]
        self._cell_places = [self._places[at] for at in self._where[self._cells].tolist()]
        self._times: list[int] = self._time.tolist()

    def place_counts(self) -> Iterator[tuple[Place, int, int, int]]:
        """Yields (place, rows, first time, last time) per place; times may be `NO_TIME`."""
        by_place = _order(self._where)
        where, time = self._where[by_place], self._time[by_place]
        starts = _starts(where[1:] != where[:-1])
        first, last = _spans(time, starts)
        sizes = np.diff(starts, append=len(time))
        columns = (where[starts], sizes, first, last)
        for at, size, begin, end in zip(*(c.tolist() for c in columns), strict=True):
            yield self._places[at], size, begin if end != NO_TIME else NO_TIME, end

    def runs(self) -> Iterator[RowGroup]:
        """Yields the group of each meaning."""
        starts = self._runs
        first, last = _spans(self._time, starts)
        timed = np.add.reduceat(self._time != NO_TIME, starts, dtype=np.int64)
        ends = np.append(starts[1:], len(self.row))
        sizes = ends - starts
        time = self._time
        at_edge = (time == np.repeat(first, sizes)) | (time == np.repeat(last, sizes))
        edges = np.flatnonzero(at_edge)
        cuts = np.searchsorted(edges, ends).tolist()
        places = edges.tolist()
        columns = (
            self._meaning[starts],
            starts,
            ends,
            timed,
            first,
            last,
            np.minimum.reduceat(self._order, starts),
            np.searchsorted(self._cells, starts),
        )
        of_runs = (places[a:b] for a, b in pairwise([0, *cuts]))
        return map(RowGroup, *(column.tolist() for column in columns), of_runs)

    def places(self, run: RowGroup) -> Iterator[tuple[Place, int, list[int]]]:
        """Yields (place, rows, earliest times) per place of a run; at most `MOMENTS` times."""
        cell, start = run.cell, run.start
        while start < run.end:
            end = self._cell_starts[cell + 1]
            times = self._times[start : min(end, start + MOMENTS)]
            if times[0] == NO_TIME:
                times = [time for time in self._times[start:end] if time != NO_TIME][:MOMENTS]
            yield self._cell_places[cell], end - start, times
            cell, start = cell + 1, end

    def by_service(self, run: RowGroup) -> Iterator[tuple[str, RowGroup]]:
        """Yields (service, row) of each row of a run; for messages that are rare."""
        cell = run.cell
        for at in range(run.start, run.end):
            while at >= self._cell_starts[cell + 1]:
                cell += 1
            time, order = self._times[at], int(self._order[at])
            one = RowGroup(
                run.meaning, at, at + 1, int(time != NO_TIME), time, time, order, cell, [at]
            )
            yield self._cell_places[cell].service, one

    def last(
        self, runs: Sequence[RowGroup], count: int, after: Callable[[Place], int | None]
    ) -> Iterator[tuple[Place, list[tuple[int, int, int]]]]:
        """Yields (place, latest rows) among the rows of these runs, about `count` per place.

        A row is (meaning, time, index). Rows of one time are all there or none is. `after`: the
        time before which rows of a place are of no use.
        """
        chosen = np.concatenate([np.arange(run.start, run.end) for run in runs])
        chosen = chosen[self._time[chosen] != NO_TIME]
        if not chosen.size:
            return
        chosen = chosen[_order(self._where[chosen])]
        where = self._where[chosen]
        starts = _starts(where[1:] != where[:-1])
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(chosen)], strict=True):
            mine, place = chosen[start:end], self._places[int(where[start])]
            times = self._time[mine]
            least = after(place)
            if least is not None:
                mine, times = mine[times >= least], times[times >= least]
            if len(mine) > count:
                mine = mine[times >= np.partition(times, -count)[-count]]
            if mine.size:
                yield (
                    place,
                    [
                        (int(self._meaning[at]), self._times[at], self.row[at])
                        for at in mine.tolist()
                    ],
                )

    def traces(self, run: RowGroup) -> Iterator[tuple[int, int | None]]:
        """Yields (trace, time) of each row of a run that names one."""
        rows = self.rows
        for at in range(run.start, run.end):
            trace = trace_of(rows.serialized(self.row[at]))
            if trace != NO_TRACE:
                time = self._times[at]
                yield trace, None if time == NO_TIME else time

    def single(
        self, run: RowGroup, severity: Severity, route: str | None, *, traced: bool
    ) -> Single:
        """Returns the only row of a run; `traced`: with the trace that it names."""
        i, rows = self.row[run.start], self.rows
        time = run.first if run.timed else None
        place = self._cell_places[run.cell]
        trace = trace_of(rows.serialized(i)) if traced else NO_TRACE
        raw = rows.pack(rows.raw_entries[i])
        return Single(severity, time, place, route, rows.names[i], raw, trace)

    def add_to(self, tally: Tally, run: RowGroup) -> None:
        """Adds a run's places and times to the tally, and offers entries to show."""
        for place, count, times in self.places(run):
            tally.in_place(place, count, times)
        if run.timed:
            first, last = run.first, run.last
            tally.timed(first, last)
            hour = first // HOUR
            if hour == last // HOUR:
                tally.in_hour(hour, run.timed)
            elif hour + 1 == last // HOUR:
                at = self._time[run.start : run.end]
                later = int(np.count_nonzero(at >= (hour + 1) * HOUR))
                tally.in_hour(hour, run.timed - later)
                tally.in_hour(hour + 1, later)
            else:
                at = self._time[run.start : run.end]
                hours, counts = np.unique(at[at != NO_TIME] // HOUR, return_counts=True)
                for hour, count in zip(hours.tolist(), counts.tolist(), strict=True):
                    tally.in_hour(hour, count)
            for hour, bits in self.minutes(run):
                tally.in_minutes(hour, bits)
            if (
                tally.first_entry is None
                or tally.last_entry is None
                or first <= tally.first_entry.time
                or last >= tally.last_entry.time
            ):
                self._offer_edges(tally, run)
        if run.order <= tally.threshold:
            self._offer_samples(tally, run)

    def minutes(self, run: RowGroup) -> Iterator[tuple[int, int]]:
        """Yields (hour, bits) of the minutes in which rows of a run fall, as `Tally.minutes`."""
        if not run.timed:
            return
        first, last = run.first // MINUTE, run.last // MINUTE
        if first == last:
            yield first // 60, 1 << first % 60
            return
        at = self._time[run.start : run.end]
        minutes = at[at != NO_TIME] // MINUTE
        # Times ascend within a place, so few differ from the one before.
        found: dict[int, int] = {}
        for minute in minutes[_starts(minutes[1:] != minutes[:-1])].tolist():
            found[minute // 60] = found.get(minute // 60, 0) | 1 << minute % 60
        yield from found.items()

    def minute_counts(self, run: RowGroup) -> Iterator[tuple[str, int, int]]:
        """Yields (revision, minute since the epoch, rows) of the rows of a run that have a time."""
        cell, start = run.cell, run.start
        while start < run.end:
            end = self._cell_starts[cell + 1]
            at = self._time[start:end]
            minutes, counts = np.unique(at[at != NO_TIME] // MINUTE, return_counts=True)
            revision = self._cell_places[cell].revision
            for minute, count in zip(minutes.tolist(), counts.tolist(), strict=True):
                yield revision, minute, count
            cell, start = cell + 1, end

    def _offer_edges(self, tally: Tally, run: RowGroup) -> None:
        for at in run.edges:
            i = self.row[at]
            time, name = self._times[at], self.rows.names[i]
            first, last = tally.first_entry, tally.last_entry
            if first is None or last is None or not first[:2] < (time, name) < last[:2]:
                tally.offer_edge(Edge(time, name, self.rows.pack(self.rows.raw_entries[i])))

    def _offer_samples(self, tally: Tally, run: RowGroup) -> None:
        rows, orders = self.rows, self._order[run.start : run.end]
        low = np.flatnonzero(orders <= tally.threshold)
        for at in low[np.argsort(orders[low])].tolist():
            order = int(orders[at])
            if order > tally.threshold:
                return
            i = self.row[run.start + at]
            tally.offer_sample(Sample(order, rows.names[i], rows.pack(rows.raw_entries[i])))


def _order(column: Ints) -> Ints:
    """Returns the indices that sort a column stably; numpy radix-sorts 16-bit integers."""
    if column.min() >= 0 and column.max() < 1 << 16:
        return np.argsort(column.astype(np.uint16), kind="stable")
    return np.argsort(column, kind="stable")


def _starts(new: NDArray[np.bool_]) -> Ints:
    """Returns the starts of runs; `new[i]` is whether a run starts at i + 1."""
    return np.concatenate(([0], np.flatnonzero(new) + 1))


def _spans(times: Ints, starts: Ints) -> tuple[Ints, Ints]:
    """Computes the earliest and latest time per run; the latest is `NO_TIME` if none is known."""
    first = np.minimum.reduceat(np.where(times == NO_TIME, _NEVER, times), starts)
    return first, np.maximum.reduceat(times, starts)
