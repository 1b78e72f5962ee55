"""Listens whether the services of a window that reaches now still log and still get requests.

Asks for what the read does not have: when a service last wrote anything, of any severity, and how
many requests arrived since. At most two calls for each service that may be silent, and for few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.model.environment import Query
from bot.core.model.history import Past
from bot.core.model.report import Report, Silence
from bot.core.model.values import DAY, Severity, Window
from bot.core.ports import NewestEntries
from bot.core.rollup.pulse import Pulse
from bot.core.trends import silence
from bot.core.trends.silence import Log

ASKED = 3
"""Services about which to ask in one report, each in two calls at most."""
BACK = 7 * DAY
"""How far before now a service's newest entry is looked for."""


def listened(
    report: Report,
    query: Query,
    pulse: Pulse,
    past: Past,
    newest: NewestEntries | None,
    *,
    unfiltered: bool = False,
) -> Report:
    """Returns the report with the silences of its services, if its window reaches now.

    `unfiltered`: the source gives entries of every severity. Only Cloud Run services have requests,
    so jobs, functions of the first generation and workloads are never silent.
    """
    window = report.window
    now = report.generated or window.end
    if not query.counts_requests or window.end > now or not window.reaches(now):
        return report
    complete = unfiltered or query.min_severity is Severity.DEFAULT
    complete = complete and report.coverage.sampled == 1.0 and not report.coverage.missing
    asking = _Asking(query, newest, window.end)
    found: list[Silence] = []
    services = _services(report, query, pulse, past)
    if not report.coverage.read and not report.coverage.missing and not complete:
        report = _heard(report, services, asking)
    for service in services:
        log = _log(service, report, pulse, asking, complete=complete)
        heard = silence.logs_nothing(log, past, window.end) if log else None
        if heard is None and silence.may_lack_requests(service, report, past):
            times = asking.ask(service, requests=True)
            if times is not None:
                heard = silence.gets_no_requests(service, times, report, past)
        if heard is not None:
            found.append(heard)
    found.sort(key=lambda each: (each.since, each.service))
    return replace(report, silences=tuple(found))


def _heard(report: Report, services: Sequence[str], asking: _Asking) -> Report:
    """Adds when a service last logged anything, where the read has not one entry of any."""
    answers = [asking.ask(service, requests=False) for service in services[:ASKED]]
    heard = max((times[0] for times in answers if times), default=None)
    if heard is None:
        return report
    return replace(report, heard=heard, last_entry=max(heard, report.last_entry or heard))


def _services(report: Report, query: Query, pulse: Pulse, past: Past) -> Sequence[str]:
    """Returns the Cloud Run services of the query, without deleted ones."""
    names = query.services or sorted(pulse.logged.keys() | pulse.requests.keys())
    last: dict[str, tuple[int, str]] = {}
    for event in past.events:
        if event.at <= report.window.end:
            last[event.service] = max((event.at, event.kind), last.get(event.service, (0, "")))
    return [name for name in names if last.get(name, (0, ""))[1] != "delete"]


def _log(
    service: str, report: Report, pulse: Pulse, asking: _Asking, *, complete: bool
) -> Log | None:
    """Returns what is known of a service's log; None if it is not silent, or that is unknown."""
    last = pulse.last.get(service)
    if not silence.may_be_silent(service, last, report, pulse):
        return None
    log = Log(service, last, pulse.longest(service, report.coverage.missing))
    if not complete:
        times = asking.ask(service, requests=False)
        if times is None:
            return None
        visible = silence.sees(times, report, pulse.slots(service).tolist())
        log = replace(log, newest=times, visible=visible)
    since = log.since
    if since is None or report.window.end - since < silence.LEAST:
        return None
    known = max(
        pulse.requests_after(service, since),
        silence.requests_since(report.traffic, service, since),
    )
    asked = asking.ask(service, requests=True) or ()
    after = sum(since < at < report.window.end for at in asked)
    return replace(log, requests=max(known, after), more=after == len(asked))


class _Asking:
    """Asks about few services, and about each once."""

    def __init__(self, query: Query, newest: NewestEntries | None, end: int) -> None:
        start = min(query.window.start, end - BACK)
        self._query = replace(query, window=Window(start, end))
        self._newest = newest
        self._answers: dict[tuple[str, bool], Sequence[int] | None] = {}

    def ask(self, service: str, *, requests: bool) -> Sequence[int] | None:
        """Returns the times of the newest entries or requests; None: unknown."""
        about = service, requests
        if about not in self._answers:
            names = {name for name, _ in self._answers} | {service}
            if self._newest is None or len(names) > ASKED:
                return None
            self._answers[about] = self._newest.newest(self._query, service, requests=requests)
        return self._answers[about]
