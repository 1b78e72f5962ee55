"""Finds acknowledged problems that should go on and stopped, where everything was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.core.model.decisions import Acknowledgement, Decisions
from bot.core.model.history import Past
from bot.core.model.report import Quiet, Report
from bot.core.model.values import DAY, HOUR, SECOND
from bot.core.text import display

LEAST = 23 * HOUR
"""Silence that is told: a day, and what the windows of two digests may lack of one."""
EXPECTED = 5.0
"""Occurrences to expect before silence means anything: by chance none come in 1 of 150."""


def means_something(usual: float, silent: int) -> bool:
    """Whether `silent` nanoseconds say something where `usual` occurrences a day came."""
    return silent >= LEAST and usual * silent / DAY >= EXPECTED


def said(usual: float, silent: int) -> str:
    """`usual were 10 a day, none came in 2 d`."""
    return f"usual were {display.rate(usual)}, none came in {display.duration(silent)}"


def noted(report: Report, past: Past, decisions: Mapping[str, Decisions]) -> Report:
    """Adds how long each cluster has been silent, and which acknowledged ones stopped.

    Only for one of the whole environment. Where not everything was read, nothing is said.
    """
    if not report.coverage.complete or not report.coverage.read:
        return report
    newest = max((last for _, _, last in report.spans), default=None)
    if newest is not None:
        clusters = tuple(
            replace(c, silent=max(0, newest - c.last_seen))
            if c.last_seen is not None and _asked(report, c.last_seen)
            else c
            for c in report.clusters
        )
        report = replace(report, clusters=clusters)
    return replace(report, quiet=(*report.quiet, *_stopped(report, past, decisions)))


def _asked(report: Report, since: int) -> bool:
    """Whether requests came after that hour; True where nobody counted them."""
    traffic = report.traffic
    return traffic is None or any(n and at > since // HOUR for _, at, n in traffic.hours)


def _stopped(report: Report, past: Past, decisions: Mapping[str, Decisions]) -> list[Quiet]:
    """Those that no window of a day can show: `2 a day` needs three days of silence."""
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
    """Nanoseconds that were read since then, without days in which nothing at all was written."""
    start = report.window.start
    before = sum(
        seconds
        for at, seconds in past.covered.items()
        if since // HOUR < at < start // HOUR and at // 24 in lived
    )
    return before * SECOND + max(0, report.window.end - max(start, since))


def _quiet(acknowledgement: Acknowledgement, name: str, since: int, silent: int) -> Quiet:
    expected = acknowledgement.usual * silent / DAY
    why = said(acknowledgement.usual, silent)
    return Quiet(acknowledgement.cluster, name, acknowledgement.title, since, expected, why)
