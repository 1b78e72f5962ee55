"""A file of log entries, and the requests that it holds: nobody else can be asked for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from bot.adapters.activity import REQUEST_LOG
from bot.adapters.json_file import JsonFile
from bot.garden import rfc3339
from bot.garden.model import HOUR, JSON, Query
from bot.garden.ports import Page
from bot.garden.report import Event, Traffic
from bot.garden.rows import place
from bot.garden.seen import Seen

_LOG = REQUEST_LOG.replace("/", "%2F")
FAILED = 400
"""A file without one request below this status was filtered: how many came it does not say."""


class CountedFile:
    """`ports.LogSource`, and `ports.Activity` of what it has read."""

    def __init__(self, path: str) -> None:
        """`path` is a file's, or `-` for standard input."""
        self._file = JsonFile(path)
        self._counted: Counter[tuple[str, int]] = Counter()
        self._seen = Seen()
        self._first: int | None = None
        self._well = False

    def describe(self, query: Query) -> str:
        """The file's name."""
        return self._file.describe(query)

    def read(self, query: Query) -> Iterator[Page]:
        """All entries of the file."""
        for page in self._file.read(query):
            self._count(page.entries, query)
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

    def _count(self, entries: Sequence[JSON], query: Query) -> None:
        found = []
        for entry in entries:
            http = entry.get("httpRequest")
            if http.__class__ is dict and str(entry.get("logName")).endswith(_LOG):
                time = rfc3339.parse(str(entry.get("timestamp") or entry.get("receiveTimestamp")))
                if time is not None and time in query.window:
                    found.append((entry, time, http))
        if not found:
            return
        names = [entry.get("insertId") for entry, _, _ in found]
        hashes = [
            hash((str(name), time, entry.get("logName")))
            for name, (entry, time, _) in zip(names, found, strict=True)
        ]
        named = np.array([isinstance(name, str) and bool(name) for name in names])
        again = set(self._seen.add(np.array(hashes, np.int64), named).tolist())
        for i, (entry, time, http) in enumerate(found):
            if i in again:
                continue
            where = place(entry.get("resource"), entry.get("labels"))
            self._counted[where.revision, time // HOUR] += 1
            self._first = time if self._first is None else min(self._first, time)
            self._well = self._well or _status(http) < FAILED


def _status(http: object) -> int:
    status = http.get("status") if isinstance(http, Mapping) else None
    try:
        return int(str(status))
    except ValueError:
        return FAILED
