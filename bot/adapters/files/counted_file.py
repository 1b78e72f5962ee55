"""Reads a file of log entries and counts the requests in it, for which there is no other source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter

import numpy as np

from bot.adapters.files.log_file import LogFile
from bot.core.entries.request_log import is_request_log
from bot.core.entries.rows import NO_TIME, Rows
from bot.core.model.environment import Query
from bot.core.model.report import Event, Traffic
from bot.core.model.values import HOUR, SECOND
from bot.core.ports import Page
from bot.core.rollup.dedup import SeenHashes

FAILED = 400
"""Status from which a request failed. A file with none below was filtered by status, so its
requests are not the traffic."""


POINTS = 20_000
"""Seconds, of all revisions together, whose requests are counted; of older ones only hours."""


class CountedFile:
    """A `ports.LogSource`, and the `ports.Activity` of the entries it has read."""

    def __init__(self, path: str) -> None:
        """`path`: a file, or `-` for standard input."""
        self._file = LogFile(path)
        self._counted: Counter[tuple[str, int]] = Counter()
        self._points: Counter[tuple[str, int]] = Counter()
        self._seen = SeenHashes()
        self._first: int | None = None
        self._succeeded = False

    def describe(self, query: Query) -> str:
        """Returns the file's name."""
        return self._file.describe(query)

    def read(self, query: Query) -> Iterator[Page]:
        """Reads all entries of the file."""
        for page in self._file.read(query):
            self._count(page.rows, query)
            yield page

    def read_traffic(self, query: Query) -> Traffic | None:  # noqa: ARG002 - it was counted by then
        """Returns the counted requests; None if there are none or only failed ones."""
        if self._first is None or not self._succeeded:
            return None
        hours = tuple((revision, at, n) for (revision, at), n in sorted(self._counted.items()))
        points = tuple((revision, at, n) for (revision, at), n in sorted(self._points.items()))
        return Traffic(hours, self._first, points=points)

    def read_events(self, query: Query) -> Sequence[Event]:  # noqa: ARG002 - the port's
        """Returns nothing: events among the entries are found while they are read."""
        return ()

    def _count(self, rows: Rows, query: Query) -> None:
        window, times = query.window, rows.times
        requested = rows.of_logs(is_request_log) & (times >= window.start) & (times < window.end)
        chosen = np.flatnonzero(requested & (times != NO_TIME))
        if not chosen.size:
            return
        again = self._seen.add(rows.hashes()[chosen], rows.has_insert_id[chosen])
        for i in np.delete(chosen, again).tolist():
            http = rows.json(i).get("httpRequest")
            if isinstance(http, Mapping):
                time = int(times[i])
                revision = rows.origin(i).place.revision
                self._counted[revision, time // HOUR] += 1
                self._points[revision, time // SECOND] += 1
                if len(self._points) > 2 * POINTS:
                    newest = sorted(self._points, key=itemgetter(1))[-POINTS:]
                    self._points = Counter({at: self._points[at] for at in newest})
                self._first = time if self._first is None else min(self._first, time)
                self._succeeded = self._succeeded or _status(http) < FAILED


def _status(http: Mapping[str, object]) -> int:
    try:
        return int(str(http.get("status")))
    except ValueError:
        return FAILED
