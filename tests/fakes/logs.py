"""Log entries as Cloud Logging gives them, and a source that hands them out page by page."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.entries.json_rows import of_json
from bot.core.entries.request_log import is_own_log, is_request_log
from bot.core.model.environment import Query
from bot.core.model.report import Event, Traffic
from bot.core.model.rfc3339 import parse, show
from bot.core.model.values import HOUR, MINUTE, SECOND
from bot.core.ports import Page

LEGACY = "Message loop error: Invalid message type 'legacy_response': not one of the known types"
CREATED = "USER AUTO-CREATED: created user {n} from JWT"
POOL = "Connection pool exhausted after 30 s"


def entry(
    text: str, at: int, number: int, *, severity: str = "ERROR", revision: str = "00598-qss"
) -> dict[str, object]:
    """One text entry of a Cloud Run service."""
    return {
        "insertId": f"i{number:06}",
        "timestamp": show(at),
        "severity": severity,
        "textPayload": text,
        "logName": "projects/netra-staging/logs/run.googleapis.com%2Fstderr",
        "resource": {
            "type": "cloud_run_revision",
            "labels": {
                "service_name": "netra-backend-staging",
                "revision_name": f"netra-backend-staging-{revision}",
                "location": "us-central1",
                "project_id": "netra-staging",
            },
        },
        "labels": {"instanceId": f"instance{number % 3}"},
    }


def some(now: int) -> list[dict[str, object]]:
    """Three problems within the last day: ten, four and two occurrences."""
    found = [entry(LEGACY, now - HOUR - i * MINUTE, i) for i in range(10)]
    found += [
        entry(POOL, now - 2 * HOUR - i * MINUTE, 100 + i, severity="WARNING") for i in range(4)
    ]
    found += [
        entry(CREATED.format(n=40 + i), now - 3 * HOUR - i * SECOND, 200 + i, severity="WARNING")
        for i in range(2)
    ]
    return found


@dataclass
class FakeLogs:
    """`ports.LogSource` and `Activity`. `gate`: each page but the first waits for it."""

    entries: Sequence[Mapping[str, object]] = field(default_factory=list)
    page: int = 1_000
    error: Exception | None = None
    gate: threading.Event | None = None
    reads: int = 0
    traffic: Traffic | None = None
    events: Sequence[Event] = ()

    def read_traffic(self, query: Query) -> Traffic | None:
        return self.traffic

    def read_events(self, query: Query) -> Sequence[Event]:
        return self.events

    def newest(self, query: Query, service: str, *, requests: bool) -> Sequence[int] | None:
        times = []
        for each in self.entries:
            log = str(each.get("logName", ""))
            if service in str(each.get("resource")) and (
                is_request_log(log) if requests else is_own_log(log)
            ):
                times.append(parse(str(each["timestamp"])) or 0)
        return sorted((at for at in times if at in query.window), reverse=True)[:1_000]

    def describe(self, query: Query) -> str:
        return f'resource.labels.service_name="{query.services}"'

    def read(self, query: Query) -> Iterator[Page]:
        self.reads += 1
        if self.error is not None:
            raise self.error
        pages = max(1, -(-len(self.entries) // self.page))
        for i in range(pages):
            while i and self.gate is not None and not self.gate.wait(0.1):
                # What a rate limit looks like: pages that say nothing new.
                yield Page(reached=query.window.end - i, share=i / pages)
            start = i * self.page
            part = self.entries[start : start + self.page]
            yield Page(
                of_json(part, range(start + 1, start + 1 + len(part))),
                reached=query.window.start if i + 1 == pages else query.window.end - i * HOUR,
                share=(i + 1) / pages,
                api_calls=1,
            )
