"""Builds the filters for Cloud Logging and Cloud Monitoring; the only place that does.

Every name in a filter is quoted. A clause is a list of restrictions, all of which must hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.core.entries.pods import GENERATED
from bot.core.entries.request_log import OWN_LOGS, PLATFORM
from bot.core.entries.resources import APP, APP_NAME, RESOURCES
from bot.core.model import rfc3339
from bot.core.model.environment import Query, Sources
from bot.core.model.values import Severity, Window

METRIC = "run.googleapis.com/request_count"
_AND = " AND "
_CLOUD_RUN = 'resource.type="cloud_run_revision"'


def log_filter(query: Query, more: Iterable[str] = ()) -> str:
    """Returns the query in the Logging query language, a restriction a line.

    `more`: further restrictions. Includes entries without a severity, since a quarter of a real
    service's entries have their level only in the text.
    """
    return "\n".join([*restrictions(query), *more])


def restrictions(query: Query) -> list[str]:
    """Returns the restrictions of `log_filter`."""
    parts = [*sources(query), *span(query.window)]
    if query.min_severity > Severity.DEFAULT:
        parts.append(f"(severity>={query.min_severity.name} OR severity=DEFAULT)")
    return [*parts, *_parts(query)]


def _parts(query: Query) -> list[str]:
    """Returns the restriction to the query's parts: one clause, since any of them may hold."""
    clauses = []
    for part in query.parts:
        clause = span(part.window)
        if part.received_after:
            clause.append(f'receiveTimestamp>"{rfc3339.show(part.received_after)}"')
        clauses.append(f"({' AND '.join(clause)})")
    return [f"({' OR '.join(clauses)})"] if clauses else []


def service_filter(query: Query, log_id: str) -> str:
    """Returns the filter for one log of the query's Cloud Run services."""
    parts = [*_services(query.services), *span(query.window), f'log_id("{log_id}")']
    return "\n".join([*parts, *_parts(query)])


def own_filter(query: Query) -> str:
    """Returns the filter for what the query's Cloud Run services themselves wrote."""
    own = " OR ".join(f'log_id("{name}")' for name in OWN_LOGS)
    own += f' OR NOT logName:"{PLATFORM}"'
    return "\n".join([*_services(query.services), *span(query.window), f"({own})"])


def metric_filter(query: Query) -> str:
    """Returns the query's Cloud Run services as a filter for Cloud Monitoring."""
    parts = [f'metric.type="{METRIC}"', _CLOUD_RUN]
    if query.services:
        names = ",".join(f'"{quoted(name)}"' for name in query.services)
        parts.append(f"resource.labels.service_name=one_of({names})")
    return " AND ".join(parts)


def resource_names(query: Query) -> list[str]:
    """Returns what entries.list reads: the log views, else the project."""
    return list(query.sources.views) or [f"projects/{query.project}"]


def projects(query: Query) -> list[str]:
    """Returns the projects whose logs are read, each once."""
    return list(dict.fromkeys(name.split("/")[1] for name in resource_names(query)))


def quoted(name: str) -> str:
    """Escapes a text for quotation marks in a filter."""
    return name.replace("\\", "\\\\").replace('"', '\\"')


def within(windows: Iterable[Window]) -> str:
    """Returns the restriction to any of several windows."""
    return f"({' OR '.join(f'({_AND.join(span(window))})' for window in windows)})"


def span(window: Window) -> list[str]:
    """Returns the restrictions to a window."""
    return [
        f'timestamp>="{rfc3339.show(window.start)}"',
        f'timestamp<"{rfc3339.show(window.end)}"',
    ]


# --- sources -------------------------------------------------------------------------------------


def sources(query: Query) -> list[str]:
    """Returns the restrictions to the query's services and other sources."""
    other = query.sources
    # A function of the second generation is a Cloud Run service.
    services = (*query.services, *(_second_generation(name) for name in other.functions))
    clauses: list[list[str]] = []
    if services or not other.any:
        clauses.append(_services(services))
    if other.jobs:
        clauses.append(_named("cloud_run_job", "job_name", other.jobs))
    if other.functions:
        clauses.append(_named("cloud_function", "function_name", other.functions))
    if other.gke:
        workloads = " OR ".join(map(_workload, other.gke))
        clauses.append(['resource.type="k8s_container"', f"({workloads})"])
    if other.filter:
        clauses.append(_own(other))
    if len(clauses) == 1:
        return clauses[0]
    joined = (f"({' AND '.join(clause)})" for clause in clauses)
    return [f"({' OR '.join(joined)})"]


def _services(names: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(names))
    return _named("cloud_run_revision", "service_name", names) if names else [_CLOUD_RUN]


def _named(resource: str, label: str, names: Iterable[str]) -> list[str]:
    return [f'resource.type="{resource}"', f"resource.labels.{label}={_one_of(names)}"]


def _one_of(names: Iterable[str]) -> str:
    values = (f'"{quoted(name)}"' for name in names)
    return f"({' OR '.join(values)})"


def _second_generation(function: str) -> str:
    return function.lower().replace("_", "-")


def _workload(path: str) -> str:
    cluster, namespace, name = path.split("/")
    return (
        f'(resource.labels.cluster_name="{quoted(cluster)}"'
        f' AND resource.labels.namespace_name="{quoted(namespace)}" AND ({_pods(name)}))'
    )


def _pods(workload: str) -> str:
    """A workload's pods: by the label that most have, else by their name."""
    name = quoted(workload)
    # Without a backslash, which would have to be escaped twice.
    pattern = "".join(c if c.isalnum() or c in "-_" else _ANY.get(c, ".") for c in workload)
    by_label = " OR ".join(f'labels."{label}"="{name}"' for label in (APP, APP_NAME))
    return f'{by_label} OR resource.labels.pod_name=~"^{pattern}{GENERATED}$"'


_ANY = {".": "[.]"}


def _own(other: Sources) -> list[str]:
    clause = [f"({other.filter})"]
    if other.only:
        paths = dict.fromkeys(p.path for row in RESOURCES for p in row.service if p.path)
        names = [f"{path}={_one_of(other.only)}" for path in paths]
        names += [f"({_pods(name)})" for name in other.only]
        clause.append(f"({' OR '.join(names)})")
    return clause
