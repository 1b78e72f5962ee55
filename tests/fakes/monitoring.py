"""Cloud Monitoring's timeSeries.list over loopback HTTP, as strict as the API's reference."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

from bot.core.model import rfc3339
from bot.core.model.values import SECOND

KNOWN = {
    "filter", "interval.startTime", "interval.endTime", "aggregation.alignmentPeriod",
    "aggregation.perSeriesAligner", "aggregation.crossSeriesReducer", "aggregation.groupByFields",
    "view", "pageSize", "pageToken",
}  # fmt: skip
FILTER = re.compile(
    r'metric\.type="run\.googleapis\.com/request_count" AND '
    r'resource\.type="cloud_run_revision"'
    r"(?: AND resource\.labels\.service_name=one_of\((\"[^\"]+\"(?:,\"[^\"]+\")*)\))?"
)


class RefusalError(Exception):
    def __init__(self, code: int, status: str, message: str, **more: object) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"error": {"code": code, "status": status, "message": message, **more}}


class MonitoringServer:
    """Counts request-log entries; `refuse` is what every call is answered with instead."""

    def __init__(self, page: int = 100_000) -> None:
        self.entries: list[Mapping[str, object]] = []
        self.calls: list[dict[str, str]] = []
        self.refuse: RefusalError | None = None
        self.raw: bytes | None = None
        self._page = page
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                try:
                    code, body = 200, json.dumps(owner._answer(self.path)).encode()
                except RefusalError as refused:
                    code, body = refused.code, json.dumps(refused.body).encode()
                if owner.raw is not None:
                    body = owner.raw
                self.send_response(code)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def add(self, entries: Iterable[Mapping[str, object]]) -> None:
        self.entries.extend(entries)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, path: str) -> object:
        parts = urlsplit(path)
        found = re.fullmatch(r"/v3/projects/([a-z][a-z0-9-]+)/timeSeries", parts.path)
        if found is None:
            raise RefusalError(404, "NOT_FOUND", "no such method")
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.calls.append(asked)
        if self.refuse is not None:
            raise self.refuse
        if unknown := set(asked) - KNOWN:
            raise _invalid(f"Invalid JSON payload received. Unknown name {unknown}")
        if asked.get("aggregation.perSeriesAligner") != "ALIGN_SUM" or (
            asked.get("aggregation.crossSeriesReducer") != "REDUCE_SUM"
            or asked.get("aggregation.groupByFields") != "resource.label.revision_name"
        ):
            raise _invalid("this stand-in sums requests by revision")
        period = re.fullmatch(r"(\d+)s", asked.get("aggregation.alignmentPeriod", ""))
        if period is None or int(period[1]) < 60:
            raise _invalid("alignmentPeriod must be at least 60 seconds")
        start, end = (
            rfc3339.parse(asked.get(f"interval.{name}Time", "")) for name in ("start", "end")
        )
        if start is None or end is None or start >= end:
            raise _invalid("The start time must be before the end time")
        if not 0 < int(asked.get("pageSize", "100000")) <= 100_000:
            raise _invalid("pageSize")
        wanted = FILTER.fullmatch(asked.get("filter", ""))
        if wanted is None:
            raise _invalid(f"Could not parse filter {asked.get('filter')!r}")
        services = re.findall(r'"([^"]+)"', wanted[1] or "")
        points = self._counted(found[1], services, start, end, int(period[1]) * SECOND)
        size = min(self._page, int(asked["pageSize"]))
        at = int(asked.get("pageToken") or 0)
        answer: dict[str, object] = {"unit": "1"}
        if series := _series(points[at : at + size]):
            answer["timeSeries"] = series
        if at + size < len(points):
            answer["nextPageToken"] = str(at + size)
        return answer

    def _counted(
        self, project: str, services: list[str], start: int, end: int, period: int
    ) -> list[tuple[str, int, int, int]]:
        counted: Counter[tuple[str, int]] = Counter()
        for entry in self.entries:
            at = rfc3339.parse(str(entry["timestamp"])) or 0
            labels = entry["resource"]["labels"]  # type: ignore[index]
            if (
                start < at <= end
                and labels["project_id"] == project
                and (not services or labels["service_name"] in services)
            ):
                # Points are cut backwards from the end of the interval.
                counted[labels["revision_name"], end - (end - at) // period * period] += 1
        return [(name, last, n, period) for (name, last), n in sorted(counted.items())]


def _series(points: list[tuple[str, int, int, int]]) -> list[object]:
    by_name: dict[str, list[object]] = {}
    for name, end, n, period in points:
        interval = {"startTime": rfc3339.show(end - period), "endTime": rfc3339.show(end)}
        by_name.setdefault(name, []).insert(
            0, {"interval": interval, "value": {"int64Value": str(n)}}
        )
    return [
        {
            "metric": {"type": "run.googleapis.com/request_count"},
            "resource": {"type": "cloud_run_revision", "labels": {"revision_name": name}},
            "metricKind": "DELTA",
            "valueType": "INT64",
            "points": found,
        }
        for name, found in by_name.items()
    ]


def _invalid(message: str) -> RefusalError:
    return RefusalError(400, "INVALID_ARGUMENT", message)


DENIED = RefusalError(
    403,
    "PERMISSION_DENIED",
    "Permission monitoring.timeSeries.list denied (or the resource may not exist).",
)
DISABLED = RefusalError(
    403,
    "PERMISSION_DENIED",
    "Cloud Monitoring API has not been used in project 598 before or it is disabled.",
    details=[{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED"}],
)
