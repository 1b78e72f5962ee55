"""A file of log entries, and the requests that it holds: nobody else can be asked for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bot.adapters.files.json_file import JsonFile
from bot.core.entries.request_log import is_request_log
from bot.core.entries.rows import NO_TIME, Rows
from bot.core.model.environment import Query
from bot.core.model.report import Event, Traffic
from bot.core.model.values import HOUR
from bot.core.ports import Page
from bot.core.rollup.dedup import SeenHashes

FAILED = 400
"""A file without one request below this status was filtered: how many came it does not say."""


class CountedFile:
    """`ports.LogSource`, and `ports.Activity` of what it has read."""

    def __init__(self, path: str) -> None:
        """`path` is a file's, or `-` for standard input."""
        self._file = JsonFile(path)
        self._counted: Counter[tuple[str, int]] = Counter()
        self._seen = SeenHashes()
        self._first: int | None = None
        self._well = False

    def describe(self, query: Query) -> str:
        """The file's name."""
        return self._file.describe(query)

    def read(self, query: Query) -> Iterator[Page]:
        """All entries of the file."""
        for page in self._file.read(query):
            self._count(page.rows, query)
            yield page

    def read_traffic(self, query: Query) -> Traffic | None:  # noqa: ARG002 - it was counted by then
        """Requests in what was read; None where the file holds none, or only those that failed."""
        if self._first is None or not self._well:
            return None
        hours = tuple((revision, at, n) for (revision, at), n in sorted(self._counted.items()))
        return Traffic(hours, self._first)

    def read_events(self, query: Query) -> Sequence[Event]:  # noqa: ARG002 - the port's
        """None but those among the entries, which the reading finds by itself."""
        return ()

    def _count(self, rows: Rows, query: Query) -> None:
        window, times = query.window, rows.times
        asked = rows.of_logs(is_request_log) & (times >= window.start) & (times < window.end)
        chosen = np.flatnonzero(asked & (times != NO_TIME))
        if not chosen.size:
            return
        again = self._seen.add(rows.hashes()[chosen], rows.has_insert_id[chosen])
        for i in np.delete(chosen, again).tolist():
            http = rows.json(i).get("httpRequest")
            if isinstance(http, Mapping):
                time = int(times[i])
                self._counted[rows.origin(i).place.revision, time // HOUR] += 1
                self._first = time if self._first is None else min(self._first, time)
                self._well = self._well or _status(http) < FAILED


def _status(http: Mapping[str, object]) -> int:
    try:
        return int(str(http.get("status")))
    except ValueError:
        return FAILED
