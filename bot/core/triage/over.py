"""Words what has ended: its impact in the past tense, and no advice to roll back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.model.report import Report
from bot.core.triage.triage import Verdict


def in_the_past(report: Report, verdicts: Mapping[str, Verdict]) -> Report:
    """Returns the report with the texts of what has ended; roots go by their incident.

    What a later revision serves without needs no next step; after silence the cause is still there.
    """
    ends = {cluster.id: cluster.ended for cluster in report.clusters}
    ends |= {incident.root: incident.ended for incident in report.incidents}
    return replace(
        report,
        clusters=tuple(
            cluster
            if (end := ends[cluster.id]) is None
            else replace(
                cluster,
                impact=verdicts[cluster.id].impact_then,
                next=None if end.by else verdicts[cluster.id].next,
                began=cluster.began and replace(cluster.began, project="", region=""),
            )
            for cluster in report.clusters
        ),
    )
