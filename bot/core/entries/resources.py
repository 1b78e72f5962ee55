"""Maps resource types to the labels that hold service, revision and instance.

One ordered table. docs/sources.md is made from it; the filters of Cloud Logging use its paths.
Sources: the monitored resource list of Cloud Logging, and entries as the services write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.core.entries.place import Place, PlaceKind
from bot.core.entries.pods import pod

Labels = Mapping[str, object]
EXECUTION = "run.googleapis.com/execution_name"
TASK = "run.googleapis.com/task_index"
ATTEMPT = "run.googleapis.com/task_attempt"
APP = "k8s-pod/app"
"""GKE copies a pod's labels, with dots as underscores."""
APP_NAME = "k8s-pod/app_kubernetes_io/name"
_SCHEDULED = re.compile(r"-\d{8}\Z")
"""What a CronJob adds to the name of its Jobs: minutes since 1970."""
_JOB_NAMES = ("k8s-pod/job-name", "k8s-pod/batch_kubernetes_io/job-name")


@dataclass(frozen=True, slots=True)
class Part:
    """One way to read a part of a place from the labels."""

    text: str
    """Shown in the docs: the path, or how it is derived."""
    read: Callable[[Labels, Labels], str]
    """Takes the resource's labels and the entry's; empty if they do not have it."""
    path: str = ""
    """In the Logging query language; empty if it is derived."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource type. In each tuple the first non-empty part counts."""

    type: str
    what: str
    kind: PlaceKind
    known_by: str
    """The resource label by which an entry without a type is recognised."""
    service: tuple[Part, ...]
    revision: tuple[Part, ...]
    instance: tuple[Part, ...]
    region: tuple[Part, ...]


def _text(value: object) -> str:
    return str(value or "")


def _resource(name: str) -> Part:
    path = f"resource.labels.{name}"
    return Part(path, lambda resource, _: _text(resource.get(name)), path)


def _label(name: str) -> Part:
    path = f'labels."{name}"' if {".", "/", "-"} & set(name) else f"labels.{name}"
    return Part(path, lambda _, labels: _text(labels.get(name)), path)


def _task(_: Labels, labels: Labels) -> str:
    task = labels.get(TASK)
    if task is None:
        return ""
    parts = (labels.get(EXECUTION), task, labels.get(ATTEMPT))
    return "/".join(_text(part) or "0" for part in parts)


def _job_name(_: Labels, labels: Labels) -> str:
    return next((_text(labels[name]) for name in _JOB_NAMES if labels.get(name)), "")


def _job_workload(resource: Labels, labels: Labels) -> str:
    return _SCHEDULED.sub("", _job_name(resource, labels))


def _pod(resource: Labels) -> str:
    return _text(resource.get("pod_name"))


def _controller(_: Labels, labels: Labels) -> str:
    # A StatefulSet's is `web-7d9f8b6c5d`, a DaemonSet's the hash alone.
    return _text(labels.get("k8s-pod/controller-revision-hash")).rpartition("-")[2]


_REGION = (_resource("location"), _resource("region"), _resource("zone"))
_VM = _label("compute.googleapis.com/resource_name")
_POD_PARTS = {
    "known_by": "pod_name",
    "service": (
        _label(APP),
        _label(APP_NAME),
        Part("the Job of the pod, without its time", _job_workload),
        Part("`resource.labels.pod_name` without its hashes", lambda r, _: pod(_pod(r)).workload),
    ),
    "revision": (
        Part('`labels."k8s-pod/job-name"`', _job_name),
        _label("k8s-pod/pod-template-hash"),
        Part('the hash in `labels."k8s-pod/controller-revision-hash"`', _controller),
        Part("the ReplicaSet or Job in `resource.labels.pod_name`", lambda r, _: pod(_pod(r))[1]),
    ),
    "instance": (_resource("pod_name"),),
    "region": _REGION,
}

RESOURCES: tuple[Resource, ...] = (
    Resource(
        "cloud_run_revision",
        "Cloud Run service, function of the 2nd generation",
        PlaceKind.SERVICE,
        "service_name",
        (_resource("service_name"),),
        (_resource("revision_name"),),
        (_label("instanceId"),),
        (_resource("location"),),
    ),
    Resource(
        "cloud_run_job",
        "Cloud Run job",
        PlaceKind.JOB,
        "job_name",
        (_resource("job_name"),),
        (_label(EXECUTION),),
        (Part("execution, task and attempt", _task), _label("instanceId"), _label(EXECUTION)),
        _REGION,
    ),
    Resource(
        "cloud_run_worker_pool",
        "Cloud Run worker pool",
        PlaceKind.WORKLOAD,
        "worker_pool_name",
        (_resource("worker_pool_name"),),
        (_resource("revision_name"),),
        (_label("instanceId"),),
        _REGION,
    ),
    Resource(
        "cloud_function",
        "Cloud Function of the 1st generation",
        PlaceKind.FUNCTION,
        "function_name",
        (_resource("function_name"),),
        (),
        (_label("instance_id"), _label("instanceId")),
        (_resource("region"), *_REGION),
    ),
    Resource("k8s_container", "GKE workload", PlaceKind.WORKLOAD, **_POD_PARTS),  # type: ignore[arg-type]
    Resource("k8s_pod", "events of a GKE pod", PlaceKind.WORKLOAD, **_POD_PARTS),  # type: ignore[arg-type]
    Resource(
        "gae_app",
        "App Engine",
        PlaceKind.APP,
        "module_id",
        (_resource("module_id"),),
        (_resource("version_id"),),
        (_label("clone_id"), _label("appengine.googleapis.com/instance_name"), _VM),
        (_resource("zone"),),
    ),
    Resource(
        "gce_instance",
        "Compute Engine machine",
        PlaceKind.MACHINE,
        "instance_id",
        (_VM,),
        (),
        (_resource("instance_id"),),
        (_resource("zone"),),
    ),
)
OTHER = Resource(
    "",
    "anything else",
    PlaceKind.UNKNOWN,
    "",
    (_resource("service_name"),),
    (_resource("revision_name"),),
    (_label("instanceId"),),
    _REGION,
)
_BY_TYPE = {row.type: row for row in RESOURCES}


def resource_of(type_: object, resource: Labels) -> Resource:
    """Returns the row of a type; without a known type, that of the labels; else `OTHER`."""
    if isinstance(type_, str) and type_ in _BY_TYPE:
        return _BY_TYPE[type_]
    return next((row for row in RESOURCES if row.known_by in resource), OTHER)


def place_of(type_: object, resource: Labels, labels: Labels) -> Place:
    """Returns the place that an entry's resource and labels name."""
    row = resource_of(type_, resource)

    def first(parts: tuple[Part, ...]) -> str:
        return next((found for part in parts if (found := part.read(resource, labels))), "")

    scheduled = row.known_by == "pod_name" and (
        bool(_job_name(resource, labels)) or pod(_pod(resource)).scheduled
    )
    return Place(
        first(row.service),
        first(row.revision),
        first(row.instance),
        first(row.region),
        _text(resource.get("project_id")),
        PlaceKind.JOB if scheduled else row.kind,
    )
