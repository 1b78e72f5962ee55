"""The use case: read a window of log entries and report the problems in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeGuard

from bot.core.analysis.keeping import Keeping
from bot.core.analysis.listening import listened
from bot.core.analysis.outside import Outside
from bot.core.analysis.over_time import over_time
from bot.core.analysis.reading import Reading, read_all, refuse_nothing_readable, surroundings
from bot.core.clusters.clusters import Draft, clusters
from bot.core.clusters.identity import LastingIds
from bot.core.clusters.incident import IncidentDraft
from bot.core.clusters.incidents import incidents
from bot.core.entries.understand import Kind
from bot.core.expected.fingerprints import subjects, wordings
from bot.core.model.environment import Environment, Query
from bot.core.model.errors import GardenerError, Unavailable
from bot.core.model.history import Past
from bot.core.model.report import Cluster, Incident, Report
from bot.core.model.values import Priority, State, Window
from bot.core.ports import Identity, LogSource, PartSource, ProgressListener
from bot.core.rollup.gc_pause import few_collections
from bot.core.rollup.rollup import Rollup
from bot.core.rollup.tally import times_of
from bot.core.source.match import Locate, words
from bot.core.trends import ended
from bot.core.trends.ended import Times
from bot.core.trends.serving import Serving
from bot.core.triage.over import in_the_past
from bot.core.triage.rules_process import NOT_STARTED
from bot.core.triage.triage import Verdict, glance, judge

_log = logging.getLogger(__name__)

TRIES = 3
"""An analysis is judged again if another run registers one of its clusters meanwhile; so often."""


def keep_now(keep: Callable[[], None]) -> None:
    """Keeps what was read; if the store fails, the next question reads it again."""
    try:
        keep()
    except GardenerError as error:
        _log.warning("What was read is not kept: %s", error)


def reads_parts(source: LogSource) -> TypeGuard[PartSource]:
    """Returns whether a source reads parts of a window; files and pipes do not."""
    return hasattr(source, "read_parts")


@few_collections()
def analyze(
    outside: Outside,
    query: Query,
    environment: Environment,
    *,
    now: int,
    listener: ProgressListener | None = None,
    keep_members: bool = False,
    afterwards: Callable[[Callable[[], None]], None] = keep_now,
) -> Report:
    """Reads the query's window and concludes its report. `now` in nanoseconds.

    `afterwards` gets what keeps the entries that were read, to be called when the report is out;
    without it that happens at once. Raises `InputError` if nothing that was read is a log entry,
    and what the listener raises.
    """
    reading = read(outside, query, now=now, listener=listener, keep_members=keep_members)
    report = conclude(outside, reading, environment, now=now)
    for keep in reading.afterwards:
        afterwards(keep)
    return report


def read(
    outside: Outside,
    query: Query,
    *,
    now: int,
    listener: ProgressListener | None = None,
    keep_members: bool = False,
) -> Reading:
    """Reads the query's window, and beside it requests and deploys. Raises as `analyze` does."""
    activity, around = outside.activity, None
    source: object = outside.source
    beside = ThreadPoolExecutor(1, thread_name_prefix="activity")
    if activity is not None and activity is not source:  # a file counts while it is read
        around = beside.submit(surroundings, activity, query, now)
    try:
        reading = _read(outside, query, now, listener, keep_members=keep_members)
        refuse_nothing_readable(reading)
        if around is not None:
            reading.surround(around.result())
        elif activity is not None:
            reading.look_around(activity, now)
    finally:
        beside.shutdown(wait=False, cancel_futures=True)
    return reading


def _read(
    outside: Outside,
    query: Query,
    now: int,
    listener: ProgressListener | None,
    *,
    keep_members: bool,
) -> Reading:
    """Reads the log: with kept windows where there are any, else all of it."""
    source, kept, secret = outside.source, outside.kept, outside.secret
    if kept is None or secret is None or keep_members or not reads_parts(source):
        return read_all(source, query, keep_members=keep_members, listener=listener, glance=glance)
    return Keeping(source, query, kept, secret, now, glance).read(listener)


