"""Reads parts of a log with several calls in flight, and decides what follows each answer.

One thread decides everything; calls run in gRPC's. What it does not get is named: entries that
could not be read as missing, those that a sample left out as an estimate.
"""

from __future__ import annotations

import queue
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bot.adapters.google.answers import DeadToken, OverQuota, TooLarge
from bot.adapters.google.calls import Connection
from bot.adapters.google.lanes import PAGE_SIZE, Lane, divide, overlaps
from bot.adapters.google.sampling import EVIDENCE, TOLERANCE, Levels, SamplingPlan, Stratum
from bot.core.entries.rows import NO_TIME, Rows
from bot.core.model.environment import Query
from bot.core.model.errors import GardenerError, Unavailable
from bot.core.model.values import Window, joined
from bot.core.ports import Page, PartPage

IN_FLIGHT = 8
"""Calls at the same time."""
ATTEMPTS = 6
"""Attempts without progress, after which the rest of a lane is reported as missing."""
PATIENCE = 120.0
"""Seconds without an answer, because of the quota, after which the rest is reported as missing."""
LOOK_UP = 1.0
"""Seconds between checks for a cancellation while waiting."""
LONGEST_PAUSE = 30.0
"""Seconds between two attempts, at most."""


class Clock:
    """Measures seconds; a pause counts in full even if `wait` returns early."""

    def __init__(self, wait: Callable[[float], object]) -> None:
        self._wait = wait
        self._skipped = 0.0

    def now(self) -> float:
        """Returns the time, from any start."""
        return time.monotonic() + self._skipped

    def pause(self, seconds: float) -> None:
        """Waits."""
        end = self.now() + seconds
        self._wait(seconds)
        self._skipped += max(0.0, end - self.now())


