"""What an environment of gardener.toml reads, asked over gRPC of a strict stand-in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from bot.adapters.google.cloud_logging import CloudLogging
from bot.adapters.google.monitoring import CloudMonitoring
from bot.core.analysis.reading import read_all
from bot.core.model.environment import Environment
from bot.core.model.errors import Refused
from bot.core.model.values import DAY, Severity, Window
from bot.settings.file import environments
from playground.logging.server import LogServer
from tests.core.logs import START, request
from tests.core.resource_entries import PLACES, WHERE, written
from tests.fakes.monitoring import MonitoringServer

WINDOW = Window(START - DAY, START + DAY)
VIEW = "projects/central/locations/global/buckets/all/views/shop"


@pytest.fixture
def server() -> Iterator[LogServer]:
    with LogServer() as running:
        for number, (resource, labels, _) in enumerate(PLACES.values()):
            running.add([written(resource, labels, insertId=f"a{number}")])
        other = {"type": "cloud_run_revision", "labels": {**WHERE, "service_name": "other"}}
        running.add([written(other, {}, insertId="other")])
        yield running


def environment(text: str) -> Environment:
    return environments(tomllib.loads(f"[environments.e]\nproject = 'acme'\n{text}"))["e"]


def read(server: LogServer, of: Environment, *names: str) -> set[tuple[str, str]]:
    """(kind, name) of every place that the environment's query finds."""
    query = of.query(WINDOW, names, Severity.DEFAULT)
    reading = read_all(CloudLogging(server.endpoint), query)
    return {(place.kind.value, place.service) for place in reading.rollup.places}


CHECKOUT = {("workload", "checkout")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {("service", "api"), ("service", "other")}),
        ("services = ['api']", {("service", "api")}),
        ("jobs = ['nightly-import']", {("job", "nightly-import")}),
        ("functions = ['resize_image']", {("function", "resize_image")}),
        ("gke = ['main/shop/checkout']", CHECKOUT),
        ("gke = ['main/shop/redis']", {("workload", "redis")}),
        ("gke = ['main/shop/report']", {("job", "report")}),
        ("gke = ['main/other/checkout', 'other/shop/checkout']", set()),
        ("""filter = 'resource.type="gae_app"'""", {("app", "default")}),
        ("""filter = 'resource.type="gce_instance"'""", {("machine", "legacy-vm")}),
        (
            """
            services = ['api']
            jobs = ['nightly-import']
            gke = ['main/shop/checkout']
            filter = 'resource.type="gae_app" OR labels.instance_id="00f46b9285f2"'
            """,
            {
                ("service", "api"), ("job", "nightly-import"), ("app", "default"),
                ("function", "resize_image"), *CHECKOUT,
            },
        ),
    ],
)  # fmt: skip
def test_an_environment_reads_what_it_names_and_nothing_else(server, text, found):
    assert read(server, environment(text)) == found


def test_a_function_of_the_second_generation_is_found_as_a_service(server):
    labels = {**WHERE, "service_name": "send-mail", "revision_name": "send-mail-00001-abc"}
    server.add([written({"type": "cloud_run_revision", "labels": labels}, {}, insertId="f2")])
    assert read(server, environment("functions = ['Send_Mail']")) == {("service", "send-mail")}


def test_a_question_for_one_name_reads_that_source_alone(server):
    of = environment(
        "services = ['api']\njobs = ['nightly-import']\ngke = ['main/shop/checkout']\n"
        """filter = 'resource.type=("gae_app" OR "gce_instance")'"""
    )
    assert read(server, of, "nightly-import") == {("job", "nightly-import")}
    assert read(server, of, "checkout") == read(server, of, "main/shop/checkout") == CHECKOUT
    assert read(server, of, "legacy-vm") == {("machine", "legacy-vm")}
    assert read(server, of, "api", "default") == {("service", "api"), ("app", "default")}
    assert read(server, of, "nobody") == set()


def test_a_window_holds_for_every_part_of_the_filter(server):
    of = environment(
        """services = ['api']\nfilter = 'resource.type="gae_app" OR severity>=DEBUG'"""
    )
    query = of.query(Window(START + DAY, START + 2 * DAY), (), Severity.DEFAULT)
    assert read_all(CloudLogging(server.endpoint), query).read == 0


def test_log_views_are_read_in_place_of_the_project(server):
    server.sinks[VIEW] = {"acme"}
    of = environment(f"services = ['api']\nviews = ['{VIEW}']")
    assert read(server, of) == {("service", "api")}
    assert server.calls[-1].resource_names == (VIEW,)
    del server.sinks[VIEW]
    assert read(server, of) == set()


def test_a_refused_view_names_the_role_that_opens_it(server):
    server.denied.add("central")
    of = environment(f"views = ['projects/acme', '{VIEW}']")
    with pytest.raises(Refused, match=r"Logs View Accessor on central .*logging\.viewAccessor"):
        read(server, of)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", 1),
        ("services = ['api']\njobs = ['nightly-import']", 1),
        ("jobs = ['nightly-import']", None),
        ("gke = ['main/shop/checkout']", None),
        ("""filter = 'resource.type="cloud_run_revision"'""", None),
    ],
)
def test_requests_are_counted_for_cloud_run_services_alone(server, text, counted):
    served = request(200, service="api", revision="api-00007-abc")
    served["logName"] = "projects/acme/logs/run.googleapis.com%2Frequests"
    server.add([served])
    query = environment(text).query(WINDOW)
    logs = CloudLogging(server.endpoint)
    traffic = logs.read_traffic(query)
    assert (traffic and traffic.requests) == counted
    assert list(logs.read_events(query)) == []
    with MonitoringServer() as monitoring:
        known = CloudMonitoring(monitoring.endpoint).read_traffic(query)
        assert (known is None) == (counted is None)


def test_requests_behind_log_views_are_counted_in_the_request_log(server):
    query = environment(f"services = ['api']\nviews = ['{VIEW}']").query(WINDOW)
    with MonitoringServer() as monitoring:
        assert CloudMonitoring(monitoring.endpoint).read_traffic(query) is None


def reads(server: LogServer, of: Environment) -> list[Any]:
    query = of.query(WINDOW, (), Severity.DEFAULT)
    pages = CloudLogging(server.endpoint).read(query)
    return [page.rows.json(i) for page in pages for i in range(len(page.rows))]


def test_entries_arrive_whole_with_the_labels_of_their_resource(server):
    (entry,) = reads(server, environment("gke = ['main/shop/redis']"))
    resource, labels, _ = PLACES["StatefulSet"]
    assert (entry["resource"], entry["labels"]) == (resource, labels)
