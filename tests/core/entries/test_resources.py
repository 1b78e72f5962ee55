"""Service, revision and instance, from the labels that each type of resource carries."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from bot.adapters.google import log_pages
from bot.core.entries import json_lines, pods
from bot.core.entries.json_rows import of_json
from bot.core.entries.place import Place, PlaceKind
from bot.core.entries.resources import RESOURCES, place_of, resource_of
from bot.core.entries.writers import place
from playground.logging import entry as logentry
from tests.core.resource_entries import PLACES, written


def cloud_logging(entry: dict[str, Any]) -> Place:
    rows, _ = log_pages.read(logentry.field(1, logentry.encode(entry)))
    return rows.origin(0).place


def json_line(entry: dict[str, Any]) -> Place:
    rows, odd = json_lines.of_lines([orjson.dumps(entry)], 0)
    assert not odd
    return rows.origin(0).place


def json_array(entry: dict[str, Any]) -> Place:
    return of_json([entry], [1]).origin(0).place


@pytest.mark.parametrize("read", [cloud_logging, json_line, json_array])
@pytest.mark.parametrize("name", PLACES)
def test_every_reader_finds_the_place(name, read):
    resource, labels, wanted = PLACES[name]
    assert read(written(resource, labels)) == wanted


def test_every_row_has_an_entry_that_shows_it():
    shown = {resource["type"] for resource, _, _ in PLACES.values()}
    assert {row.type for row in RESOURCES} <= shown


def test_the_fast_way_for_services_is_the_row_of_the_table():
    resource, labels, wanted = PLACES["service"]
    assert place(resource, labels) == place_of(resource["type"], resource["labels"], labels)
    assert place(resource, labels) == wanted


@pytest.mark.parametrize("row", RESOURCES, ids=lambda row: row.type)
def test_an_entry_without_a_type_is_recognised_by_its_labels(row):
    found = resource_of(None, {row.known_by: "x"})
    assert (found.service, found.kind) == (row.service, row.kind)


@pytest.mark.parametrize(
    ("resource", "labels"),
    [
        (None, None),
        ("text", [1]),
        ({"type": ["x"], "labels": "y"}, {}),
        ({"type": "k8s_container", "labels": {"pod_name": {"a": 1}}}, {"k8s-pod/app": []}),
        ({"type": "cloud_run_revision", "labels": {"service_name": [1]}}, {"instanceId": {}}),
    ],
)
def test_odd_labels_give_a_place_all_the_same(resource, labels):
    assert all(isinstance(part, str) for part in place(resource, labels))


def test_an_unknown_resource_has_what_its_labels_say():
    resource = {"type": "new_thing", "labels": {"location": "europe-west1", "project_id": "acme"}}
    assert place(resource, {}) == Place("", "", "", "europe-west1", "acme", PlaceKind.UNKNOWN)


# --- pods


@pytest.mark.parametrize("form", pods.FORMS, ids=lambda form: form.name)
def test_every_form_fits_its_example_and_not_its_counter(form):
    assert form.pattern.fullmatch(form.example)
    assert not form.pattern.fullmatch(form.counter)
    first = next(f for f in pods.FORMS if f.pattern.fullmatch(form.example))
    assert first is form


@pytest.mark.parametrize(
    ("name", "workload", "revision"),
    [
        ("checkout-7d9f8b6c5d-x7k2p", "checkout", "7d9f8b6c5d"),
        ("checkout-api-v2-5c6d7e8f9a-abcde", "checkout-api-v2", "5c6d7e8f9a"),
        ("nightly-import-29287620-x7k2p", "nightly-import", "nightly-import-29287620"),
        ("redis-cluster-11", "redis-cluster", ""),
        ("api-v2-0", "api-v2", ""),
        ("log-agent-x7k2p", "log-agent", ""),
        ("web-proxy", "web-proxy", ""),
        ("debug", "debug", ""),
    ],
)
def test_the_workload_is_the_pods_name_without_what_kubernetes_added(name, workload, revision):
    found = pods.pod(name)
    assert (found.workload, found.revision) == (workload, revision)
    assert re.fullmatch(workload + pods.GENERATED, name)


def test_the_filter_takes_no_pod_of_a_workload_whose_name_goes_on():
    for name in ("checkout-api-7d9f8b6c5d-x7k2p", "checkout-worker-x7k2p", "checkouts-0"):
        assert not re.fullmatch("checkout" + pods.GENERATED, name)