class ParallelRead:
    """One reading of some parts of a query's window."""

    def __init__(
        self,
        query: Query,
        parts: Sequence[Window],
        connection: Connection,
        clock: Clock,
        most_calls: int,
    ) -> None:
        """`parts`: disjoint windows; `most_calls`: attempts until it reads a sample."""
        self._query = query
        self._connection = connection
        self._clock = clock
        self._limit = most_calls
        self._parts = sorted(parts, key=lambda part: part.start)
        self._starts = np.array([part.start for part in self._parts], np.int64)
        self._open = list(reversed(self._parts))
        self._lanes = [Lane(window) for window in reversed(joined(parts))]
        self._whole = max(1, sum(lane.left for lane in self._lanes))
        self._done: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        self._hold = 0.0
        """Until then no call starts."""
        self._last_good = clock.now()
        self._in_flight = IN_FLIGHT
        self._size = PAGE_SIZE
        self._refusals = 0
        """Answers in a row that the quota is used up."""
        self._made = self._good = self._spent = self._reported = 0
        """Calls: all, those that brought a page, those that count for the limit, those reported."""
        self._entries = self._covered = 0
        self._levels = Levels()
        self._sample: SamplingPlan | None = None
        self._stratum: Stratum | None = None
        self._missing: list[Window] = []
        self._notes: list[str] = []
        self._share = 0.0
        self._error: GardenerError | None = None

    def pages(self) -> Iterator[PartPage]:
        """Yields the pages; empty ones while it waits, so that the caller can cancel.

        Raises `GardenerError` if nothing could be read.
        """
        try:
            while self._lanes or self._goes_on():
                wait = self._start_calls()
                if self._flying:
                    yield from self._wait_for_answer(wait)
                elif wait > 0:
                    yield self._nothing_new()
                    self._clock.pause(min(wait, LOOK_UP))
            if self._error is not None and not self._good:
                raise self._error
            yield from self._closed(last=True)
        finally:
            for lane in self._lanes:
                if lane.call is not None:
                    lane.call.cancel()

    # --- calls -------------------------------------------------------------------------------

    @property
    def _flying(self) -> int:
        return sum(lane.call is not None for lane in self._lanes)

    def _start_calls(self) -> float:
        """Starts what may start; returns the seconds until more may, 0.0 if that is unknown."""
        if self._too_much():
            return 0.0 if self._flying else self._begin_sample()
        if self._good:
            divide(self._lanes, self._in_flight, self._entries / max(1, self._covered))
        now = self._clock.now()
        waits = [self._hold - now] if self._hold > now else []
        idle = [lane for lane in self._lanes if lane.call is None]
        for lane in sorted(idle, key=lambda lane: -lane.unread):
            if waits and self._hold > now:
                break
            if lane.ready > now:
                waits.append(lane.ready - now)
            elif self._flying >= self._in_flight:
                break
            elif self._spent + self._flying >= self._hard_limit:
                if not self._flying:
                    self._give_up_all("It would take more calls than one question may make.")
                break
            else:
                wait = self._try(lane)
                if wait > 0:
                    waits.append(wait)
        return min(waits, default=0.0)

    def _try(self, lane: Lane) -> float:
        """Starts a lane's next call; returns the seconds to wait if the budget has none left."""
        try:
            wait = self._connection.take(self._query)
            if wait > 0:
                self._hold = self._clock.now() + wait
                self._lose_patience()
                return wait
            lane.size = self._size
            lane.call = self._connection.start(
                replace(self._query, window=lane.window),
                restrictions=lane.restrictions,
                token=lane.token,
                size=lane.size,
                done=lambda: self._done.put(lane),
            )
        except GardenerError as error:
            self._fail(error)
        return 0.0

    def _wait_for_answer(self, wait: float) -> Iterator[PartPage]:
        try:
            lane = self._done.get(timeout=min(wait or LOOK_UP, LOOK_UP))
        except queue.Empty:
            yield self._nothing_new()
            return
        call, lane.call = lane.call, None
        if call is None or lane not in self._lanes:
            return
        self._made += 1
        self._spent += 1
        try:
            rows, token = call.answer()
        except GardenerError as error:
            self._failed(lane, error)
            yield self._nothing_new()
        else:
            yield from self._arrived(lane, rows, token)

    def _failed(self, lane: Lane, error: GardenerError) -> None:
        now = self._clock.now()
        match error:
            case OverQuota():
                # One call at a time asks whether there is quota again; all others wait with it.
                self._in_flight = 1
                self._spent -= 1
                self._refusals += 1
                self._hold = now + _backoff(self._refusals, 10.0)
                self._limit = min(self._limit, self._good + max(self._good, 10))
                self._error = error
                self._lose_patience()
            case TooLarge() if lane.size > 1:
                self._size = min(self._size, lane.size // 2)
            case DeadToken() if lane.attempts < ATTEMPTS:
                self._lanes[self._lanes.index(lane)] = lane.ask_again()
            case Unavailable():
                lane.attempts += 1
                lane.ready = now + (error.retry_after or _backoff(lane.attempts, LONGEST_PAUSE))
                if lane.attempts >= ATTEMPTS or isinstance(error, (TooLarge, DeadToken)):
                    self._give_up(lane, error)
            case _:
                self._fail(error)

    # --- pages -------------------------------------------------------------------------------

    def _arrived(self, lane: Lane, rows: Rows, token: str) -> Iterator[PartPage]:
        self._good += 1
        self._refusals, self._in_flight = 0, IN_FLIGHT
        self._last_good = self._clock.now()
        known = rows.times[rows.times != NO_TIME]
        before = lane.unread
        if lane.arrived(len(rows), int(known.min()) if known.size else None, token):
            self._lanes.remove(lane)
        self._entries += len(rows)
        self._covered += before - lane.unread
        if lane.start > lane.window.start:
            # Older ones belong to the lane that took over from there.
            older = (rows.times < lane.start) & (rows.times != NO_TIME)
            if older.any():
                rows = rows.some(np.flatnonzero(~older))
        if self._sample is None:
            self._levels.add(rows)
        ended = list(self._closed())
        for part, some in self._by_part(rows, lane):
            yield self._page(part, some)
        yield from ended
        if not len(rows) and not ended:
            yield self._nothing_new()

    def _by_part(self, rows: Rows, lane: Lane) -> Iterator[tuple[Window, Rows]]:
        """Yields the rows of each part; what lies in none goes with the lane's oldest part."""
        if not len(rows):
            return
        usual = max(0, int(np.searchsorted(self._starts, lane.start, "right")) - 1)
        if len(self._parts) == 1:
            yield self._parts[0], rows
            return
        numbers = np.searchsorted(self._starts, rows.times, "right") - 1
        numbers[(rows.times == NO_TIME) | (numbers < 0)] = usual
        for number in np.unique(numbers)[::-1].tolist():
            yield self._parts[number], rows.some(np.flatnonzero(numbers == number))

    def _page(self, part: Window, rows: Rows) -> PartPage:
        left_out = self._stratum.left_out(len(rows)) if self._stratum is not None else 0
        return PartPage(part, self._progress(rows, left_out=left_out), done=False)

    def _nothing_new(self) -> PartPage:
        part = self._open[0] if self._open else self._parts[-1]
        return PartPage(part, self._progress(Rows()), done=False)

    def _progress(self, rows: Rows, *, left_out: int = 0) -> Page:
        calls, self._reported = self._made - self._reported, self._made
        reached = max((lane.unread for lane in self._lanes), default=self._parts[0].start)
        return Page(rows, reached=reached, share=self._shared(), left_out=left_out, api_calls=calls)

    def _shared(self) -> float:
        """Returns the share of the window that was read; it never falls."""
        left = sum(lane.left for lane in self._lanes)
        if self._sample is not None:
            hull = self._sample.hull
            left += (hull.end - hull.start) * (3 - len(self._sample.done))
            left //= 3
        self._share = max(self._share, 1.0 - left / self._whole)
        return self._share

    def _closed(self, *, last: bool = False) -> Iterator[PartPage]:
        """Yields the last page of each part of which nothing more will be read."""
        unread = [Window(lane.start, lane.unread) for lane in self._lanes]
        if self._sample is not None and not last:
            unread += self._sample.ranges
        closed = [part for part in self._open if not any(overlaps(unread, part))]
        missing = joined(self._missing)
        sampled = () if self._sample is None or self._sample.complete else self._sample.ranges
        for part in closed:
            self._open.remove(part)
            lost = tuple(overlaps(missing, part))
            page = replace(self._progress(Rows()), missing=lost)
            if not self._open:
                page = replace(page, share=1.0, notes=self._all_notes())
            yield PartPage(part, page, done=not lost and not any(overlaps(sampled, part)))

    def _all_notes(self) -> tuple[str, ...]:
        if self._sample is not None and not self._sample.complete:
            self._notes.append(self._sample.note)
        return tuple(dict.fromkeys(self._notes))

    # --- too much to read ----------------------------------------------------------------------

    @property
    def _hard_limit(self) -> int:
        return self._limit + self._limit // 2

    def _too_much(self) -> bool:
        """Returns whether the rest is expected to take more calls than there are."""
        if self._sample is not None or not self._covered:
            return False
        if self._spent < min(self._limit // 4, EVIDENCE):
            return False
        return self._spent + self._rest() / self._size > TOLERANCE * self._limit

    def _rest(self) -> float:
        """Estimates how many entries are left."""
        return sum(lane.left for lane in self._lanes) * self._entries / max(1, self._covered)

    def _begin_sample(self) -> float:
        ranges = joined(Window(lane.start, lane.unread) for lane in self._lanes)
        self._sample = SamplingPlan(self._query, ranges, self._rest(), self._levels)
        self._lanes.clear()
        return 0.0

    def _goes_on(self) -> bool:
        """Begins the next level of the sample, if there is one."""
        if self._sample is None:
            return False
        stratum = self._sample.next(max(1, self._limit - self._spent))
        if stratum is None:
            return False
        self._stratum = stratum
        self._lanes.append(Lane(self._sample.hull, stratum.restrictions))
        self._entries = self._covered = 0
        return True

    # --- giving up -----------------------------------------------------------------------------

    def _give_up(self, lane: Lane, error: GardenerError | str) -> None:
        lost = Window(lane.start, lane.unread)
        ranges = self._sample.ranges if self._sample is not None else [lost]
        self._missing += overlaps(ranges, lost)
        self._notes.append(str(error))
        if isinstance(error, GardenerError):
            self._error = error
        if lane.call is not None:
            lane.call.cancel()
            self._made += 1
        self._lanes.remove(lane)

    def _give_up_all(self, error: GardenerError | str) -> None:
        for lane in list(self._lanes):
            self._give_up(lane, error)
        if self._sample is not None:
            self._sample.stopped = True

    def _fail(self, error: GardenerError) -> None:
        """Gives up at an error that no further attempt can help; raises it if nothing was read."""
        if not self._good:
            raise error
        self._give_up_all(error)

    def _lose_patience(self) -> None:
        if self._clock.now() - self._last_good > PATIENCE:
            error = self._error or OverQuota(
                "Other readers use up the project's read quota of Cloud Logging. "
                "Ask again in a minute."
            )
            self._fail(error)


def _backoff(attempt: int, most: float) -> float:
    """Returns the seconds to wait after so many failures: doubled each time, with jitter."""
    return min(most, 0.5 * 2.0**attempt) * random.uniform(0.7, 1.0)  # noqa: S311 - no secret
