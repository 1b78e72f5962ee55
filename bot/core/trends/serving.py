"""Which revisions served requests, and when, from what was counted or read."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

from bot.core.model.report import Event, Traffic
from bot.core.model.revision_names import numbered
from bot.core.model.values import HOUR, MINUTE, SECOND
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.served import Served
from bot.core.trends.traffic import belongs

_PER_HOUR, _PER_MINUTE = HOUR // SECOND, MINUTE // SECOND


class Serving:
    """The requests that each revision served, without those that failed, and signs of life.

    Counted requests (`Traffic`) come first; without them, the request log among the entries read.
    Times are nanoseconds.
    """

    def __init__(
        self, rollup: Rollup, traffic: Traffic | None = None, events: Iterable[Event] = ()
    ) -> None:
        self.counted = traffic is not None
        """True if requests were counted apart from the entries: then all of them are known."""
        self.since = traffic.since if traffic is not None and traffic.sampled else None
        """Start of the sample if only the newest requests were counted; else None."""
        self.spans: dict[tuple[str, str], tuple[int, int]] = {}
        """(service, revision) → first and last entry of any severity."""
        self.jobs = {place.service for place in rollup.places if place.is_job}
        for place, (first, last) in rollup.place_spans.items():
            known = self.spans.get((place.service, place.revision), (first, last))
            self.spans[place.service, place.revision] = min(first, known[0]), max(last, known[1])
        self._points: dict[str, dict[int, int]] = defaultdict(dict)
        self._hours: dict[str, dict[int, int]] = defaultdict(dict)
        if traffic is None:
            for revision, minute, count in rollup.served.rows():
                self._points[revision][minute * _PER_MINUTE] = count
        else:
            self._count(traffic)
            self._take_off(rollup.failed)
        self._periods = {
            name: _Periods.of(self._points.get(name, {}), self._hours.get(name, {}))
            for name in {*self._points, *self._hours}
        }
        self._deploys: dict[str, list[int]] = defaultdict(list)
        for event in events:
            if event.kind == "deploy":
                self._deploys[event.service].append(event.at)
        self._orders: dict[str, list[str]] = {}

    def _count(self, traffic: Traffic) -> None:
        """Takes the finer counts where they have all of an hour's requests."""
        fine: Counter[tuple[str, int]] = Counter()
        for revision, second, count in traffic.points:
            fine[revision, second // _PER_HOUR] += count
        coarse = {(name, at) for name, at, count in traffic.hours if count > fine[name, at]}
        for revision, second, count in traffic.points:
            if (revision, second // _PER_HOUR) not in coarse:
                self._points[revision][second] = count
        for revision, hour, count in traffic.hours:
            if (revision, hour) in coarse:
                self._hours[revision][hour] = count

    def _take_off(self, failed: Served) -> None:
        """Takes off what failed; which second of a minute it was is not known: the newest."""
        for revision, minute, count in failed.rows():
            start = minute * _PER_MINUTE
            left = count
            points, hours = self._points[revision], self._hours[revision]
            for second in range(start + _PER_MINUTE - 1, start - 1, -1):
                gone = min(left, points.get(second, 0))
                if gone:
                    points[second] -= gone
                    left -= gone
            hour = start // _PER_HOUR
            if left and hour in hours:
                hours[hour] = max(0, hours[hour] - left)

    def requests(self, revision: str) -> int:
        """Returns the requests of a revision in the window; 0 if it served none or is unknown."""
        return self._periods.get(revision, _NEVER).total

    def requests_of(self, service: str) -> int:
        """Returns the requests of a service in the window."""
        return sum(its.total for name, its in self._periods.items() if self._is_of(name, service))

    def after(self, service: str, revision: str, time: int) -> tuple[int, int]:
        """Returns (requests that a revision surely served after a time, when the first of them).

        A minute or hour in which `time` falls counts only if the revision is known to have started
        after `time`.
        """
        periods = self._periods.get(revision, _NEVER)
        began = self.began(service, revision)
        if began is not None and began > time and periods.first_end > time:
            return periods.total, max(began, periods.starts[0] if periods.starts else began)
        at = bisect_left(periods.starts, time)
        return periods.since[at], periods.starts[at] if at < len(periods.starts) else time

    def began(self, service: str, revision: str) -> int | None:
        """Returns when a revision started: its first entry, else its deploy; None if unknown."""
        if (service, revision) in self.spans:
            return self.spans[service, revision][0]
        deploys = sorted(self._deploys.get(service, ()), reverse=True)
        newest_first = self.order(service)[::-1]
        place = newest_first.index(revision) if revision in newest_first else len(deploys)
        return deploys[place] if place < len(deploys) else None

    def order(self, service: str) -> list[str]:
        """Returns a service's revisions, the oldest first.

        By Cloud Run's number if every name has one, else by their first sign.
        """
        if service not in self._orders:
            self._orders[service] = self._ordered(service)
        return self._orders[service]

    def _ordered(self, service: str) -> list[str]:
        signs = {name: first for (of, name), (first, _) in self.spans.items() if of == service}
        signs.pop("", None)
        for name, periods in self._periods.items():
            if periods.starts and belongs(name, service):
                signs[name] = min(periods.starts[0], signs.get(name, periods.starts[0]))
        numbers = {name: int(found[1]) for name in signs if (found := numbered(name))}
        by: Mapping[str, int] = numbers if len(numbers) == len(signs) else signs
        return sorted(signs, key=lambda name: (by[name], name))

    def last_request(self, service: str) -> int | None:
        """Returns when a service surely served last; None if no request is known."""
        return max(
            (
                periods.starts[-1]
                for name, periods in self._periods.items()
                if periods.starts and self._is_of(name, service)
            ),
            default=None,
        )

    def last_entry(self, service: str) -> int | None:
        """Returns the time of a service's last entry of any severity; None if it has none."""
        found = [last for (of, _), (_, last) in self.spans.items() if of == service]
        return max(found, default=None)

    def _is_of(self, revision: str, service: str) -> bool:
        return (service, revision) in self.spans or belongs(revision, service)


@dataclass(frozen=True, slots=True)
class _Periods:
    """The seconds, minutes and hours in which a revision served, for look-ups by time."""

    starts: tuple[int, ...] = ()
    since: tuple[int, ...] = (0,)
    """Per start, the requests from there on; at last 0."""
    first_end: int = 1 << 63
    """When the first of them ends, at the latest."""

    @classmethod
    def of(cls, points: Mapping[int, int], hours: Mapping[int, int]) -> _Periods:
        """`points`: requests by second; `hours`: by hour."""
        found = [(at * SECOND, MINUTE, n) for at, n in points.items() if n]
        found += [(at * HOUR, HOUR, n) for at, n in hours.items() if n]
        found.sort()
        sums = list(accumulate(reversed([n for _, _, n in found]), initial=0))
        return cls(
            tuple(start for start, _, _ in found),
            tuple(reversed(sums)),
            min((start + length for start, length, _ in found), default=1 << 63),
        )

    @property
    def total(self) -> int:
        """All of its requests."""
        return self.since[0]


_NEVER = _Periods()
