"""Cuts a window at absolute multiples, so that questions share what was read; pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.core.model.values import HOUR, MINUTE, Window

LADDER = ((6 * HOUR, 26 * HOUR), (HOUR, 2 * HOUR), (5 * MINUTE, 0))
"""(length of a cell, age of its end from which cells are that long), the longest first. What is
recent is cut finely, since most questions begin there; a long window needs few cells."""
FINEST = LADDER[-1][0]
SETTLING = 2 * MINUTE
"""A cell is closed this long after its end; what arrives still later is swept."""


def closed(window: Window, now: int) -> Window | None:
    """Returns the part of a window that whole closed cells can fill; None if there is none."""
    start = -(-window.start // FINEST) * FINEST
    end = min(window.end, now - SETTLING) // FINEST * FINEST
    return Window(start, end) if start < end else None


def cells(window: Window, now: int, *, any_age: bool = False) -> list[Window]:
    """Returns the fewest cells that fill a window from one multiple of `FINEST` to another.

    `any_age`: recent cells may be long as well.
    """
    found = []
    at = window.start
    while at < window.end:
        length = next(
            length
            for length, age in LADDER
            if at % length == 0
            and at + length <= window.end
            and (any_age or at + length <= now - age)
        )
        found.append(Window(at, at + length))
        at += length
    return found


def chosen(kept: Iterable[Window], within: Window) -> list[Window]:
    """Returns disjoint kept windows inside a window, the longest first chosen, in order of time."""
    found: list[Window] = []
    for window in sorted(kept, key=lambda w: (w.start - w.end, w.start)):
        inside = within.start <= window.start and window.end <= within.end
        if inside and not any(w.start < window.end and window.start < w.end for w in found):
            found.append(window)
    return sorted(found, key=lambda w: w.start)


def gaps(window: Window, filled: Iterable[Window]) -> Iterator[Window]:
    """Yields what disjoint, ascending windows leave of a window, in order of time."""
    at = window.start
    for part in filled:
        if at < part.start:
            yield Window(at, part.start)
        at = part.end
    if at < window.end:
        yield Window(at, window.end)


def split(windows: Sequence[Window], most: int, shortest: int = HOUR) -> list[Window]:
    """Cuts windows into about `most` parts of equal length at multiples of `FINEST`, newest first.

    No cut makes a part shorter than `shortest`, since each part costs a call at least.
    """
    total = sum(window.end - window.start for window in windows)
    length = max(-(-total // most), shortest)
    parts: list[Window] = []
    for window in windows:
        end = window.end
        while end - window.start >= length + shortest:
            cut = (end - length) // FINEST * FINEST
            parts.append(Window(cut, end))
            end = cut
        parts.append(Window(window.start, end))
    return sorted(parts, key=lambda w: -w.start)
