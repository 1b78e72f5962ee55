"""Compares a run with the ones before: its states, and what it adds to the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.core.entries.rows import NO_TIME
from bot.core.model.decisions import Decisions
from bot.core.model.environment import Environment
from bot.core.model.history import (
    Lifetime,
    Past,
    requests_of,
    seconds_of,
)
from bot.core.model.report import Cluster, Report
from bot.core.model.values import HOUR
from bot.core.trends import quiet
from bot.core.trends.states import BASELINE, Run, judged

if TYPE_CHECKING:
    from bot.core.analysis.reading import Reading
    from bot.core.ports import Contains, History, Identity
    from bot.core.rollup.rollup import Rollup


def over_time(
    report: Report,
    reading: Reading,
    rollup: Rollup,
    environment: Environment,
    history: History,
    *,
    identities: Sequence[Identity],
    decisions: Mapping[str, Decisions],
    contains: Contains | None = None,
) -> tuple[Report, Past]:
    """Returns the report with its states and the history before it, and records the run there.

    A query for a part of the environment (one service, another severity) is compared with the
    history but adds no counts to it: everything else would look silent.
    """
    query = reading.query
    whole = (
        query.services == environment.services
        and query.sources == environment.sources
        and query.min_severity == environment.min_severity
        and report.coverage.sampled == 1.0
    )
    past = history.read(
        environment.name, report.window.start - (BASELINE + 24) * HOUR, report.window.end
    )
    seen = _seen(report, reading, rollup)
    first: dict[str, int | None] = {}
    for identity in identities:
        ever = [t for t in (identity.first_seen, first.get(identity.id)) if t is not None]
        first[identity.id] = min(ever, default=None)
    run = Run(
        report,
        seen,
        first_seen=first,
        decisions=decisions,
        requests=rollup.requests,
        whole=whole,
        contains=contains,
    )
    told, known = judged(run, past)
    if whole:
        told = quiet.noted(told, past, decisions)
    if not whole:
        seen = replace(seen, covered={}, counts={}, gaps={})
    history.record(environment.name, replace(seen, clusters=known))
    return told, replace(past, events=past.events | seen.events)


def _seen(report: Report, reading: Reading, rollup: Rollup) -> Past:
    covered = dict(seconds_of(report.window))
    for window in report.coverage.missing:
        for at in range(window.start // HOUR, -(-window.end // HOUR)):
            covered.pop(at, None)
    revisions: dict[str, Lifetime] = {}
    last = None
    for place, (_, first, newest) in rollup.places.items():
        if newest == NO_TIME:
            continue
        last = newest if last is None else max(last, newest)
        if place.revision and first != NO_TIME:
            known = revisions.get(place.revision, Lifetime(place.service, first, newest))
            revisions[place.revision] = Lifetime(
                place.service,
                min(first, known.first),
                max(newest, known.last),
                reading.commits.get(place.revision, ""),
            )
    return Past(
        covered=covered,
        counts={c.id: _by_hour(c, report.window.start // HOUR, covered) for c in report.clusters},
        requests=requests_of(reading.traffic),
        revisions=revisions,
        events=frozenset(reading.events),
        last_entry=last,
        gaps={
            service: rollup.pulse.longest_by_hour(service, report.coverage.missing)
            for service in rollup.pulse.logged
        },
    )


def _by_hour(cluster: Cluster, start: int, covered: Mapping[int, int]) -> Mapping[int, int]:
    """Returns occurrences by hour: entries, scaled down if one event writes many of them."""
    scale = cluster.occurrences / cluster.count if cluster.count else 1.0
    return {
        start + i: max(1, round(n * scale))
        for i, n in enumerate(cluster.histogram)
        if n and start + i in covered
    }
