"""Which revisions served requests, and when, from what was counted or read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from bot.core.model.report import Event, Traffic
from bot.core.model.revision_names import numbered
from bot.core.model.values import HOUR, MINUTE
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.served import Served
from bot.core.trends.traffic import belongs

_PER_HOUR = HOUR // MINUTE
_NONE: Mapping[int, int] = {}


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
        self._minutes: dict[str, dict[int, int]] = defaultdict(dict)
        self._hours: dict[str, dict[int, int]] = defaultdict(dict)
        if traffic is None:
            for revision, minute, count in rollup.served.rows():
                self._minutes[revision][minute] = count
        else:
            self._count(traffic)
            self._take_off(rollup.failed)
        self._deploys: dict[str, list[int]] = defaultdict(list)
        for event in events:
            if event.kind == "deploy":
                self._deploys[event.service].append(event.at)

    def _count(self, traffic: Traffic) -> None:
        """Takes the counts by the minute where all of an hour's requests have one."""
        exact: Counter[tuple[str, int]] = Counter()
        for revision, minute, count in traffic.minutes:
            exact[revision, minute // _PER_HOUR] += count
        whole = {(name, at) for name, at, count in traffic.hours if count > exact[name, at]}
        for revision, minute, count in traffic.minutes:
            if (revision, minute // _PER_HOUR) not in whole:
                self._minutes[revision][minute] = count
        for revision, hour, count in traffic.hours:
            if (revision, hour) in whole:
                self._hours[revision][hour] = count

    def _take_off(self, failed: Served) -> None:
        for revision, minute, count in failed.rows():
            for counts, at in ((self._minutes, minute), (self._hours, minute // _PER_HOUR)):
                if at in counts[revision]:
                    counts[revision][at] = max(0, counts[revision][at] - count)
                    break

    def requests(self, revision: str) -> int:
        """Returns the requests of a revision in the window; 0 if it served none or is unknown."""
        return sum(self._minutes_of(revision).values()) + sum(self._hours_of(revision).values())

    def requests_of(self, service: str) -> int:
        """Returns the requests of a service in the window."""
        names = {*self._minutes, *self._hours}
        return sum(self.requests(name) for name in names if self._is_of(name, service))

    def after(self, service: str, revision: str, time: int) -> tuple[int, int]:
        """Returns (requests that a revision surely served after a time, when the first of them).

        What was counted by the hour counts from the next hour on, unless the revision is known to
        have started after `time`.
        """
        minutes, hours = self._minutes_of(revision), self._hours_of(revision)
        minute, hour = time // MINUTE, time // HOUR
        began = self.began(service, revision)
        fresh = (
            began is not None
            and began > time
            and min(minutes, default=minute) >= minute
            and min(hours, default=hour) >= hour
        )
        least_minute, least_hour = (minute, hour) if fresh else (minute + 1, hour + 1)
        found = [(at * MINUTE, n) for at, n in minutes.items() if at >= least_minute]
        found += [(at * HOUR, n) for at, n in hours.items() if at >= least_hour]
        first = min((at for at, n in found if n), default=time)
        if fresh and began is not None:
            first = max(first, began)
        return sum(n for _, n in found), max(first, time)

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
        signs = {name: first for (of, name), (first, _) in self.spans.items() if of == service}
        signs.pop("", None)
        for name in {*self._minutes, *self._hours}:
            if belongs(name, service):
                asked = [at * MINUTE for at, n in self._minutes_of(name).items() if n]
                asked += [at * HOUR for at, n in self._hours_of(name).items() if n]
                if asked:
                    signs[name] = min(*asked, signs.get(name, asked[0]))
        numbers = {name: int(found[1]) for name in signs if (found := numbered(name))}
        by: Mapping[str, int] = numbers if len(numbers) == len(signs) else signs
        return sorted(signs, key=lambda name: (by[name], name))

    def last_request(self, service: str) -> int | None:
        """Returns when a service surely served last; None if no request is known."""
        names = [name for name in {*self._minutes, *self._hours} if self._is_of(name, service)]
        found = [at * MINUTE for name in names for at, n in self._minutes_of(name).items() if n]
        found += [at * HOUR for name in names for at, n in self._hours_of(name).items() if n]
        return max(found, default=None)

    def last_entry(self, service: str) -> int | None:
        """Returns the time of a service's last entry of any severity; None if it has none."""
        found = [last for (of, _), (_, last) in self.spans.items() if of == service]
        return max(found, default=None)

    def _is_of(self, revision: str, service: str) -> bool:
        return (service, revision) in self.spans or belongs(revision, service)

    def _minutes_of(self, revision: str) -> Mapping[int, int]:
        return self._minutes.get(revision, _NONE)

    def _hours_of(self, revision: str) -> Mapping[int, int]:
        return self._hours.get(revision, _NONE)
