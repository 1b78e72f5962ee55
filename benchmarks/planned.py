"""A generated log as a `LogSource`, which serves each window in one page."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from bot.core.entries.json_rows import of_json
from bot.core.model import rfc3339
from bot.core.model.environment import Query
from bot.core.model.values import Window
from bot.core.ports import Page

Entry = dict[str, object]


class PlannedLog:
    """A `LogSource` of entries that are sorted by time."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.times = [rfc3339.parse(str(e["timestamp"])) or 0 for e in entries]

    def describe(self, query: Query) -> str:
        """Returns the environment's name."""
        return query.environment

    def read(self, query: Query) -> Iterator[Page]:
        """Yields the window's entries in one page."""
        entries = [entry for _, entry in self.timed(query.window)]
        yield Page(of_json(entries, range(1, len(entries) + 1)), api_calls=1)

    def timed(self, window: Window) -> Iterator[tuple[int, Entry]]:
        """Returns (time, entry) of each entry in the window."""
        first, last = (bisect_left(self.times, t) for t in (window.start, window.end))
        return zip(self.times[first:last], self.entries[first:last], strict=True)
