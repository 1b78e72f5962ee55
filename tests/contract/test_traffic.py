"""Requests by revision and hour: the same from Cloud Monitoring and from the request log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.adapters.google.activity import CloudActivity
from bot.adapters.google.cloud_logging import CloudLogging
from bot.adapters.google.log_filter import metric_filter
from bot.adapters.google.monitoring import (
    CloudMonitoring,
    metrics,
    parts,
)
from bot.core.model.environment import Query
from bot.core.model.errors import Refused, Unavailable
from bot.core.model.report import Traffic
from bot.core.model.values import DAY, HOUR, MINUTE, SECOND, Window
from bot.core.ports import Activity
from playground.logging.server import LogServer
from tests.core.logs import START, entry, request
from tests.fakes.logs import FakeLogs
from tests.fakes.monitoring import DENIED, DISABLED, MonitoringServer, RefusalError

SERVICE = "netra-backend-staging"
OLD, NEW = f"{SERVICE}-00597-xyz", f"{SERVICE}-00598-qss"
WINDOW = Window(START - DAY + 20 * MINUTE, START + 6 * HOUR + 7 * MINUTE)
QUERY = Query("staging", "netra-staging", (SERVICE,), WINDOW)
Make = Callable[[list[dict[str, Any]]], Activity]


@pytest.fixture
def server() -> Iterator[MonitoringServer]:
    with MonitoringServer() as running:
        yield running


@pytest.fixture(params=["cloud monitoring", "request log"])
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    with MonitoringServer(page=2) as counts, LogServer() as logs:
        metrics = CloudMonitoring(counts.endpoint) if request.param != "request log" else None

        def over(entries: list[dict[str, Any]]) -> Activity:
            counts.add(entries)
            logs.add(entries)
            return CloudActivity(CloudLogging(logs.endpoint), metrics)

        yield over


def test_what_a_service_wrote_last_is_told_whatever_its_severity_and_without_the_platform() -> None:
    at = 3_600.0
    entries = [
        entry("Tick", "INFO", at),
        entry("Tick", None, at - 5),
        entry("Tick", "DEBUG", at - 9, log="stdout"),
        entry("Own log", "INFO", at - 11) | {"logName": "projects/netra-staging/logs/jobs"},
        entry("Starting new instance.", "INFO", at + 60, log="varlog%2Fsystem"),
        request(200, at=at + 70),
        request(404, at=at + 50),
        entry("Another service", "ERROR", at + 90, service="other"),
    ]
    with LogServer() as server:
        server.add(entries)
        logs = CloudLogging(server.endpoint)
        own = logs.newest(QUERY, SERVICE, requests=False)
        asked = logs.newest(QUERY, SERVICE, requests=True)
    second = [round((t - START) / SECOND - at) for t in own or ()]
    assert second == [0, -5, -9, -11]
    assert [round((t - START) / SECOND - at) for t in asked or ()] == [70, 50]


class TestTraffic:
    def count(self, make: Make, *entries: dict[str, Any], query: Query = QUERY) -> Traffic:
        found = make(list(entries)).read_traffic(query)
        assert found is not None
        assert (found.since, found.sampled) == (query.window.start, False)
        return found

    def test_by_revision_and_hour(self, make: Make) -> None:
        hour = START // HOUR
        old = [request(200, at=at, revision=OLD) for at in (-3_601.0, -30.0, 5.0)]
        new = [request(500, at=at, revision=NEW) for at in (10.0, 11.0, 3_700.0)]
        assert self.count(make, *old, *new).hours == (
            (OLD, hour - 2, 1),
            (OLD, hour - 1, 1),
            (OLD, hour, 1),
            (NEW, hour, 2),
            (NEW, hour + 1, 1),
        )

    def test_the_parts_of_an_hour_at_both_ends(self, make: Make) -> None:
        first, last = -86_400.0 + 20 * 60, 6 * 3_600.0 + 7 * 60
        inside = [request(200, at=at) for at in (first + 30, first + 90, last - 90, last - 30)]
        outside = [request(200, at=at) for at in (first - 30, last + 30)]
        start, end = WINDOW.start // HOUR, WINDOW.end // HOUR
        assert self.count(make, *inside, *outside).hours == ((NEW, start, 2), (NEW, end, 2))

    def test_within_one_hour(self, make: Make) -> None:
        query = replace(QUERY, window=Window(START + 5 * MINUTE, START + 40 * MINUTE))
        entries = [request(200, at=at * 60.0 + 30) for at in (4, 5, 39, 40)]
        assert self.count(make, *entries, query=query).hours == ((NEW, START // HOUR, 2),)

    def test_of_the_services_that_were_asked_for(self, make: Make) -> None:
        entries = [request(200, at=1.0), request(200, at=2.0, service="other", revision="other-1")]
        assert self.count(make, *entries).requests == 1
        assert self.count(make, query=replace(QUERY, services=())).requests == 2

    def test_none_is_known(self, make: Make) -> None:
        assert self.count(make).hours == ()


def test_each_hour_is_asked_for_by_the_hour_and_the_rest_by_the_minute(
    server: MonitoringServer,
) -> None:
    CloudMonitoring(server.endpoint).read_traffic(QUERY)
    assert [call["aggregation.alignmentPeriod"] for call in server.calls] == ["60s", "3600s", "60s"]
    whole = list(parts(Window(START, START + 2 * HOUR)))
    assert whole == [(Window(START, START + 2 * HOUR), HOUR)]
    assert list(parts(Window(START + 1, START + SECOND))) == []


@pytest.mark.parametrize(
    "refusal", [DENIED, DISABLED, RefusalError(429, "RESOURCE_EXHAUSTED", "slow")]
)
def test_where_it_may_not_be_asked_the_request_log_is(
    server: MonitoringServer, refusal: RefusalError
) -> None:
    server.refuse = refusal
    logs = FakeLogs(traffic=Traffic(((NEW, START // HOUR, 5),), START, sampled=True))
    found = CloudActivity(logs, CloudMonitoring(server.endpoint)).read_traffic(QUERY)
    assert found == logs.traffic
    assert found is not None
    assert found.source == "request log"
    assert len(server.calls) == 1


def test_where_neither_answers_nothing_is_known() -> None:
    gone = CloudMonitoring("http://127.0.0.1:1")
    assert CloudActivity(FakeLogs(), gone).read_traffic(QUERY) is None
    assert CloudActivity(FakeLogs(), None).read_traffic(QUERY) is None


def test_a_refusal_says_how_to_mend_it(server: MonitoringServer) -> None:
    monitoring = CloudMonitoring(server.endpoint)
    server.refuse = DENIED
    with pytest.raises(Refused, match=r"netra-staging .*roles/monitoring\.viewer"):
        monitoring.read_traffic(QUERY)
    server.refuse = DISABLED
    with pytest.raises(Refused, match="gcloud services enable"):
        monitoring.read_traffic(QUERY)
    server.refuse = None
    with pytest.raises(Refused, match="did not accept"):
        monitoring.read_traffic(replace(QUERY, services=('x") OR ("',)))


@pytest.mark.parametrize(
    "answer",
    [b"", b"<html>", b"[]", b'{"timeSeries": [{}]}', b'{"timeSeries": 3}',
     b'{"timeSeries": [{"resource": {"labels": {"revision_name": "r"}}, "points": [{}]}]}'],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_no_traffic(
    server: MonitoringServer, answer: bytes
) -> None:
    server.raw = answer
    with pytest.raises(Unavailable):
        CloudMonitoring(server.endpoint).read_traffic(QUERY)


def test_a_window_shorter_than_its_lag_is_the_request_logs(server: MonitoringServer) -> None:
    short = replace(QUERY, window=Window(START, START + 10 * MINUTE))
    assert CloudMonitoring(server.endpoint).read_traffic(short) is None
    assert server.calls == []


def test_names_in_the_filter_cannot_break_out() -> None:
    assert r"\"" in metric_filter(replace(QUERY, services=('x") OR ("',)))


def test_google_is_asked_only_where_the_logs_are_googles() -> None:
    assert metrics(None, "grpc://127.0.0.1:1") is None
    assert metrics(None, None) is not None
    assert metrics("http://127.0.0.1:1", "grpc://127.0.0.1:1") is not None
