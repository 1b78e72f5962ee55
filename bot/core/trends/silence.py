"""Decides whether a service is silent: it logs nothing, or gets no requests. Pure.

A service is silent if it has logged nothing for longer than is usual for it while requests arrived.
What is usual: with a week of history, twice the longest gap at this hour of the day in that week;
else ten times the longest gap in the window. It gets no requests if none arrived for ten times
their longest gap, where at this hour of each day of the last week there were many.

A read at WARNING lacks what the service writes below, so its gaps are too long and its last entry
may be too early. `Log.newest` then has what the service wrote last, of any severity.
Decision 17 has the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.core.model.history import WHOLE, Past
from bot.core.model.report import Report, Silence, Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND
from bot.core.rollup.pulse import SLOT, Pulse
from bot.core.text import display
from bot.core.trends.traffic import belongs

LEAST = 3 * MINUTE
"""Entries of Cloud Logging may take a minute or two until they can be read."""
TIMES = 10
"""A silence is this many times the longest gap, where no week is known."""
DOUBLED = 2
"""And twice the longest of a week: a random gap is the longest of eight days once in eight days."""
REQUESTS = 20
"""Requests without a line, below which a silence may be chance."""
DAYS = 7
ENOUGH_DAYS = 6
"""Days of the week before that must be known; one may lack a read."""
VISIBLE = 0.9
"""Share of a service's newest entries that the read has, from which it sees the service."""
SHORT = 30 * MINUTE
"""A page that spans less does not show what is usual, so a silence must be longer …"""
LEAST_SHORT = 10 * MINUTE
"""… than this."""


@dataclass(frozen=True, slots=True)
class Log:
    """What is known of one service's log and its requests, near the end of a window."""

    service: str
    last: int | None
    """Time of its newest entry that was read."""
    longest: int | None
    """The longest time between two of its entries that were read; None: fewer than two."""
    newest: Sequence[int] | None = None
    """Times of what it wrote last, of any severity, newest first; None: not asked for."""
    visible: bool = True
    """True if what was read has (nearly) all that it writes."""
    requests: int = 0
    """Requests since its newest entry, at least."""
    more: bool = False
    """True if there may have been more requests than that."""

    @property
    def since(self) -> int | None:
        """Time of its newest entry; None if none is known."""
        known = [t for t in (self.last, self.newest[0] if self.newest else None) if t is not None]
        return max(known, default=None)


# --- the log --------------------------------------------------------------------------------------


def may_be_silent(service: str, last: int | None, report: Report, pulse: Pulse) -> bool:
    """True if it is worth asking about a service: nothing read for a while, yet requests.

    Counts too many rather than too few requests: traffic is known by the hour only.
    """
    window = report.window
    if last is not None and window.end - last < LEAST:
        return False
    since = window.start if last is None else last
    return max(_hourly(report.traffic, service, since), pulse.requests_after(service, since)) >= (
        REQUESTS
    )


def requests_since(traffic: Traffic | None, service: str, at: int) -> int:
    """Returns the requests in the hours that began after a time: at least so many arrived."""
    return _hourly(traffic, service, at + HOUR)


