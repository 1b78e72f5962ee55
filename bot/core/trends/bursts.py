"""Divides the minutes in which something occurred into bursts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from bot.core.model.values import MINUTE, Window

MOST = 12
"""More bursts than this are a rhythm, not a list."""
PAUSE = 10 * MINUTE
"""Shorter pauses (nanoseconds) are part of a burst: retries wait up to five minutes."""
APART = 3
"""A pause is at least this many times the longest gap within a burst."""
LISTED = 3
WORDS = ("", "one", "two", "three")
_EACH = 3
"""Occurrences per burst, on average, below which there are only single events."""


def bursts(minutes: Sequence[int], occurrences: int) -> tuple[Window, ...]:
    """Returns the bursts; empty unless there are two or more that are clearly apart.

    `minutes`: starts of the minutes with occurrences, ascending, in nanoseconds. The end of a
    burst is the start of its last minute. Each pause is longer than every burst and `APART` times
    the longest gap within one; otherwise it is one problem that varies.
    """
    gaps = [(later - earlier, at) for at, (earlier, later) in enumerate(pairwise(minutes), 1)]
    widest = sorted(gaps, reverse=True)
    found: tuple[Window, ...] = ()
    for count in range(1, min(MOST, len(widest) + 1)):
        cuts = sorted(at for _, at in widest[:count])
        shortest = widest[count - 1][0]
        inside = widest[count][0] if count < len(widest) else 0
        if shortest < PAUSE:
            break
        edges = [0, *cuts, len(minutes)]
        parts = [Window(minutes[a], minutes[b - 1]) for a, b in pairwise(edges)]
        longest = max(part.end - part.start for part in parts)
        if shortest >= APART * inside and shortest >= longest and occurrences >= _EACH * len(parts):
            found = tuple(parts)
    return found


def sentence(found: Sequence[Window], span: Callable[[int, int], str]) -> str:
    """Renders `two bursts, 03:05-03:08 and 03:31`; of many, the last; empty without any.

    `span` shows the time from a burst's start to its end.
    """
    if len(found) < 2:
        return ""
    spans = [span(burst.start, burst.end) for burst in found]
    if len(found) > LISTED:
        return f"{len(found)} bursts, the last {spans[-1]}"
    return f"{WORDS[len(found)]} bursts, {', '.join(spans[:-1])} and {spans[-1]}"
