"""Finds acknowledged problems that went quiet although they should go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.model.decisions import Acknowledgement, Decisions
from bot.core.model.history import Past
from bot.core.model.report import Quiet, Report
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.text import display

LEAST = 23 * HOUR
"""The shortest quiet time to report: a day, less the possible gap between two digests."""
EXPECTED = 5.0
"""Expected occurrences below which quiet means nothing: chance gives none in 1 of 150."""


def means_something(usual: float, silent: int) -> bool:
    """True if `silent` nanoseconds without any are significant at `usual` occurrences a day."""
    return silent >= LEAST and usual * silent / DAY >= EXPECTED


def reason(usual: float, silent: int) -> str:
    """Renders `usual were 10 a day, none came in 2 d`."""
    return f"usual were {display.rate(usual)}, none came in {display.duration(silent)}"


def noted(report: Report, past: Past, decisions: Mapping[str, Decisions]) -> Report:
    """Adds how long each cluster has been quiet, and which acknowledged problems went quiet.

    Only for a report of a whole environment. Leaves the report as it is unless everything was read.
    """
    if not report.coverage.complete or not report.coverage.read:
        return report
    newest = max((last for _, _, last in report.spans), default=None)
    if newest is not None:
        clusters = tuple(
            replace(c, silent=max(0, newest - c.last_seen))
            if c.last_seen is not None and _had_requests(report, c.last_seen)
            else c
            for c in report.clusters
        )
        report = replace(report, clusters=clusters)
    return replace(report, quiet=(*report.quiet, *_quiet_acknowledged(report, past, decisions)))


def _had_requests(report: Report, since: int) -> bool:
    """True if requests arrived after the hour of `since`, or if nobody counted requests."""
    traffic = report.traffic
    return traffic is None or any(n and at > since // HOUR for _, at, n in traffic.hours)


def _quiet_acknowledged(
    report: Report, past: Past, decisions: Mapping[str, Decisions]
) -> list[Quiet]:
    """Finds what a window of one day cannot show: at `2 a day`, three quiet days are needed."""
    there = {c.id for c in report.clusters} | {q.cluster for q in report.quiet}
    acknowledged = {
        i: d.expected for i, d in decisions.items() if d.expected is not None and i not in there
    }
    lived = {at // 24 for hours in past.counts.values() for at in hours} if acknowledged else set()
    found = []
    for id_, acknowledgement in sorted(acknowledged.items()):
        known = past.clusters.get(id_)
        since = max(acknowledgement.at, known.last_seen or 0 if known else 0)
        silent = _observed(report, past, since, lived)
        if means_something(acknowledgement.usual, silent):
            found.append(_quiet(acknowledgement, known.name if known else "", since, silent))
    return found


def _observed(report: Report, past: Past, since: int, lived: set[int]) -> int:
    """Returns the nanoseconds read since then, without days on which nothing at all was logged."""
    start = report.window.start
    before = sum(
        seconds
        for at, seconds in past.covered.items()
        if since // HOUR < at < start // HOUR and at // 24 in lived
    )
    return before * SECOND + max(0, report.window.end - max(start, since))


def _quiet(acknowledgement: Acknowledgement, name: str, since: int, silent: int) -> Quiet:
    expected = acknowledgement.usual * silent / DAY
    why = reason(acknowledgement.usual, silent)
    return Quiet(acknowledgement.cluster, name, acknowledgement.title, since, expected, why)