def _hourly(traffic: Traffic | None, service: str, since: int) -> int:
    hours = traffic.hours if traffic else ()
    return sum(n for name, at, n in hours if at >= since // HOUR and belongs(name, service))


def sees(newest: Sequence[int], report: Report, slots: Sequence[int]) -> bool:
    """True if what was read has nearly all of a service's newest entries in the window."""
    inside = {at // SLOT for at in newest if at in report.window}
    if not inside:
        return False
    return len(inside.intersection(slots)) >= VISIBLE * len(inside)


def logs_nothing(log: Log, past: Past, end: int) -> Silence | None:
    """Returns that a service has logged nothing for too long until `end`; None if it has not."""
    since = log.since
    if since is None or end - since < LEAST or log.requests < REQUESTS:
        return None
    usual = _usual(log, past, since, end)
    if usual is None or end - since <= usual.limit:
        return None
    requests = display.many(log.requests, "request")
    said = (
        f"{display.one_line(log.service)} has logged nothing since {{since}} "
        f"({_length(since, end)}; {usual.said}) "
        f"while {'at least ' if log.more else ''}{requests} arrived"
    )
    return Silence(log.service, since, said)


def _length(since: int, end: int) -> str:
    """Renders a silence to the minute: `14 min`, `2 h 5 min`."""
    return display.duration((end - since) // MINUTE * MINUTE)


@dataclass(frozen=True, slots=True)
class _Usual:
    limit: int
    """Nanoseconds above which a silence is unusual."""
    said: str


def _usual(log: Log, past: Past, since: int, end: int) -> _Usual | None:
    if log.visible:
        week = _of_the_week(past, log.service, since, end)
        if week is not None:
            gap = display.duration(week)
            said = f"its longest gap at this hour in the last week was {gap}"
            return _Usual(max(LEAST, DOUBLED * week), said)
        if log.longest is not None:
            gap = display.duration(log.longest)
            return _Usual(max(LEAST, TIMES * log.longest), f"its longest gap here was {gap}")
    times = log.newest or ()
    longest = _longest(times)
    if longest is None:
        return None
    least = LEAST if times[0] - times[-1] >= SHORT else LEAST_SHORT
    entries = display.many(len(times), "entry", "entries")
    said = f"the longest gap in its last {entries} was {display.duration(longest)}"
    return _Usual(max(least, TIMES * longest), said)


def _longest(times: Sequence[int]) -> int | None:
    """Returns the longest gap between times, newest first; None with fewer than two."""
    return max((a - b for a, b in pairwise(times)), default=None)


def _of_the_week(past: Past, service: str, since: int, end: int) -> int | None:
    """Returns the longest gap at these hours of the last week; None if too little is known."""
    gaps = past.gaps.get(service, {})
    first, last = since // HOUR, (end - 1) // HOUR
    found: list[int] = []
    known = 0
    for days in range(1, DAYS + 1):
        here = [
            gaps[at]
            for at in range(max(first, last - 23) - 24 * days, last - 24 * days + 1)
            if at in gaps
        ]
        known += past.covered.get(last - 24 * days, 0) >= WHOLE and bool(here)
        found += here
    return max(found) * SECOND if known >= ENOUGH_DAYS else None


# --- requests -------------------------------------------------------------------------------------


def may_lack_requests(service: str, report: Report, past: Past) -> bool:
    """True if it is worth asking about a service's last request: usually there were many by now."""
    least = _least_by_hour(past, service, report.window.end)
    if least is None:
        return False
    return _expected(least, _no_request_since(service, report), report.window.end) >= REQUESTS


def gets_no_requests(
    service: str, newest: Sequence[int], report: Report, past: Past
) -> Silence | None:
    """Returns that no requests arrive where they always do; None if that is not known.

    `newest`: times of the newest requests, newest first; those of a page.
    """
    end = report.window.end
    least = _least_by_hour(past, service, end)
    if least is None:
        return None
    since = newest[0] if newest else _no_request_since(service, report)
    longest = _longest(newest) or 0
    if end - since < max(LEAST, TIMES * longest) or _expected(least, since, end) < REQUESTS:
        return None
    usual = display.many(min(least.values()), "request")
    said = (
        f"{display.one_line(service)} has had no request since {{since}} "
        f"({_length(since, end)}); "
        f"at this hour it had at least {usual} on each known day of the last week"
    )
    return Silence(service, since, said)


def _no_request_since(service: str, report: Report) -> int:
    """Returns a time after which no request was counted: the end of the last hour with one."""
    window, traffic = report.window, report.traffic
    hours = traffic.hours if traffic else ()
    last = max((at for name, at, n in hours if n and belongs(name, service)), default=None)
    start = window.start if last is None else (last + 1) * HOUR
    return min(window.end, max(start, window.start, window.end - DAY))


def _least_by_hour(past: Past, service: str, end: int) -> Mapping[int, int] | None:
    """Returns, for the last hours, the fewest requests of that hour on the days of a week.

    None if too few days are known of the hour before `end`.
    """
    counted: dict[int, int] = {}
    for revision, hours in past.requests.items():
        if belongs(revision, service):
            for at, n in hours.items():
                counted[at] = counted.get(at, 0) + n
    last = (end - 1) // HOUR
    found: dict[int, int] = {}
    for hour in range(last - 23, last + 1):
        days = [hour - 24 * n for n in range(1, DAYS + 1)]
        known = [counted.get(at, 0) for at in days if past.covered.get(at, 0) >= WHOLE]
        if len(known) >= ENOUGH_DAYS:
            found[hour] = min(known)
    return found if last in found else None


def _expected(least: Mapping[int, int], since: int, end: int) -> float:
    """Returns how many requests at least would usually have arrived in this time."""
    total = 0.0
    for hour in range(since // HOUR, (end - 1) // HOUR + 1):
        inside = min(end, (hour + 1) * HOUR) - max(since, hour * HOUR)
        total += least.get(hour, 0) * inside / HOUR
    return total
