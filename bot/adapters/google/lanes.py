"""Lanes: ranges of a log that are read at the same time, each newest first, page after page.

```
window   start ────────────────────────────────────────────────── end
one lane       ◄──────────────────────────────────── unread ░░read░░
halved         ◄─────── unread │◄─────────────────── unread ░░read░░
               a lane of its own   goes on with its token, to the cut
```

How many entries a range holds is known only once some of it was read. So one call is made first;
then the ranges that promise most pages are halved, as long as calls are free.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bot.adapters.google.calls import PageCall
from bot.core.model.values import Window

PAGE_SIZE = 1_000
"""Entries per page: the maximum of entries.list."""
WORTH_HALVING = 2.0
"""Expected pages from which a range is halved; below, a further call would bring little."""


@dataclass(slots=True, eq=False)
class Lane:
    """A range that is being read, newest first."""

    window: Window
    """What its calls ask for. It never changes, since a page token is bound to it."""
    restrictions: tuple[str, ...] = ()
    """What its calls ask for beside the query."""
    start: int = field(init=False)
    """Where it ends; later than the window's start once the older half went to another lane."""
    unread: int = field(init=False)
    """Everything from here on has been read; before it, entries of the last nanosecond may not."""
    token: str = ""
    attempts: int = 0
    """Failed attempts since it last got on."""
    ready: float = 0.0
    """When it may call again, by the reader's clock."""
    empty: int = 0
    """Empty pages in a row."""
    density: float = 0.0
    """Entries per nanosecond in the last page."""
    size: int = PAGE_SIZE
    """Entries that its last call asked for."""
    call: PageCall | None = None
    """The call in flight."""

    def __post_init__(self) -> None:
        self.start, self.unread = self.window.start, self.window.end

    @property
    def left(self) -> int:
        """Nanoseconds that are unread."""
        return max(0, self.unread - self.start)

    def arrived(self, count: int, oldest: int | None, token: str) -> bool:
        """Notes a page of `count` entries; returns whether the lane is finished."""
        before = self.unread
        self.token = token
        self.empty = 0 if count else self.empty + 1
        if oldest is not None:
            self.unread = min(before, max(oldest + 1, self.start))
        if not token or (oldest is not None and oldest < self.start):
            self.unread = self.start
        if self.unread < before:
            self.attempts = 0
            self.density = count / (before - self.unread)
        return self.unread <= self.start

    def ask_again(self) -> Lane:
        """Returns a lane for what is unread, without the token. It reads the last time again."""
        lane = Lane(Window(self.start, self.unread), self.restrictions)
        lane.attempts, lane.density = self.attempts + 1, self.density
        return lane

    def expected(self, usual: float) -> float:
        """Estimates the pages that are left after the call in flight.

        `usual`: entries per nanosecond in all that was read. The last page alone would mistake a
        burst for the rest of the window, and the usual alone would miss it: their geometric mean.
        """
        density = math.sqrt(usual * self.density) if self.density else usual
        pages = self.left * density / PAGE_SIZE
        # Google searches in vain, as over a long quiet time: that may be done at several places.
        return max(pages, float(self.empty)) - (1.0 if self.call is not None else 0.0)

    def halved(self, usual: float) -> Lane | None:
        """Gives the older half of what it is not reading right now to a new lane."""
        pages = self.expected(usual) + 1.0
        edge = self.unread - (round(self.left / pages) if self.call is not None else 0)
        cut = self.start + (edge - self.start) // 2
        if not self.start < cut < self.unread:
            return None
        older = Lane(Window(self.start, cut), self.restrictions)
        older.density = self.density
        self.start = cut
        return older


def halve(lanes: list[Lane], most: int, usual: float) -> None:
    """Halves the lanes that promise most pages until there are `most`, or no more is worth it."""
    while lanes and len(lanes) < most:
        largest = max(lanes, key=lambda lane: lane.expected(usual))
        if largest.expected(usual) < WORTH_HALVING:
            return
        older = largest.halved(usual)
        if older is None:
            return
        lanes.append(older)


def joined(windows: Iterable[Window]) -> list[Window]:
    """Returns the windows in ascending order, those that touch joined; without empty ones."""
    found: list[Window] = []
    for window in sorted(windows, key=lambda w: (w.start, w.end)):
        if window.start >= window.end:
            continue
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found


def overlaps(windows: Sequence[Window], part: Window) -> Iterator[Window]:
    """Yields what the windows have in common with a part."""
    for window in windows:
        start, end = max(window.start, part.start), min(window.end, part.end)
        if start < end:
            yield Window(start, end)
