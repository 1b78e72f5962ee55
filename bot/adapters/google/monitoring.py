"""Requests as Cloud Monitoring counts them: all of them, by revision and hour, in a few calls.

The metric is `run.googleapis.com/request_count`. It needs a role of its own (Monitoring Viewer)
and no more than a plain HTTP call, so Google's own client library is not worth its weight here.
It counts what reached an instance: what Cloud Run turned away before is not among it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from bot.adapters.google.activity import quoted
from bot.core.model import rfc3339
from bot.core.model.environment import Query
from bot.core.model.errors import GardenerError, Refused, Unavailable
from bot.core.model.report import Traffic
from bot.core.model.values import HOUR, MINUTE, SECOND, Window

METRIC = "run.googleapis.com/request_count"
API = "https://monitoring.googleapis.com"
SCOPES = ("https://www.googleapis.com/auth/monitoring.read",)
NAME = "Cloud Monitoring"
"""As reports name where a traffic comes from."""
TIMEOUT = 10.0
"""Seconds for one call; it is never tried twice."""
POINTS = 20_000
"""Of one answer: some megabytes. The API's own limit is 100,000."""
PAGES = 20
SHORTEST = 15 * MINUTE
"""A point is there up to three minutes after its minute: a shorter window would lack too much."""


def metrics(endpoint: str | None, logging_endpoint: str | None) -> CloudMonitoring | None:
    """Where requests are counted; None where the logs are not Google's and nothing else is set."""
    if endpoint is None and logging_endpoint is not None:
        return None
    return CloudMonitoring(endpoint)


class CloudMonitoring:
    """Reads the metric. Makes its session at the first read, never before a fork."""

    def __init__(self, endpoint: str | None = None) -> None:
        """`endpoint`: `http://host:port` without credentials, or None for Google."""
        self._endpoint = endpoint
        self._session: Any = None

    def read_traffic(self, query: Query) -> Traffic | None:
        """Requests of the window, to the minute; None where it is shorter than `SHORTEST`.

        Raises `Refused` or `Unavailable`.
        """
        if query.window.end - query.window.start < SHORTEST:
            return None
        counted: Counter[tuple[str, int]] = Counter()
        for window, period in parts(query.window):
            for revision, end, count in self._points(query, window, period):
                if window.start < end <= window.end:
                    counted[revision, (end - 1) // HOUR] += count
        hours = tuple((revision, at, n) for (revision, at), n in sorted(counted.items()) if n)
        return Traffic(hours, query.window.start, source=NAME)

    def _points(self, query: Query, window: Window, period: int) -> Iterator[tuple[str, int, int]]:
        """(revision, end, requests) of each point; one ends with what it counts."""
        parameters: dict[str, str | int | list[str]] = {
            "filter": wanted(query),
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

                # google-auth's functions carry no types of their own.
                default: Any = google.auth.default
                session: Any = AuthorizedSession
                self._session = session(default(scopes=SCOPES)[0])
            else:
                import requests

                self._session = requests.Session()
                self._session.trust_env = False  # no proxy stands before loopback
        return self._session


def wanted(query: Query) -> str:
    """The query's services in the language of Monitoring's filters."""
    parts = [f'metric.type="{METRIC}"', 'resource.type="cloud_run_revision"']
    if query.services:
        names = ",".join(f'"{quoted(name)}"' for name in query.services)
        parts.append(f"resource.labels.service_name=one_of({names})")
    return " AND ".join(parts)


def parts(window: Window) -> Iterator[tuple[Window, int]]:
    """The window in whole UTC hours, and what is left at both ends in minutes; with each period.

    Nanoseconds. Points are cut from the end of what is asked for: only so they are whole hours.
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
    said = str(error.get("message") or "") if isinstance(error, dict) else ""
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
    return Refused(f"{NAME} did not accept the query ({status}): {said[:200]}")
