"""The use case: read a window of log entries, and say what the problems in it are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bot.core.analysis.over_time import over_time
from bot.core.analysis.reading import Reading, read_all, refuse_nothing_readable
from bot.core.clusters.clusters import Draft, clusters
from bot.core.clusters.identity import settle
from bot.core.clusters.incident import IncidentDraft
from bot.core.clusters.incidents import incidents
from bot.core.entries.understand import Kind
from bot.core.expected.fingerprints import subjects, wordings
from bot.core.model.decisions import Decisions
from bot.core.model.environment import Environment, Query
from bot.core.model.grouping_rules import Rule
from bot.core.model.report import (
    Cluster,
    Incident,
    Report,
    Traffic,
)
from bot.core.model.values import Priority, State, Window
from bot.core.ports import (
    Activity,
    Contains,
    DecisionBook,
    History,
    Identity,
    LogSource,
    ProgressListener,
    Registry,
)
from bot.core.rollup.gc_pause import few_collections
from bot.core.rollup.rollup import Rollup
from bot.core.source.match import Locate, words
from bot.core.triage.triage import Verdict, judge


@few_collections()
def analyze(
    source: LogSource,
    query: Query,
    environment: Environment,
    *,
    now: int,
    registry: Registry | None = None,
    decisions: DecisionBook | None = None,
    listener: ProgressListener | None = None,
    keep_members: bool = False,
    locate: Locate | None = None,
    rules: Sequence[Rule] = (),
    history: History | None = None,
    activity: Activity | None = None,
    secret: bytes | None = None,
    contains: Contains | None = None,
) -> Report:
    """One analysis. Without a registry ids come from content alone and every state is new.

    With a `history` states compare with the past, and `activity` is asked for requests and deploys.
    `secret` keys the hashes that acknowledgements compare; without it they compare none. `contains`
    says which revision's commit has the fix of an issue; without it times alone tell.
    """
    reading = read_all(source, query, keep_members=keep_members, listener=listener)
    refuse_nothing_readable(reading)
    if activity is not None:
        reading.look_around(activity, now)
    decided = decisions.all(environment.name) if decisions is not None else {}
    report = conclude(
        reading,
        environment,
        now=now,
        registry=registry,
        locate=locate,
        rules=rules,
        history=history,
        decisions=decided,
        secret=secret,
        contains=contains,
    )
    report = replace(report, query=source.describe(replace(query, window=report.window)))
    if decisions is not None:
        report = report.with_decisions(decided)
    return report


def conclude(
    reading: Reading,
    environment: Environment,
    *,
    now: int,
    registry: Registry | None = None,
    locate: Locate | None = None,
    rules: Sequence[Rule] = (),
    history: History | None = None,
    decisions: Mapping[str, Decisions] | None = None,
    secret: bytes | None = None,
    contains: Contains | None = None,
) -> Report:
    """What was read, as a report. Pure but for the registry and the history.

    `locate` says where a message is written in the source, where the log does not. `rules`: what
    people taught about grouping.
    `decisions`: only those about issues decide anything, with a history.
    """
    rollup = reading.rollup.stitched()
    drafts = _ordered(clusters(rollup), rollup, environment, reading.traffic)
    drafts, names = settle(drafts, rollup, environment.name, registry, rules)
    joined = incidents(drafts)
    verdicts = judge(drafts, joined, rollup, environment, reading.traffic)
    window = reading.window(now)
    found = [_cluster(d, names[d.id], verdicts[d.id], joined, window) for d in drafts]
    if locate is not None:
        found = [_located(c, d, locate) for c, d in zip(found, drafts, strict=True)]
    if secret is not None:
        found = [
            replace(c, values=subjects(d, rollup, secret), variants=wordings(d, secret))
            for c, d in zip(found, drafts, strict=True)
        ]
    found.sort(key=_importance)
    report = Report(
        environment=environment.name,
        services=reading.query.names or tuple(rollup.services) or environment.names,
        project=environment.project or rollup.project,
        region=rollup.region,
        query="",
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
        traffic=reading.traffic,
        counts_requests=reading.query.counts_requests,
        severities=tuple(
            (severity.name, count)
            for severity, count in sorted(rollup.severities.items(), reverse=True)
        ),
    )
    if history is None:
        return report
    return over_time(
        report,
        reading,
        rollup,
        environment,
        identities=tuple(names.values()),
        history=history,
        decisions=decisions or {},
        contains=contains,
    )


def _partial(query: Query, environment: Environment) -> bool:
    """Whether other services or sources were asked for than the environment's own."""
    own = set(query.services) == set(environment.services) and query.sources == environment.sources
    return bool(query.names) and not own


def _ordered(
    drafts: Sequence[Draft], rollup: Rollup, environment: Environment, traffic: Traffic | None
) -> list[Draft]:
    """In the order of their cards, so that C1 is what one should look at first; symptoms last."""
    joined = incidents(drafts)
    verdicts = judge(drafts, joined, rollup, environment, traffic)
    symptoms = {symptom for incident in joined for symptom in incident.symptoms}

    def importance(draft: Draft) -> tuple[bool, Priority, int, str]:
        verdict = verdicts[draft.id]
        return draft.id in symptoms, verdict.priority, -draft.tally.occurrences, draft.id

    return sorted(drafts, key=importance)


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
        next=verdict.next,
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
    """With the place that five representatives agree on, where the log names none."""
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
    """(entry's name, cluster id) for every entry of a reading that kept its members.

    In the order of clusters; an entry read twice is told twice, with the same cluster.
    """
    for draft in clusters(reading.rollup.stitched()):
        for name in sorted(draft.tally.members):
            yield name, draft.id
