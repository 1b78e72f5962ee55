"""Lanes: ranges of a log that are read at the same time, each newest first, page after page.

```
window   start ──────────────────────────────────────────────────── end
one lane       ◄────────────────────────────────────── unread ░░read░░
divided        ◄────────────│◄───────────│◄─────────── unread ░░read░░
               lanes of their own         goes on with its token, to the cut
```

How many entries a range holds is known only once some of it was read. So one call is made first;
then the ranges that promise most pages are divided, as long as calls are free.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.adapters.google.calls import PageCall
from bot.core.model.values import Window

PAGE_SIZE = 1_000
"""Entries per page: the maximum of entries.list."""
WORTH_DIVIDING = 1.5
"""Expected pages from which a range is divided; below, a further call would bring little."""
NEAR = 2
"""Pages for which the density of the last one is taken to go on."""
FULL = 0.93
"""How full the last page of a lane should be, so that chance does not make it two."""


@dataclass(slots=True, eq=False)
class Lane:
    """A range that is being read, newest first."""

    window: Window
    """What its calls ask for. It never changes, since a page token is bound to it."""
    restrictions: tuple[str, ...] = ()
    """What its calls ask for beside the query."""
    start: int = field(init=False)
    """Where it ends; later than the window's start once an older part went to another lane."""
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

        `usual`: entries per nanosecond in all that was read. What is near is taken to be as dense
        as the last page. That alone would mistake a burst for the rest of the window, and the usual
        alone would miss it, so for what is further off it is their geometric mean.
        """
        near = min(self.left, round(NEAR * PAGE_SIZE / self.density)) if self.density else 0
        far = math.sqrt(usual * self.density) if self.density else usual
        pages = (near * self.density + (self.left - near) * far) / PAGE_SIZE
        if not usual:
            # Google searches in vain so far: that may be done at several places.
            pages = float(self.empty)
        return pages - (1.0 if self.call is not None else 0.0)

    def divided(self, usual: float, most: int) -> list[Lane]:
        """Keeps the newest part of what is unread; returns lanes for the others, `most` in all.

        As many as finish in the fewest rounds of calls, and no more than that takes. Each expects a
        little less than whole pages, since an entry more would cost a call more.
        """
        pages = self.expected(usual)
        rounds = math.ceil(pages / (FULL * most))
        count = min(most, math.ceil(pages / (FULL * rounds)))
        edge = self.unread
        if self.call is not None:
            edge -= round(self.left / (pages + 1.0))  # what the call in flight is about to bring
        step = (edge - self.start) // count
        if count < 2 or step < 1:
            return []
        cuts = [self.start + i * step for i in range(count)]
        others = [Lane(Window(start, end), self.restrictions) for start, end in pairwise(cuts)]
        for other in others:
            other.density = self.density
        self.start, self.empty = cuts[-1], 0
        return others


def divide(lanes: list[Lane], most: int, usual: float) -> None:
    """Divides the lanes that promise most pages, until there are `most` or it is not worth it."""
    while lanes and len(lanes) < most:
        largest = max(lanes, key=lambda lane: lane.expected(usual))
        if largest.expected(usual) < WORTH_DIVIDING:
            return
        others = largest.divided(usual, most - len(lanes) + 1)
        if not others:
            return
        lanes += others


def overlaps(windows: Sequence[Window], part: Window) -> Iterator[Window]:
    """Yields what the windows have in common with a part."""
    for window in windows:
        if (both := window.overlap(part)) is not None:
            yield both
