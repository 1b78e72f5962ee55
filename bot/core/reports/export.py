"""Report → JSON, schema 1."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.model.decisions import Acknowledgement, IssueLink
from bot.core.model.report import (
    Cluster,
    Coverage,
    Ended,
    Incident,
    Report,
)
from bot.core.model.rfc3339 import show
from bot.core.model.values import Window

SCHEMA = 1


def export(report: Report, *, members: bool = False) -> Mapping[str, object]:
    """Exports a report for `analyze --format json`; `members` adds each cluster's insertIds."""
    return {
        "schema": SCHEMA,
        "environment": report.environment,
        "services": list(report.services),
        "project": report.project,
        "region": report.region,
        "query": report.query,
        "window": {"start": show(report.window.start), "end": show(report.window.end)},
        "coverage": _coverage(report.coverage),
        "clusters": [_cluster(c, members) for c in report.clusters],
        "cards": [c.incident.id if c.incident else c.cluster.id for c in report.cards],
        "incidents": [_incident(i) for i in report.incidents],
    }


def _ended(ended: Ended | None) -> dict[str, object] | None:
    return None if ended is None else {"since": show(ended.since), "evidence": ended.evidence}


def _time(nanoseconds: int | None) -> str | None:
    return None if nanoseconds is None else show(nanoseconds)


def _pair(window: Window) -> list[str]:
    return [show(window.start), show(window.end)]


def _coverage(coverage: Coverage) -> dict[str, object]:
    return {
        "read": coverage.read,
        "clustered": coverage.clustered,
        "below_severity": coverage.below_severity,
        "outside_window": coverage.outside_window,
        "duplicates": coverage.duplicates,
        "broken": coverage.broken,
        "complete": coverage.complete,
        "missing": [_pair(window) for window in coverage.missing],
        "sampled": coverage.sampled,
        "api_calls": coverage.api_calls,
    }


def _cluster(cluster: Cluster, members: bool) -> dict[str, object]:
    location = cluster.location
    exported: dict[str, object] = {
        "id": cluster.id,
        "name": cluster.name,
        "title": cluster.title,
        "template": cluster.template,
        "severity": cluster.severity.name,
        "priority": cluster.priority.name,
        "reasons": list(cluster.reasons),
        "cause": cluster.cause,
        "impact": cluster.impact,
        "next": cluster.next,
        "routes": list(cluster.routes),
        "count": cluster.count,
        "occurrences": cluster.occurrences,
        "first_seen": _time(cluster.first_seen),
        "last_seen": _time(cluster.last_seen),
        "histogram": list(cluster.histogram),
        "services": list(cluster.services),
        "revisions": list(cluster.revisions),
        "instances": cluster.instances,
        "location": location
        and {"module": location.module, "function": location.function, "line": location.line},
        "state": cluster.state.value,
        "ended": _ended(cluster.ended),
        "expected": _expected(cluster.decisions.expected),
        "issue": _issue(cluster.decisions.issue),
        "incident": cluster.incident,
        "sample": dict(cluster.sample),
    }
    if members:
        exported["members"] = list(cluster.members)
    return exported


def _expected(expected: Acknowledgement | None) -> dict[str, object] | None:
    if expected is None:
        return None
    return {
        "by": expected.by,
        "reason": expected.reason,
        "at": show(expected.at),
        "until": _time(expected.until),
        "until_revision": expected.until_revision,
    }


def _issue(issue: IssueLink | None) -> dict[str, object] | None:
    if issue is None:
        return None
    return {
        "repository": issue.repository,
        "number": issue.number,
        "url": issue.url,
        "title": issue.title,
        "state": issue.state,
    }


def _incident(incident: Incident) -> dict[str, object]:
    return {
        "id": incident.id,
        "root": incident.root,
        "symptoms": list(incident.symptoms),
        "occurrences": incident.occurrences,
        "priority": incident.priority.name,
        "ended": _ended(incident.ended),
    }
