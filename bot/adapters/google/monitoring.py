"""Reads request counts by revision and hour from Cloud Monitoring, in a few calls.

The metric is `run.googleapis.com/request_count`; reading it needs the role Monitoring Viewer. A
plain HTTP call suffices, so Google's client library is not used. The metric counts requests that
reached an instance, not those that Cloud Run rejected before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bot.adapters.google.log_filter import metric_filter
from bot.core.model import rfc3339
from bot.core.model.environment import Query
from bot.core.model.errors import GardenerError, Refused, Unavailable
from bot.core.model.report import Traffic
from bot.core.model.values import HOUR, MINUTE, SECOND, Window

API = "https://monitoring.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
NAME = "Cloud Monitoring"
"""Name of this source in reports."""
TIMEOUT = 10.0
"""Seconds for one call; there are no retries."""
POINTS = 20_000
"""Points per page, some megabytes. The API's limit is 100,000."""
PAGES = 20
SHORTEST = 15 * MINUTE
"""The shortest window: points appear up to three minutes late, and a shorter one would lack too
many of them."""


def metrics(endpoint: str | None, logging_endpoint: str | None) -> CloudMonitoring | None:
    """Returns the reader; None if the logs are not Google's and no endpoint is set."""
    if endpoint is None and logging_endpoint is not None:
        return None
    return CloudMonitoring(endpoint)


class CloudMonitoring:
    """Reads the metric. Creates its session at the first read, never before a fork."""

    def __init__(self, endpoint: str | None = None) -> None:
        """`endpoint`: `http://host:port` without credentials, or None for Google."""
        self._endpoint = endpoint
        self._session: Any = None

    def read_traffic(self, query: Query) -> Traffic | None:
        """Counts the window's requests, to the minute; None if it is shorter than `SHORTEST`.

        None as well without Cloud Run services, and with log views: what logs there may run in
        other projects, whose requests are not counted in the query's.
        Raises `Refused` or `Unavailable`.
        """
        if query.window.end - query.window.start < SHORTEST:
            return None
        if not query.counts_requests or query.sources.views:
            return None
        counted: Counter[tuple[str, int]] = Counter()
        points: Counter[tuple[str, int]] = Counter()
        for window, period in parts(query.window):
            for revision, end, count in self._points(query, window, period):
                if window.start < end <= window.end:
                    counted[revision, (end - 1) // HOUR] += count
                    if period == MINUTE and count:
                        points[revision, (end - 1) // MINUTE * MINUTE // SECOND] += count
        hours = tuple((revision, at, n) for (revision, at), n in sorted(counted.items()) if n)
        by_minute = tuple((revision, at, n) for (revision, at), n in sorted(points.items()))
        return Traffic(hours, query.window.start, source=NAME, points=by_minute)

    def _points(self, query: Query, window: Window, period: int) -> Iterator[tuple[str, int, int]]:
        """Yields (revision, end, requests) per point; `end` is the end of the counted period."""
        parameters: dict[str, str | int | list[str]] = {
            "filter": metric_filter(query),
            "interval.startTime": rfc3339.show(window.start),
            "interval.endTime": rfc3339.show(window.end),
            "aggregation.alignmentPeriod": f"{period // SECOND}s",
            "aggregation.perSeriesAligner": "ALIGN_SUM",
            "aggregation.crossSeriesReducer": "REDUCE_SUM",
            "aggregation.groupByFields": ["resource.label.revision_name"],
            "view": "FULL",
            "pageSize": POINTS,
        }
        for _ in range(PAGES):
            answer = self._get(query, parameters)
            try:
                for series in answer.get("timeSeries", ()):
                    revision = str(series["resource"]["labels"]["revision_name"])
                    for point in series.get("points", ()):
                        end = rfc3339.parse(point["interval"]["endTime"])
                        value = point["value"]
                        count = round(float(value.get("int64Value", value.get("doubleValue"))))
                        yield revision, end or 0, count
                token = answer.get("nextPageToken")
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise _unreadable() from error
            if not token:
                return
            parameters["pageToken"] = str(token)
        raise Unavailable(f"{NAME} counts more revisions than I read.")

    def _get(
        self, query: Query, parameters: Mapping[str, str | int | list[str]]
    ) -> Mapping[str, Any]:
        from google.auth import exceptions as auth
        from requests import exceptions

        address = f"{self._endpoint or API}/v3/projects/{query.project}/timeSeries"
        try:
            response = self._connected().get(address, params=parameters, timeout=TIMEOUT)
            status, content = response.status_code, response.content
        except auth.GoogleAuthError as error:
            raise Refused(f"Google refused the credentials for {NAME}.") from error
        except exceptions.RequestException as error:
            raise Unavailable(f"{NAME} does not answer ({type(error).__name__}).") from error
        try:
            answer = orjson.loads(content)
        except orjson.JSONDecodeError:
            answer = None
        if status != 200:
            raise _refusal(query.project, status, answer)
        if not isinstance(answer, dict):
            raise _unreadable()
        return answer

    def _connected(self) -> Any:
        if self._session is None:
            if self._endpoint is None:
                import google.auth
                from google.auth.transport.requests import AuthorizedSession

                # google-auth's functions are untyped.
                default: Any = google.auth.default
                session: Any = AuthorizedSession
                self._session = session(default(scopes=SCOPES)[0])
            else:
                import requests

                self._session = requests.Session()
                self._session.trust_env = False  # no proxy for loopback
        return self._session


def parts(window: Window) -> Iterator[tuple[Window, int]]:
    """Splits the window into whole UTC hours and, at both ends, minutes.

    Yields (window, period), both in nanoseconds. Monitoring aligns points with the end of the
    requested interval, so hourly points need an interval that ends on the hour.
    """
    start, end = (time // MINUTE * MINUTE for time in (window.start, window.end))
    first, last = -(-start // HOUR) * HOUR, end // HOUR * HOUR
    if first > last:
        first = last = end
    for part, period in (
        (Window(start, first), MINUTE),
        (Window(first, last), HOUR),
        (Window(last, end), MINUTE),
    ):
        if part.start < part.end:
            yield part, period


def _unreadable() -> Unavailable:
    return Unavailable(f"{NAME} gave an answer that I cannot read.")


def _refusal(project: str, status: int, answer: Any) -> GardenerError:
    error = answer.get("error") if isinstance(answer, dict) else None
    detail = str(error.get("message") or "") if isinstance(error, dict) else ""
    if status in (401, 403):
        if "SERVICE_DISABLED" in str(error):
            return Refused(
                f"{NAME} is not enabled in {project}. "
                f"Fix: gcloud services enable monitoring.googleapis.com --project={project}"
            )
        return Refused(
            f"Google refused: this account lacks Monitoring Viewer on {project}. "
            f"Fix: gcloud projects add-iam-policy-binding {project} "
            "--member=serviceAccount:ACCOUNT --role=roles/monitoring.viewer"
        )
    if status in (408, 429) or status >= 500:
        return Unavailable(f"{NAME} does not answer ({status}).")
    return Refused(f"{NAME} did not accept the query ({status}): {detail[:200]}")
