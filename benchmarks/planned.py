"""A log that was planned, as what an analysis reads: served by window, in one page."""

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
    """A `LogSource` of entries in the order of their times."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.times = [rfc3339.parse(str(e["timestamp"])) or 0 for e in entries]

    def describe(self, query: Query) -> str:
        """Of no interest here."""
        return query.environment

    def read(self, query: Query) -> Iterator[Page]:
        """The window in one page."""
        entries = [entry for _, entry in self.timed(query.window)]
        yield Page(of_json(entries, range(1, len(entries) + 1)), api_calls=1)

    def timed(self, window: Window) -> Iterator[tuple[int, Entry]]:
        """The entries of a window with their times."""
        first, last = (bisect_left(self.times, t) for t in (window.start, window.end))
        return zip(self.times[first:last], self.entries[first:last], strict=True)
