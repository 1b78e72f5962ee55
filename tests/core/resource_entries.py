"""An entry of each type of resource, as the services write them, and its place."""

from __future__ import annotations

from typing import Any

from bot.core.entries.place import Place, PlaceKind

WHERE = {"project_id": "acme", "location": "europe-west1"}
_GKE = {**WHERE, "cluster_name": "main", "namespace_name": "shop", "container_name": "app"}
_JOB = {
    "run.googleapis.com/execution_name": "nightly-import-x7k2p",
    "run.googleapis.com/task_index": "3",
    "run.googleapis.com/task_attempt": "1",
    "instanceId": "0069c7a98830b86a",
}

PLACES: dict[str, tuple[dict[str, Any], dict[str, str], Place]] = {
    "service": (
        {
            "type": "cloud_run_revision",
            "labels": {**WHERE, "service_name": "api", "revision_name": "api-00007-abc"},
        },
        {"instanceId": "0069c7a98830b86a"},
        Place(
            "api", "api-00007-abc", "0069c7a98830b86a", "europe-west1", "acme", PlaceKind.SERVICE
        ),
    ),
    "job": (
        {"type": "cloud_run_job", "labels": {**WHERE, "job_name": "nightly-import"}},
        _JOB,
        Place(
            "nightly-import", "nightly-import-x7k2p", "nightly-import-x7k2p/3/1",
            "europe-west1", "acme", PlaceKind.JOB,
        ),
    ),
    "job's execution": (
        {"type": "cloud_run_job", "labels": {**WHERE, "job_name": "nightly-import"}},
        {"run.googleapis.com/execution_name": "nightly-import-x7k2p"},
        Place(
            "nightly-import", "nightly-import-x7k2p", "nightly-import-x7k2p",
            "europe-west1", "acme", PlaceKind.JOB,
        ),
    ),
    "worker pool": (
        {
            "type": "cloud_run_worker_pool",
            "labels": {**WHERE, "worker_pool_name": "mailer", "revision_name": "mailer-00002-xyz"},
        },
        {"instanceId": "0069c7"},
        Place("mailer", "mailer-00002-xyz", "0069c7", "europe-west1", "acme", PlaceKind.WORKLOAD),
    ),
    "function": (
        {
            "type": "cloud_function",
            "labels": {"function_name": "resize_image", "region": "us-east1", "project_id": "acme"},
        },
        {"execution_id": "tk1p3e2zb8ua", "instance_id": "00f46b9285f2"},
        Place("resize_image", "", "00f46b9285f2", "us-east1", "acme", PlaceKind.FUNCTION),
    ),
    "workload": (
        {"type": "k8s_container", "labels": {**_GKE, "pod_name": "checkout-7d9f8b6c5d-x7k2p"}},
        {"k8s-pod/app": "checkout", "k8s-pod/pod-template-hash": "7d9f8b6c5d"},
        Place(
            "checkout", "7d9f8b6c5d", "checkout-7d9f8b6c5d-x7k2p", "europe-west1", "acme",
            PlaceKind.WORKLOAD,
        ),
    ),
    "workload by its pod's name": (
        {"type": "k8s_container", "labels": {**_GKE, "pod_name": "checkout-7d9f8b6c5d-x7k2p"}},
        {},
        Place(
            "checkout", "7d9f8b6c5d", "checkout-7d9f8b6c5d-x7k2p", "europe-west1", "acme",
            PlaceKind.WORKLOAD,
        ),
    ),
    "StatefulSet": (
        {"type": "k8s_container", "labels": {**_GKE, "pod_name": "redis-0"}},
        {
            "k8s-pod/app_kubernetes_io/name": "redis",
            "k8s-pod/controller-revision-hash": "redis-6c5d4b8f97",
        },
        Place("redis", "6c5d4b8f97", "redis-0", "europe-west1", "acme", PlaceKind.WORKLOAD),
    ),
    "CronJob": (
        {"type": "k8s_container", "labels": {**_GKE, "pod_name": "report-29287620-x7k2p"}},
        {"k8s-pod/job-name": "report-29287620"},
        Place(
            "report", "report-29287620", "report-29287620-x7k2p", "europe-west1", "acme",
            PlaceKind.JOB,
        ),
    ),
    "Kubernetes Job": (
        {"type": "k8s_container", "labels": {**_GKE, "pod_name": "migrate-db-x7k2p"}},
        {"k8s-pod/batch_kubernetes_io/job-name": "migrate-db"},
        Place(
            "migrate-db", "migrate-db", "migrate-db-x7k2p", "europe-west1", "acme", PlaceKind.JOB
        ),
    ),
    "event of a pod": (
        {"type": "k8s_pod", "labels": {**_GKE, "pod_name": "checkout-7d9f8b6c5d-x7k2p"}},
        {},
        Place(
            "checkout", "7d9f8b6c5d", "checkout-7d9f8b6c5d-x7k2p", "europe-west1", "acme",
            PlaceKind.WORKLOAD,
        ),
    ),
    "App Engine": (
        {
            "type": "gae_app",
            "labels": {
                "module_id": "default", "version_id": "20250914t030000", "zone": "europe-west1-b",
                "project_id": "acme",
            },
        },
        {"clone_id": "00c61b117c"},
        Place(
            "default", "20250914t030000", "00c61b117c", "europe-west1-b", "acme",
            PlaceKind.APP,
        ),
    ),
    "machine": (
        {
            "type": "gce_instance",
            "labels": {"instance_id": "5912", "zone": "europe-west1-b", "project_id": "acme"},
        },
        {"compute.googleapis.com/resource_name": "legacy-vm"},
        Place("legacy-vm", "", "5912", "europe-west1-b", "acme", PlaceKind.MACHINE),
    ),
}  # fmt: skip
"""By name: resource, labels, place."""


def written(resource: dict[str, Any], labels: dict[str, str], **more: Any) -> dict[str, Any]:
    """An entry with this resource and these labels."""
    return {
        "insertId": "a1",
        "timestamp": "2025-09-14T03:00:00Z",
        "severity": "ERROR",
        "logName": "projects/acme/logs/stderr",
        "textPayload": "import failed: no such table",
        "resource": resource,
        "labels": labels,
        **more,
    }
