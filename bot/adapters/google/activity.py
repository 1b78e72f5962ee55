"""Reads the context of the log: requests by revision and hour, deploys and deletions.

A read at WARNING contains neither, so both use filters of their own. They are optional: they make
few calls, never wait for the budget, and return "unknown" when they fail. Requests come from Cloud
Monitoring, which counts all of them, if we have access to it; else from the request log.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from bot.adapters.google import log_filter
from bot.core.entries.audit_events import AUDIT_LOG
from bot.core.entries.audit_events import events as events_in
from bot.core.entries.request_log import REQUEST_LOG, is_request_log
from bot.core.entries.rows import Rows
from bot.core.model.environment import Query
from bot.core.model.errors import GardenerError
from bot.core.model.report import Event, Traffic
from bot.core.model.values import HOUR, SECOND
from bot.core.ports import Activity

TRAFFIC_CALLS = 5
"""Calls for the request log: 5,000 requests. If there are more, the newest are counted."""

_log = logging.getLogger(__name__)


class Fetch(Protocol):
    """Fetches one page; returns its rows and the next token, or None if the budget is used up."""

    def __call__(self, query: Query, token: str, *, wanted: str) -> tuple[Rows, str] | None: ...


class Requests(Protocol):
    """A counter of requests, such as Cloud Monitoring."""

    def read_traffic(self, query: Query) -> Traffic | None:
        """Returns the traffic; None if the query does not apply here. Raises `GardenerError`."""
        ...


class CloudActivity:
    """`ports.Activity`: requests from `metrics`, or from the log if that is refused."""

    def __init__(self, logs: Activity, metrics: Requests | None) -> None:
        self._logs = logs
        self._metrics = metrics

    def read_traffic(self, query: Query) -> Traffic | None:
        """Counts requests; `Traffic.source` is where the counts come from."""
        if self._metrics is not None:
            try:
                counted = self._metrics.read_traffic(query)
            except GardenerError as error:
                _log.info("Requests are counted in the request log: %s", error)
            else:
                if counted is not None:
                    return counted
        return self._logs.read_traffic(query)

    def read_events(self, query: Query) -> Sequence[Event]:
        """Reads deploys and deletions from the audit log."""
        return self._logs.read_events(query)


def traffic(fetch: Fetch, query: Query) -> Traffic | None:
    """Counts the requests of the window; above the budget only its newest part, `sampled`.

    None, unknown, without Cloud Run services: others have no request log.
    """
    if not query.counts_requests:
        return None
    wanted = log_filter.service_filter(query, REQUEST_LOG)
    counted: Counter[tuple[str, int]] = Counter()
    points: Counter[tuple[str, int]] = Counter()
    entry_ids: set[tuple[str, int, bytes]] = set()
    since = query.window.end
    token = ""
    for _ in range(TRAFFIC_CALLS):
        got = _fetched(fetch, query, token, wanted)
        if got is None:
            break
        rows, token = got
        origins = map(rows.known.__getitem__, rows.origins.tolist())
        for (place, log, _), time, name in zip(
            origins, rows.times.tolist(), rows.names, strict=True
        ):
            if (
                time not in query.window
                or not is_request_log(log)
                or (log, time, name) in entry_ids
            ):
                continue
            entry_ids.add((log, time, name))
            since = min(since, time)
            counted[place.revision, time // HOUR] += 1
            points[place.revision, time // SECOND] += 1
        if not token:
            since = query.window.start
            break
    if since == query.window.end:
        return None
    hours = tuple((revision, at, n) for (revision, at), n in sorted(counted.items()))
    by_second = tuple((revision, at, n) for (revision, at), n in sorted(points.items()))
    return Traffic(hours, since, sampled=since > query.window.start, points=by_second)


def events(fetch: Fetch, query: Query) -> Sequence[Event]:
    """Reads the window's deploys and deletions, from the newest thousand audit log entries.

    Only those of Cloud Run services.
    """
    if not query.counts_requests:
        return ()
    wanted = log_filter.service_filter(query, f"{AUDIT_LOG}/activity")
    got = _fetched(fetch, query, "", wanted)
    return () if got is None else tuple(events_in(got[0]))


def newest(fetch: Fetch, query: Query, service: str, *, requests: bool) -> Sequence[int] | None:
    """Reads when a service last wrote anything, or last had requests: one page, newest first.

    None if it could not be read, or if Google has not found any yet.
    """
    of_one = replace(query, services=(service,))
    wanted = (
        log_filter.service_filter(of_one, REQUEST_LOG)
        if requests
        else log_filter.own_filter(of_one)
    )
    got = _fetched(fetch, of_one, "", wanted)
    if got is None:
        return None
    rows, token = got
    times = [at for at in rows.times.tolist() if at in query.window]
    return None if token and not times else sorted(times, reverse=True)


def _fetched(fetch: Fetch, query: Query, token: str, wanted: str) -> tuple[Rows, str] | None:
    try:
        return fetch(query, token, wanted=wanted)
    except GardenerError as error:
        _log.info("%s could not be read: %s", wanted.rpartition("log_id")[2], error)
        return None
