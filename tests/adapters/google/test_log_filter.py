"""The filters that are sent to Google, as a person reads them in `gardener doctor`."""

from __future__ import annotations

import pytest

from bot.adapters.google.cloud_logging import CloudLogging
from bot.adapters.google.log_filter import log_filter, metric_filter, service_filter
from bot.core.model.environment import Environment, Query, Sources
from bot.core.model.values import DAY, Severity, Window
from playground.logging.filter import compile_filter
from tests.core.logs import START

WINDOW = Window(START, START + DAY)
SPAN = ['timestamp>="2025-09-14T03:00:00Z"', 'timestamp<"2025-09-15T03:00:00Z"']
QUOTE = 'x") OR severity>="DEBUG'


def lines(services: tuple[str, ...] = (), severity: Severity = Severity.DEFAULT, **of) -> list[str]:
    query = Query("staging", "acme", services, WINDOW, severity, Sources(**of))
    return log_filter(query).splitlines()


def test_services_alone_are_two_lines():
    assert lines(("a", "b"), Severity.ERROR) == [
        'resource.type="cloud_run_revision"',
        'resource.labels.service_name=("a" OR "b")',
        *SPAN,
        "(severity>=ERROR OR severity=DEFAULT)",
    ]


def test_nothing_named_is_every_service():
    assert lines() == ['resource.type="cloud_run_revision"', *SPAN]


def test_jobs_in_place_of_services():
    assert lines(jobs=("nightly", "weekly")) == [
        'resource.type="cloud_run_job"',
        'resource.labels.job_name=("nightly" OR "weekly")',
        *SPAN,
    ]


def test_several_sources_are_one_line():
    assert lines(("api",), jobs=("nightly",), filter='resource.type="gae_app"') == [
        (
            '((resource.type="cloud_run_revision" AND resource.labels.service_name=("api"))'
            ' OR (resource.type="cloud_run_job" AND resource.labels.job_name=("nightly"))'
            ' OR ((resource.type="gae_app")))'
        ),
        *SPAN,
    ]


def test_a_workload_is_asked_for_by_label_and_by_the_names_of_its_pods():
    kind, workload, *rest = lines(gke=("main/shop/checkout.v2",))
    assert kind == 'resource.type="k8s_container"'
    assert 'resource.labels.cluster_name="main"' in workload
    assert 'resource.labels.namespace_name="shop"' in workload
    assert 'labels."k8s-pod/app"="checkout.v2"' in workload
    assert 'resource.labels.pod_name=~"^checkout[.]v2' in workload
    assert rest == SPAN


def test_the_description_is_the_filter_on_one_line():
    query = Query("s", "acme", ("api",), WINDOW)
    assert CloudLogging("grpc://127.0.0.1:1").describe(query) == " AND ".join(
        log_filter(query).splitlines()
    )


@pytest.mark.parametrize(
    "of",
    [
        {"services": (QUOTE,)},
        {"jobs": (QUOTE,)},
        {"functions": (QUOTE,)},
        {"gke": (f"c/n/{QUOTE}",)},
        {"gke": (f"{QUOTE}/{QUOTE}/w",)},
        {"filter": 'resource.type="x"', "only": (QUOTE,)},
    ],
    ids=str,
)
def test_no_name_breaks_out_of_its_quotes(of):
    wanted = "\n".join(lines(**of))
    entry = {
        "severity": "ERROR",
        "timestamp": "2025-09-14T03:00:00Z",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "x"}},
    }
    assert not compile_filter(wanted)(entry)


def test_what_counts_requests_names_services_alone():
    query = Environment(
        "s", "acme", ("api",), sources=Sources(jobs=("nightly",), filter="severity>=DEBUG")
    ).query(WINDOW)
    for text in (metric_filter(query), service_filter(query, "requests")):
        assert "api" in text
        assert "nightly" not in text
        assert "DEBUG" not in text
