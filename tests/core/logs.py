"""Log entries for tests, in the JSON that gcloud prints, and reading them in one line."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.core.analysis.analyze import analyze
from bot.core.analysis.outside import Outside
from bot.core.entries.json_rows import of_json
from bot.core.model import rfc3339
from bot.core.model.environment import Environment, Query
from bot.core.model.report import Report
from bot.core.model.values import DAY, SECOND, Severity, Window
from bot.core.ports import Page, Registry

START = rfc3339.parse("2025-09-14T03:00:00Z") or 0
WINDOW = Window(START - DAY, START + DAY)
INSTANCE = "0069c7a98830b86a"
_ids = itertools.count()

Entry = dict[str, Any]


def entry(
    text: str | None = None,
    severity: str | None = None,
    at: float = 0.0,
    *,
    instance: str = INSTANCE,
    revision: str = "netra-backend-staging-00598-qss",
    service: str = "netra-backend-staging",
    log: str = "stderr",
    **payload: Any,
) -> Entry:
    """An entry `at` seconds after `START`; other payloads by keyword (`jsonPayload={…}`)."""
    made: Entry = {
        "insertId": f"id{next(_ids):08d}",
        "timestamp": rfc3339.show(START + round(at * SECOND)),
        "logName": f"projects/netra-staging/logs/run.googleapis.com%2F{log}",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "service_name": service,
                "revision_name": revision,
                "project_id": "netra-staging",
                "location": "us-central1",
            },
        },
        "labels": {"instanceId": instance},
        **payload,
    }
    if text is not None:
        made["textPayload"] = text
    if severity is not None:
        made["severity"] = severity
    return made


def said(message: str, severity: str = "ERROR", at: float = 0.0, **more: Any) -> Entry:
    """An entry whose message stands in a JSON payload, as one logging library writes it."""
    labels = {"function": "callHandlers", "line": "1706", "module": "logging"}
    return entry(None, severity, at, jsonPayload={"labels": labels, "message": message}, **more)


def request(
    status: int,
    path: str = "/api/threads",
    at: float = 0.0,
    *,
    agent: str = "python-httpx/0.28.1",
    method: str = "GET",
    **more: Any,
) -> Entry:
    """An entry of the request log."""
    level = "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"
    http = {
        "requestMethod": method,
        "requestUrl": f"https://api.example.org{path}",
        "status": status,
        "userAgent": agent,
        **more.pop("http", {}),
    }
    return entry(None, level, at, log="requests", httpRequest=http, **more)


class Entries:
    """A `LogSource` of entries in pages of any size."""

    def __init__(self, entries: Sequence[Entry], page: int = 1_000) -> None:
        self._entries = entries
        self._page = page

    def describe(self, query: Query) -> str:
        return "entries of a test"

    def read(self, query: Query) -> Iterator[Page]:
        for start in range(0, len(self._entries), self._page):
            part = self._entries[start : start + self._page]
            yield Page(of_json(part, range(start + 1, start + 1 + len(part))), api_calls=1)


def report(
    entries: Iterable[Entry],
    *,
    severity: Severity = Severity.WARNING,
    window: Window = WINDOW,
    page: int = 1_000,
    registry: Registry | None = None,
) -> Report:
    """The report of these entries, with the members of each cluster."""
    query = Query("staging", "netra-staging", (), window, severity)
    environment = Environment("staging", "netra-staging")
    outside = Outside(Entries(list(entries), page), registry=registry)
    return analyze(outside, query, environment, now=window.end, keep_members=True)


def shuffled(entries: Iterable[Entry], seed: int = 1) -> list[Entry]:
    """The same entries in another order."""
    mixed = list(entries)
    random.Random(seed).shuffle(mixed)
    return mixed
