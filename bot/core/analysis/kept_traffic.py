"""Requests by closed hour, kept like the log: a question counts only the hours that are not kept.

Deploys are not kept here: they cost one call however many hours are asked for, and the history
remembers them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.analysis.cells import gaps
from bot.core.analysis.kept_window import query_key
from bot.core.model import codec as json_codec
from bot.core.model.codec import CodecError
from bot.core.model.environment import Query, QueryPart
from bot.core.model.errors import GardenerError
from bot.core.model.report import Event, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, Severity, Window
from bot.core.ports import Activity, KeptRollups, Mark
from bot.core.rollup import codec

SETTLING = 10 * MINUTE
"""An hour is closed this long after its end: Cloud Monitoring counts some minutes late."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Day:
    """The closed hours of one UTC day."""

    key: str
    source: str
    hours: tuple[int, ...] = ()
    """Hours since 1970 that are counted, also those without a request."""
    requests: tuple[tuple[str, int, int], ...] = ()
    """(revision, hour, requests), as in `Traffic`."""


class KeptTraffic:
    """`ports.Activity` that keeps the requests of closed hours."""

    def __init__(
        self, activity: Activity, kept: KeptRollups, secret: bytes, now: Callable[[], int]
    ) -> None:
        """`now`: nanoseconds since the epoch."""
        self._activity = activity
        self._kept = kept
        self._secret = secret
        self._now = now

    def read_events(self, query: Query) -> Sequence[Event]:
        """Returns deploys and deletions, read anew."""
        return self._activity.read_events(query)

    def read_traffic(self, query: Query) -> Traffic | None:
        """Returns requests by revision and hour; only hours that are not kept are counted."""
        if not query.counts_requests:
            return None
        # Requests have no severity.
        key = f"r{query_key(replace(query, min_severity=Severity.DEFAULT), self._secret)}"
        whole = _hours(query.window, self._now() - SETTLING)
        try:
            marks = self._kept.marks(query.environment, key)
            days = self._days(query.environment, key, whole, marks)
        except GardenerError as error:
            _log.warning("Kept requests cannot be read: %s", error)
            return self._activity.read_traffic(query)
        sources = {day.source for day in days.values()}
        known = {hour for day in days.values() for hour in day.hours} & set(whole)
        filled = [Window(hour * HOUR, (hour + 1) * HOUR) for hour in sorted(known)]
        parts = tuple(map(QueryPart, gaps(query.window, filled))) if known else ()
        found = self._activity.read_traffic(replace(query, parts=parts))
        if found is not None and sources - {found.source}:
            # Two sources do not count alike, so their hours cannot be added.
            days, known = {}, set()
            found = self._activity.read_traffic(query) if parts else found
        if found is None:
            return None
        if not found.sampled:
            new = [hour for hour in whole if hour not in known]
            self._keep(query.environment, key, found, new, days, marks)
        since = found.since
        kept = [
            each
            for day in days.values()
            for each in day.requests
            if each[1] in known and each[1] * HOUR >= since
        ]
        counted = [each for each in found.hours if each[1] not in known]
        hours = tuple(sorted((*counted, *kept), key=lambda each: (each[0], each[1])))
        return replace(found, hours=hours)

    def _days(
        self, environment: str, key: str, hours: Sequence[int], marks: Mapping[Window, Mark]
    ) -> dict[Window, _Day]:
        wanted = [day for day in map(_day, _starts(hours)) if day in marks]
        found: dict[Window, _Day] = {}
        held = self._kept.get(environment, key, wanted)
        gone = [window for window in wanted if window not in held]
        for window, data in held.items():
            try:
                day = json_codec.decode(_Day, codec.unpack(data)[0])
                if day.key != key:
                    raise CodecError("written for something else")
            except CodecError as error:
                _log.warning("Kept requests of %s cannot be read: %s", environment, error)
                gone.append(window)
            else:
                found[window] = day
        self._kept.remove(environment, key, gone)
        return found

    def _keep(  # noqa: PLR0917 - what was found, and what is there
        self,
        environment: str,
        key: str,
        found: Traffic,
        new: Sequence[int],
        days: Mapping[Window, _Day],
        marks: Mapping[Window, Mark],
    ) -> None:
        for start in _starts(new):
            window = _day(start)
            of_day = [hour for hour in new if hour * HOUR in window]
            known = days.get(window, _Day(key, found.source))
            day = replace(
                known,
                hours=tuple(sorted((*known.hours, *of_day))),
                requests=(*known.requests, *(r for r in found.hours if r[1] in set(of_day))),
            )
            data = codec.pack(dict(_plain(day)), b"")
            # Without a day that could be read, whatever is there gives way.
            version = marks[window].version if window in days else ""
            try:
                self._kept.put(environment, key, window, data, 0, instead_of=version)
            except GardenerError as error:
                _log.warning("Requests are not kept: %s", error)
                return


def _plain(day: _Day) -> Iterable[tuple[str, object]]:
    found = json_codec.encode(day)
    return found.items() if isinstance(found, dict) else ()


def _hours(window: Window, now: int) -> list[int]:
    """Returns the whole hours of a window that are over."""
    return list(range(-(-window.start // HOUR), min(window.end, now) // HOUR))


def _starts(hours: Iterable[int]) -> list[int]:
    return sorted({hour * HOUR // DAY for hour in hours})


def _day(number: int) -> Window:
    return Window(number * DAY, (number + 1) * DAY)
