"""The values that a report is made of: clusters, incidents, cards, and what else was seen.

Times and text are as `model` says: nanoseconds since the epoch, redacted, not escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.core.model.decisions import Decisions
from bot.core.model.values import JSON, Location, Priority, Severity, State, Values, Window


@dataclass(frozen=True, slots=True)
class Coverage:
    """What became of every entry that was read. The five parts add up to `read`."""

    read: int = 0
    clustered: int = 0
    below_severity: int = 0
    outside_window: int = 0
    duplicates: int = 0
    broken: int = 0
    missing: tuple[Window, ...] = ()
    """Parts of the window that could not be read, in order, not overlapping."""
    sampled: float = 1.0
    """Share of the entries that were read, where a budget cut in; 1.0 is all."""
    api_calls: int = 0
    notes: tuple[str, ...] = ()
    """Sentences for a person: why something is missing and when to try again."""

    @property
    def complete(self) -> bool:
        """True only where everything was read, understood and counted."""
        return not self.missing and self.broken == 0 and self.sampled == 1.0


@dataclass(frozen=True, slots=True)
class Factor:
    """One of the things that a priority was made of."""

    name: str
    """`frequency`, `trend`, …"""
    said: str
    """What was found, for a person."""
    shift: float = 0.0
    """Steps of priority; below zero is towards P0."""

    @property
    def weight(self) -> str:
        """`½ up`, `1 down`: how far it moves a priority, P0 being at the top; empty: not at all."""
        size = {0.25: "¼", 0.5: "½", 0.75: "¾"}.get(abs(self.shift), f"{abs(self.shift):g}")
        return f"{size} {'up' if self.shift < 0 else 'down'}" if self.shift else ""


@dataclass(frozen=True, slots=True)
class Began:
    """The first revision that wrote a cluster, where the log shows one before that did not."""

    service: str
    revision: str
    before: str
    """The newest revision before it that did something: it never wrote the cluster."""
    entries: int
    """So many entries of any kind did `before` write in what was read."""
    project: str = ""
    region: str = ""
    requests: int | None = None
    """So many did `before` serve; None: nobody counted them, or the service serves none."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One problem: log entries that say the same. Its fields are those of the JSON."""

    id: str
    """`c-…`; outlives the run where a registry is there."""
    name: str
    """`C3`: the short name, stable within an environment."""
    title: str
    """One line in the message's own words."""
    template: str
    """The message with `<*>` for what varies."""
    severity: Severity
    """The highest that its entries carry."""
    priority: Priority
    reasons: tuple[str, ...]
    count: int
    """Log entries."""
    occurrences: int
    """Events, after the fragments of a traceback were stitched. Cards show these."""
    first_seen: int | None
    last_seen: int | None
    histogram: tuple[int, ...] = ()
    """Entries per UTC hour, from the hour of the window's start to that of its end."""
    services: tuple[str, ...] = ()
    revisions: tuple[str, ...] = ()
    instances: int = 0
    location: Location | None = None
    routes: tuple[str, ...] = ()
    cause: str | None = None
    impact: str | None = None
    next: str | None = None
    state: State = State.NEW
    decisions: Decisions = field(default_factory=Decisions)
    incident: str | None = None
    sample: JSON = field(default_factory=dict)
    """One representative entry, redacted, in the shape of `gcloud logging read --format=json`."""
    examples: tuple[JSON, ...] = ()
    """The first and the last few entries, redacted, for the evidence."""
    members: tuple[str, ...] = ()
    """insertIds, only where they were asked for."""
    estimated: bool = False
    """True where a memory bound made figures estimates."""
    change: str | None = None
    """What makes it escalating or regressed: `12 a day → 340 in the last hour`."""
    deleted: int | None = None
    """When the service that wrote it was deleted: nothing of it is new, no issue is offered."""
    factors: tuple[Factor, ...] = ()
    """Everything that was looked at for the priority, also what weighs nothing."""
    notes: tuple[str, ...] = ()
    """Sentences on what the log shows beside cause and impact: where it began, what drifts."""
    began: Began | None = None
    values: tuple[Values, ...] = ()
    """Whom it concerns, for acknowledgements (`expected.fingerprints`); empty if unknown."""
    variants: tuple[tuple[str, str], ...] = ()
    """(keyed hash, masked message) of each wording, for acknowledgements."""
    by_revision: tuple[tuple[str, int], ...] = ()
    """(revision, occurrences) of each that wrote it; empty: not known, or not all of them are."""
    silent: int = 0
    """Nanoseconds without it until the newest entry, where requests arrived; 0: not known."""

    @property
    def repeats(self) -> bool:
        """Three or more occurrences in the window."""
        return self.occurrences >= 3