def conclude(outside: Outside, reading: Reading, environment: Environment, *, now: int) -> Report:
    """Makes the report of what was read. Writes to the registry and the history, if given."""
    rollup = reading.rollup.stitched()
    judged = _judged(outside, reading, rollup, environment)
    drafts, joined, verdicts, names = judged.drafts, judged.joined, judged.verdicts, judged.names
    window = reading.window(now)
    found = [_cluster(d, names[d.id], verdicts[d.id], joined, window) for d in drafts]
    if outside.locate is not None:
        found = [_located(c, d, outside.locate) for c, d in zip(found, drafts, strict=True)]
    if outside.secret is not None:
        found = [
            replace(
                c, values=subjects(d, rollup, outside.secret), variants=wordings(d, outside.secret)
            )
            for c, d in zip(found, drafts, strict=True)
        ]
    found.sort(key=_importance)
    report = Report(
        environment=environment.name,
        services=reading.query.names or tuple(rollup.services) or environment.names,
        project=environment.project or rollup.project,
        region=rollup.region,
        query=outside.source.describe(replace(reading.query, window=window)),
        window=window,
        coverage=reading.coverage(sum(d.tally.count for d in drafts), rollup.below),
        clusters=tuple(found),
        incidents=tuple(_incident(j, verdicts) for j in joined),
        generated=now,
        min_severity=reading.query.min_severity,
        timezone=environment.timezone,
        revisions=tuple(rollup.revisions),
        spans=rollup.spans,
        partial=_partial(reading.query, environment),
        known=environment.names,
        # Points serve the conclusion alone, and a file may have tens of thousands.
        traffic=reading.traffic and replace(reading.traffic, points=()),
        counts_requests=reading.query.counts_requests,
        severities=tuple(
            (severity.name, count)
            for severity, count in sorted(rollup.severities.items(), reverse=True)
        ),
    )
    decisions = outside.decisions.all(environment.name) if outside.decisions is not None else {}
    past = Past()
    if outside.history is not None:
        report, past = over_time(
            report,
            reading,
            rollup,
            environment,
            outside.history,
            identities=tuple(names.values()),
            decisions=decisions,
            contains=outside.contains,
        )
    report = ended.noted(report, _times(judged), judged.serving, past)
    report = in_the_past(report, verdicts)
    report = listened(
        report,
        reading.query,
        rollup.pulse,
        past,
        outside.newest,
        unfiltered=outside.unfiltered,
    )
    return report.with_decisions(decisions)


def _times(judged: _Judged) -> Mapping[str, Times]:
    """Returns when each cluster occurred, to the minute."""
    starting = _starting(judged)
    return {
        draft.id: Times(tuple(times_of(draft.tally.minutes)), draft.id in starting)
        for draft in judged.drafts
    }


def _starting(judged: _Judged) -> set[str]:
    """Finds the clusters with which processes end before they serve anything."""
    by_id = {draft.id: draft for draft in judged.drafts}
    found = {draft.id for draft in judged.drafts if NOT_STARTED(draft.template.lower())}
    for incident in judged.joined:
        root = by_id[incident.root]
        served = any(judged.serving.requests(name) for name in root.tally.revisions)
        if incident.kind == "crash" and (not served or found & {root.id, *incident.symptoms}):
            found.add(root.id)
    return found


@dataclass(frozen=True, slots=True)
class _Judged:
    """The clusters of a report under their lasting ids, with their verdicts and names by id."""

    drafts: Sequence[Draft]
    joined: Sequence[IncidentDraft]
    verdicts: Mapping[str, Verdict]
    names: Mapping[str, Identity]
    serving: Serving


def _judged(
    outside: Outside, reading: Reading, rollup: Rollup, environment: Environment
) -> _Judged:
    """Judges under lasting ids, then names: C1 is what one should look at first.

    Raises `Unavailable` if other runs keep registering the same clusters.
    """
    found = clusters(rollup)
    serving = Serving(rollup, reading.traffic, reading.events)
    lasting = LastingIds(rollup, environment.name, outside.registry, outside.rules)
    for _ in range(TRIES):
        drafts = lasting.settle(found)
        joined = incidents(drafts, rollup.place_spans)
        verdicts = judge(drafts, joined, rollup, environment, reading.traffic, serving=serving)
        names = lasting.name(_order(drafts, joined, verdicts))
        if names is not None:
            return _Judged(drafts, joined, verdicts, names, serving)
    raise Unavailable("Too many analyses write to the registry at once; try again.", retry_after=5)


def _order(
    drafts: Sequence[Draft], joined: Sequence[IncidentDraft], verdicts: Mapping[str, Verdict]
) -> list[str]:
    """Returns the ids in the order of their cards; symptoms, which have none, come last."""
    symptoms = {symptom for incident in joined for symptom in incident.symptoms}

    def importance(draft: Draft) -> tuple[bool, Priority, int, str]:
        return (
            draft.id in symptoms,
            verdicts[draft.id].priority,
            -draft.tally.occurrences,
            draft.id,
        )

    return [draft.id for draft in sorted(drafts, key=importance)]


def _partial(query: Query, environment: Environment) -> bool:
    """Returns whether the query asks for other services or sources than the environment's own."""
    own = set(query.services) == set(environment.services) and query.sources == environment.sources
    return bool(query.names) and not own


def _importance(cluster: Cluster) -> tuple[int, int, str]:
    return cluster.priority, -cluster.occurrences, cluster.id


def _cluster(
    draft: Draft,
    identity: Identity,
    verdict: Verdict,
    joined: Sequence[IncidentDraft],
    window: Window,
) -> Cluster:
    tally = draft.tally
    incident = next((j.id for j in joined if draft.id in (j.root, *j.symptoms)), None)
    return Cluster(
        id=draft.id,
        name=identity.name,
        title=draft.title,
        template=draft.template,
        severity=tally.severity,
        priority=verdict.priority,
        reasons=verdict.reasons,
        count=tally.count,
        occurrences=tally.occurrences,
        first_seen=tally.first,
        last_seen=tally.last,
        histogram=draft.histogram(window),
        services=tuple(sorted(tally.services)),
        revisions=tuple(sorted(tally.revisions)),
        instances=len(tally.instances),
        location=draft.location,
        routes=tuple(r for r, _ in sorted(tally.routes.items(), key=lambda i: (-i[1], i[0]))[:20]),
        cause=verdict.cause,
        impact=verdict.impact,
        next=" ".join(filter(None, (verdict.back, verdict.next))) or None,
        factors=verdict.factors,
        notes=verdict.notes,
        began=verdict.began,
        state=State.NEW if identity.first_seen is None else State.RECURRING,
        incident=incident,
        sample=draft.sample,
        examples=tuple(draft.edges),
        members=tuple(sorted(tally.members)),
        by_revision=() if tally.estimated else tally.by_revision,
        estimated=tally.estimated,
    )


def _located(cluster: Cluster, draft: Draft, locate: Locate) -> Cluster:
    """Adds the source line on which five representatives agree, if the log names none."""
    if cluster.location is not None or draft.kind not in (Kind.MESSAGE, Kind.TRACE):
        return cluster
    places = {locate(words(raw)) for raw in draft.samples[:5]}
    return replace(cluster, location=places.pop()) if len(places) == 1 else cluster


def _incident(joined: IncidentDraft, verdicts: Mapping[str, Verdict]) -> Incident:
    return Incident(
        id=joined.id,
        root=joined.root,
        symptoms=joined.symptoms,
        occurrences=joined.occurrences,
        priority=verdicts[joined.root].priority,
        reasons=(joined.reason,),
        instances=joined.instances,
        first_seen=joined.first,
        last_seen=joined.last,
    )


def members(reading: Reading) -> Iterable[tuple[str, str]]:
    """Yields (insertId, cluster id) for every entry of a reading that kept its members.

    In the order of clusters; an entry that was read twice comes twice, with the same cluster.
    """
    for draft in clusters(reading.rollup.stitched()):
        for name in sorted(draft.tally.members):
            yield name, draft.id