@dataclass(frozen=True, slots=True)
class Incident:
    """A root and the symptoms that followed it."""

    id: str
    root: str
    symptoms: tuple[str, ...]
    occurrences: int
    priority: Priority
    reasons: tuple[str, ...] = ()
    instances: int = 0
    first_seen: int | None = None
    last_seen: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """What one card shows: a lone cluster, or an incident's root with its symptoms."""

    cluster: Cluster
    symptoms: tuple[Cluster, ...] = ()
    incident: Incident | None = None

    @property
    def priority(self) -> Priority:
        """Of the incident where there is one."""
        return self.incident.priority if self.incident else self.cluster.priority

    @property
    def occurrences(self) -> int:
        """Of the incident where there is one: a crash in fifteen instances is fifteen."""
        return self.incident.occurrences if self.incident else self.cluster.occurrences


@dataclass(frozen=True, slots=True)
class Event:
    """What someone did to a service, from the audit log."""

    kind: str
    """`deploy` or `delete`."""
    service: str
    at: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that arrived. Where nobody could count them there is no `Traffic`: unknown."""

    hours: tuple[tuple[str, int, int], ...] = ()
    """(revision, whole UTC hours since 1970, requests)."""
    since: int = 0
    """Requests are counted from then on to the end of what was asked for (nanoseconds)."""
    sampled: bool = False
    """True where the budget of calls ended before the window did: `since` is then later."""
    source: str = "request log"
    """Who counted."""

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(count for _, _, count in self.hours)


@dataclass(frozen=True, slots=True)
class Quiet:
    """A known cluster that fell silent although there is traffic; it has no card."""

    cluster: str
    name: str
    title: str
    last_seen: int | None
    expected: float
    """Occurrences that its own rate let expect in the window."""
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one question, ready to be shown as blocks, Markdown or JSON."""

    environment: str
    services: tuple[str, ...]
    project: str
    region: str
    query: str
    window: Window
    coverage: Coverage
    clusters: tuple[Cluster, ...]
    incidents: tuple[Incident, ...] = ()
    generated: int = 0
    """When it was read."""
    min_severity: Severity = Severity.WARNING
    timezone: str = "UTC"
    revisions: tuple[str, ...] = ()
    """Every revision seen in what was read, newest first, whatever its entries' severity."""
    spans: tuple[tuple[str, int, int], ...] = ()
    """(revision, time of its first entry, of its last) of those that were read, any severity."""
    severities: tuple[tuple[str, int], ...] = ()
    """Entries by severity name among all that was read, highest severity first."""
    quiet: tuple[Quiet, ...] = ()
    """What fell silent; empty as well where nothing can be said about it."""
    traffic: Traffic | None = None
    """None: unknown."""
    last_entry: int | None = None
    """The newest entry that was ever read, where a history is kept."""
    commits: tuple[tuple[str, str], ...] = ()
    """(revision, its commit) of the newest ones whose entries name one, where a history is kept."""
    partial: bool = False
    """True where other services were asked for than all of the environment's: that they write
    nothing says nothing about it."""

    @property
    def cards(self) -> tuple[Card, ...]:
        """Incidents and lone clusters, the most important first (the clusters' own order)."""
        return tuple(self._cards())

    def _cards(self) -> Iterator[Card]:
        by_id = {cluster.id: cluster for cluster in self.clusters}
        roots = {incident.root: incident for incident in self.incidents}
        inside = {symptom for incident in self.incidents for symptom in incident.symptoms}
        cards: list[Card] = []
        for cluster in self.clusters:
            if cluster.id in inside:
                continue
            incident = roots.get(cluster.id)
            symptoms = tuple(by_id[s] for s in incident.symptoms) if incident else ()
            cards.append(Card(cluster, symptoms, incident))
        yield from sorted(cards, key=lambda card: card.priority)

    def cluster(self, name_or_id: str) -> Cluster | None:
        """The cluster called `C3` (in any case) or `c-…`; None where there is none."""
        wanted = name_or_id.casefold()
        return next(
            (c for c in self.clusters if wanted in (c.name.casefold(), c.id.casefold())), None
        )

    def with_decisions(self, decisions: Mapping[str, Decisions]) -> Report:
        """The same report with what people have decided since: reports are cached without.

        A priority that a person set by hand is the cluster's, and its incident's.
        """
        clusters = [_decided(c, decisions.get(c.id, Decisions())) for c in self.clusters]
        by_hand = {c.id: c.priority for c in clusters if c.decisions.override}
        if by_hand:
            clusters.sort(key=lambda c: c.priority)
        return replace(
            self,
            clusters=tuple(clusters),
            incidents=tuple(
                replace(i, priority=by_hand.get(i.root, i.priority)) for i in self.incidents
            ),
        )


def _decided(cluster: Cluster, decisions: Decisions) -> Cluster:
    override = decisions.override
    if override is None:
        return replace(cluster, decisions=decisions)
    said = f"set to {override.priority.name} by hand; the rules said {cluster.priority.name}"
    return replace(
        cluster,
        decisions=decisions,
        priority=override.priority,
        reasons=(said, *cluster.reasons),
        factors=(*cluster.factors, Factor("people", said, override.priority - cluster.priority)),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running read has come."""

    read: int
    read_back_to: int | None
    """Every entry of the window later than this (or, reading forwards, earlier) was seen."""
    share: float
    """Of the window, 0.0 to 1.0."""
    worst: str | None = None
    """`P0 No module named 'auth_service'`: the worst so far."""
